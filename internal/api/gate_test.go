package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/internal/api"
)

// hostile are requests that a page of another site can make a browser send
// without asking the node first.
func hostile() map[string][]string {
	return map[string][]string{
		"no content type":          {},
		"text":                     {"Content-Type", "text/plain"},
		"a form":                   {"Content-Type", "application/x-www-form-urlencoded"},
		"a form with parts":        {"Content-Type", "multipart/form-data; boundary=x"},
		"from another site":        {"Content-Type", "application/json", "Origin", "https://evil.example"},
		"from a page without site": {"Content-Type", "application/json", "Origin", "null"},
		"marked as cross-site":     {"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"},
		"marked as same-site":      {"Content-Type", "application/json", "Sec-Fetch-Site", "same-site"},
	}
}

// theGate is the gate before a handler that says that it was reached.
var theGate = sync.OnceValue(func() http.Handler {
	return api.New(api.Config{
		Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler), Hosts: []string{"memory.example", ".below.example"},
	}).Gate(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Passed", "yes") }))
})

func gated(method, path string, headers ...string) (status int, body string, passed bool) {
	r := httptest.NewRequest(method, path, strings.NewReader(""))
	r.Host = "127.0.0.1:9077"
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	theGate().ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header().Get("Passed") != ""
}

// every route of clients, and those of members, which the same gate is before.
func gatedRoutes() []api.Route {
	rts := slices.Clone(allRoutes())
	for _, path := range []string{"push", "pull", "digest"} {
		rts = append(rts, api.Route{Method: http.MethodPost, Path: "/api/v1/sync/" + path})
	}
	for _, path := range []string{"hello", "snapshot"} {
		rts = append(rts, api.Route{Method: http.MethodGet, Path: "/api/v1/sync/" + path})
	}
	return rts
}

func TestNoWebPageCanChangeAnything(t *testing.T) {
	for _, rt := range gatedRoutes() {
		if rt.Method == http.MethodGet {
			continue
		}
		path := concrete(rt.Path)
		for name, headers := range hostile() {
			asked := rt.Method != http.MethodPost && name == "no content type"
			if status, _, passed := gated(rt.Method, path, headers...); passed && !asked || !passed && status != http.StatusForbidden && status != http.StatusUnsupportedMediaType {
				t.Errorf("%s %s, %s: status %d, let through: %v", rt.Method, path, name, status, passed)
			}
		}
		for name, headers := range map[string][]string{
			"an agent":            {"Content-Type", "application/json"},
			"a member":            {"Content-Type", "application/cbor"},
			"our own page":        {"Content-Type", "application/json", "Origin", "http://127.0.0.1:9077", "Sec-Fetch-Site", "same-origin"},
			"a header of ours":    {"X-Agent-Id", "alice"},
			"the address bar":     {"Content-Type", "application/json", "Sec-Fetch-Site", "none"},
			"behind a proxy":      {"Content-Type", "application/json", "Origin", "https://memory.example", "Sec-Fetch-Site", "same-origin"},
			"with a media suffix": {"Content-Type", "application/merge-patch+json; charset=utf-8"},
		} {
			if status, body, passed := gated(rt.Method, path, headers...); !passed {
				t.Errorf("%s %s, %s: refused with %d %s", rt.Method, path, name, status, body)
			}
		}
	}
}

func TestANameThatAnybodyCanGiveOutIsNoHost(t *testing.T) {
	for _, rt := range gatedRoutes() {
		path := concrete(rt.Path)
		status, body, passed := gated(rt.Method, path, "Host", "evil.example:9077", "Origin", "http://evil.example:9077", "Sec-Fetch-Site", "same-origin", "Content-Type", "application/json")
		if passed || status != http.StatusMisdirectedRequest || !strings.Contains(body, "MISDIRECTED") {
			t.Errorf("%s %s: status %d, let through: %v", rt.Method, path, status, passed)
		}
	}
	for host, want := range map[string]bool{
		"127.0.0.1:9077": true, "127.0.0.1": true, "[::1]:9077": true, "[::1]": true, "10.1.2.3:80": true, "localhost": true, "LOCALHOST:9077": true,
		"localhost.:9077": true, "": true, "memory.example": true, "Memory.Example:443": true, "a.below.example": true,
		"evil.example": false, "localhost.evil.example": false, "127.0.0.1.evil.example:9077": false, "below.example": false, "xbelow.example": false,
		"evil-memory.example": false, "x": false, "127.1": false, "0x7f000001": false, "2130706433": false, "[::1": false, "localhost:9077:1": false,
	} {
		if _, _, passed := gated("GET", "/api/v1/status", "Host", host); passed != want {
			t.Errorf("host %q: let through: %v, want %v", host, passed, want)
		}
	}
}

func TestAnExplicitForeignContentTypeIsRefusedWhateverTheMethod(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if _, _, passed := gated(method, "/api/v1/archive", "X-Agent-Id", "alice", "Content-Type", "text/plain"); passed {
			t.Errorf("%s with text/plain was let through", method)
		}
		if _, _, passed := gated(method, "/api/v1/archive", "Content-Type", "application/json", "Content-Type", "text/plain"); passed {
			t.Errorf("%s with two content types was let through", method)
		}
	}
}

func TestTheOperatorIsWhoHasTheKey(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.APIKey = "s3cret" }})
	for _, rt := range allRoutes() {
		if !rt.Operator {
			continue
		}
		path := concrete(rt.Path)
		n.call(rt.Method, path, "").want(http.StatusUnauthorized)
		n.call(rt.Method, path, "", "X-Api-Key", "s3cret").want(http.StatusForbidden).is("OPERATOR_ONLY", "code")
		n.call(rt.Method, path, "", "Authorization", "Bearer s3cret").want(http.StatusForbidden).is("OPERATOR_ONLY", "code")
		if a := n.operated().call(rt.Method, path, ""); a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
			t.Errorf("%s %s refuses the operator: %d %s", rt.Method, path, a.status, a.raw)
		}
	}
	n.operated().call("GET", "/api/v1/operator", "").want(http.StatusOK).is(true, "operator")
	open := alone(t)
	open.call("GET", "/api/v1/operator", "").want(http.StatusOK).is(false, "operator").is("/data/operator.key", "key_file")
	open.call("GET", "/api/v1/export?all=true", "").want(http.StatusForbidden).is("OPERATOR_ONLY", "code")
	open.call("GET", "/api/v1/export?all=true", "", "Authorization", "Bearer wrong").want(http.StatusForbidden)
	open.call("GET", "/api/v1/export?all=true", "", "Authorization", "Basic "+operatorKey).want(http.StatusForbidden)
	open.operated().call("GET", "/api/v1/export?all=true", "").want(http.StatusOK)
}

func TestANodeWithoutAnOperatorHasNone(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.OperatorKey = "" }})
	n.call("GET", "/api/v1/export?all=true", "", "Authorization", "Bearer ").want(http.StatusForbidden)
}

func TestTheAPIKeyIsABearerTokenToo(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.APIKey = "s3cret" }})
	for _, given := range []string{"Bearer s3cret", "bearer s3cret", "Bearer  s3cret"} {
		n.call("GET", "/api/v1/status", "", "Authorization", given).want(http.StatusOK)
	}
	for _, given := range []string{"Bearer s3cre", "s3cret", "Basic s3cret", "Bearer", "Bearer s3cret x"} {
		n.call("GET", "/api/v1/status", "", "Authorization", given).want(http.StatusUnauthorized)
	}
}

func TestAClientWithoutAKeyHearsWhereToReadOfKeys(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.APIKey = "secret" }})
	for path, want := range map[string]string{
		"/mcp":             `Bearer realm="tallystick", resource_metadata="` + n.url + `/.well-known/oauth-protected-resource/mcp"`,
		"/api/v1/memories": `Bearer realm="tallystick"`,
	} {
		if got := n.call("POST", path, `{}`); got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") != want {
			t.Errorf("%s: %d %q, want %q", path, got.status, got.header.Get("WWW-Authenticate"), want)
		}
	}
}
