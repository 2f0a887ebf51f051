package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// The published SDKs of ai-memory send these headers with every request, a body
// only where they have one, and no content type without a body.
func sdkHeaders(agent string) []string {
	headers := []string{"Accept", "application/json", "User-Agent", "ai-memory-python/0.6.0-alpha.0"}
	if agent != "" {
		headers = append(headers, "X-Agent-Id", agent)
	}
	return headers
}

// A client that says who it is and one that does not must both find what they
// have written.
func TestClientsOfAiMemoryFindTheirWay(t *testing.T) {
	for name, agent := range map[string]string{"with an agent id": "sdk-test-agent", "without": ""} {
		t.Run(name, func(t *testing.T) {
			s := &sdk{node: alone(t), agent: agent, headers: sdkHeaders(agent)}
			s.memories(t)
			s.finds(t)
			s.administers(t)
			s.talks(t)
		})
	}
}

// sdk is a node as a client of ai-memory uses it.
type sdk struct {
	*node

	agent   string
	headers []string
}

func (s *sdk) send(method, path, body string) answer {
	return s.call(method, "/api/v1"+path, body, s.headers...)
}

// memories stores, reads, edits and deletes, in the order of the SDKs' own tests.
func (s *sdk) memories(t *testing.T) {
	t.Helper()
	s.send("GET", "/health", "").want(http.StatusOK).is("ok", "status").is("ai-memory", "service")
	// The Python SDK sends all fields that have a default.
	made := s.send("POST", "/memories", `{"title":"hello","content":"world","tier":"mid","namespace":"sdk-test","tags":[],"priority":5,"confidence":1.0,"source":"api","metadata":{}}`).want(http.StatusCreated)
	id := made.is("hello", "title").is("mid", "tier").text("id")
	got := s.send("GET", "/memories/"+id, "").want(http.StatusOK)
	for _, at := range [][]any{nil, {"memory"}} {
		for field, want := range map[string]any{"id": id, "title": "hello", "content": "world", "namespace": "sdk-test", "tier": "mid", "access_count": 0.0} {
			got.is(want, append(slices.Clip(at), field)...)
		}
		for _, field := range []string{"created_at", "updated_at"} {
			got.text(append(slices.Clip(at), field)...)
		}
	}
	if links, is := got.at("links").([]any); !is || len(links) != 0 {
		t.Errorf("links %v", got.at("links"))
	}
	s.send("PUT", "/memories/"+id, `{"content":"world, again","priority":7}`).want(http.StatusOK).is("world, again", "content")
	s.send("POST", "/memories/"+id+"/promote", "").want(http.StatusOK).is("long", "tier")
	s.send("DELETE", "/memories/"+id, "").want(http.StatusOK).is(true, "deleted")
	s.send("GET", "/memories/"+id, "").want(http.StatusNotFound)
	s.send("GET", "/memories/does-not-exist-xyz", "").want(http.StatusNotFound).is("not found", "error")
	s.send("POST", "/memories", `{"title":"","content":"x"}`).want(http.StatusBadRequest)

	bulk := `{"title":"bulk %","content":"of many"}`
	for _, body := range []string{`[` + bulk + `]`, `{"memories":[` + bulk + `]}`} {
		a := s.send("POST", "/memories/bulk", body).want(http.StatusOK).is(1.0, "created").is(1.0, "count")
		a.text("ids", 0)
		if errs, is := a.at("errors").([]any); !is || len(errs) != 0 {
			t.Errorf("errors %v", a.at("errors"))
		}
	}
}

// finds recalls, searches, links and forgets.
func (s *sdk) finds(t *testing.T) {
	t.Helper()
	subject := s.send("POST", "/memories", `{"title":"recall subject","content":"body text","namespace":"sdk-find"}`).want(http.StatusCreated).text("id")
	other := s.send("POST", "/memories", `{"title":"another","content":"of it","namespace":"sdk-find"}`).want(http.StatusCreated).text("id")
	// The Python SDK sends null fields of a recall as absent ones, and a limit.
	a := s.send("POST", "/recall", `{"context":"recall subject","namespace":"sdk-find","limit":10}`).want(http.StatusOK).is(1.0, "count").is(subject, "memories", 0, "id")
	a.number("tokens_used")
	a.number("memories", 0, "score")
	a = s.send("GET", "/search?q=recall+subject&namespace=sdk-find", "").want(http.StatusOK).is("recall subject", "query")
	a.is(subject, "results", 0, "id").is(subject, "memories", 0, "id")
	s.send("GET", "/memories?namespace=sdk-find&limit=10", "").want(http.StatusOK).is(2.0, "count")

	s.send("POST", "/links", `{"source_id":"`+subject+`","target_id":"`+other+`","relation":"related_to"}`).want(http.StatusCreated).is(true, "linked")
	s.send("GET", "/links/"+subject, "").want(http.StatusOK).is(other, "links", 0, "target_id").is(1.0, "count")

	// forget by the query alone, with neither body nor content type
	s.send("POST", "/forget?namespace=sdk-find", "").want(http.StatusOK).is(2.0, "deleted")
	s.send("POST", "/forget", `{"namespace":"sdk-find"}`).want(http.StatusOK).is(0.0, "deleted")
	s.send("GET", "/memories/"+subject, "").want(http.StatusNotFound)
}

// administers does what ai-memory keeps for administrators, and a node of its
// own need not.
func (s *sdk) administers(t *testing.T) {
	t.Helper()
	a := s.send("GET", "/stats", "").want(http.StatusOK).is("mid", "by_tier", 0, "tier")
	a.number("total")
	a.number("expiring_soon")
	s.send("GET", "/namespaces", "").want(http.StatusOK).text("namespaces", 0, "namespace")
	a = s.send("GET", "/capabilities", "").want(http.StatusOK).is("3", "schema_version")
	families, _ := a.at("families", "families").([]any)
	for i := range families {
		if a.is(true, "families", "families", i, "loaded").number("families", "families", i, "tool_count") == 0 {
			t.Errorf("family %v has no tools", families[i])
		}
	}
	if len(families) != 8 {
		t.Errorf("%d families", len(families))
	}
	s.send("POST", "/gc", "").want(http.StatusOK).number("expired_deleted")
	export := s.send("GET", "/export", "").want(http.StatusOK)
	if n := export.number("count"); n == 0 || export.header.Get("Content-Type") != "application/json" {
		t.Errorf("export of %d memories as %s", n, export.header.Get("Content-Type"))
	}
	s.send("POST", "/import", export.raw).want(http.StatusOK).is(float64(export.number("count")), "imported")
	s.send("GET", "/metrics", "").want(http.StatusOK)
}

// talks registers agents and sends messages, in the words of each SDK.
func (s *sdk) talks(t *testing.T) {
	t.Helper()
	s.send("POST", "/agents", `{"agent_id":"sdk-test-agent","agent_type":"ai:sdk","capabilities":["read"]}`).want(http.StatusCreated).is(true, "registered").is("sdk-test-agent", "agent_id")
	a := s.send("GET", "/agents", "").want(http.StatusOK).is("sdk-test-agent", "agents", 0, "agent_id").is("ai:sdk", "agents", 0, "agent_type")
	a.text("agents", 0, "registered_at")
	a.text("agents", 0, "last_seen_at")

	s.send("POST", "/notify", `{"to":"friend","subject":"hi","body":"there","metadata":{}}`).want(http.StatusCreated).text("id")
	s.send("POST", "/notify", `{"target_agent_id":"friend","title":"ho","payload":"again"}`).want(http.StatusCreated).is("_messages/friend", "namespace")
	a = s.call("GET", "/api/v1/inbox?unread=true", "", sdkHeaders("friend")...).want(http.StatusOK).is(2.0, "count").is(2.0, "unread")
	for _, field := range []string{"id", "from", "to", "subject", "title", "body", "payload", "created_at", "received_at"} {
		a.text("messages", 0, field)
	}
	from := s.agent
	if from == "" {
		from = "anonymous"
	}
	a.is(from, "messages", 0, "from").is("ho", "messages", 0, "subject").is("again", "messages", 0, "body").is(false, "messages", 0, "read")

	hook := s.send("POST", "/subscriptions", `{"callback_url":"https://example.com/hook","events":["memory.stored","memory.updated"],"secret":"not a secret at all"}`).want(http.StatusCreated).text("id")
	s.send("GET", "/subscriptions", "").want(http.StatusOK).is(hook, "subscriptions", 0, "id").is("memory_store", "subscriptions", 0, "events", 0).is("memory_update", "subscriptions", 0, "events", 1)
	s.send("DELETE", "/subscriptions/"+url.PathEscape(hook), "").want(http.StatusOK)
}
