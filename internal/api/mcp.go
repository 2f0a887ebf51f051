package api

import (
	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// serveMCP hands a request of an agent to the surface for agents, together with who
// it is: the keys were checked as for every other route.
func (a *API) serveMCP(q *request) (reply, error) {
	if a.agents == nil {
		return reply{}, &verb.Problem{Code: client.CodeAbsent, Text: "not implemented: this node has no surface for agents"}
	}
	if err := q.readWriteOptions(a.cfg.KeepShort); err != nil {
		return reply{}, err
	}
	a.agents.ServeHTTP(q.w, q.WithContext(verb.WithCall(q.Context(), q.call())))
	return reply{sent: true}, nil
}
