package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

func TestAMissedQuorumKeepsTheWriteAndSaysSo(t *testing.T) {
	n := open(t, options{members: []memory.Node{"b"}, net: deaf{}})
	a := n.call("POST", "/api/v1/memories", `{"title":"x","content":"y"}`).want(http.StatusServiceUnavailable)
	if got := a.header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q, want 2", got)
	}
	id := a.text("id")
	receipt := a.body["receipt"]
	delete(a.body, "receipt")
	want := map[string]any{
		"error": "quorum_not_met", "got": 1.0, "needed": 2.0, "reason": "unreachable", "id": id, "code": "QUORUM_NOT_MET",
		"message":         "held by 1 of 2 members (a), and 2 are wanted; missing: b unreachable. It is kept, and reaches the others by itself",
		"missing_members": []any{map[string]any{"member": "b", "why": "unreachable", "owed": 1.0, "error": "unexpected EOF"}},
	}
	if diff := cmp.Diff(want, a.body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if r, is := receipt.(map[string]any); !is || r["durability"] != "local" || r["n"] != 2.0 || r["w"] != 2.0 {
		t.Errorf("receipt %v", receipt)
	}
	n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusOK)
}

// However long a node waits for members, its answer comes while the request lasts, and says
// what has become of the write.
func TestAnAnswerComesBeforeTheRequestEnds(t *testing.T) {
	n := open(t, options{members: []memory.Node{"b"}, net: silent{}, patient: true, api: func(c *api.Config) { c.RequestTimeout = time.Second }})
	a := n.call("POST", "/api/v1/memories", `{"title":"x","content":"y"}`).want(http.StatusServiceUnavailable).is("QUORUM_NOT_MET", "code").is("local", "receipt", "durability")
	n.call("GET", "/api/v1/memories/"+a.text("id"), "").want(http.StatusOK)
}

// TestWhatIsKeptIsASuccessForWhoAsksForThat tries all kinds of answers to writes.
func TestWhatIsKeptIsASuccessForWhoAsksForThat(t *testing.T) {
	n := open(t, options{members: []memory.Node{"b"}, net: deaf{}})
	kept := func(method, path, body string) answer {
		t.Helper()
		query := "?when_short=local"
		if strings.Contains(path, "?") {
			query = "&when_short=local"
		}
		return n.call(method, path+query, body).want(http.StatusAccepted).is("local", "durability").is(false, "quorum_met").
			is(1.0, "acks").is(2.0, "needed").is("b", "missing_members", 0, "member").is("unreachable", "missing_members", 0, "why")
	}
	x := kept("POST", "/api/v1/memories", `{"title":"x","content":"y"}`).is("x", "title").is("local", "receipt", "durability").text("id")
	y := kept("POST", "/api/v1/memories/bulk", `[{"title":"y","content":"y"}]`).is(1.0, "created").text("ids", 0)
	kept("PUT", "/api/v1/memories/"+x, `{"content":"z"}`).is(2.0, "version")
	kept("POST", "/api/v1/links", `{"source_id":"`+x+`","target_id":"`+y+`"}`)
	kept("POST", "/api/v1/archive", `{"ids":["`+x+`"]}`).is(x, "archived", 0)
	kept("POST", "/api/v1/forget", `{"pattern":"y"}`).is(1.0, "deleted")
	kept("DELETE", "/api/v1/memories/"+x, "")
	n.call("POST", "/api/v1/memories?when_short=fail", `{"title":"w","content":"y"}`).want(http.StatusServiceUnavailable)
	n.call("POST", "/api/v1/memories?when_short=local&durability=local", `{"title":"v","content":"y"}`).want(http.StatusCreated).is(nil, "quorum_met")
	for _, bad := range []string{"when_short=", "when_short=maybe", "durability="} {
		n.call("POST", "/api/v1/memories?"+bad, `{"title":"u","content":"y"}`).want(http.StatusBadRequest)
	}
}

func TestANodeMayTakeWhatIsKeptForASuccess(t *testing.T) {
	n := open(t, options{members: []memory.Node{"b"}, net: deaf{}, api: func(c *api.Config) { c.KeepShort = true }})
	n.call("POST", "/api/v1/memories", `{"title":"x","content":"y"}`).want(http.StatusAccepted).is("local", "durability")
	n.call("POST", "/api/v1/memories?when_short=fail", `{"title":"y","content":"y"}`).want(http.StatusServiceUnavailable)
}

func TestLocalDurabilityDoesNotWaitForMembers(t *testing.T) {
	n := open(t, options{members: []memory.Node{"b"}, net: deaf{}})
	a := n.call("POST", "/api/v1/memories?durability=local", `{"title":"x","content":"y"}`).want(http.StatusCreated).receipt("local")
	n.call("GET", "/api/v1/receipts/"+a.text("receipt", "dot"), "").want(http.StatusOK).is("local", "durability").is(2.0, "n")
	n.call("POST", "/api/v1/memories?durability=all", `{"title":"z","content":"y"}`).want(http.StatusServiceUnavailable)
	st := n.call("GET", "/api/v1/status", "").want(http.StatusOK)
	st.is("b", "members", 0, "name").is(2.0, "members", 0, "owed")
}

func TestArchivingStopsAtAMissedQuorumAndSaysHowFarItCame(t *testing.T) {
	n := open(t, options{members: []memory.Node{"b"}, net: deaf{}})
	id := n.call("POST", "/api/v1/memories?durability=local", `{"title":"x","content":"y"}`).want(http.StatusCreated).text("id")
	a := n.call("POST", "/api/v1/archive", `{"ids":["`+id+`"]}`).want(http.StatusServiceUnavailable)
	a.is("quorum_not_met", "error").is(id, "id")
	n.call("GET", "/api/v1/archive", "").want(http.StatusOK).is(id, "archived", 0, "id")
}

func TestBulkReportsMissedQuorumsWithTheirReceipts(t *testing.T) {
	n := open(t, options{members: []memory.Node{"b"}, net: deaf{}})
	a := n.call("POST", "/api/v1/memories/bulk", `[{"title":"x","content":"y"}]`).want(http.StatusOK).is(0.0, "created")
	id := a.text("error_details", 0, "id")
	if got, want := a.text("errors", 0), id+": quorum not met (1 of 2: unreachable)"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	a.is("QUORUM_NOT_MET", "error_details", 0, "code").is("local", "error_details", 0, "receipt", "durability")
}

func TestTheSameIdempotencyKeyDoesTheSameOnce(t *testing.T) {
	n := alone(t)
	const path, body = "/api/v1/memories", `{"title":"x","content":"y"}`
	key := []string{"Idempotency-Key", "k-1", "X-Agent-Id", "alice"}
	first := n.call("POST", path, body, key...).want(http.StatusCreated)
	again := n.call("POST", path, body, key...).want(http.StatusCreated).is(first.text("receipt", "dot"), "receipt", "dot")
	if first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("Idempotency-Replayed %q, then %q", first.header.Get("Idempotency-Replayed"), again.header.Get("Idempotency-Replayed"))
	}
	for name, c := range map[string]struct{ method, path, body string }{
		"another body":  {"POST", path, `{"title":"x","content":"z"}`},
		"another query": {"POST", path + "?durability=local", body},
		"another path":  {"POST", path + "/bulk", `[` + body + `]`},
	} {
		a := n.call(c.method, c.path, c.body, key...)
		if name == "another path" && a.status == http.StatusOK {
			continue // each write of a bulk has a key of its own
		}
		a.want(http.StatusConflict).is("IDEMPOTENCY_KEY_REUSED", "code")
	}
	n.call("POST", path, `{"title":"bob's","content":"y"}`, "Idempotency-Key", "k-1", "X-Agent-Id", "bob").want(http.StatusCreated)
	for _, bad := range []string{strings.Repeat("k", 256), "a\tb", "ä"} {
		n.call("POST", path, body, "Idempotency-Key", bad).want(http.StatusBadRequest)
	}
}

func TestEveryKindOfWriteCanBeRepeatedUnderItsKey(t *testing.T) {
	n := alone(t)
	a, b, c := n.create("A"), n.create("B"), n.create("C")
	pair := `{"source_id":"` + a + `","target_id":"` + b + `"}`
	for i, w := range []struct{ method, path, body string }{
		{"PUT", "/api/v1/memories/" + a, `{"content":"new"}`},
		{"POST", "/api/v1/memories/" + a + "/promote", ""},
		{"POST", "/api/v1/links", pair},
		{"DELETE", "/api/v1/links", pair},
		{"POST", "/api/v1/archive", `{"ids":["` + a + `","` + b + `"]}`},
		{"POST", "/api/v1/archive/" + a + "/restore", ""},
		{"POST", "/api/v1/archive/" + b + "/restore", ""},
		{"DELETE", "/api/v1/memories/" + c, ""},
		{"POST", "/api/v1/memories/" + c + "/erase", ""},
		{"POST", "/api/v1/memories/bulk", `[{"title":"D","content":"x"},{"title":"E","content":"x"}]`},
		{"POST", "/api/v1/consolidate", `{"ids":["` + a + `","` + b + `"],"title":"AB"}`},
		{"POST", "/api/v1/namespaces/ns/standard", `{"governance":{"write":"any"}}`},
		{"DELETE", "/api/v1/namespaces/ns/standard", ""},
	} {
		key := []string{"Idempotency-Key", fmt.Sprint("k", i)}
		first := n.call(w.method, w.path, w.body, key...)
		if first.status/100 != 2 {
			t.Fatalf("%s %s: status %d: %s", w.method, w.path, first.status, first.raw)
		}
		again := n.call(w.method, w.path, w.body, key...).want(first.status)
		if diff := cmp.Diff(first.body["receipt"], again.body["receipt"]); diff != "" {
			t.Errorf("%s %s repeated (-first +again):\n%s", w.method, w.path, diff)
		}
	}
}

func TestAFullQueueIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	gate, begun := make(chan struct{}), make(chan struct{}, 16)
	release := sync.OnceFunc(func() { close(gate) })
	n := open(t, options{
		commit: func() { begun <- struct{}{}; <-gate },
		store:  func(c *store.Config) { c.QueueLen = 1 },
	})
	defer release()
	const posts = 8
	done := make(chan answer, posts)
	post := func(i int) {
		draft := fmt.Sprintf(`{"title":"t%d","content":"y"}`, i)
		if i%2 == 0 {
			done <- n.call("POST", "/api/v1/memories", draft)
		} else {
			done <- n.call("POST", "/api/v1/memories/bulk", "["+draft+"]")
		}
	}
	go post(0)
	<-begun // the writer is busy with the first, and one more fits into the queue
	for i := 1; i < posts; i++ {
		go post(i)
	}
	made := 0
	for i := range posts {
		a := <-done
		switch {
		case a.status == http.StatusTooManyRequests:
			a.is("BUSY", "code")
			if got := a.header.Get("Retry-After"); got != "1" {
				t.Errorf("Retry-After %q, want 1", got)
			}
		case i == 0:
			t.Fatalf("the first answer is %d %s", a.status, a.raw)
		default:
			made++
		}
		release() // what waits goes on
	}
	if made == 0 || made == posts {
		t.Errorf("%d of %d were taken", made, posts)
	}
	n.call("GET", "/api/v1/memories", "").want(http.StatusOK).is(float64(made), "count")
}

func TestMinimalAnswersLeaveTheTextOut(t *testing.T) {
	n := alone(t)
	a := n.call("POST", "/api/v1/memories", `{"title":"x","content":"y"}`, "Prefer", "return=minimal").want(http.StatusCreated).receipt("quorum")
	if a.body["content"] != nil || a.body["id"] == nil || a.body["title"] != "x" {
		t.Errorf("body %s", a.raw)
	}
}

func TestConsensusNeedsSeveralVotes(t *testing.T) {
	n := alone(t)
	for _, name := range []string{"carol", "dave"} {
		n.call("POST", "/api/v1/agents", `{"agent_id":"`+name+`","agent_type":"system"}`).want(http.StatusCreated)
	}
	n.call("POST", "/api/v1/namespaces/ns/standard", `{"governance":{"write":"approve","approver":{"consensus":2}}}`, agent("alice")...).want(http.StatusCreated)
	p := n.call("POST", "/api/v1/memories", `{"title":"x","content":"y","namespace":"ns"}`, agent("bob")...).want(http.StatusAccepted).text("pending_id")
	a := n.call("POST", "/api/v1/pending/"+p+"/approve", "", agent("carol")...).want(http.StatusAccepted)
	a.is(false, "approved").is("pending", "status").is(1.0, "votes").is(2.0, "quorum").receipt("quorum")
	n.call("POST", "/api/v1/pending/"+p+"/approve", `{"any":"body"}`, agent("dave")...).want(http.StatusBadRequest).is("UNKNOWN_FIELD", "code")
	n.call("POST", "/api/v1/pending/"+p+"/approve", `{}`, agent("dave")...).want(http.StatusOK).is(true, "executed")
	n.call("GET", "/api/v1/memories?namespace=ns", "", agent("bob")...).want(http.StatusOK).is(2.0, "count")
}

// TestATrialOfAnImportSaysWhatTheImportWillSay about each memory and each link.
func TestATrialOfAnImportSaysWhatTheImportWillSay(t *testing.T) {
	n := alone(t)
	there := n.create("there")
	n.call("POST", "/api/v1/memories", `{"id":"of-ann","title":"hers","content":"x","scope":"collective"}`, agent("ann")...).want(http.StatusCreated)
	body := `{"memories":[
		{"id":"i1","title":"one","content":"x"},
		{"id":"i2","title":"two","content":"x"},
		{"id":"i3","title":"","content":"x"},
		{"id":"i4","title":"hers","content":"taken, and not mine to edit"}],
	"links":[
		{"source_id":"i1","target_id":"i2","relation":"supersedes"},
		{"source_id":"i1","target_id":"` + there + `"},
		{"source_id":"` + there + `","target_id":"of-ann"},
		{"source_id":"i1","target_id":"i3"},
		{"source_id":"i1","target_id":"nowhere"},
		{"source_id":"i1","target_id":"i1"},
		{"source_id":"nowhere","target_id":"` + there + `"},
		{"source_id":"i1","target_id":"i2","relation":"likes"}]}`
	said := func(a answer) map[string]any {
		a.want(http.StatusOK)
		delete(a.body, "receipt")
		delete(a.body, "dry_run")
		return a.body
	}
	root := n.call("GET", "/api/v1/status", "").text("digest")
	tried := n.call("POST", "/api/v1/import?dry_run=true", body, agent("bob")...).is(true, "dry_run").is(nil, "receipt")
	if now := n.call("GET", "/api/v1/status", "").text("digest"); now != root {
		t.Error("the trial has written")
	}
	did := n.call("POST", "/api/v1/import", body, agent("bob")...).is(2.0, "imported").is(3.0, "links_imported")
	if diff := cmp.Diff(said(did), said(tried)); diff != "" {
		t.Errorf("the trial (-the import +the trial):\n%s", diff)
	}
}

// TestAnImportThatMissesItsQuorumSaysThatItIsKept of each memory and each link.
func TestAnImportThatMissesItsQuorumSaysThatItIsKept(t *testing.T) {
	n := open(t, options{members: []memory.Node{"b"}, net: deaf{}})
	a := n.call("POST", "/api/v1/import", `{"memories":[{"id":"i1","title":"one","content":"x"},{"id":"i2","title":"two","content":"x"}],"links":[{"source_id":"i1","target_id":"i2"}]}`).
		want(http.StatusOK).is(0.0, "imported").is("local", "receipt", "durability")
	for i := range 3 {
		if text := a.text("errors", i); !strings.Contains(text, "quorum not met (1 of 2: unreachable); it is kept and will arrive") {
			t.Errorf("error %d: %s", i, text)
		}
	}
}

// A request that makes many writes, repeated under its key, answers as the first time. It
// takes away nothing that was written or brought back since, and the key is not for
// another request.
func TestManyWritesAreRepeatedUnderOneKey(t *testing.T) {
	const bulk = "/api/v1/memories/bulk"
	for name, c := range map[string]struct {
		method, path, body, another string
		archived                    bool // it is about what is in the archive
	}{
		"forget":    {"POST", "/api/v1/forget", `{"namespace":"n"}`, `{"namespace":"m"}`, false},
		"by words":  {"POST", "/api/v1/forget", `{"namespace":"n","pattern":"heron"}`, `{"namespace":"m","pattern":"heron"}`, false},
		"purge":     {"DELETE", "/api/v1/archive", "", "", true},
		"archive":   {"POST", "/api/v1/archive", `{"ids":["a","b","c"]}`, `{"ids":["a","d"]}`, false},
		"bulk":      {"POST", bulk, `[{"id":"x","title":"x","content":"1"},{"id":"y","title":"y","content":"1"}]`, `[{"id":"x","title":"x","content":"1"},{"id":"d","title":"D","content":"2"}]`, false},
		"an import": {"POST", "/api/v1/import", `{"memories":[{"id":"x","title":"x","content":"1"}]}`, `{"memories":[{"id":"d","title":"D","content":"2"}]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := alone(t)
			create := func(id string) {
				n.call("POST", "/api/v1/memories", `{"id":"`+id+`","title":"`+id+`","content":"a heron","namespace":"n"}`).want(http.StatusCreated)
			}
			for _, id := range []string{"a", "b", "c"} {
				create(id)
			}
			n.call("POST", "/api/v1/memories", `{"id":"d","title":"d","content":"a heron","namespace":"m"}`).want(http.StatusCreated)
			if c.archived {
				n.call("POST", "/api/v1/archive", `{"ids":["a","b","c"]}`).want(http.StatusOK)
			}
			n.call("GET", "/api/v1/search?q=heron", "")
			key := []string{"Idempotency-Key", "k"}
			first := n.call(c.method, c.path, c.body, key...).want(http.StatusOK)
			create("new")
			if c.archived {
				n.call("POST", "/api/v1/archive", `{"ids":["new"]}`).want(http.StatusOK)
			}
			if name != "bulk" && name != "an import" && !c.archived { // a purge counts what is gone still
				n.call("POST", "/api/v1/archive/a/restore", "").want(http.StatusOK)
			}
			before := n.call("GET", "/api/v1/status", "").text("digest")
			again := n.call(c.method, c.path, c.body, key...).want(http.StatusOK)
			if again.raw != first.raw || again.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s, and again %s", first.raw, again.raw)
			}
			if c.another != "" {
				n.call(c.method, c.path, c.another, key...).want(http.StatusConflict).is("IDEMPOTENCY_KEY_REUSED", "code")
			}
			n.call("POST", "/api/v1/memories", `{"title":"other","content":"x"}`, key...).want(http.StatusConflict).is("IDEMPOTENCY_KEY_REUSED", "code")
			if after := n.call("GET", "/api/v1/status", "").text("digest"); after != before {
				t.Error("the repetition changed something")
			}
		})
	}
}

// An edit that changes nothing is no version: the answer shows what is there, and who holds
// that. Repeated under its key it changes nothing that came since.
func TestAnEditThatChangesNothingWritesNothing(t *testing.T) {
	n := alone(t)
	made := n.call("POST", "/api/v1/memories", `{"title":"x","content":"y","tags":["a"],"tier":"long","metadata":{"k":1}}`).want(http.StatusCreated)
	id, dot := made.text("id"), made.text("receipt", "dot")
	for i, body := range []string{`{}`, `{"content":"y"}`, `{"title":"x","tags":["a"],"metadata":{"k":1}}`, `{"tier":"short"}`} {
		for _, headers := range [][]string{nil, {"Idempotency-Key", fmt.Sprint("none ", i)}, {"If-Match", `"1"`}} {
			a := n.call("PUT", "/api/v1/memories/"+id, body, headers...).want(http.StatusOK).is(1.0, "version").is("y", "content").is(dot, "receipt", "dot").is("quorum", "receipt", "durability")
			if a.header.Get("Idempotency-Replayed") != "" || a.header.Get("ETag") != `"1"` {
				t.Errorf("%s %v: %v", body, headers, a.header)
			}
		}
	}
	n.call("POST", "/api/v1/memories/"+id+"/promote", "").want(http.StatusOK).is(dot, "receipt", "dot")
	n.call("PUT", "/api/v1/memories/"+id, `{}`, "If-Match", `"2"`).want(http.StatusPreconditionFailed)
	n.call("PUT", "/api/v1/memories/"+id, `{"content":"z"}`).want(http.StatusOK).is(2.0, "version")
	a := n.call("PUT", "/api/v1/memories/"+id, `{"content":"y"}`, "Idempotency-Key", "none 1").want(http.StatusOK).is(2.0, "version").is("z", "content")
	if a.header.Get("Idempotency-Replayed") != "true" {
		t.Error("not said to be a replay")
	}
	n.call("PUT", "/api/v1/memories/"+id, `{"content":"w"}`, "Idempotency-Key", "none 1").want(http.StatusConflict).is("IDEMPOTENCY_KEY_REUSED", "code")
	n.call("PUT", "/api/v1/memories/"+id, `{"content":"y"}`).want(http.StatusOK).is(3.0, "version").is("y", "content")
	// Of what is to be settled another node may know.
	n.call("PUT", "/api/v1/memories/"+id, `{"resolve_conflicts":true}`).want(http.StatusOK).is(4.0, "version").is("y", "content")
}

// Who may not edit a memory is told so, also if the edit would change nothing.
func TestAnEditThatChangesNothingIsNotEverybodys(t *testing.T) {
	n := alone(t)
	id := n.call("POST", "/api/v1/memories", `{"title":"x","content":"y","namespace":"ns","metadata":{"scope":"collective"}}`, agent("alice")...).text("id")
	n.call("POST", "/api/v1/namespaces/ns/standard", `{"governance":{"write":"owner"}}`, agent("alice")...).want(http.StatusCreated)
	n.call("PUT", "/api/v1/memories/"+id, `{}`, agent("bob")...).want(http.StatusForbidden)
	n.call("PUT", "/api/v1/memories/"+id, `{}`, agent("alice")...).want(http.StatusOK).is(1.0, "version")
}

// A link that is there is no change; repeated under its key it does not bring back one that
// was taken away meanwhile.
func TestALinkThatWasThereStaysAway(t *testing.T) {
	n := alone(t)
	pair := `{"source_id":"` + n.create("A") + `","target_id":"` + n.create("B") + `"}`
	n.call("POST", "/api/v1/links", pair).want(http.StatusCreated)
	first := n.call("POST", "/api/v1/links", pair, "Idempotency-Key", "k").want(http.StatusCreated)
	again := n.call("POST", "/api/v1/links", pair, "Idempotency-Key", "k").want(http.StatusCreated)
	if diff := cmp.Diff(first.body["receipt"], again.body["receipt"]); diff != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("repeated (-first +again):\n%s", diff)
	}
	n.call("DELETE", "/api/v1/links", pair).want(http.StatusOK)
	n.call("POST", "/api/v1/links", pair, "Idempotency-Key", "k").want(http.StatusNotFound).is("NOT_FOUND", "code")
}

// A removal that found nothing and is repeated under its key takes nothing that came since.
func TestARemovalOfNothingIsRepeatedAsSuch(t *testing.T) {
	for name, c := range map[string]struct{ method, path, body, count string }{
		"forget": {"POST", "/api/v1/forget", `{"namespace":"ns"}`, "archived"},
		"purge":  {"DELETE", "/api/v1/archive", "", "purged"},
	} {
		t.Run(name, func(t *testing.T) {
			n := alone(t)
			n.call(c.method, c.path, c.body, "Idempotency-Key", "k").want(http.StatusOK).is(0.0, c.count)
			id := n.call("POST", "/api/v1/memories", `{"title":"x","content":"y","namespace":"ns"}`).text("id")
			if name == "purge" {
				n.call("POST", "/api/v1/archive", `{"ids":["`+id+`"]}`).want(http.StatusOK)
			}
			again := n.call(c.method, c.path, c.body, "Idempotency-Key", "k").want(http.StatusOK).is(0.0, c.count)
			if again.header.Get("Idempotency-Replayed") != "true" {
				t.Error("not said to be a replay")
			}
			n.call(c.method, c.path, c.body).want(http.StatusOK).is(1.0, c.count)
		})
	}
}
