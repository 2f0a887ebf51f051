package api

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// secret is a key that requests are asked for: its hash, so that comparing takes
// the same time whatever was sent. An empty key fits nothing.
type secret struct {
	set bool
	sum [sha256.Size]byte
}

func secretOf(key string) secret { return secret{key != "", sha256.Sum256([]byte(key))} }

func (s secret) is(given string) bool {
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(sum[:], s.sum[:]) == 1 && s.set
}

// bearer is the token of RFC 6750 that a request carries, or "".
func bearer(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// admit checks the keys of a request. The operator's key opens what the API key
// does, and makes the caller the operator; nothing else does, least of all the
// address that a request comes from.
func (a *API) admit(q *request, rt route) error {
	token := bearer(q.Header)
	browser, session := a.session(q.Request)
	q.operator = a.operatorKey.is(token) || session && browser.Operator
	if a.apiKey.set && !q.operator && !session && !a.apiKey.is(token) && !a.apiKey.is(cmp.Or(q.Header.Get("X-Api-Key"), q.query.Get("api_key"))) {
		return &verb.Problem{Code: client.CodeUnauthorized, Text: "missing or invalid API key"}
	}
	if rt.operator {
		return q.wantOperator(rt.method + " " + rt.shownPath())
	}
	return nil
}

// wantOperator refuses everybody but the operator; what names what was asked for.
func (q *request) wantOperator(what string) error {
	if q.operator {
		return nil
	}
	return &verb.Problem{
		Code: client.CodeOperatorOnly,
		Text: what + " is for the operator of the node: send the key in operator.key of its data directory as Authorization: Bearer KEY",
	}
}

func (a *API) showOperator(q *request) (reply, error) {
	v := client.OperatorInfo{Operator: q.operator}
	if local(q.RemoteAddr) {
		v.KeyFile = a.cfg.OperatorKeyFile
	}
	return ok(v)
}

// local reports whether an address is on this machine.
func local(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
