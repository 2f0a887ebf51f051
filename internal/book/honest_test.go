package book_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

func (n *node) question(t *testing.T, q query.RecallQuery) query.Recalled {
	t.Helper()
	got, err := n.Recall(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAnAnswerSaysHowFarItMayBeReliedUpon(t *testing.T) {
	n := alone(t)
	for title, text := range map[string]string{"gate": "the gate code is 4711", "boat": "the boat lies in the harbour of Gdansk", "tree": "trees grow"} {
		d := draft(title)
		d.Memory.Content = text
		n.create(t, nobody, d)
	}
	good := n.question(t, query.RecallQuery{Text: "what is the code of the gate"})
	if len(good.Hits) != 1 || good.Hits[0].Band != "strong" || good.Abstain || good.Found != 1 || good.Hits[0].Points()["words"] < 0.5 {
		t.Errorf("%+v", good)
	}
	if !slices.ContainsFunc(good.Arms, func(a recall.Report) bool { return a.Arm == "dates" && a.State == "skipped" && a.Why != "" }) {
		t.Errorf("arms %+v", good.Arms)
	}
	bad := n.question(t, query.RecallQuery{Text: "which harbour master signed quarterly customs declarations for imported machinery"})
	if len(bad.Hits) != 1 || bad.Hits[0].Band != "weak" || !bad.Abstain || bad.Unknown < 0.5 {
		t.Errorf("%+v", bad)
	}
	late := n.question(t, query.RecallQuery{Text: "gate code", Deadline: time.Now().Add(-time.Second)})
	if len(late.Hits) != 0 || !late.Abstain || !slices.ContainsFunc(late.Arms, func(a recall.Report) bool { return a.Why == "deadline" }) {
		t.Errorf("too late: %+v", late)
	}
}

func TestWhyAMemoryIsNotAmongTheHits(t *testing.T) {
	n := alone(t)
	mk := func(id, text string, tags ...string) {
		t.Helper()
		d := draft(id)
		d.Memory.ID, d.Memory.Content, d.Memory.Tags = id, text, tags
		n.create(t, nobody, d)
	}
	mk("first", "heron heron heron", "bird")
	mk("second", "a heron in a text that says much else", "bird")
	mk("frog", "a frog", "bird")
	mk("other", "a heron")
	mk("gone", "a heron", "bird")
	ok(t)(n.Archive(t.Context(), nobody, "gone", ""))
	d := draft("hidden")
	d.Memory.ID = "hidden"
	n.create(t, alice, d)
	for id, want := range map[string]string{
		"first": query.WhyHit, "second": query.WhyLower, "frog": query.WhyNothing, "other": query.WhyFiltered,
		"gone": query.WhyNotLive, "hidden": query.WhyUnknown, "nowhere": query.WhyUnknown,
	} {
		got := n.question(t, query.RecallQuery{Text: "heron", Limit: 1, WhyNot: id, Filter: memory.Filter{Viewer: "bob", Tags: []string{"bird"}}})
		w := got.WhyNot
		if w == nil || w.Reason != want || w.ID != id {
			t.Errorf("%s: %+v, want %s", id, w, want)
			continue
		}
		if id == "second" && (w.Place != 2 || w.Score >= w.Last || w.Points["words"] == 0) || id == "other" && !slices.Equal(w.Fields, []string{"tags"}) {
			t.Errorf("%s: %+v", id, w)
		}
	}
}

func TestHitsSayWhatTakesTheirPlace(t *testing.T) {
	n := alone(t)
	old, newer, private := n.create(t, nobody, draft("heron")), n.create(t, nobody, draft("stork")), n.create(t, alice, draft("crane"))
	ok(t)(n.Link(t.Context(), nobody, link(newer.ID, old.ID, memory.Supersedes)))
	ok(t)(n.Link(t.Context(), alice, link(private.ID, old.ID, memory.Supersedes)))
	for viewer, want := range map[memory.AgentID]int{"bob": 1, "alice": 2} {
		got := n.question(t, query.RecallQuery{Text: "heron", Filter: memory.Filter{Viewer: viewer}})
		if len(got.Hits) == 0 || len(got.Hits[0].SupersededBy) != want {
			t.Errorf("for %s: %+v", viewer, got.Hits)
		}
	}
	ok(t)(n.Archive(t.Context(), nobody, newer.ID, ""))
	if got := n.question(t, query.RecallQuery{Text: "heron", Filter: memory.Filter{Viewer: "bob"}}); got.Hits[0].SupersededBy != nil {
		t.Errorf("by one that is archived: %+v", got.Hits[0].SupersededBy)
	}
}

func TestMemoriesAsTheyWere(t *testing.T) {
	n := alone(t)
	d := draft("gate")
	d.Memory.Content = "the gate code is 4711"
	first := n.create(t, nobody, d)
	n.clock.advance(time.Hour)
	between := n.now()
	n.clock.advance(time.Hour)
	ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{Content: new("the gate code is 1234")}))
	later := draft("gate again")
	later.Memory.Content = "the other gate code"
	n.create(t, nobody, later)
	texts := func(at memory.Instant) []string {
		var out []string
		for _, h := range n.question(t, query.RecallQuery{Text: "gate code", AsOf: at}).Hits {
			out = append(out, h.Memory.Content)
		}
		slices.Sort(out)
		return out
	}
	if diff := cmp.Diff([]string{"the gate code is 1234", "the other gate code"}, texts(0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"the gate code is 4711"}, texts(between)); diff != "" {
		t.Error(diff)
	}
}

func TestAnAnswerWaitsForWhatItMustKnow(t *testing.T) {
	net, a, b, c := federation(t)
	d := draft("heron")
	out := ok(t)(a.Create(t.Context(), nobody, d))
	// Whoever asks with the receipt finds the write, wherever he asks.
	for _, n := range []*node{a, b, c} {
		got := n.question(t, query.RecallQuery{Text: "heron", Fresh: query.Freshness{Write: out.Receipt.Dot}})
		if len(got.Hits) != 1 || got.Stale != "" {
			t.Errorf("with the receipt: %+v", got)
		}
	}
	out = ok(t)(b.Create(t.Context(), nobody, draft("stork")))
	if got := c.question(t, query.RecallQuery{Text: "stork", Fresh: query.Freshness{Quorum: true}}); len(got.Hits) != 1 || got.Stale != "" {
		t.Errorf("what a quorum has: %+v", got)
	}
	isolate(net, "c")
	ok(t)(a.Create(t.Context(), nobody, draft("crane")))
	soon := time.Now().Add(300 * time.Millisecond)
	for name, fresh := range map[string]query.Freshness{
		"quorum": {Quorum: true}, "write": {Write: memory.Dot{Origin: out.Receipt.Dot.Origin, Seq: out.Receipt.Dot.Seq + 100}},
	} {
		got := c.question(t, query.RecallQuery{Text: "stork", Fresh: fresh, Deadline: soon})
		if got.Stale == "" {
			t.Errorf("%s: a node that is cut off does not say so: %+v", name, got)
		}
	}
}
