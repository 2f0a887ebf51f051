package api

import (
	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
	"github.com/tallystick/tallystick/internal/verb/aimemory"
)

// compatRoutes are the second paths of ai-memory.
func compatRoutes(b binder) []route {
	var out []route
	for _, p := range aimemory.Paths() {
		out = append(out, b.bound(p.Method, p.Path, p.Verb, fromBody))
	}
	return out
}

// absentRoutes answer 501.
func absentRoutes() []route {
	var out []route
	for _, a := range aimemory.Absences() {
		out = append(out, route{
			method: a.Method, path: a.Path, summary: "not implemented: " + a.Why, codes: []client.Code{client.CodeAbsent},
			handle: func(*API, *request) (reply, error) {
				return reply{}, &verb.Problem{Code: client.CodeAbsent, Text: "not implemented: " + a.Why}
			},
		})
	}
	return out
}
