package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// ahead is a time before which everything lies.
func ahead() memory.Instant { return memory.InstantOf(time.Now().Add(time.Hour)) }

// all says that every member has everything of n's own.
func (n *Node) all() map[memory.Origin]uint64 { return map[memory.Origin]uint64{n.Origin(): 1 << 60} }

func (n *Node) compact(olderThan memory.Instant, keep int, stable map[memory.Origin]uint64) {
	n.t.Helper()
	if _, err := n.Compact(n.t.Context(), olderThan, keep, stable); err != nil {
		n.t.Fatal(err)
	}
}

// edits makes n versions of a memory, each of which has seen the one before.
func (n *Node) edits(name string, count int, text string) []*memory.Entry {
	n.t.Helper()
	out := n.Put(Create(name, text+" 1"))
	for i := 2; i <= count; i++ {
		m := Memo(name, fmt.Sprintf("%s %d", text, i))
		m.Version = int64(i)
		out = append(out, n.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{out[len(out)-1].Dot}}}}).Entries...)
	}
	return out
}

// copyOf makes a node from a snapshot of n.
func (s Suite) copyOf(t *testing.T, n *Node) *Node {
	t.Helper()
	d := s.Open(t, "copy", t.TempDir())
	view, err := n.Snapshot(t.Context(), func(ops []memory.Shipment) error {
		if acc := d.Take(ops...); acc.Deferred > 0 || len(acc.Refused) > 0 {
			return fmt.Errorf("snapshot: %d put off, refused %v", acc.Deferred, acc.Refused)
		}
		return nil
	})
	if err == nil {
		err = d.AdoptHeads(t.Context(), view.Heads)
	}
	if err != nil {
		t.Error(err)
		return d
	}
	d.CheckState(nil)
	if d.View().Root != n.View().Root {
		t.Error("a copy by snapshot differs")
	}
	return d
}

// retains checks which versions a compaction keeps: the last ones however old,
// and those that were replaced only lately however many; and every loser that
// nobody has seen.
func (s Suite) retains(t *testing.T) {
	const day = 24 * time.Hour
	var since atomic.Int64 // days
	start := time.Now().Add(-200 * day)
	wall := func() time.Time { return start.Add(time.Duration(since.Load()) * day) }
	clock := memory.NewClock(wall, time.Minute)
	n := s.Open(t, "a", t.TempDir(), func(c *store.Config) { c.Clock = clock })
	days := func(n int64) { since.Add(n) }
	edit := func(text string, prev ...*memory.Entry) *memory.Entry {
		m := Memo("one", text)
		m.Version = 2
		op := memory.NewOp{Op: &memory.Put{Memory: m, Create: len(prev) == 0}}
		for _, p := range prev {
			op.Prev = append(op.Prev, p.Dot)
		}
		return n.Write(&memory.Write{Ops: []memory.NewOp{op}}).Entries[0]
	}
	left := func(keep int) string {
		t.Helper()
		n.compact(memory.InstantOf(wall().Add(-30*day)), keep, nil)
		revs, err := n.History(t.Context(), Memo("one", "").ID)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range revs {
			m, _ := r.Entry.Content()
			out = append(out, m.Content)
		}
		n.CheckState(nil)
		return strings.Join(out, " ")
	}
	v1 := edit("v1")
	days(1)
	v2 := edit("v2", v1)
	days(80)
	v3 := edit("v3", v2)
	if got := left(1); got != "v3 v2" {
		t.Errorf("kept %q: v2 is old, but it was current until now", got)
	}
	days(2)
	lost := edit("lost", v2) // has not seen v3
	days(2)
	v4 := edit("v4", v3)
	if got := left(50); got != "v4 lost v3 v2" {
		t.Errorf("kept %q", got)
	}
	days(40)
	if got := left(3); got != "v4 lost v3" {
		t.Errorf("kept %q: the last three stay however old they are", got)
	}
	if got := left(1); got != "v4 lost" {
		t.Errorf("kept %q: nobody has seen the one that lost", got)
	}
	edit("v5", v4, lost)
	if got := left(1); got != "v5 v4 lost" {
		t.Errorf("kept %q: both were replaced just now", got)
	}
	days(31)
	if got := left(1); got != "v5" {
		t.Errorf("kept %q", got)
	}
}

// shipsTombstones checks that a memory that was deleted, with all its versions
// gone, still reaches others, with a snapshot and by ranges.
func (s Suite) shipsTombstones(t *testing.T) {
	a := s.Open(t, "a", t.TempDir())
	op := memory.NewOp{Op: Create("one", "secret 1"), Embedding: &memory.Embedding{Model: "m", Vector: []float32{1, 0}}}
	a.Write(&memory.Write{Ops: []memory.NewOp{op}})
	id := Memo("one", "").ID
	a.edits("two", 3, "text")
	a.Take(s.Ship(t, []*memory.Entry{foreign("z.1", 1, Create("two", "older"))})...)
	a.Put(&memory.Delete{ID: id}, &memory.Delete{ID: Memo("two", "").ID})
	a.compact(ahead(), 1, nil)
	a.CheckState(nil)
	a.Stop()
	a = s.Open(t, "a", a.Dir())
	s.copyOf(t, a)
	b := s.Open(t, "b", t.TempDir())
	for range 3 { // what is put off must come in time
		for _, o := range []memory.Origin{a.Origin(), "z.1"} {
			ops, _, err := a.Range(t.Context(), memory.Range{Origin: o, From: b.View().Heads[o].Seq + 1, To: 99}, 99, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			for _, op := range ops {
				if op.Embedding != nil {
					t.Error("the vector of a deleted memory is still sent")
				}
			}
			b.Take(ops...)
		}
	}
	if b.View().Root != a.View().Root || !b.View().Heads.Holds(memory.Dot{Origin: "z.1", Seq: 1}) {
		t.Errorf("fed by ranges: %+v, want %+v", b.View(), a.View())
	}
	// A new life of the id, at both.
	b.Take(s.Ship(t, []*memory.Entry{{
		Dot: memory.Dot{Origin: "c.1", Seq: 1}, Stamp: memory.MakeStamp(time.Now().Add(time.Second)), Actor: "ai:x", Op: Create("two", "again"),
	}})...)
	if r, err := b.Record(t.Context(), Memo("two", "").ID); err != nil || r.Life != memory.Live || r.Conflicts != 0 || r.Memory.Content != "again" {
		t.Errorf("a new life: %+v (%v)", r, err)
	}
	b.CheckState(nil)
}

// boundsRanges checks that what must come with hollow entries counts, too.
func (s Suite) boundsRanges(t *testing.T) {
	a := s.Open(t, "a", t.TempDir())
	const n = 30
	for i := range n {
		a.Put(Create(title(i), "small"))
	}
	big := strings.Repeat("large text ", 3000)
	for i := range n {
		m := Memo(title(i), big)
		m.Version = 2
		a.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{{Origin: a.Origin(), Seq: uint64(i + 1)}}}}})
	}
	a.compact(ahead(), 1, nil)
	a.Stop()
	a = s.Open(t, "a", a.Dir())
	b := s.Open(t, "b", t.TempDir())
	const limit = 200 << 10
	for from := uint64(1); from <= 2*n; {
		ops, last, err := a.Range(t.Context(), memory.Range{Origin: a.Origin(), From: from, To: 99}, 99, limit)
		if err != nil || last < from {
			t.Fatalf("from %d to %d: %v", from, last, err)
		}
		size := 0
		for _, op := range ops {
			size += len(op.Raw)
		}
		if size > limit {
			t.Fatalf("%d bytes from %d, limit %d", size, from, limit)
		}
		if acc := b.Take(ops...); acc.Deferred > 0 || acc.View.Heads[a.Origin()].Seq < last {
			t.Fatalf("from %d to %d: %+v", from, last, acc)
		}
		from = last + 1
	}
	if b.View().Root != a.View().Root {
		t.Error("the nodes differ")
	}
}

// replaysLater checks that a repeated request finds its entries although nothing
// else needs them any more.
func (s Suite) replaysLater(t *testing.T) {
	a := s.Open(t, "a", t.TempDir())
	id := Memo("one", "").ID
	a.Put(Create("one", "x"))
	key := &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}
	w := &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: &memory.Archive{ID: id, Reason: "archive"}}}, Idempotency: key}
	first := a.Write(w).Entries[0]
	a.Put(&memory.Restore{ID: id}, Create("two", "x"))
	a.compact(ahead(), 1, a.all())
	if again := a.Write(w); !again.Replayed || again.Entries[0].Dot != first.Dot {
		t.Errorf("repeated: %+v", again)
	}
	if got, err := a.Idempotent(t.Context(), "ai:x", key); err != nil || len(got) != 1 {
		t.Errorf("looked up: %v (%v)", got, err)
	}
	if _, err := a.Submit(t.Context(), &memory.Write{Actor: "ai:x"}); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("a write of nothing: %v, want ErrInvalid", err)
	}
}

// dropsOnlyOrphans checks that nothing that a register needs leaves the log.
func (s Suite) dropsOnlyOrphans(t *testing.T) {
	a := s.Open(t, "a", t.TempDir())
	entries := s.busy(t, a)
	root := a.View().Root
	a.compact(memory.InstantOf(time.Now().Add(-time.Hour)), 1, a.all())
	for _, e := range entries {
		if _, err := a.Entry(t.Context(), e.Dot); err != nil {
			t.Errorf("%s of %s is young, and gone: %v", e.Op.Kind(), e.Dot, err)
		}
	}
	a.compact(ahead(), 1, a.all())
	a.CheckState(nil)
	if a.View().Root != root {
		t.Error("the state changed")
	}
	if _, err := a.Entry(t.Context(), entries[len(entries)-2].Dot); err != nil {
		t.Errorf("the standard in force is gone: %v", err)
	}
	if _, err := a.Entry(t.Context(), entries[0].Dot); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("a version that was replaced: %v, want it gone", err)
	}
	d := s.copyOf(t, a)
	// What was dropped may come again from somebody who has it.
	acc := d.Take(s.Ship(t, entries)...)
	if acc.Applied != 0 || acc.Deferred != 0 || len(acc.Refused) != 0 || d.View().Root != root {
		t.Errorf("sent again: %+v", acc)
	}
	if links, err := d.Links(t.Context(), Memo("one", "").ID); err != nil || len(links) != 1 {
		t.Errorf("links %v (%v)", links, err)
	}
	p, err := d.Pending(t.Context(), "p")
	if err != nil || len(p.Votes) != 1 || p.Votes[0].Approve || p.Verdict != memory.VerdictRejected {
		t.Errorf("proposal %+v (%v)", p, err)
	}
	for _, name := range []string{"one", "two", "three"} {
		want, _ := a.Record(t.Context(), Memo(name, "").ID)
		got, err := d.Record(t.Context(), Memo(name, "").ID)
		if err != nil || got.Life != want.Life || got.Reason != want.Reason || got.Memory.Content != want.Memory.Content {
			t.Errorf("%s: %+v (%v), want %+v", name, got, err, want)
		}
	}
}

// busy writes something of every kind, much of it superseded.
func (s Suite) busy(t *testing.T, a *Node) []*memory.Entry {
	t.Helper()
	one, two, three := Memo("one", "").ID, Memo("two", "").ID, Memo("three", "").ID
	link := &memory.Link{Source: one, Target: two, Relation: "supersedes", CreatedAt: now()}
	into := Memo("into", "both")
	out := a.edits("one", 4, "x")
	out = append(out, a.edits("two", 2, "y")...)
	return append(out, a.Put(
		Create("three", "z"), link, &memory.Unlink{Source: one, Target: two, Relations: []string{"supersedes", "related_to"}}, link,
		&memory.Archive{ID: one, Reason: "archive"}, &memory.Restore{ID: one}, &memory.Delete{ID: three},
		&memory.Consolidate{Into: into, Sources: []memory.SourceVersion{{ID: three, Dot: out[0].Dot}, {ID: two, Dot: out[4].Dot}}},
		&memory.Restore{ID: two}, &memory.Delete{ID: into.ID},
		&memory.Propose{ID: "p", Namespace: "global", Requester: "ai:x", RequestedAt: now(), Action: Create("never", "x")},
		&memory.Decide{ID: "p", Voter: "ai:y", Approve: true}, &memory.Decide{ID: "p", Voter: "ai:y"},
		&memory.Resolve{ID: "p", Verdict: memory.VerdictRejected},
		&memory.SetStandard{Namespace: "global", StandardID: one}, &memory.ClearStandard{Namespace: "global"},
		&memory.SetStandard{Namespace: "global", StandardID: two}, Create("last", "x"),
	)...)
}

// rangesAtTheHead checks that asking for what is just being written is never
// answered with "truncated".
func (s Suite) rangesAtTheHead(t *testing.T) {
	n := s.Open(t, "b", t.TempDir())
	const count = 200
	var wg sync.WaitGroup
	wg.Go(func() {
		for seq := range uint64(count) {
			if _, err := n.Accept(context.WithoutCancel(t.Context()), s.Ship(t, []*memory.Entry{foreign("a.1", seq+1, &memory.Delete{ID: "x"})})); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 3 {
		wg.Go(func() {
			for next := uint64(1); next <= count; {
				_, last, err := n.Range(t.Context(), memory.Range{Origin: "a.1", From: next, To: 1 << 60}, 1, 1<<20)
				if err != nil {
					t.Errorf("from %d: %v", next, err)
					return
				}
				next = max(next, last+1)
			}
		})
	}
	wg.Wait()
	if _, _, err := n.Range(t.Context(), memory.Range{Origin: "a.1", From: 1, To: 9}, 0, 0); err != nil {
		t.Errorf("with a limit of nothing: %v, want one entry", err)
	}
}
