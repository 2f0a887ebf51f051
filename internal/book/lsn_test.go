package book_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/memory"
)

// contents are the texts of the hits, in order of the alphabet.
func contents(hits []query.Scored) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Memory.Content)
	}
	slices.Sort(out)
	return out
}

func TestMemoriesAsTheLogHadThem(t *testing.T) {
	n := alone(t)
	d := draft("gate")
	d.Memory.Content = "the gate code is 4711"
	first := n.create(t, nobody, d)
	then := n.store.View().LSN
	n.clock.advance(time.Hour)
	ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{Content: new("the gate code is 1234")}))
	later := draft("gate again")
	later.Memory.Content = "the other gate code"
	n.create(t, nobody, later)
	for lsn, want := range map[uint64][]string{
		then:                   {"the gate code is 4711"},
		n.store.View().LSN:     {"the gate code is 1234", "the other gate code"},
		n.store.View().LSN - 1: {"the gate code is 1234"},
	} {
		got := n.question(t, query.RecallQuery{Text: "gate code", AsOfLSN: lsn, Limit: 2})
		if diff := cmp.Diff(want, contents(got.Hits)); diff != "" || got.Left != nil {
			t.Errorf("LSN %d, not kept %v: %s", lsn, got.Left, diff)
		}
	}
	_, err := n.Recall(t.Context(), query.RecallQuery{Text: "gate code", AsOfLSN: n.store.View().LSN + 1})
	if !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("an LSN of the future: %v", err)
	}
}

// What was written before and came later was not there.
func TestTheLogOfANodeSaysWhatItHad(t *testing.T) {
	net, a, _, c := federation(t)
	heal := isolate(net, "a")
	d := draft("heron")
	d.Memory.Content = "a heron of a"
	_, err := a.Create(t.Context(), nobody, d)
	q := wantQuorumError(t, err)
	d = draft("heron of c")
	d.Memory.Content = "a heron of c"
	ok(t)(c.Create(t.Context(), nobody, d))
	then := c.store.View().LSN
	heal()
	now := c.question(t, query.RecallQuery{Text: "heron", Fresh: query.Freshness{Write: q.Outcome.Receipt.Dot}})
	if diff := cmp.Diff([]string{"a heron of a", "a heron of c"}, contents(now.Hits)); diff != "" || now.Stale != "" {
		t.Fatal(now.Stale, diff)
	}
	got := c.question(t, query.RecallQuery{Text: "heron", AsOfLSN: then})
	if diff := cmp.Diff([]string{"a heron of c"}, contents(got.Hits)); diff != "" || got.Left != nil {
		t.Errorf("not kept %v: %s", got.Left, diff)
	}
}
