package book_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/memory"
)

// finds recalls "gate code", and says whether the memory with id is found.
func (n *node) finds(t *testing.T, id string) bool {
	t.Helper()
	out := n.question(t, query.RecallQuery{Filter: memory.Filter{Viewer: "alice"}, Text: "gate code"})
	return slices.ContainsFunc(out.Hits, func(h query.Scored) bool { return h.ID == id })
}

// expiry is when a memory expires.
func (n *node) expiry(t *testing.T, id string) memory.Instant {
	t.Helper()
	return n.shown(t, id).ExpiresAt
}

func (n *node) shown(t *testing.T, id string) *memory.Record {
	t.Helper()
	rec, _, err := n.Get(t.Context(), "alice", id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestARecallProlongsWhatItFinds(t *testing.T) {
	for tier, grace := range map[memory.Tier]time.Duration{memory.Mid: 24 * time.Hour, memory.Short: time.Hour} {
		t.Run(string(tier), func(t *testing.T) {
			n := alone(t)
			d := draft("the gate code")
			d.Memory.Tier, d.TTL = tier, 10*time.Minute
			id := n.create(t, alice, d).ID
			for round := range 2 {
				was := n.expiry(t, id)
				if !n.finds(t, id) {
					t.Fatalf("round %d: it is not found", round)
				}
				n.eventually(t, "prolonged", func() bool { return n.expiry(t, id) > was })
				if got, want := n.expiry(t, id).Time(), n.clock.now().Add(grace); got.After(want) || got.Before(want.Add(-time.Minute)) {
					t.Fatalf("round %d: it expires at %s, want about %s", round, got, want)
				}
				n.clock.advance(grace - time.Minute)
			}
			n.clock.advance(2 * time.Minute)
			if n.finds(t, id) {
				t.Error("it is found after its time")
			}
		})
	}
}

func TestWhatIsFoundOftenIsKept(t *testing.T) {
	n := alone(t)
	id := n.create(t, alice, draft("the gate code")).ID
	version := n.shown(t, id).Version
	for i := 0; n.expiry(t, id) != 0; i++ {
		if i == 200 || !n.finds(t, id) {
			t.Fatalf("after %d recalls it is not kept, or not found", i)
		}
		n.create(t, alice, draft(title(i))) // reads are counted between two writes
	}
	if got := n.shown(t, id).AccessCount; got < memory.KeptAfter-1 {
		t.Errorf("it is kept after %d reads", got)
	}
	n.clock.advance(30 * 24 * time.Hour)
	if !n.finds(t, id) {
		t.Error("it is not found any more")
	}
	if got := n.shown(t, id).Version; got != version {
		t.Errorf("reads have made version %d of %d", got, version)
	}
	soon := n.now() + memory.Instant(time.Hour)
	ok(t)(n.Update(t.Context(), alice, id, records.Patch{ExpiresAt: &soon}))
	if got := n.expiry(t, id); got != soon {
		t.Errorf("after an edit it expires at %s, want %s", got, soon)
	}
}

// An edit of the text leaves what recalls have made of the expiry.
func TestAnEditKeepsTheExpiryThatHolds(t *testing.T) {
	n := alone(t)
	d := draft("the gate code")
	d.TTL = 10 * time.Minute
	id := n.create(t, alice, d).ID
	was := n.expiry(t, id)
	n.finds(t, id)
	n.eventually(t, "prolonged", func() bool { return n.expiry(t, id) > was })
	want := n.expiry(t, id)
	n.clock.advance(time.Hour)
	ok(t)(n.Update(t.Context(), alice, id, records.Patch{Content: new("4711")}))
	if got := n.expiry(t, id); got != want {
		t.Errorf("after the edit it expires at %s, want %s", got, want)
	}
}

// What a read has made of the expiry is said by an entry of its own, which those who hold the
// content may not have. So an edit that asks for just that is written.
func TestAnEditThatAsksForWhatReadsHaveMadeIsWritten(t *testing.T) {
	n := alone(t)
	d := draft("the gate code")
	d.TTL = 10 * time.Minute
	id := n.create(t, alice, d).ID
	was := n.expiry(t, id)
	n.finds(t, id)
	n.eventually(t, "prolonged", func() bool { return n.expiry(t, id) > was })
	holds, version := n.expiry(t, id), n.shown(t, id).Version
	ok(t)(n.Update(t.Context(), alice, id, records.Patch{ExpiresAt: &holds}))
	if got := n.shown(t, id); got.Version != version+1 || got.ExpiresAt != holds {
		t.Errorf("version %d of %d, and it expires at %s, want %s", got.Version, version, got.ExpiresAt, holds)
	}
	ok(t)(n.Update(t.Context(), alice, id, records.Patch{ExpiresAt: &holds})) // now the content says so
	if got := n.shown(t, id); got.Version != version+1 {
		t.Errorf("version %d of %d", got.Version, version+1)
	}
}

// What is looked at, listed or searched is not prolonged, nor what does not expire soon.
func TestOtherReadsProlongNothing(t *testing.T) {
	n := alone(t)
	d := draft("the gate code")
	d.TTL = 30 * time.Hour
	id := n.create(t, alice, d).ID
	was := n.expiry(t, id)
	n.finds(t, id) // it stays for more than a day in any case
	n.clock.advance(20 * time.Hour)
	search := query.RecallQuery{Filter: memory.Filter{Viewer: "alice"}, Text: "gate code", All: true}
	if out := n.question(t, search); len(out.Hits) != 1 {
		t.Fatalf("%+v", out)
	}
	then := query.RecallQuery{Filter: memory.Filter{Viewer: "alice"}, Text: "gate code", AsOf: n.now() - memory.Instant(time.Hour)}
	n.question(t, then)
	ok(t)(n.Archive(t.Context(), alice, n.create(t, alice, draft("other")).ID, "")) // whatever was asked for has had its turn
	if got := n.expiry(t, id); got != was {
		t.Errorf("it expires at %s, want %s", got, was)
	}
}
