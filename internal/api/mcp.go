package api

import (
	"net/http"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

const (
	mcpPath      = "/mcp"
	resourcePath = "/.well-known/oauth-protected-resource"
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

// protectedResource tells clients that look for a way to log in that there is none:
// keys are given out by people, and sent in a header.
func protectedResource(_ *API, q *request) (reply, error) {
	return ok(client.ProtectedResource{Resource: baseOf(q.Request) + mcpPath, Name: "Tallystick", Methods: []string{"header"}, Servers: []string{}})
}

// baseOf is the URL by which a client has reached this node: the gate has seen that
// the name is one of it.
func baseOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// metadataHint is the part of a challenge that says where the metadata of the surface
// for agents is.
func metadataHint(r *http.Request) string {
	if r.URL.Path != mcpPath {
		return ""
	}
	return `, resource_metadata="` + baseOf(r) + resourcePath + mcpPath + `"`
}
