package api_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"
)

// A write is repeated under its key when its memory has been erased. The answer says so,
// and has no memory without title, tier and time in it: on every route that makes one,
// or shows what it has changed.
func TestARepeatedWriteShowsNothingOfWhatWasErased(t *testing.T) {
	made := func(n *node, title string) string {
		return n.call("POST", "/api/v1/memories", `{"title":"`+title+`","content":"x","tier":"mid"}`).want(http.StatusCreated).text("id")
	}
	for name, c := range map[string]struct {
		before     func(*node) string // the id in the path
		path, body string
		method     string // POST
		id         string // where the answer has the id; "id"
	}{
		"create":       {path: "/api/v1/memories", body: `{"title":"x","content":"y"}`},
		"edit":         {before: func(n *node) string { return made(n, "x") }, method: "PUT", path: "/api/v1/memories/ID", body: `{"content":"z"}`},
		"promote":      {before: func(n *node) string { return made(n, "x") }, path: "/api/v1/memories/ID/promote"},
		"restore":      {before: deleted(made), path: "/api/v1/archive/ID/restore"},
		"consolidate":  {before: func(n *node) string { return made(n, "x") + `","` + made(n, "y") }, path: "/api/v1/consolidate", body: `{"ids":["ID"],"title":"both"}`},
		"notify":       {path: "/api/v1/notify", body: `{"target_agent_id":"bob","title":"x","payload":"y"}`},
		"share":        {before: func(n *node) string { return made(n, "x") }, path: "/api/v1/share", body: `{"source_memory_id":"ID","target_agent_id":"bob"}`, id: "shared_memory_id"},
		"turn":         {path: "/api/v1/capture_turn", body: `{"host_session_id":"s","host_turn_index":1,"role":"user","content":"x"}`},
		"handoff":      {path: "/api/v1/handoff", body: `{"title":"x","summary":"y"}`},
		"entity":       {path: "/api/v1/entities", body: `{"canonical_name":"x","namespace":"n"}`, id: "entity_id"},
		"registration": {path: "/api/v1/agents", body: `{"agent_id":"x","agent_type":"human"}`},
		"subscription": {path: "/api/v1/subscriptions", body: `{"url":"https://example.org/x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			n := alone(t)
			n.always = agent("alice")
			path, body, method := c.path, c.body, cmp.Or(c.method, "POST")
			if c.before != nil {
				id := c.before(n)
				path, body = strings.ReplaceAll(path, "ID", id), strings.ReplaceAll(body, "ID", id)
			}
			first := n.call(method, path, body, "Idempotency-Key", "k")
			id := first.text(cmp.Or(c.id, "id"))
			n.call("POST", "/api/v1/memories/"+id+"/erase", "").want(http.StatusOK)
			again := n.call(method, path, body, "Idempotency-Key", "k").want(first.status).is(true, "erased").is(first.text("receipt", "dot"), "receipt", "dot")
			if again.header.Get("Idempotency-Replayed") != "true" {
				t.Error("not said to be a replay")
			}
			for _, name := range []string{"title", "tier", "created_at", "memory", "namespace", "state"} {
				if v, has := again.body[name]; has {
					t.Errorf("the answer has a %s: %v", name, v)
				}
			}
		})
	}
}

// deleted is before with the memory deleted.
func deleted(made func(*node, string) string) func(*node) string {
	return func(n *node) string {
		id := made(n, "x")
		n.call("DELETE", "/api/v1/memories/"+id, "").want(http.StatusOK)
		return id
	}
}
