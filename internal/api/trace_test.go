package api_test

import (
	"net/http"
	"testing"
)

func TestAValidTraceIsPassedThrough(t *testing.T) {
	n := open(t, options{})
	for name, tc := range map[string]struct {
		sent string
		kept bool
	}{
		"valid":           {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
		"capitals":        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
		"no trace":        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
		"no parent":       {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
		"version ff":      {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
		"too short":       {"00-4bf9-00f067aa0ba902b7-01", false},
		"something else":  {"hello", false},
		"a part too many": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", false},
	} {
		a := n.call("GET", "/api/v1/health", "", "Traceparent", tc.sent).want(http.StatusOK)
		if got := a.header.Get("Traceparent"); got != "" != tc.kept || tc.kept && got != tc.sent {
			t.Errorf("%s: %q comes back as %q", name, tc.sent, got)
		}
	}
}
