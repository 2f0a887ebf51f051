package book_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// A request of many writes may end anywhere, with its node: repeated, it does what is left to
// do. Its key is for no other request from its beginning on.
func TestARequestThatWasInterruptedIsCompleted(t *testing.T) {
	const all = 12
	var drafts []records.Draft
	for i := range all {
		drafts = append(drafts, draft(title(i)))
	}
	as, other := keyed(alice, "k", "body"), keyed(alice, "k", "other")
	for _, done := range []int{0, 1, 5, all} {
		t.Run(strconv.Itoa(done), func(t *testing.T) {
			dir := t.TempDir()
			t.Run("begun", func(t *testing.T) {
				n := openIn(t, dir, "a", nil, 1)
				for _, r := range n.Bulk(t.Context(), as, drafts[:done]) {
					if r.Err != nil {
						t.Error(r.Err)
					}
				}
			})
			t.Run("repeated", func(t *testing.T) {
				n := openIn(t, dir, "a", nil, 1)
				if _, err := engine.Begin(t.Context(), n.coreEngine, other); !errors.Is(err, memory.ErrKeyReused) {
					t.Errorf("another request of many writes: %v", err)
				}
				if _, err := n.Create(t.Context(), other, draft("another")); !errors.Is(err, memory.ErrKeyReused) {
					t.Errorf("another request: %v", err)
				}
				for i, r := range n.Bulk(t.Context(), as, drafts) {
					if r.Err != nil || r.Outcome.Record.Version != 1 || r.Outcome.Replayed != (i < done) {
						t.Errorf("draft %d: %+v, %v", i, r.Outcome, r.Err)
					}
				}
				recs, _, err := n.store.List(t.Context(), memory.Filter{Viewer: alice.Agent, Now: n.now()}, memory.ByID, 100, 0, "")
				if err != nil || len(recs) != all {
					t.Errorf("%d memories (%v), want %d", len(recs), err, all)
				}
			})
		})
	}
}

// A removal that was interrupted takes what it found when it began, and what has come since
// stays, also if it was interrupted before it took anything.
func TestARemovalThatWasInterruptedTakesNothingNew(t *testing.T) {
	as := keyed(alice, "k", "body")
	for done := range 3 {
		n := alone(t)
		var ids []string
		for i := range 3 {
			ids = append(ids, n.create(t, alice, in("kitchen", draft(title(i)))).ID)
		}
		s, err := engine.Begin(t.Context(), n.coreEngine, as)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids[:done] {
			if _, err := n.Archive(t.Context(), s.About("forget", id), id, "forget"); err != nil {
				t.Fatal(err)
			}
		}
		since := n.create(t, alice, in("kitchen", draft("since"))).ID
		for range 2 {
			if got, _, err := n.Forget(t.Context(), as, memory.Filter{Namespace: "kitchen"}, ""); got != 3 || err != nil {
				t.Errorf("after %d: %d taken (%v), want 3", done, got, err)
			}
		}
		if rec, err := n.store.Record(t.Context(), since); err != nil || rec.Life != memory.Live {
			t.Errorf("what came since: %+v (%v)", rec, err)
		}
	}
}

// Builds that did not keep the key of a request of many writes made the first write under it.
// What such a build had begun is known.
func TestWhatAnOlderBuildHadBegunIsKnown(t *testing.T) {
	n := alone(t)
	drafts := []records.Draft{draft("one"), draft("two"), draft("three")}
	as := keyed(alice, "bulk", "body")
	made := n.create(t, as, drafts[0])
	n.create(t, as.Part("bulk", "1"), drafts[1])
	for i, r := range n.Bulk(t.Context(), as, drafts) {
		if r.Err != nil || r.Outcome.Replayed != (i < 2) || r.Outcome.Record.Version != 1 {
			t.Errorf("draft %d: %+v, %v", i, r.Outcome, r.Err)
		}
	}
	as = keyed(alice, "forget", "body")
	if _, err := n.Archive(t.Context(), as, made.ID, "forget"); err != nil {
		t.Fatal(err)
	}
	n.create(t, alice, draft("since"))
	if got, again, err := n.Forget(t.Context(), as, memory.Filter{Namespace: memory.DefaultNamespace}, ""); got != 3 || !again || err != nil {
		t.Errorf("%d taken (%v, %v), want 3", got, again, err)
	}
	if e, err := engine.Earlier(t.Context(), n.coreEngine, as); err != nil || e.First == nil || e.About("forget", made.ID).Idempotency != as.Idempotency {
		t.Errorf("%+v, %v", e, err)
	}
}
