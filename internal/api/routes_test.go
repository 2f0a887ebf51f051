package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/memory"
)

var update = flag.Bool("update", false, "write golden files anew")

// step is one request of a golden conversation.
type step struct {
	name   string
	method string
	path   string
	body   string
	agent  string
	status int
}

// conversation touches every route but the streams, in an order in which each
// finds what it needs.
func conversation() []step {
	const cellar = "/api/v1/memories/00000000-0000-7000-8000-000000000001"
	return []step{
		{"create", "POST", "/api/v1/memories", `{"id":"00000000-0000-7000-8000-000000000001","title":"Cellar","content":"the key hangs left","namespace":"house/cellar","tier":"long","tags":["access"],"priority":7,"confidence":0.5,"source":"user","kind":"claim","metadata":{"x":1},"scope":"collective","source_uri":"doc:plan","source_span":{"start":1,"end":4},"citations":[{"uri":"uri:a","accessed_at":"2026-01-01T00:00:00Z"}],"created_at":"2026-01-02T03:04:05Z"}`, "alice", 201},
		{"create again", "POST", "/api/v1/memories", `{"title":"Cellar","content":"other","namespace":"house/cellar"}`, "alice", 409},
		{"create anonymously", "POST", "/api/v1/memories", `{"title":"Attic","content":"cold in winter"}`, "", 201},
		{"bulk array", "POST", "/api/v1/memories/bulk", `[{"title":"One","content":"first text"},{"title":"","content":"x"},{"title":"Two","content":"second text"},{"content":"no title"}]`, "alice", 200},
		{"bulk object", "POST", "/api/v1/memories/bulk", `{"memories":[{"title":"Three","content":"third text"}]}`, "alice", 200},
		{"list", "GET", "/api/v1/memories?namespace=house/cellar&tags=access&min_priority=3", "", "", 200},
		{"get", "GET", cellar, "", "", 200},
		{"get by prefix", "GET", "/api/v1/memories/00000000-0000", "", "", 200},
		{"update", "PUT", cellar, `{"content":"the key hangs right","tags":[],"expires_at":"2100-01-01T00:00:00Z"}`, "alice", 200},
		{"patch", "PATCH", cellar, `{"expires_at":null,"priority":8}`, "alice", 200},
		{"update by another", "PUT", cellar, `{"content":"no"}`, "bob", 403},
		{"promote", "POST", "/api/v1/memories/" + attic + "/promote", "", "", 200},
		{"history", "GET", cellar + "/history", "", "", 200},
		{"link", "POST", "/api/v1/links", `{"from":"00000000-0000-7000-8000-000000000001","to":"` + attic + `","rel_type":"derived_from"}`, "alice", 201},
		{"links", "GET", "/api/v1/links/00000000-0000-7000-8000-000000000001", "", "", 200},
		{"get with links", "GET", cellar, "", "", 200},
		{"unlink", "DELETE", "/api/v1/links", `{"source_id":"00000000-0000-7000-8000-000000000001","target_id":"` + attic + `"}`, "alice", 200},
		{"unlink again", "DELETE", "/api/v1/links?source_id=00000000-0000-7000-8000-000000000001&target_id=" + attic, "", "alice", 200},
		{"recall", "GET", "/api/v1/recall?context=key+cellar", "", "", 200},
		{"recall by post", "POST", "/api/v1/recall", `{"query":"key cellar","limit":"1","budget_tokens":100,"deadline_ms":null,"kinds":"all"}`, "", 200},
		{"search", "GET", "/api/v1/search?q=key+right", "", "", 200},
		{"search by source", "GET", "/api/v1/search?source_uri=doc:", "", "", 200},
		{"archive", "POST", "/api/v1/archive", `{"ids":["` + attic + `","nobody"],"reason":"winter"}`, "", 200},
		{"archived", "GET", "/api/v1/archive", "", "", 200},
		{"archive stats", "GET", "/api/v1/archive/stats", "", "", 200},
		{"restore", "POST", "/api/v1/archive/" + attic + "/restore", "", "", 200},
		{"restore what is live", "POST", "/api/v1/archive/" + attic + "/restore", "", "", 404},
		{"delete", "DELETE", "/api/v1/memories/" + attic, "", "", 200},
		{"get what is deleted", "GET", "/api/v1/memories/" + attic, "", "", 404},
		{"erase", "POST", "/api/v1/memories/" + attic + "/erase", "", "", 200},
		{"erase by delete", "DELETE", "/api/v1/memories/" + attic + "?erase=true", "", "", 404},
		{"consolidate", "POST", "/api/v1/consolidate", `{"ids":["` + one + `","` + two + `"],"title":"Numbers","summary":"one and two"}`, "alice", 201},
		{"forget", "POST", "/api/v1/forget?namespace=nowhere", "", "", 200},
		{"forget by body", "POST", "/api/v1/forget", `{"pattern":"third"}`, "alice", 200},
		{"standard", "POST", "/api/v1/namespaces/guarded/deep/standard", `{"governance":{"write":"approve","approver":"human"}}`, "alice", 201},
		{"standard in the body", "POST", "/api/v1/namespaces", `{"standard":{"namespace":"other","id":"00000000-0000-7000-8000-000000000001","parent":"guarded"}}`, "alice", 201},
		{"read standard", "GET", "/api/v1/namespaces/guarded%2Fdeep/standard", "", "", 200},
		{"read standard by query", "GET", "/api/v1/namespaces?namespace=guarded/deep", "", "", 200},
		{"read inherited standards", "GET", "/api/v1/namespaces/guarded/deep/er/standard?inherit=true", "", "", 200},
		{"read no standard", "GET", "/api/v1/namespaces/free/standard", "", "", 200},
		{"create with approval", "POST", "/api/v1/memories", `{"title":"Asked","content":"may I","namespace":"guarded/deep"}`, "bob", 202},
		{"pendings", "GET", "/api/v1/pending?status=pending", "", "bob", 200},
		{"pending", "GET", "/api/v1/pending/$PENDING", "", "bob", 200},
		{"approve", "POST", "/api/v1/pending/$PENDING/approve", "", "alice", 200},
		{"approve again", "POST", "/api/v1/pending/$PENDING/approve", "", "alice", 409},
		{"create with approval again", "POST", "/api/v1/memories", `{"title":"Asked again","content":"may I","namespace":"guarded/deep"}`, "bob", 202},
		{"reject", "POST", "/api/v1/pending/$PENDING/reject", "", "alice", 200},
		{"all pendings", "GET", "/api/v1/pending", "", "bob", 200},
		{"clear standard", "DELETE", "/api/v1/namespaces/guarded/deep/standard", "", "alice", 200},
		{"clear standard by query", "DELETE", "/api/v1/namespaces?namespace=guarded/deep", "", "alice", 200},
		{"namespaces", "GET", "/api/v1/namespaces", "", "", 200},
		{"receipt", "GET", "/api/v1/receipts/$DOT", "", "", 200},
		{"status", "GET", "/api/v1/status", "", "", 200},
		{"readers of a memory that is none", "GET", "/api/v1/readers?id=nothing", "", "", 404},
		{"readers", "GET", "/api/v1/readers", "", "alice", 200},
		{"what an agent was given", "GET", "/api/v1/readers?by=alice", "", "alice", 200},
		{"status of all", "GET", "/api/v1/status/all", "", "", 200},
		{"diff without member", "GET", "/api/v1/diff", "", "", 400},
		{"diff with a stranger", "GET", "/api/v1/diff?member=z", "", "", 404},
		{"repair with a stranger", "POST", "/api/v1/repair?member=z", "", "", 404},
		{"scrub", "POST", "/api/v1/scrub?after=1000000", "", "", 200},
		{"look for what is wrong", "GET", "/api/v1/checkup", "", "", 200},
		{"backups", "GET", "/api/v1/backups", "", "", 200},
		{"back up", "POST", "/api/v1/backups", "", "", 202},
		{"verify the backup", "POST", "/api/v1/backups/verify", "", "", 202},
		{"measured", "GET", "/api/v1/measurement", "", "", 200},
		{"measure", "POST", "/api/v1/measurement", "", "", 200},
		{"parked", "GET", "/api/v1/parked", "", "", 200},
		{"retry parked", "POST", "/api/v1/parked/retry", `{"dots":[]}`, "", 200},
		{"try parked", "POST", "/api/v1/parked/retry", `{"dry_run":true}`, "", 200},
		{"operator", "GET", "/api/v1/operator", "", "", 200},
		{"settings", "GET", "/api/v1/settings", "", "", 200},
		{"audit where there is no identity", "GET", "/api/v1/audit", "", "", 404},
		{"verify it where there is none", "POST", "/api/v1/audit/verify", "", "", 404},
		{"members", "GET", "/api/v1/members", "", "", 200},
		{"invite where there is no identity", "POST", "/api/v1/members/tokens?ttl_secs=60", "", "", 404},
		{"cancel a token", "DELETE", "/api/v1/members/tokens/0123456789abcdef", "", "", 404},
		{"drain a member", "PUT", "/api/v1/members/west?role=observer", "", "", 404},
		{"remove a member", "DELETE", "/api/v1/members/west", "", "", 404},
		{"keys of agents", "GET", "/api/v1/agents/keys", "", "", 200},
		{"a key for nobody", "POST", "/api/v1/agents/keys?agent=a+b", "", "", 400},
		{"a key", "POST", "/api/v1/agents/keys?agent=planner&namespaces=work/**&verbs=read", "", "", 200},
		{"rotate no key", "POST", "/api/v1/agents/keys/0123456789ab/rotate", "", "", 404},
		{"revoke the keys of an agent", "DELETE", "/api/v1/agents/keys/planner", "", "", 200},
		{"rehearsal", "GET", "/api/v1/rehearsal", "", "", 200},
		{"begin a rehearsal", "POST", "/api/v1/rehearsal", "", "", 404},
		{"cut in a rehearsal", "POST", "/api/v1/rehearsal/cut?node=cedar", "", "", 404},
		{"write in a rehearsal", "POST", "/api/v1/rehearsal/write?node=alder", "", "", 404},
		{"edit in a rehearsal", "POST", "/api/v1/rehearsal/edit", "", "", 404},
		{"end a rehearsal", "DELETE", "/api/v1/rehearsal", "", "", 200},
		{"stats", "GET", "/api/v1/stats", "", "", 200},
		{"capabilities", "GET", "/api/v1/capabilities", "", "", 200},
		{"health", "GET", "/api/v1/health", "", "", 200},
		{"live", "GET", "/health/live", "", "", 200},
		{"what agents need", "GET", "/.well-known/oauth-protected-resource", "", "", 200},
		{"what agents need at /mcp", "GET", "/.well-known/oauth-protected-resource/mcp", "", "", 200},
		{"ready", "GET", "/health/ready", "", "", 200},
	}
}

// Ids that follow from namespace and title.
var (
	attic = derived("Attic")
	one   = memory.PrivateID("alice", memory.DefaultNamespace, "One")
	two   = memory.PrivateID("alice", memory.DefaultNamespace, "Two")
)

// conversations are all golden conversations, each with a node of its own.
func conversations() map[string][]step {
	return map[string][]step{"routes.txt": conversation(), "compat.txt": compatConversation(), "subscriptions.txt": subscriptionConversation()}
}

func TestEveryRouteAnswersAsItsGoldenFileSays(t *testing.T) {
	for name, steps := range conversations() {
		t.Run(name, func(t *testing.T) { converse(t, name, steps) })
	}
}

func converse(t *testing.T, name string, steps []step) {
	t.Helper()
	var out strings.Builder
	n := alone(t).operated()
	n.play(steps, func(step) {}, func(s step, a answer, vars map[string]string) {
		if a.status != s.status {
			t.Errorf("%s: status %d, want %d: %s", s.name, a.status, s.status, a.raw)
		}
		fmt.Fprintf(&out, "## %s\n%s %s\n%d %s\n%s\n\n", s.name, s.method, stable(s.path, vars), a.status, a.header.Get("Content-Type"), stable(pretty(t, a.raw), vars))
	})
	golden(t, name, out.String())
}

// play goes through the steps of a conversation. What they can only know as it goes
// on is filled in before each, which before may look at.
func (n *node) play(steps []step, before func(step), after func(step, answer, map[string]string)) {
	n.t.Helper()
	vars := map[string]string{}
	for _, s := range steps {
		for k, v := range vars {
			s.path, s.body = strings.ReplaceAll(s.path, k, v), strings.ReplaceAll(s.body, k, v)
		}
		before(s)
		a := n.call(s.method, s.path, s.body, s.headers()...)
		if dot, is := a.body["receipt"].(map[string]any); is && s.method != "GET" {
			vars["$DOT"], _ = dot["dot"].(string)
		}
		if id, is := a.body["id"].(string); is && s.path == "/api/v1/subscriptions" && vars["$SUBSCRIPTION"] == "" {
			vars["$SUBSCRIPTION"] = id
		}
		if id, is := a.body["pending_id"].(string); is {
			vars["$PENDING"] = id
		}
		after(s, a, vars)
	}
}

// headers say who speaks in a step.
func (s step) headers() []string {
	if s.agent == "" {
		return nil
	}
	return agent(s.agent)
}

// stable replaces what differs from run to run.
func stable(s string, vars map[string]string) string {
	if id := vars["$PENDING"]; id != "" {
		s = strings.ReplaceAll(s, id, "PENDING")
	}
	for _, r := range []struct{ find, put string }{
		{`\b20(2[6-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+00:00`, "TIME"},
		{`\b[0-9a-f]{64}\b`, "DIGEST"},
		{`"chain": "[0-9a-f]{32}"`, `"chain": "CHAIN"`},
		{`\ba\.[0-9a-z]+\.\d+`, "DOT"},
		{`127\.0\.0\.1:\d+`, "HOST"},
		{`"(incarnation|db_size_bytes|bytes|lsn|index_lag|seq|started_at|access_count|score|session_id|history_dropped)": [^,\n]+`, `"$1": X`},
		{`\n *"last_accessed_at": [^\n]+`, ""},
		{`"a\.[0-9a-z]+"`, `"ORIGIN"`},
		{`"id": "[0-9a-f]{12}"`, `"id": "KEY"`},
		{`"tally_[0-9a-f]{12}_[A-Za-z0-9_-]{43}"`, `"SECRET"`},
		{`0[1-9a-f][0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "UUID7"},
	} {
		s = regexp.MustCompile(r.find).ReplaceAllString(s, r.put)
	}
	return s
}

func pretty(t *testing.T, raw string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		t.Fatalf("no JSON: %s", raw)
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", path, diff)
	}
}

// patternOf is the route that a path of the conversation belongs to.
// allRoutes are made once: the verbs behind them are read by reflection.
var allRoutes = sync.OnceValue(api.Routes)

// patterns match the paths of allRoutes.
var patterns = sync.OnceValue(func() []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, rt := range allRoutes() {
		re := strings.ReplaceAll(regexp.QuoteMeta(rt.Path), `\{rest\.\.\.\}`, `.+`)
		re = regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(re, `[^/]+`)
		out = append(out, regexp.MustCompile("^"+re+"$"))
	}
	return out
})

func patternOf(method, path string) string {
	path, _, _ = strings.Cut(path, "?")
	best := ""
	for i, rt := range allRoutes() {
		if rt.Method == method && patterns()[i].MatchString(path) && strings.Count(rt.Path, "{") <= max(1, strings.Count(best, "{")) {
			if best == "" || strings.Count(rt.Path, "{") < strings.Count(best, "{") {
				best = rt.Path
			}
		}
	}
	return method + " " + best
}

func TestTheGoldenConversationTouchesEveryRouteThatIsNoStream(t *testing.T) {
	seen := map[string]bool{}
	for _, steps := range conversations() {
		for _, s := range steps {
			seen[patternOf(s.method, s.path)] = true
		}
	}
	for _, rt := range allRoutes() {
		if rt.Path == "/openapi.json" || rt.Path == "/docs" {
			continue // they have tests of their own
		}
		if !rt.Stream && !seen[rt.Method+" "+rt.Path] {
			t.Errorf("%s %s is not in the conversation", rt.Method, rt.Path)
		}
	}
}

// concrete fills in the parameters of a pattern.
func concrete(path string) string {
	path = strings.ReplaceAll(path, "{rest...}", "ns/standard")
	return regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "x")
}

func TestEveryRouteRefusesOtherMethods(t *testing.T) {
	n := alone(t)
	allowed := map[string][]string{}
	for _, rt := range allRoutes() {
		allowed[rt.Path] = append(allowed[rt.Path], rt.Method)
		if rt.Method == http.MethodGet {
			allowed[rt.Path] = append(allowed[rt.Path], http.MethodHead)
		}
	}
	for path, methods := range allowed {
		slices.Sort(methods)
		for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			if slices.Contains(methods, m) {
				continue
			}
			a := n.call(m, concrete(path), "").want(http.StatusMethodNotAllowed)
			if got, want := a.header.Get("Allow"), strings.Join(methods, ", "); got != want {
				t.Errorf("%s %s: Allow %q, want %q", m, path, got, want)
			}
			a.is("METHOD_NOT_ALLOWED", "code")
		}
	}
}

func TestEveryRouteButHealthWantsTheKey(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.APIKey = "s3cret" }})
	for _, rt := range allRoutes() {
		path := concrete(rt.Path)
		if rt.Open {
			if a := n.call(rt.Method, path, ""); a.status != http.StatusOK {
				t.Errorf("%s %s: status %d without a key", rt.Method, path, a.status)
			}
			continue
		}
		for _, headers := range [][]string{nil, {"X-Api-Key", "s3cre"}, {"X-Api-Key", "S3CRET"}} {
			a := n.call(rt.Method, path, "", headers...)
			if a.status != http.StatusUnauthorized || a.body["error"] != "missing or invalid API key" {
				t.Errorf("%s %s with %v: status %d %s", rt.Method, path, headers, a.status, a.raw)
			}
		}
	}
	n.call("GET", "/api/v1/status", "", "X-Api-Key", "s3cret").want(http.StatusOK)
	n.call("GET", "/api/v1/status?api_key=s3cret", "").want(http.StatusOK)
}

func TestRoutesThatChangeStateAreExactlyThoseThatTakeDurability(t *testing.T) {
	n := alone(t).operated()
	for _, rt := range allRoutes() {
		if rt.Stream {
			continue
		}
		body := ""
		if rt.Request != nil {
			body = "{}"
		}
		a := n.call(rt.Method, concrete(rt.Path)+"?durability=never", body)
		refused := a.status == http.StatusBadRequest && strings.Contains(a.raw, "want local, quorum or all")
		if refused != rt.Mutates {
			t.Errorf("%s %s: mutates %v, refuses a bad durability %v: %s", rt.Method, rt.Path, rt.Mutates, refused, a.raw)
		}
	}
}

func TestEveryRouteWithABodyRefusesBadOnes(t *testing.T) {
	n := alone(t).operated()
	big := `{"title":"` + strings.Repeat("x", 3<<20) + `"}`
	for _, rt := range allRoutes() {
		if rt.Request == nil {
			continue
		}
		path := concrete(rt.Path)
		n.call(rt.Method, path, `{"title":`).want(http.StatusBadRequest).is("malformed JSON body", "error").is("MALFORMED_JSON", "code")
		n.call(rt.Method, path, "\"\xff\"").want(http.StatusBadRequest)
		n.call(rt.Method, path, `"text"`).want(http.StatusBadRequest).is("VALIDATION_FAILED", "code")
		n.call(rt.Method, path, `a=b`, "Content-Type", "application/x-www-form-urlencoded").want(http.StatusUnsupportedMediaType)
		n.call(rt.Method, path, `{}`, "Content-Type", "").want(http.StatusUnsupportedMediaType)
		n.call(rt.Method, path, big).want(http.StatusRequestEntityTooLarge).is("BODY_TOO_LARGE", "code")
	}
}

func TestUnknownRoutesAreJSON(t *testing.T) {
	n := alone(t)
	for _, path := range []string{"/", "/api/v1", "/api/v1/memory", "/api/v1/memories/a/b", "/api/v1/namespaces/a/b", "/api/v2/memories", "/favicon.ico"} {
		n.call("GET", path, "").want(http.StatusNotFound).is("UNKNOWN_ROUTE", "code")
	}
}

func TestEveryRouteIsDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "http.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("{ns}", "{rest...}", "/standard`", "`").Replace(string(page))
	for _, rt := range allRoutes() {
		named := regexp.MustCompile(regexp.QuoteMeta(rt.Path) + "[`? ]")
		if !named.MatchString(text) {
			t.Errorf("docs/http.md does not name %s %s", rt.Method, rt.Path)
		}
	}
}
