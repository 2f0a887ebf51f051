package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// bearer is the token of RFC 6750 that a request carries, or "".
func bearer(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// admit checks the keys of a request. The operator's key opens everything, and
// makes the caller the operator; nothing else does, least of all the address that a
// request comes from.
func (a *API) admit(q *request, rt route) error {
	var err error
	if q.caller, err = a.callerOf(q.Request, q.query.Get("api_key")); err != nil {
		return err
	}
	if rt.open {
		return nil
	}
	if q.refused != nil {
		return q.refused
	}
	what := rt.method + " " + rt.shownPath()
	if rt.operator {
		return q.wantOperator(what)
	}
	if rt.verb == "" && !rt.anyKey { // a verb knows its own
		return q.rights.Check(verb.MayRead, what)
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
