package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

func derived(title string) string { return memory.DerivedID(memory.DefaultNamespace, title) }

func TestRefusalsOfBadInput(t *testing.T) {
	n := alone(t).operated()
	id := n.create("Known")
	other := n.create("Other")
	long := strings.Repeat("x", 513)
	many := `"` + strings.Repeat(`t","`, 50) + `t"`
	const create = "/api/v1/memories"
	tests := map[string]refusal{
		"create: no fields":            {"POST", create, `{}`, 400, "VALIDATION_FAILED", "missing required field: title"},
		"create: no content":           {"POST", create, `{"title":"x"}`, 400, "VALIDATION_FAILED", "missing required field: content"},
		"create: null title":           {"POST", create, `{"title":null,"content":"x"}`, 400, "VALIDATION_FAILED", "missing required field: title"},
		"create: empty title":          {"POST", create, `{"title":"","content":"x"}`, 400, "VALIDATION_FAILED", "title: must not be empty"},
		"create: blank content":        {"POST", create, `{"title":"x","content":" \n"}`, 400, "VALIDATION_FAILED", "content: must not be empty"},
		"create: long title":           {"POST", create, `{"title":"` + long + `","content":"x"}`, 400, "VALIDATION_FAILED", "title: 513 characters, limit 512"},
		"create: long content":         {"POST", create, `{"title":"x","content":"` + strings.Repeat("y", 65537) + `"}`, 400, "VALIDATION_FAILED", "content: 65537 bytes, limit 65536"},
		"create: control character":    {"POST", create, `{"title":"a\u0007b","content":"x"}`, 400, "VALIDATION_FAILED", "title: control character U+0007"},
		"create: title of wrong type":  {"POST", create, `{"title":5,"content":"x"}`, 400, "VALIDATION_FAILED", "title: want a string, got number"},
		"create: tags of wrong type":   {"POST", create, `{"title":"x","content":"x","tags":"a"}`, 400, "VALIDATION_FAILED", "tags: want an array, got string"},
		"create: many tags":            {"POST", create, `{"title":"x","content":"x","tags":[` + many + `]}`, 400, "VALIDATION_FAILED", "tags: 51, limit 50"},
		"create: empty tag":            {"POST", create, `{"title":"x","content":"x","tags":[""]}`, 400, "VALIDATION_FAILED", "tag: must not be empty"},
		"create: priority 0":           {"POST", create, `{"title":"x","content":"x","priority":0}`, 400, "VALIDATION_FAILED", "priority 0: want 1 to 10"},
		"create: priority 11":          {"POST", create, `{"title":"x","content":"x","priority":11}`, 400, "VALIDATION_FAILED", "priority 11: want 1 to 10"},
		"create: priority 1.5":         {"POST", create, `{"title":"x","content":"x","priority":1.5}`, 400, "VALIDATION_FAILED", "priority: want an integer, got number 1.5"},
		"create: confidence 2":         {"POST", create, `{"title":"x","content":"x","confidence":2}`, 400, "VALIDATION_FAILED", "confidence 2: want 0 to 1"},
		"update: empty title":          {"PUT", create + "/" + id, `{"title":""}`, 400, "VALIDATION_FAILED", "title: must not be empty"},
		"create: merge without title":  {"POST", create, `{"title":"","content":"x","on_conflict":"merge"}`, 400, "VALIDATION_FAILED", "title: must not be empty"},
		"consolidate: empty title":     {"POST", "/api/v1/consolidate", `{"title":"","ids":["` + id + `","` + other + `"]}`, 400, "VALIDATION_FAILED", "title: must not be empty"},
		"create: unknown tier":         {"POST", create, `{"title":"x","content":"x","tier":"Long"}`, 400, "VALIDATION_FAILED", "want short, mid or long"},
		"create: empty tier":           {"POST", create, `{"title":"x","content":"x","tier":""}`, 400, "VALIDATION_FAILED", "want short, mid or long"},
		"create: unknown source":       {"POST", create, `{"title":"x","content":"x","source":"me"}`, 400, "VALIDATION_FAILED", `source "me"`},
		"create: unknown kind":         {"POST", create, `{"title":"x","content":"x","kind":"poem"}`, 400, "VALIDATION_FAILED", `"poem"`},
		"create: unknown on_conflict":  {"POST", create, `{"title":"x","content":"x","on_conflict":"win"}`, 400, "VALIDATION_FAILED", "want error, merge or version"},
		"create: bad namespace":        {"POST", create, `{"title":"x","content":"x","namespace":"a//b"}`, 400, "VALIDATION_FAILED", "namespace"},
		"create: empty namespace":      {"POST", create, `{"title":"x","content":"x","namespace":""}`, 400, "VALIDATION_FAILED", "namespace: must not be empty"},
		"create: metadata no object":   {"POST", create, `{"title":"x","content":"x","metadata":[1]}`, 400, "VALIDATION_FAILED", "metadata: want a JSON object"},
		"create: deep metadata":        {"POST", create, `{"title":"x","content":"x","metadata":` + strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33) + `}`, 400, "VALIDATION_FAILED", "metadata: nested deeper than 32"},
		"create: large metadata":       {"POST", create, `{"title":"x","content":"x","metadata":{"a":"` + strings.Repeat("y", 65536) + `"}}`, 400, "VALIDATION_FAILED", "metadata: "},
		"create: bad expiry":           {"POST", create, `{"title":"x","content":"x","expires_at":"tomorrow"}`, 400, "VALIDATION_FAILED", "expires_at"},
		"create: expiry in the past":   {"POST", create, `{"title":"x","content":"x","expires_at":"2020-01-01T00:00:00Z"}`, 400, "VALIDATION_FAILED", "in the past"},
		"create: ttl 0":                {"POST", create, `{"title":"x","content":"x","ttl_secs":0}`, 400, "VALIDATION_FAILED", "ttl_secs 0: want 1 to 31536000"},
		"create: ttl of two years":     {"POST", create, `{"title":"x","content":"x","ttl_secs":63072000}`, 400, "VALIDATION_FAILED", "ttl_secs"},
		"create: bad id":               {"POST", create, `{"title":"x","content":"x","id":"a/b"}`, 400, "VALIDATION_FAILED", "id"},
		"create: bad uri":              {"POST", create, `{"title":"x","content":"x","source_uri":"http://x"}`, 400, "VALIDATION_FAILED", "source_uri"},
		"create: no signature":         {"POST", create, `{"title":"x","content":"x","signature":"AAAA"}`, 400, "VALIDATION_FAILED", "signature"},
		"create: unsigned time":        {"POST", create, `{"title":"x","content":"x","signature":"` + strings.Repeat("A", 86) + `=="}`, 400, "VALIDATION_FAILED", "created_at"},
		"create: a stranger's":         {"POST", create, `{"title":"x","content":"x","created_at":"2020-01-01T00:00:00Z","signature":"` + strings.Repeat("A", 86) + `=="}`, 403, "ATTESTATION_FAILED", "created_at"},
		"create: another agent":        {"POST", create, `{"title":"x","content":"x","agent_id":"mallory"}`, 403, "AGENT_MISMATCH", "mallory"},
		"create: another owner":        {"POST", create, `{"title":"x","content":"x","metadata":{"agent_id":"mallory"}}`, 403, "FORBIDDEN", "mallory"},
		"create: bad embedding":        {"POST", create, `{"title":"x","content":"x","embedding":{"model":"m","vector":[0,0]}}`, 400, "VALIDATION_FAILED", "embedding"},
		"create: embedding no base64":  {"POST", create, `{"title":"x","content":"x","embedding":{"model":"m","vector":"?"}}`, 400, "VALIDATION_FAILED", "embedding"},
		"create: trailing text":        {"POST", create, `{"title":"x","content":"x"} {}`, 400, "MALFORMED_JSON", "malformed JSON body"},
		"create: empty body":           {"POST", create, ``, 400, "VALIDATION_FAILED", "malformed JSON body"},
		"bulk: too many":               {"POST", create + "/bulk", `[` + strings.Repeat(`{},`, 1000) + `{}]`, 400, "VALIDATION_FAILED", "at most 1000"},
		"bulk: no memories":            {"POST", create + "/bulk", `{}`, 400, "VALIDATION_FAILED", "missing required field: memories"},
		"get: unknown id":              {"GET", create + "/does-not-exist-xyz", ``, 404, "NOT_FOUND", "not found"},
		"get: impossible id":           {"GET", create + "/a%20b", ``, 400, "VALIDATION_FAILED", "id"},
		"update: unknown id":           {"PUT", create + "/nobody", `{"content":"x"}`, 404, "NOT_FOUND", "not found"},
		"update: bad version":          {"PUT", create + "/" + id, `{"resolve_conflicts":1}`, 400, "VALIDATION_FAILED", "resolve_conflicts: want true or false"},
		"update: bad expiry":           {"PUT", create + "/" + id, `{"expires_at":5}`, 400, "VALIDATION_FAILED", "expires_at"},
		"update: metadata no object":   {"PUT", create + "/" + id, `{"metadata":"x"}`, 400, "VALIDATION_FAILED", "metadata: want a JSON object"},
		"update: unknown tier":         {"PUT", create + "/" + id, `{"tier":"huge"}`, 400, "VALIDATION_FAILED", "tier"},
		"update: empty content":        {"PUT", create + "/" + id, `{"content":""}`, 400, "VALIDATION_FAILED", "content: must not be empty"},
		"update: taken title":          {"PUT", create + "/" + id, `{"title":"Other"}`, 409, "CONFLICT", "exists"},
		"delete: unknown id":           {"DELETE", create + "/nobody", ``, 404, "NOT_FOUND", "not found"},
		"delete: bad erase":            {"DELETE", create + "/" + id + "?erase=maybe", ``, 400, "VALIDATION_FAILED", "erase"},
		"promote: unknown id":          {"POST", create + "/nobody/promote", ``, 404, "NOT_FOUND", "not found"},
		"erase: unknown id":            {"POST", create + "/nobody/erase", ``, 404, "NOT_FOUND", "not found"},
		"history: unknown id":          {"GET", create + "/nobody/history", ``, 404, "NOT_FOUND", "not found"},
		"list: limit 0":                {"GET", create + "?limit=0", ``, 400, "VALIDATION_FAILED", "limit"},
		"list: limit -1":               {"GET", create + "?limit=-1", ``, 400, "VALIDATION_FAILED", "limit"},
		"list: limit ten":              {"GET", create + "?limit=ten", ``, 400, "VALIDATION_FAILED", "limit"},
		"list: bad offset":             {"GET", create + "?offset=-1", ``, 400, "VALIDATION_FAILED", "offset"},
		"list: bad tier":               {"GET", create + "?tier=huge", ``, 400, "VALIDATION_FAILED", "tier"},
		"list: bad kind":               {"GET", create + "?kinds=poem", ``, 400, "VALIDATION_FAILED", "kinds"},
		"list: bad since":              {"GET", create + "?since=yesterday", ``, 400, "VALIDATION_FAILED", "since"},
		"list: bad order":              {"GET", create + "?order=random", ``, 400, "VALIDATION_FAILED", "order"},
		"list: bad cursor":             {"GET", create + "?cursor=%00", ``, 400, "VALIDATION_FAILED", "cursor"},
		"list: another agent":          {"GET", create + "?agent_id=mallory", ``, 403, "AGENT_MISMATCH", "mallory"},
		"list: malformed query":        {"GET", create + "?limit=%zz", ``, 400, "VALIDATION_FAILED", "query"},
		"recall: no context":           {"GET", "/api/v1/recall", ``, 400, "VALIDATION_FAILED", "missing required field: context"},
		"recall: limit 0":              {"POST", "/api/v1/recall", `{"context":"x","limit":0}`, 400, "VALIDATION_FAILED", "limit"},
		"recall: tags of wrong type":   {"POST", "/api/v1/recall", `{"context":"x","tags":5}`, 400, "VALIDATION_FAILED", "tags"},
		"recall: another agent":        {"POST", "/api/v1/recall", `{"context":"x","as_agent":"mallory"}`, 403, "AGENT_MISMATCH", "mallory"},
		"recall: unsupported filter":   {"GET", "/api/v1/recall?context=x&has_citations=true", ``, 400, "NOT_SUPPORTED", "has_citations"},
		"search: no q":                 {"GET", "/api/v1/search", ``, 400, "VALIDATION_FAILED", "missing required field: q"},
		"forget: nothing":              {"POST", "/api/v1/forget", `{}`, 400, "VALIDATION_FAILED", "at least one"},
		"link: no target":              {"POST", "/api/v1/links", `{"source_id":"` + id + `"}`, 400, "VALIDATION_FAILED", "missing required field: target_id"},
		"link: unknown relation":       {"POST", "/api/v1/links", `{"source_id":"` + id + `","target_id":"` + other + `","relation":"loves"}`, 400, "INVALID_RELATION", "invalid_relation"},
		"link: unknown field":          {"POST", "/api/v1/links", `{"source_id":"` + id + `","target_id":"` + other + `","weight":1}`, 400, "UNKNOWN_FIELD", "unknown_field"},
		"link: to itself":              {"POST", "/api/v1/links", `{"source_id":"` + id + `","target_id":"` + id + `"}`, 400, "VALIDATION_FAILED", "to itself"},
		"link: unknown target":         {"POST", "/api/v1/links", `{"source_id":"` + id + `","target_id":"nobody"}`, 404, "NOT_FOUND", "not found"},
		"links: unknown id":            {"GET", "/api/v1/links/nobody", ``, 404, "NOT_FOUND", "not found"},
		"consolidate: no ids":          {"POST", "/api/v1/consolidate", `{"title":"x"}`, 400, "VALIDATION_FAILED", "missing required field: ids"},
		"consolidate: one id":          {"POST", "/api/v1/consolidate", `{"title":"x","ids":["` + id + `"]}`, 400, "VALIDATION_FAILED", "want 2 to 100"},
		"consolidate: twice":           {"POST", "/api/v1/consolidate", `{"title":"x","ids":["` + id + `","` + id + `"]}`, 400, "VALIDATION_FAILED", "twice"},
		"consolidate: unknown id":      {"POST", "/api/v1/consolidate", `{"title":"x","ids":["` + id + `","nobody"]}`, 404, "NOT_FOUND", "not found"},
		"archive: no ids":              {"POST", "/api/v1/archive", `{}`, 400, "VALIDATION_FAILED", "missing required field: ids"},
		"archive: too many":            {"POST", "/api/v1/archive", `{"ids":["` + strings.Repeat(`a","`, 1000) + `a"]}`, 400, "VALIDATION_FAILED", "at most 1000"},
		"archive: limit 0":             {"GET", "/api/v1/archive?limit=0", ``, 400, "VALIDATION_FAILED", "limit"},
		"restore: unknown id":          {"POST", "/api/v1/archive/nobody/restore", ``, 404, "NOT_FOUND", "not found in archive"},
		"pending: unknown id":          {"GET", "/api/v1/pending/nobody", ``, 404, "NOT_FOUND", "not found"},
		"pending: bad status":          {"GET", "/api/v1/pending?status=maybe", ``, 400, "VALIDATION_FAILED", "status"},
		"approve: unknown id":          {"POST", "/api/v1/pending/nobody/approve", ``, 404, "NOT_FOUND", "not found"},
		"reject: unknown id":           {"POST", "/api/v1/pending/nobody/reject", ``, 404, "NOT_FOUND", "not found"},
		"standard: no namespace":       {"POST", "/api/v1/namespaces", `{"id":"` + id + `"}`, 400, "VALIDATION_FAILED", "missing required field: namespace"},
		"standard: bad namespace":      {"GET", "/api/v1/namespaces/a%20b/standard", ``, 400, "VALIDATION_FAILED", "namespace"},
		"standard: unknown memory":     {"POST", "/api/v1/namespaces/ns/standard", `{"id":"nobody"}`, 404, "NOT_FOUND", "not found"},
		"standard: own parent":         {"POST", "/api/v1/namespaces/ns/standard", `{"id":"` + id + `","parent":"ns"}`, 400, "VALIDATION_FAILED", "its own parent"},
		"standard: bad governance":     {"POST", "/api/v1/namespaces/ns/standard", `{"governance":{"write":"maybe"}}`, 400, "VALIDATION_FAILED", "governance"},
		"standard: large write quorum": {"POST", "/api/v1/namespaces/ns/standard", `{"governance":{"write_quorum":2}}`, 400, "VALIDATION_FAILED", "write_quorum"},
		"receipt: no dot":              {"GET", "/api/v1/receipts/x", ``, 400, "VALIDATION_FAILED", "dot"},
		"receipt: unknown dot":         {"GET", "/api/v1/receipts/a.1.99", ``, 404, "NOT_FOUND", "not found"},
		"diff: bad member":             {"GET", "/api/v1/diff?member=a.b", ``, 400, "VALIDATION_FAILED", "node name"},
		"parked: bad dot":              {"POST", "/api/v1/parked/retry", `{"dots":["x"]}`, 400, "VALIDATION_FAILED", "dot"},
		"events: bad since":            {"GET", "/api/v1/events?since=now", ``, 400, "VALIDATION_FAILED", "since"},
	}
	maps.Copy(tests, compatRefusals(id, other))
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			n := *n
			n.t = t
			a := n.call(c.method, c.path, c.body).want(c.status).is(c.code, "code")
			if got := a.text("error"); !strings.Contains(got, c.text) {
				t.Errorf("error %q, want %q in it", got, c.text)
			}
			if strings.HasSuffix(a.text("error"), ": invalid") {
				t.Errorf("error %q ends in the name of a sentinel", a.text("error"))
			}
		})
	}
	if got := n.call("GET", create, "").want(http.StatusOK).number("count"); got != 2 {
		t.Errorf("%d memories, want the 2 from before: something was written", got)
	}
}

func TestMalformedJSONSaysWhere(t *testing.T) {
	n := alone(t)
	a := n.call("POST", "/api/v1/memories", "{\n  \"title\": \"x\",\n  \"content\": nope\n}").want(http.StatusBadRequest)
	a.is("malformed JSON body", "error").is(3.0, "line").is(15.0, "column")
}

func TestBodiesThatAiMemoryFixesAreExact(t *testing.T) {
	n := alone(t)
	a := n.call("POST", "/api/v1/memories", `{"title":"x"}`).want(http.StatusBadRequest)
	a.is("missing required field: content", "error").is("content", "fields", 0)
	id := n.create("x")
	a = n.call("PUT", "/api/v1/memories/"+id, `{"content":"y"}`, "If-Match", `"7"`).want(http.StatusPreconditionFailed)
	a.is("conflict", "status").is(id, "id").is(7.0, "expected_version").is(1.0, "current_version")
	a = n.call("POST", "/api/v1/memories", `{"title":"x","content":"z"}`).want(http.StatusConflict)
	a.is("CONFLICT", "code").is(id, "existing_id")
	a = n.call("POST", "/api/v1/links", `{"source_id":"`+id+`","target_id":"y","relation":"loves"}`).want(http.StatusBadRequest)
	a.is("invalid_relation", "error").is("loves", "got").is("related_to", "allowed", 0)
}

func TestIfMatchTakesTheCurrentVersion(t *testing.T) {
	n := alone(t)
	id := n.create("x")
	for i, match := range []string{"1", `"2"`, "*", ""} {
		a := n.call("PUT", "/api/v1/memories/"+id, fmt.Sprintf(`{"content":"c%d"}`, i), "If-Match", match).want(http.StatusOK)
		a.is(float64(i+2), "version")
	}
	n.call("PUT", "/api/v1/memories/"+id, `{"content":"y"}`, "If-Match", "one").want(http.StatusBadRequest)
	if tag := n.call("GET", "/api/v1/memories/"+id, "").header.Get("ETag"); tag != `"5"` {
		t.Errorf("ETag %s, want %q", tag, `"5"`)
	}
}

func TestPrivateMemoriesAreNotFoundByOthers(t *testing.T) {
	n := alone(t)
	id := n.create("Secret", agent("alice")...)
	open := n.call("POST", "/api/v1/memories", `{"title":"Open","content":"content of Open","scope":"collective"}`, agent("alice")...).want(http.StatusCreated).text("id")
	for _, path := range []string{"/api/v1/memories/" + id, "/api/v1/memories/" + id + "/history", "/api/v1/links/" + id} {
		n.call("GET", path, "", agent("bob")...).want(http.StatusNotFound)
		n.call("GET", path, "").want(http.StatusNotFound)
		n.call("GET", path, "", agent("alice")...).want(http.StatusOK)
	}
	for _, path := range []string{"/api/v1/memories", "/api/v1/recall?context=content", "/api/v1/search?q=content"} {
		n.call("GET", path, "", agent("bob")...).want(http.StatusOK).is(1.0, "count").is(open, "memories", 0, "id")
		n.call("GET", path, "", agent("alice")...).want(http.StatusOK).is(2.0, "count")
	}
	n.call("DELETE", "/api/v1/memories/"+id, "", agent("bob")...).want(http.StatusNotFound)
	n.call("DELETE", "/api/v1/memories/"+open, "", agent("bob")...).want(http.StatusForbidden).is("alice", "owner").is("bob", "caller")
	n.call("POST", "/api/v1/archive", `{"ids":["`+id+`","`+open+`"]}`, agent("bob")...).want(http.StatusOK).is(0.0, "count").is(open, "missing", 1)
	n.call("POST", "/api/v1/forget", `{"pattern":"content"}`, agent("bob")...).want(http.StatusOK).is(0.0, "deleted")
}

func TestAnonymousCallersReadBackWhatTheyWrote(t *testing.T) {
	n := alone(t)
	id := n.create("Mine")
	a := n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusOK)
	a.is("global", "namespace").is("Mine", "title").is("Mine", "memory", "title")
	n.call("POST", "/api/v1/forget?namespace=global", "").want(http.StatusOK).is(1.0, "deleted")
	n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusNotFound)
}

func TestAgentIDsAreChecked(t *testing.T) {
	n := alone(t)
	for _, id := range []string{"a b", "daemon", "../x", strings.Repeat("x", 129)} {
		n.call("GET", "/api/v1/memories", "", "X-Agent-Id", id).want(http.StatusBadRequest)
	}
	n.call("POST", "/api/v1/memories", `{"title":"x","content":"x","agent_id":"alice"}`, agent("alice")...).want(http.StatusCreated).is("alice", "agent_id")
}

func TestAmbiguousPrefixesAreRefused(t *testing.T) {
	n := alone(t)
	for _, id := range []string{"abc-1", "abc-2"} {
		n.call("POST", "/api/v1/memories", `{"id":"`+id+`","title":"`+id+`","content":"x"}`).want(http.StatusCreated)
	}
	n.call("GET", "/api/v1/memories/abc", "").want(http.StatusBadRequest).is("AMBIGUOUS_ID", "code")
	n.call("GET", "/api/v1/memories/abc-2", "").want(http.StatusOK).is("abc-2", "id")
}

func TestReflectionsMustNotFormACircle(t *testing.T) {
	n := alone(t)
	a, b := n.create("A"), n.create("B")
	n.call("POST", "/api/v1/links", `{"from":"`+a+`","to":"`+b+`","relation":"reflects_on"}`).want(http.StatusCreated)
	n.call("POST", "/api/v1/links", `{"from":"`+b+`","to":"`+a+`","relation":"reflects_on"}`).want(http.StatusConflict).is("CYCLE", "code")
}

func TestUnlinkRemovesTheNamedRelationOrAll(t *testing.T) {
	n := alone(t)
	a, b := n.create("A"), n.create("B")
	pair := `"source_id":"` + a + `","target_id":"` + b + `"`
	for _, rel := range []string{"related_to", "supersedes", "contradicts"} {
		n.call("POST", "/api/v1/links", `{`+pair+`,"relation":"`+rel+`"}`).want(http.StatusCreated)
	}
	n.call("DELETE", "/api/v1/links", `{`+pair+`,"relation":"supersedes"}`).want(http.StatusOK).is(1.0, "removed").is(true, "deleted").receipt("quorum")
	n.call("DELETE", "/api/v1/links", `{`+pair+`}`).want(http.StatusOK).is(2.0, "removed")
	n.call("GET", "/api/v1/links/"+a, "").want(http.StatusOK).is(0.0, "count")
	n.call("DELETE", "/api/v1/links", `{`+pair+`}`).want(http.StatusOK).is(false, "deleted")
}

func TestDefaultsAreFilledInAndTextComesBackAsItWas(t *testing.T) {
	n := alone(t)
	a := n.call("POST", "/api/v1/memories", `{"title":"x","content":"<b>&\u2028","tags":null}`).want(http.StatusCreated)
	a.is(1.0, "confidence").is(5.0, "priority").is("mid", "tier").is("<b>&\u2028", "content")
	if a.body["tags"] == nil || a.body["citations"] == nil || a.body["metadata"] == nil {
		t.Errorf("arrays and objects must not be null: %s", a.raw)
	}
	n.call("PUT", "/api/v1/memories/"+a.text("id"), `{"confidence":0}`).want(http.StatusOK).is(0.0, "confidence")
}

// A merge edits what it names. What it does not name was not to be lost: tags, who may
// read the memory, and its metadata, which those that are given replace.
func TestAMergeLeavesWhatItDoesNotName(t *testing.T) {
	n := alone(t)
	merge := func(body string) answer {
		t.Helper()
		n.call("POST", "/api/v1/memories", `{"title":"x","on_conflict":"merge",`+body+`}`, "X-Agent-Id", "ann").want(http.StatusCreated)
		return n.call("GET", "/api/v1/memories/"+memory.IdentityOf(memory.Memory{Namespace: "global", Title: "x"}), "", "X-Agent-Id", "bob")
	}
	const first = `"content":"one","tags":["a","b"],"scope":"collective","metadata":{"k":1}`
	for body, want := range map[string]string{
		`"content":"two"`:                     `"tags":["a","b"] "k":1 "scope":"collective"`,
		`"content":"three","tags":[]`:         `"tags":[] "k":1 "scope":"collective"`,
		`"content":"four","metadata":{"j":2}`: `"tags":["a","b"] "j":2 "scope":"collective"`,
		`"content":"five","metadata":{"k":3}`: `"k":3 "scope":"collective"`,
		`"content":"six","scope":"shared"`:    `"k":1 "scope":"shared"`,
	} {
		merge(first)
		a := merge(body).want(http.StatusOK)
		for part := range strings.FieldsSeq(want) {
			if !strings.Contains(a.raw, part) {
				t.Errorf("%s: no %s in %s", body, part, a.raw)
			}
		}
	}
	merge(first)
	merge(`"content":"seven","scope":"private"`).want(http.StatusNotFound)
}

// What is made live again after it has expired stays. So it shows no expiry, is listed
// among those that have none, and an export says nothing else of it.
func TestWhatWasRestoredAfterItsExpiryHasNone(t *testing.T) {
	n := alone(t)
	id := n.call("POST", "/api/v1/memories", `{"title":"x","content":"y","ttl_secs":60}`).want(http.StatusCreated).text("id")
	n.ahead.Store(int64(2 * time.Minute))
	a := n.call("POST", "/api/v1/archive/"+id+"/restore", "").want(http.StatusOK)
	if v, has := a.body["memory"].(map[string]any)["expires_at"]; has {
		t.Errorf("restored, it expires at %v", v)
	}
	for _, path := range []string{"/api/v1/memories/" + id, "/api/v1/memories", "/api/v1/memories?expiry=never", "/api/v1/export", "/api/v1/export?format=ndjson", "/api/v1/recall?context=y", "/api/v1/search?q=y"} {
		if a := n.call("GET", path, ""); strings.Contains(a.raw, "expires_at") || !strings.Contains(a.raw, id) {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
	n.call("GET", "/api/v1/memories?expiry=will", "").is(0.0, "count")
	n.call("PATCH", "/api/v1/memories/"+id, `{"content":"z"}`).want(http.StatusOK)
	n.call("POST", "/api/v1/memories", `{"title":"x","content":"w","on_conflict":"merge"}`).want(http.StatusCreated)
	n.ahead.Store(int64(time.Hour))
	n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusOK)
	n.call("PATCH", "/api/v1/memories/"+id, `{"expires_at":"2020-01-01T00:00:00Z"}`).want(http.StatusOK)
	n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusNotFound)
}

// Stamps run ahead of a clock that was set back, and of one beside a member whose clock is
// fast. What is to expire before they are reached expires all the same.
func TestExpiryGoesByTheClockAndNotByStamps(t *testing.T) {
	n := alone(t)
	n.ahead.Store(int64(time.Hour))
	old := n.create("Old")
	n.ahead.Store(0)
	body := `{"title":"x","content":"heron","tier":"long","ttl_secs":60}` // a recall does not prolong it
	id := n.call("POST", "/api/v1/memories", body).want(http.StatusCreated).text("id")
	n.call("DELETE", "/api/v1/memories/"+old, "").want(http.StatusOK)
	n.call("POST", "/api/v1/archive/"+old+"/restore", "").want(http.StatusOK)
	soon := n.now().Add(time.Minute).UTC().Format(time.RFC3339)
	n.call("PATCH", "/api/v1/memories/"+old, `{"expires_at":"`+soon+`"}`).want(http.StatusOK)
	n.call("GET", "/api/v1/memories?expiry=will", "").is(2.0, "count")
	n.call("GET", "/api/v1/recall?context=heron", "").is(1.0, "count")
	n.ahead.Store(int64(2 * time.Minute))
	for _, id := range []string{id, old} {
		n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusNotFound)
	}
	for path, count := range map[string]float64{"/api/v1/memories": 0, "/api/v1/search?q=heron": 0, "/api/v1/recall?context=heron": 0, "/api/v1/archive": 2} {
		a := n.call("GET", path, "").want(http.StatusOK)
		if path == "/api/v1/archive" {
			if got := len(a.body["archived"].([]any)); got != int(count) {
				t.Errorf("%s: %d, want %g", path, got, count)
			}
			continue
		}
		a.is(count, "count")
	}
	n.call("GET", "/api/v1/stats", "").is(0.0, "total").is(2.0, "archived_total")
	n.call("POST", "/api/v1/memories", body).want(http.StatusCreated)
}
