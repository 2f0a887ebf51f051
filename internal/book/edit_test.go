package book_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

func asConflict(err error) (*engine.ConflictError, bool) {
	return errors.AsType[*engine.ConflictError](err)
}

func TestUpdateChangesWhatThePatchNames(t *testing.T) {
	n := alone(t)
	first := n.create(t, alice, draft("t"))
	out := ok(t)(n.Update(t.Context(), alice, first.ID, records.Patch{
		Title: new("t2"), Content: new("c2"), Namespace: new("ns"), Tags: &[]string{"x"}, Priority: new(int32(9)),
		Confidence: new(0.5), SourceURI: new("doc:x"), Metadata: new(memory.Object(`{"agent_id":"bob","k":1}`)), Tier: new(memory.Long),
	}))
	want := first.Memory
	want.Title, want.Content, want.Namespace, want.Tags, want.Priority = "t2", "c2", "ns", []string{"x"}, 9
	want.Confidence, want.SourceURI, want.Tier, want.ExpiresAt, want.Version = 0.5, "doc:x", memory.Long, 0, 2
	want.Metadata = memory.Object(`{"agent_id":"alice","k":1}`)
	if diff := cmp.Diff(want, out.Record.Memory); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]memory.Dot{first.Content.Dot}, out.Entry.Prev); diff != "" {
		t.Errorf("previous versions:\n%s", diff)
	}
}

func TestTierNeverGoesDown(t *testing.T) {
	n := alone(t)
	d := draft("t")
	d.Memory.Tier = memory.Long
	first := n.create(t, nobody, d)
	out := ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{Tier: new(memory.Short)}))
	if out.Record.Tier != memory.Long {
		t.Errorf("tier %s", out.Record.Tier)
	}
	_, err := n.Update(t.Context(), nobody, first.ID, records.Patch{Tier: new(memory.Tier("eternal"))})
	wantErr(t, err, memory.ErrInvalid)
}

func TestUpdateOfUnownedMemoryClaimsNothing(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("t"))
	out := ok(t)(n.Update(t.Context(), alice, first.ID, records.Patch{Metadata: new(memory.Object(`{"agent_id":"alice"}`))}))
	if owner := out.Record.Access().Owner; owner != "" {
		t.Errorf("owner %s", owner)
	}
}

func TestExpiryCanBeClearedAndSetIntoThePast(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("t"))
	out := ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{ExpiresAt: new(memory.Instant(0))}))
	if out.Record.ExpiresAt != 0 {
		t.Errorf("expires %s", out.Record.ExpiresAt)
	}
	n.clock.advance(time.Hour)
	ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{ExpiresAt: new(n.now() - memory.Instant(time.Minute))}))
	_, _, err := n.Get(t.Context(), "", first.ID)
	wantErr(t, err, memory.ErrNotFound)
}

func TestUpdateWithAnotherVersionIsAConflict(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("t"))
	ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{Content: new("c2"), IfVersion: 1}))
	_, err := n.Update(t.Context(), nobody, first.ID, records.Patch{Content: new("c3"), IfVersion: 1})
	c, is := errors.AsType[*engine.ConditionError](err)
	if !is || *c != (engine.ConditionError{ID: first.ID, Wanted: 1, Current: 2}) {
		t.Errorf("error %v", err)
	}
}

func TestUpdateIntoATakenTitleIsAConflict(t *testing.T) {
	n := alone(t)
	first, second := n.create(t, nobody, draft("t")), n.create(t, nobody, draft("u"))
	_, err := n.Update(t.Context(), nobody, second.ID, records.Patch{Title: new("t")})
	wantConflict(t, err, first.ID)
	other := n.create(t, nobody, in("ns", draft("t")))
	_, err = n.Update(t.Context(), nobody, other.ID, records.Patch{Namespace: new("global")})
	wantConflict(t, err, first.ID)
}

func TestEditsAreForTheOwner(t *testing.T) {
	n := alone(t)
	d := draft("shared")
	d.Memory.Metadata = memory.Object(`{"scope":"collective"}`)
	shared, private := n.create(t, alice, d), n.create(t, alice, draft("private"))
	_, err := n.Update(t.Context(), bob, shared.ID, records.Patch{Content: new("x")})
	wantForbidden(t, err)
	_, err = n.Update(t.Context(), bob, private.ID, records.Patch{Content: new("x")})
	wantErr(t, err, memory.ErrNotFound)
	_, err = n.Promote(t.Context(), nobody, shared.ID)
	wantForbidden(t, err)
	_, err = n.Update(t.Context(), alice, "no-such-id", records.Patch{})
	wantErr(t, err, memory.ErrNotFound)
}

func TestConcurrentEditsAllGoThrough(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("t"))
	const edits = 12
	var wg sync.WaitGroup
	for i := range edits {
		wg.Go(func() {
			if _, err := n.Update(t.Context(), nobody, first.ID, records.Patch{Content: new(fmt.Sprint("edit ", i))}); err != nil {
				t.Errorf("edit %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	rec, _, err := n.Get(t.Context(), "", first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Version != edits+1 || rec.Conflicts != 0 {
		t.Errorf("version %d with %d conflicts, want %d with none: every edit must have seen the one before", rec.Version, rec.Conflicts, edits+1)
	}
}

func TestConcurrentEditsOfOneVersionLetOneThrough(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("t"))
	var wg sync.WaitGroup
	var mu sync.Mutex
	through := 0
	for range 12 {
		wg.Go(func() {
			_, err := n.Update(t.Context(), nobody, first.ID, records.Patch{Content: new("x"), IfVersion: 1})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				through++
			} else {
				wantConflictAny(t, err)
			}
		})
	}
	wg.Wait()
	if through != 1 {
		t.Errorf("%d edits of version 1 went through", through)
	}
}

func TestPromoteIsForGood(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("t"))
	got := ok(t)(n.Promote(t.Context(), nobody, first.ID)).Record
	if got.Tier != memory.Long || got.ExpiresAt != 0 || got.Version != 2 {
		t.Errorf("promoted to %+v", got.Memory)
	}
	n.clock.advance(365 * 24 * time.Hour)
	if _, _, err := n.Get(t.Context(), "", first.ID); err != nil {
		t.Error(err)
	}
}

// foreign makes an entry of another node, which has seen nothing of this one.
func foreign(t *testing.T, at time.Time, seq uint64, op memory.Op) memory.Shipment {
	t.Helper()
	raw, err := codec.Encode(&memory.Entry{
		Dot: memory.Dot{Origin: memory.MakeOrigin("b", 1), Seq: seq}, Stamp: memory.MakeStamp(at), Actor: "bob", Op: op,
	})
	if err != nil {
		t.Fatal(err)
	}
	return memory.Shipment{Raw: raw}
}

func TestResolveSettlesTheConflictsThatItSaw(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("t"))
	m := first.Memory
	m.Content, m.Version = "theirs", 2
	late := foreign(t, n.clock.now().Add(-time.Hour), 1, &memory.Put{Memory: m})
	if _, err := n.Accept(t.Context(), imported, []memory.Shipment{late}); err != nil {
		t.Fatal(err)
	}
	out := ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{Content: new("ours")}))
	if out.Record.Conflicts != 1 {
		t.Fatalf("%d conflicts, want 1", out.Record.Conflicts)
	}
	out = ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{Content: new("settled"), Resolve: true}))
	if out.Record.Conflicts != 0 {
		t.Errorf("%d conflicts after all were settled", out.Record.Conflicts)
	}
}
