package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
)

// said is an answer to a request under an idempotency key.
type said struct {
	status   int
	replayed bool
	body     map[string]any
}

// under sends a request under a key.
func (s *surface) under(key, method string, a ask) said {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.target()+a.path, strings.NewReader(a.body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if a.media != "" {
		req.Header.Set("Content-Type", a.media)
		req.Header.Set("Authorization", "Bearer "+operatorOf(s.t, s.target()))
	}
	if a.agent != "" {
		req.Header.Set("X-Agent-Id", a.agent)
	}
	req.Header.Set("Idempotency-Key", key)
	res, err := httpClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	out := said{status: res.StatusCode, replayed: res.Header.Get("Idempotency-Replayed") == "true"}
	if err := json.Unmarshal(raw, &out.body); err != nil {
		s.t.Fatalf("%s %s: %d: %.500s", method, a.path, res.StatusCode, raw)
	}
	return out
}

// digest is that of the state of the target.
func (s *surface) digest() string {
	s.t.Helper()
	st, err := statusOf(s.target())
	if err != nil {
		s.t.Fatal(err)
	}
	return st.Digest
}

// logged is how many entries the target has.
func (s *surface) logged() uint64 {
	s.t.Helper()
	var st client.Status
	if code, err := call(http.MethodGet, s.target()+"/api/v1/status", nil, &st); err != nil || code != http.StatusOK {
		s.t.Fatal(code, err)
	}
	var n uint64
	for _, h := range st.Heads {
		n += h.Seq
	}
	return n
}

// reused checks that a key is for no other request.
func (s *surface) reused(key, method string, a ask) {
	s.t.Helper()
	before := s.digest()
	if got := s.under(key, method, a); got.status != http.StatusConflict || got.body["code"] != "IDEMPOTENCY_KEY_REUSED" {
		s.t.Errorf("%s %s %s under a key of another request: %d %v", method, a.path, a.body, got.status, got.body)
	}
	if s.digest() != before {
		s.t.Error("and it has changed something")
	}
}

// onceOnly says why a request that logs several ops needs no key for each of them.
func onceOnly() map[string]string {
	return map[string]string{
		"POST /api/v1/pending/{id}/approve":       "the vote has the key, and a proposal is carried out once",
		"POST /api/v1/pending/{id}/reject":        "the vote has the key, and a proposal is closed once",
		"POST /api/v1/approvals/{id}":             "the vote has the key, and a proposal is closed once",
		"POST /api/v1/namespaces":                 "it is one write of two ops",
		"POST /api/v1/namespaces/{rest...}":       "it is one write of two ops",
		"POST /api/v1/import/complete":            "what was logged elsewhere is taken once, under whatever key",
		"POST /api/v1/memory_subscription_replay": "it is one write, and the delivery that follows is a node's own",
	}
}

// partly says of each route whose requests make several writes how one is made of which the
// first write fails, and another one of that route.
func partly() map[string]func(*surface) (first, another ask) {
	taken := func(s *surface) string {
		s.send(s.target(), http.MethodPost, ask{
			path: "/api/v1/memories", body: fmt.Sprintf(`{"title":%q,"content":"x","scope":"collective"}`, s.title("hers")), agent: "ann",
		})
		return s.title("hers")
	}
	guarded := func(s *surface, what, name string) {
		s.prepare("/api/v1/namespaces/"+name+"/standard", `{"governance":{"`+what+`":"approve","approver":"human"}}`, "")
	}
	return map[string]func(*surface) (first, another ask){
		"POST /api/v1/memories/bulk": func(s *surface) (first, another ask) {
			const body = `[{"title":%q,"content":"z","on_conflict":"error"},{"title":%q,"content":"%s"}]`
			title := taken(s)
			first = ask{path: "/api/v1/memories/bulk", body: fmt.Sprintf(body, title, s.title("partly"), "x"), agent: "bob"}
			another = ask{path: first.path, body: fmt.Sprintf(body, title, s.title("partly"), "y"), agent: "bob"}
			return first, another
		},
		"POST /api/v1/import": func(s *surface) (first, another ask) {
			const body = `{"memories":[{"id":"i1","title":%q,"content":"z"},{"id":"i2-%[3]d","title":%[2]q,"content":"x"},{"id":"i3-%[3]d","title":"%[2]s, too","content":"x"}],
				"links":[{"source_id":"i1","target_id":"i2-%[3]d"},{"source_id":"i2-%[3]d","target_id":"i3-%[3]d"}]}`
			first = ask{path: "/api/v1/import", body: fmt.Sprintf(body, taken(s), s.title("partly"), s.round), agent: "bob"}
			return first, ask{path: first.path, body: strings.Replace(first.body, ", too", ", also", 1), agent: "bob"}
		},
		"POST /api/v1/archive": func(s *surface) (first, another ask) {
			id := s.memo("partly")
			first = ask{path: "/api/v1/archive", body: `{"ids":["nowhere","` + id + `"]}`}
			return first, ask{path: first.path, body: `{"ids":["nowhere","` + s.memo("another") + `"]}`}
		},
		"POST /api/v1/forget": func(s *surface) (first, another ask) {
			ns := fmt.Sprint("partly/", s.round)
			for i := range 4 {
				s.prepare("/api/v1/memories", fmt.Sprintf(`{"title":"%d","content":"x","namespace":%q}`, i, ns), "")
			}
			guarded(s, "delete", ns)
			first = ask{path: "/api/v1/forget", body: `{"namespace":"` + ns + `"}`}
			return first, ask{path: first.path, body: `{"namespace":"elsewhere"}`}
		},
		"DELETE /api/v1/archive": func(s *surface) (first, another ask) {
			ns := fmt.Sprint("partly/", s.round)
			id := s.prepare("/api/v1/memories", fmt.Sprintf(`{"title":"x","content":"x","namespace":%q}`, ns), "id")
			s.prepare("/api/v1/archive", `{"ids":["`+id+`"]}`, "")
			guarded(s, "delete", ns)
			return ask{path: "/api/v1/archive"}, ask{path: "/api/v1/archive?older_than_days=7"}
		},
	}
}

// TestEveryRouteThatChangesStateIsRepeatedUnderItsKey takes the routes from the table that the
// API is made of. One that is new and makes several writes fails here until somebody says how
// it is repeated if some of them fail.
func TestEveryRouteThatChangesStateIsRepeatedUnderItsKey(t *testing.T) {
	urls := federationOf(t, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	known, once, several := recipes(), onceOnly(), partly()
	other := ask{path: "/api/v1/memories", body: `{"title":"another request","content":"x"}`}
	for i, rt := range api.Routes() {
		name := rt.Method + " " + rt.Path
		_, excused := once[name]
		delete(once, name)
		part, isSeveral := several[name]
		delete(several, name)
		if !rt.Mutates {
			if excused || isSeveral {
				t.Errorf("%s changes nothing", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := &surface{t: t, urls: urls, hook: hook.URL, round: i}
			a, key := known[name](s), fmt.Sprint("key ", i)
			before := s.logged()
			first := s.under(key, rt.Method, a)
			if first.status/100 != 2 || first.replayed {
				t.Fatalf("%d %v: %v", first.status, first.replayed, first.body)
			}
			if n := s.logged() - before; n > 1 && !isSeveral && !excused {
				t.Errorf("it has logged %d ops: say how it is repeated", n)
			}
			if name == "POST /api/v1/import/complete" {
				return // why: see onceOnly
			}
			digest, again := s.digest(), s.under(key, rt.Method, a)
			if diff := cmp.Diff(first.body, again.body); diff != "" || !again.replayed || again.status != first.status || s.digest() != digest {
				t.Errorf("%d, and then (%v) %d (-first +again):\n%s", first.status, again.replayed, again.status, diff)
			}
			other := other
			if a.agent != "" {
				other.agent = a.agent
			}
			s.reused(key, http.MethodPost, other)
			if !isSeveral {
				return
			}
			s.round += 1000
			a, another := part(s)
			key = fmt.Sprint("key ", s.round)
			first = s.under(key, rt.Method, a)
			if first.status/100 != 2 || first.replayed {
				t.Fatalf("partly done: %d %v: %v", first.status, first.replayed, first.body)
			}
			digest = s.digest()
			other.agent = a.agent
			s.reused(key, http.MethodPost, other)
			s.reused(key, rt.Method, another)
			again = s.under(key, rt.Method, a)
			if diff := cmp.Diff(first.body, again.body); diff != "" || !again.replayed || again.status != first.status || s.digest() != digest {
				t.Errorf("partly done, and repeated (%v, %d) (-first +again):\n%s", again.replayed, again.status, diff)
			}
		})
	}
	for name := range once {
		t.Errorf("%s is no route", name)
	}
	for name := range several {
		t.Errorf("%s is no route", name)
	}
}
