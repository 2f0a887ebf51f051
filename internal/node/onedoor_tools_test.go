package node

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/mcp/mcptest"
	"github.com/tallystick/tallystick/internal/mcp/tool"
)

// arguments are those of a request as a tool takes them: the parameters of the path,
// the query and the body in one.
func (a ask) arguments(t *testing.T, rt *api.Route) map[string]any {
	t.Helper()
	out := map[string]any{}
	u, err := url.Parse(a.path)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range u.Query() {
		out[name] = values[0]
	}
	parts := strings.Split(u.Path, "/")
	for i, part := range strings.Split(rt.Path, "/") {
		if name, is := strings.CutPrefix(part, "{"); is && name != "rest...}" {
			out[strings.TrimSuffix(name, "}")] = parts[i]
		} else if is {
			out["namespace"] = strings.TrimSuffix(strings.Join(parts[i:], "/"), "/standard")
		}
	}
	if a.body != "" && a.body[0] == '[' {
		a.body = `{"memories":` + a.body + `}`
	}
	if a.body != "" {
		var body map[string]any
		if err := json.Unmarshal([]byte(a.body), &body); err != nil {
			t.Fatal(err)
		}
		maps.Copy(out, body)
	}
	return out
}

// TestEveryToolThatChangesStateReachesAllMembers takes the tools as a node lists
// them, and the recipes of the routes of the same verbs.
func TestEveryToolThatChangesStateReachesAllMembers(t *testing.T) {
	urls := federationOf(t, 3)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	byVerb := map[string]*api.Route{}
	for _, rt := range api.Routes() {
		if rt.Verb != "" && byVerb[rt.Verb] == nil && recipes()[rt.Method+" "+rt.Path] != nil {
			byVerb[rt.Verb] = &rt
		}
	}
	list, err := mcptest.Talk(t, urls[0], mcptest.As("ann", tool.Full, ""), nil, "").ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	changing := 0
	for i, listed := range list.Tools {
		rt := byVerb[listed.Name]
		if listed.Annotations.ReadOnlyHint || slices.Contains([]string{"node_repair", "node_scrub", "node_parked_retry", "node_checkup", "node_backups", "node_back_up", "node_verify_backup", "node_measured", "node_measure"}, listed.Name) {
			continue // what the members agree on stays as it is
		}
		if rt == nil {
			t.Errorf("%s says that it changes something, and no recipe says how to exercise it", listed.Name)
			continue
		}
		changing++
		t.Run(listed.Name, func(t *testing.T) {
			s := &surface{t: t, urls: urls, hook: hook.URL, round: i}
			a := recipes()[rt.Method+" "+rt.Path](s)
			waitEqual(t, 10*time.Second, urls)
			before, err := statusOf(s.target())
			if err != nil {
				t.Fatal(err)
			}
			if text, _, failed := mcptest.Use(t, mcptest.Talk(t, s.target(), mcptest.As(a.agent, tool.Full, ""), nil, ""), listed.Name, a.arguments(t, rt)); failed {
				t.Fatal(text)
			}
			waitEqual(t, 10*time.Second, urls)
			for _, url := range urls {
				if st, err := statusOf(url); err != nil || st.Digest == before.Digest {
					t.Errorf("%s is as before (%v)", st.Node, err)
				}
			}
		})
	}
	if changing < 20 {
		t.Errorf("only %d tools change state", changing)
	}
}
