package api

import (
	"net/http"
	"strings"
)

// traceParent is the name of the header of W3C Trace Context, version 00:
// version, trace id, parent id and flags, in lower-case hex.
const traceParent = "Traceparent"

// traceOf returns the traceparent of a request and the trace id in it; both are
// "" if the client sent none that is valid.
func traceOf(r *http.Request) (parent, trace string) {
	parent = r.Header.Get(traceParent)
	f := strings.Split(parent, "-")
	if len(f) != 4 || !lowerHex(f[0], 2) || f[0] == "ff" || !lowerHex(f[1], 32) || !lowerHex(f[2], 16) || !lowerHex(f[3], 2) ||
		strings.Trim(f[1], "0") == "" || strings.Trim(f[2], "0") == "" {
		return "", ""
	}
	return parent, f[1]
}

func lowerHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}
