// Package mcptest is an agent for tests: a client of the protocol's own SDK.
package mcptest

import (
	"encoding/json"
	"net/http"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tallystick/tallystick/internal/mcp"
)

// speaker is who sends requests.
type speaker struct{ agent, profile, project string }

// As sends who asks, which tools are wanted and where the work is along with every
// request; "" is not sent.
func As(agent, profile, project string) http.RoundTripper { return speaker{agent, profile, project} }

// RoundTrip implements [http.RoundTripper].
func (s speaker) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range map[string]string{"X-Agent-Id": s.agent, mcp.HeaderProfile: s.profile, mcp.HeaderProject: s.project} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Talk begins a session with the node at a URL, of a revision of the protocol; "" is
// the newest.
func Talk(t *testing.T, url string, as http.RoundTripper, o *sdk.ClientOptions, protocol string) *sdk.ClientSession {
	t.Helper()
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, o)
	s, err := c.Connect(t.Context(), &sdk.StreamableClientTransport{
		Endpoint: url + "/mcp", HTTPClient: &http.Client{Transport: as}, DisableStandaloneSSE: true,
	}, &sdk.ClientSessionOptions{ProtocolVersion: protocol})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Use calls a tool and returns the text and the structured content.
func Use(t *testing.T, s *sdk.ClientSession, name string, args map[string]any) (text string, content map[string]any, failed bool) {
	t.Helper()
	res, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if part, is := res.Content[0].(*sdk.TextContent); is {
		text = part.Text
	}
	raw, err := json.Marshal(res.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &content); err != nil {
		t.Fatalf("%s: %s: %v", name, raw, err)
	}
	return text, content, res.IsError
}
