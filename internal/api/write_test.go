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

// Also where a request makes many writes, all of their answers come in that time, and it is
// not used up by one after the other.
func TestAllAnswersComeBeforeTheRequestEnds(t *testing.T) {
	const limit, many = 3 * time.Second, 40
	n := open(t, options{members: []memory.Node{"b"}, net: silent{}, patient: true, api: func(c *api.Config) { c.RequestTimeout = limit }})
	var drafts, ids []string
	for i := range many {
		drafts = append(drafts, fmt.Sprintf(`{"id":"m%d","title":"%d","content":"x"}`, i, i))
		ids = append(ids, fmt.Sprintf(`"m%d"`, i))
	}
	a := n.call("POST", "/api/v1/memories/bulk", "["+strings.Join(drafts, ",")+"]").want(http.StatusOK)
	for i := range many {
		a.is("QUORUM_NOT_MET", "error_details", i, "code").is("local", "error_details", i, "receipt", "durability")
	}
	b := n.call("POST", "/api/v1/import", `{"memories":[`+strings.Join(drafts, ",")+`]}`).want(http.StatusOK)
	for i := range many {
		if text := b.text("errors", i); !strings.Contains(text, "it is kept and will arrive") {
			t.Errorf("error %d: %s", i, text)
		}
	}
	n.call("POST", "/api/v1/archive", `{"ids":[`+strings.Join(ids, ",")+`]}`).want(http.StatusServiceUnavailable).is("QUORUM_NOT_MET", "code")
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
