package node

import (
	"net/http"
	"strings"
	"testing"
)

// The gate is before what members call as well: a page that has its own name for
// this machine gets nowhere.
func TestTheGateIsBeforeTheRoutesOfMembersToo(t *testing.T) {
	n := inProcess(t, single(t, func(c *Config) { c.Hosts = []string{"north.internal"} }))
	ask := func(method, path, host, contentType string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		req.Header.Set("Content-Type", contentType)
		res, err := httpClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // not read
		return res.StatusCode
	}
	for _, path := range []string{"/api/v1/sync/hello", "/api/v1/sync/snapshot", "/api/v1/status", "/docs", "/metrics", "/health/live", "/"} {
		if got := ask(http.MethodGet, path, "evil.example:9077", ""); got != http.StatusMisdirectedRequest {
			t.Errorf("%s under another name: %d, want 421", path, got)
		}
		if got := ask(http.MethodGet, path, "north.internal:9077", ""); got == http.StatusMisdirectedRequest {
			t.Errorf("%s under the name that was given to the node: 421", path)
		}
	}
	if got := ask(http.MethodPost, "/api/v1/sync/push", "127.0.0.1", "text/plain"); got != http.StatusUnsupportedMediaType {
		t.Errorf("a push as a form sends it: %d, want 415", got)
	}
}

func TestHostNames(t *testing.T) {
	for host, want := range map[string]bool{"memory.example.org": true, ".example.org": true, "north": true, "": false, ".": false, "a:80": false, "http://a": false, "a b": false, "*": false} {
		c := single(t, func(c *Config) { c.Hosts = []string{host} })
		if err := c.Validate(); (err == nil) != want {
			t.Errorf("%q: %v", host, err)
		}
	}
	c := Config{Hosts: []string{"a"}, Listen: "north:9077"}
	if got := strings.Join(c.hosts(), " "); got != "a north" {
		t.Errorf("hosts %q", got)
	}
}
