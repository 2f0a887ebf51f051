package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A request that makes many writes, repeated under its key, answers as the first time. It
// takes away nothing that was written or brought back since, and the key is not for
// another request.
func TestManyWritesAreRepeatedUnderOneKey(t *testing.T) {
	const bulk = "/api/v1/memories/bulk"
	for name, c := range map[string]struct {
		method, path, body, another string
		archived                    bool   // it is about what is in the archive
		rule                        string // what wants approval
		done                        int    // how many it changes
	}{
		"forget":              {"POST", "/api/v1/forget", `{"namespace":"n"}`, `{"namespace":"m"}`, false, "", 3},
		"by words":            {"POST", "/api/v1/forget", `{"namespace":"n","pattern":"heron"}`, `{"namespace":"m","pattern":"heron"}`, false, "", 3},
		"purge":               {"DELETE", "/api/v1/archive", "", "", true, "", 3},
		"archive":             {"POST", "/api/v1/archive", `{"ids":["a","b","c"]}`, `{"ids":["a","d"]}`, false, "", 3},
		"bulk":                {"POST", bulk, `[{"id":"x","title":"x","content":"1"},{"id":"y","title":"y","content":"1"}]`, `[{"id":"x","title":"x","content":"1"},{"id":"d","title":"D","content":"2"}]`, false, "", 2},
		"an import":           {"POST", "/api/v1/import", `{"memories":[{"id":"x","title":"x","content":"1"}]}`, `{"memories":[{"id":"d","title":"D","content":"2"}]}`, false, "", 1},
		"a proposed forget":   {"POST", "/api/v1/forget", `{"namespace":"n"}`, `{"namespace":"m"}`, false, "delete", 4}, // and the standard's own
		"proposed by words":   {"POST", "/api/v1/forget", `{"namespace":"n","pattern":"heron"}`, `{"namespace":"m","pattern":"heron"}`, false, "delete", 3},
		"a proposed purge":    {"DELETE", "/api/v1/archive", "", "", true, "delete", 3},
		"a proposed archive":  {"POST", "/api/v1/archive", `{"ids":["a","b","c"]}`, `{"ids":["a","d"]}`, false, "delete", 3},
		"a proposed bulk":     {"POST", bulk, `[{"id":"x","title":"x","content":"1","namespace":"n"},{"id":"y","title":"y","content":"1","namespace":"n"}]`, `[{"id":"x","title":"x","content":"1"}]`, false, "write", 2},
		"archive with holes":  {"POST", "/api/v1/archive", `{"ids":["nowhere","a"]}`, `{"ids":["nowhere","d"]}`, false, "", 1},
		"bulk with conflicts": {"POST", bulk, `[{"id":"x","title":"a","content":"1","namespace":"n","on_conflict":"error"},{"id":"y","title":"y","content":"1"}]`, `[{"id":"d","title":"D","content":"2"}]`, false, "", 1},
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
			if c.rule != "" {
				n.call("POST", "/api/v1/namespaces/n/standard", `{"governance":{"`+c.rule+`":"approve","approver":"human"}}`).want(http.StatusCreated)
				defer func() { n.carriedOut(c.done) }()
			}
			key := []string{"Idempotency-Key", "k"}
			first := n.call(c.method, c.path, c.body, key...)
			if first.status/100 != 2 {
				t.Fatalf("%d %s", first.status, first.raw)
			}
			if c.rule != "write" {
				create("new")
			}
			if c.archived && c.rule == "" {
				n.call("POST", "/api/v1/archive", `{"ids":["new"]}`).want(http.StatusOK)
			}
			if strings.HasPrefix(c.path, "/api/v1/forget") || strings.HasPrefix(c.body, `{"ids"`) {
				if c.rule == "" { // a purge counts what is gone still
					n.call("POST", "/api/v1/archive/a/restore", "").want(http.StatusOK)
				}
			}
			before := n.call("GET", "/api/v1/status", "").text("digest")
			again := n.call(c.method, c.path, c.body, key...).want(first.status)
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

// carriedOut checks that so many proposals are open, and that each changes something.
func (n *node) carriedOut(want int) {
	n.t.Helper()
	open := n.call("GET", "/api/v1/pending?status=pending", "").want(http.StatusOK).is(float64(want), "count")
	for i := range want {
		n.call("POST", "/api/v1/pending/"+open.text("pending", i, "id")+"/approve", "", agent("judge")...).want(http.StatusOK).is(true, "executed")
	}
}

// Of equal requests that come at the same time each write is carried out once.
func TestEqualRequestsAtOnceAreCarriedOutOnce(t *testing.T) {
	const many, at = 24, 6
	var drafts, ids []string
	for i := range many {
		drafts = append(drafts, fmt.Sprintf(`{"id":"m%d","title":"%d","content":"x","namespace":"n","on_conflict":"error"}`, i, i))
		ids = append(ids, fmt.Sprintf(`"m%d"`, i))
	}
	bulk, archive := "["+strings.Join(drafts, ",")+"]", `{"ids":[`+strings.Join(ids, ",")+`]}`
	for name, c := range map[string]struct {
		method, path, body, member string
		there, archived            bool
	}{
		"bulk":    {"POST", "/api/v1/memories/bulk", bulk, "created", false, false},
		"import":  {"POST", "/api/v1/import", `{"memories":` + bulk + `}`, "imported", false, false},
		"archive": {"POST", "/api/v1/archive", archive, "count", true, false},
		"forget":  {"POST", "/api/v1/forget", `{"namespace":"n"}`, "", true, false},
		"purge":   {"DELETE", "/api/v1/archive", "", "", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			n := alone(t)
			if c.there {
				n.call("POST", "/api/v1/memories/bulk", bulk).want(http.StatusOK).is(float64(many), "created")
			}
			if c.archived {
				n.call("POST", "/api/v1/archive", archive).want(http.StatusOK)
			}
			head := func() uint64 { return n.store.View().Heads[n.store.Origin()].Seq }
			before := head()
			var wg sync.WaitGroup
			for range at {
				wg.Go(func() {
					a := n.call(c.method, c.path, c.body, "Idempotency-Key", "k")
					if a.status != http.StatusOK || c.member != "" && a.body[c.member] != float64(many) {
						t.Errorf("%d %s", a.status, a.raw)
					}
				})
			}
			wg.Wait()
			if wrote := head() - before; wrote != many {
				t.Errorf("%d ops were logged, want %d", wrote, many)
			}
		})
	}
}

// What was proposed under a key and has been carried out since is not proposed again, and was
// not done by the request.
func TestWhatWasProposedIsNotProposedAgain(t *testing.T) {
	n := alone(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		n.call("POST", "/api/v1/memories", `{"id":"`+id+`","title":"`+id+`","content":"x","namespace":"n"}`).want(http.StatusCreated)
	}
	n.call("POST", "/api/v1/namespaces/n/standard", `{"governance":{"delete":"approve","approver":"human"}}`).want(http.StatusCreated)
	const forget, archive = `{"namespace":"n","pattern":"x"}`, `{"ids":["a","b","c","d"]}`
	n.call("POST", "/api/v1/forget", forget, "Idempotency-Key", "k").want(http.StatusOK).is(0.0, "deleted")
	held := n.call("POST", "/api/v1/archive", archive, "Idempotency-Key", "k2").want(http.StatusAccepted)
	open := n.call("GET", "/api/v1/pending?status=pending", "").want(http.StatusOK).is(8.0, "count")
	for i := range 8 { // one of two that are about a memory is carried out
		n.call("POST", "/api/v1/pending/"+open.text("pending", i, "id")+"/approve", "", agent("judge")...).want(http.StatusOK)
	}
	before := n.call("GET", "/api/v1/status", "").text("digest")
	n.call("POST", "/api/v1/forget", forget, "Idempotency-Key", "k").want(http.StatusOK).is(0.0, "deleted").is(0.0, "archived")
	if again := n.call("POST", "/api/v1/archive", archive, "Idempotency-Key", "k2").want(http.StatusAccepted); again.raw != held.raw {
		t.Errorf("%s, and again %s", held.raw, again.raw)
	}
	if after := n.call("GET", "/api/v1/status", "").text("digest"); after != before {
		t.Error("the repetition changed something")
	}
}

// An archive that is repeated under its key leaves alone what was not there when it was first
// asked for.
func TestAnArchiveThatIsRepeatedTakesNothingNew(t *testing.T) {
	n := alone(t)
	create := func(id string) {
		n.call("POST", "/api/v1/memories", `{"id":"`+id+`","title":"`+id+`","content":"x"}`).want(http.StatusCreated)
	}
	create("a")
	const body = `{"ids":["x","a"]}`
	first := n.call("POST", "/api/v1/archive", body, "Idempotency-Key", "k").want(http.StatusOK)
	create("x")
	if again := n.call("POST", "/api/v1/archive", body, "Idempotency-Key", "k").want(http.StatusOK); again.raw != first.raw {
		t.Errorf("%s, and again %s", first.raw, again.raw)
	}
	n.call("GET", "/api/v1/memories/x", "").want(http.StatusOK)
	n.call("POST", "/api/v1/archive", body, "Idempotency-Key", "k2").want(http.StatusOK).is("x", "archived", 0)
}

// A repetition is answered as the first request was, whatever has been done meanwhile, and
// changes nothing: also where the first one found nothing to do.
func TestARepetitionIsNotCarriedOutAnew(t *testing.T) {
	type ask struct{ method, path, body string }
	memo := func(id string) ask {
		return ask{"POST", "/api/v1/memories", `{"id":"` + id + `","title":"` + id + `","content":"x"}`}
	}
	link := ask{"POST", "/api/v1/links", `{"source_id":"a","target_id":"b"}`}
	unlink := ask{"DELETE", "/api/v1/links", `{"source_id":"a","target_id":"b"}`}
	standard := ask{"POST", "/api/v1/namespaces/n/standard", `{"governance":{"write":"any"}}`}
	entity := ask{"POST", "/api/v1/entities", `{"canonical_name":"Firm","namespace":"n","aliases":["f"]}`}
	turn := ask{"POST", "/api/v1/capture_turn", `{"host_session_id":"s","host_turn_index":0,"role":"user","content":"hello"}`}
	erase := func(id string) ask { return ask{"POST", "/api/v1/memories/" + id + "/erase", ""} }
	for name, c := range map[string]struct {
		before    []ask
		it        ask
		meanwhile []ask
	}{
		"unlink nothing":       {[]ask{memo("a"), memo("b")}, unlink, []ask{link}},
		"unlink":               {[]ask{memo("a"), memo("b"), link}, unlink, []ask{link}},
		"clear no standard":    {nil, ask{"DELETE", standard.path, ""}, []ask{standard}},
		"clear a standard":     {[]ask{standard}, ask{"DELETE", standard.path, ""}, []ask{standard}},
		"an entity":            {nil, entity, []ask{{"POST", entity.path, `{"canonical_name":"Firm","namespace":"n","aliases":["g"]}`}}},
		"an entity as it was":  {[]ask{entity}, entity, []ask{{"POST", entity.path, `{"canonical_name":"Firm","namespace":"n","aliases":["g"]}`}}},
		"a turn":               {nil, turn, nil},
		"a turn that is there": {[]ask{turn}, turn, nil},
		"share":                {[]ask{memo("a")}, ask{"POST", "/api/v1/share", `{"source_memory_id":"a","target_agent_id":"bob"}`}, []ask{erase("a")}},
		"bulk": {
			nil,
			ask{"POST", "/api/v1/memories/bulk", `[{"id":"a","title":"a","content":"1"},{"id":"b","title":"b","content":"1"}]`},
			[]ask{{"PUT", "/api/v1/memories/a", `{"title":"other"}`}, {"DELETE", "/api/v1/memories/b", ""}, {"POST", "/api/v1/memories", `{"title":"a","content":"mine"}`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := alone(t)
			do := func(list []ask) {
				for _, a := range list {
					if got := n.call(a.method, a.path, a.body); got.status/100 != 2 {
						t.Fatalf("%s %s: %d %s", a.method, a.path, got.status, got.raw)
					}
				}
			}
			do(c.before)
			key := []string{"Idempotency-Key", "k"}
			first := n.call(c.it.method, c.it.path, c.it.body, key...)
			if first.status/100 != 2 {
				t.Fatalf("%d %s", first.status, first.raw)
			}
			do(c.meanwhile)
			before := n.call("GET", "/api/v1/status", "").text("digest")
			again := n.call(c.it.method, c.it.path, c.it.body, key...).want(first.status)
			if again.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s, and again, not said to be a replay: %s", first.raw, again.raw)
			}
			for _, member := range []string{"removed", "deleted", "cleared", "created", "ids", "receipt", "captured", "id", "source_memory_id"} {
				if diff := cmp.Diff(first.body[member], again.body[member]); diff != "" {
					t.Errorf("%s (-first +again):\n%s", member, diff)
				}
			}
			n.call("POST", "/api/v1/memories", `{"title":"another","content":"x"}`, key...).want(http.StatusConflict).is("IDEMPOTENCY_KEY_REUSED", "code")
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
