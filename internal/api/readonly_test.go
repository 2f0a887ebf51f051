package api_test

import (
	"strings"
	"testing"
)

// A change that a route does not own up to would be one without a receipt, and
// one that no test of replication looks at.
func TestOnlyRoutesThatSaySoChangeState(t *testing.T) {
	changes := map[string]bool{}
	for _, rt := range allRoutes() {
		changes[rt.Method+" "+rt.Path] = rt.Mutates
	}
	for name, steps := range conversations() {
		n := alone(t)
		vars := map[string]string{}
		for _, s := range steps {
			for k, v := range vars {
				s.path = strings.ReplaceAll(s.path, k, v)
			}
			var headers []string
			if s.agent != "" {
				headers = agent(s.agent)
			}
			before := n.call("GET", "/api/v1/status", "").text("digest")
			a := n.call(s.method, s.path, s.body, headers...)
			if id, is := a.body["pending_id"].(string); is {
				vars["$PENDING"] = id
			}
			after := n.call("GET", "/api/v1/status", "").text("digest")
			if before != after && (!changes[patternOf(s.method, s.path)] || a.status >= 400) {
				t.Errorf("%s: %s: %s %s (%d) changed the state of the node", name, s.name, s.method, s.path, a.status)
			}
		}
	}
}
