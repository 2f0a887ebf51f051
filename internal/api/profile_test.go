package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Profiles tell what a node works on: they are the operator's.
func TestProfilesAreForTheOperator(t *testing.T) {
	n := alone(t)
	n.call("GET", "/debug/pprof/heap", "").want(http.StatusForbidden).is("OPERATOR_ONLY", "code")
	op := n.operated()
	for _, name := range []string{"heap", "allocs", "goroutine", "profile?seconds=1"} {
		a := op.call("GET", "/debug/pprof/"+name, "").want(http.StatusOK)
		if !strings.HasPrefix(a.raw, "\x1f\x8b") || a.header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%s: no profile: %.20q", name, a.raw)
		}
	}
	op.call("GET", "/debug/pprof/cmdline", "").want(http.StatusNotFound).is("NOT_FOUND", "code")
	for _, bad := range []string{"0", "121", "1.5", "x", "-1"} {
		op.call("GET", "/debug/pprof/profile?seconds="+bad, "").want(http.StatusBadRequest).is("VALIDATION_FAILED", "code")
	}
}

// A second profile of the CPU has to wait for the first one.
func TestTheProcessorIsProfiledOnceAtATime(t *testing.T) {
	n := alone(t).operated()
	for begin := time.Now(); time.Since(begin) < 30*time.Second; {
		got := make(chan int)
		for range 2 {
			go func() { got <- n.call("GET", "/debug/pprof/profile?seconds=2", "").status }()
		}
		if a, b := <-got, <-got; a+b == http.StatusOK+http.StatusTooManyRequests {
			return
		}
	}
	t.Fatal("two at a time")
}
