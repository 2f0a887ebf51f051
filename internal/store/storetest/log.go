package storetest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

func (s Suite) parks(t *testing.T) {
	n := s.Open(t, "b", t.TempDir())
	now := time.Now()
	entry := func(seq uint64, at time.Time, op memory.Op) *memory.Entry {
		return &memory.Entry{Dot: memory.Dot{Origin: "a.1", Seq: seq}, Stamp: memory.MakeStamp(at), Actor: "x", Op: op}
	}
	bad := Create("two", "x")
	bad.Memory.Priority = 99
	early := entry(3, now.Add(memory.DefaultMaxSkew+400*time.Millisecond), Create("three", "x"))
	ships := s.Ship(t, []*memory.Entry{entry(1, now, Create("one", "x")), entry(2, now, bad), early, entry(4, now, Create("four", "x"))})
	acc := n.Take(ships...)
	codes := []string{}
	for _, r := range acc.Refused {
		codes = append(codes, r.Code)
	}
	if !slices.Equal(codes, []string{memory.CodeInvalid, memory.CodeSkew}) || acc.Applied != 2 {
		t.Fatalf("applied %d, refused %v", acc.Applied, acc.Refused)
	}
	h := acc.View.Heads["a.1"]
	if h.Seq != 4 || !slices.Equal(h.Gaps, []uint64{2, 3}) {
		t.Errorf("head %+v, want 4 with gaps 2 and 3", h)
	}
	again := n.Take(ships[1])
	if len(again.Refused) != 1 || again.Refused[0].Code != memory.CodeInvalid {
		t.Errorf("sent again: refused %v", again.Refused)
	}
	if ops, _, err := n.Range(t.Context(), memory.Range{Origin: "a.1", From: 1, To: 4}, 10, 1<<20); err != nil || len(ops) != 4 {
		t.Errorf("range has %d entries (%v): the bytes of refused ops must be kept", len(ops), err)
	}
	if took, err := n.RetryParked(t.Context(), nil, now); err != nil || took != 0 {
		t.Errorf("before its time %d were taken (%v)", took, err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		if _, err := n.RetryParked(t.Context(), nil, time.Now()); err != nil {
			t.Fatal(err)
		}
		if slices.Equal(n.View().Heads["a.1"].Gaps, []uint64{2}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the early op was never taken: %+v", n.View().Heads["a.1"])
		}
	}
	if r, err := n.Record(t.Context(), Memo("three", "").ID); err != nil || r.Life != memory.Live {
		t.Errorf("the early op had no effect: %v (%v)", r, err)
	}
	n.CheckState(nil)
}

func (s Suite) ranges(t *testing.T) {
	dir := t.TempDir()
	n := s.Open(t, "a", dir)
	for i := range 40 {
		n.Put(Create(title(i), "text"))
	}
	check := func(where string) {
		r := memory.Range{Origin: n.Origin(), From: 5, To: 30}
		ops, last, err := n.Range(t.Context(), r, 10, 1<<20)
		if err != nil || len(ops) != 10 || last != 14 {
			t.Errorf("%s: %d entries to %d (%v), want 10 to 14", where, len(ops), last, err)
		}
		if ops, last, err = n.Range(t.Context(), r, 100, 1); err != nil || len(ops) != 1 || last != 5 {
			t.Errorf("%s: %d entries to %d (%v), want one however small the limit", where, len(ops), last, err)
		}
		if ops, _, err = n.Range(t.Context(), memory.Range{Origin: n.Origin(), From: 41, To: 99}, 10, 1<<20); err != nil || len(ops) != 0 {
			t.Errorf("%s: %d entries beyond the head (%v)", where, len(ops), err)
		}
		if ops, _, err = n.Range(t.Context(), memory.Range{Origin: "no.1", From: 1, To: 9}, 10, 1<<20); err != nil || len(ops) != 0 {
			t.Errorf("%s: %d entries of an unknown origin (%v)", where, len(ops), err)
		}
	}
	check("from memory")
	n.Stop()
	n = s.Open(t, "a", dir)
	check("from disk")
}

func (s Suite) compacts(t *testing.T) {
	a, b := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
	id := Memo("one", "").ID
	prev := a.Put(Create("one", "version 1"))[0]
	for i := range 9 {
		m := Memo("one", "version "+title(i))
		m.Version = int64(i + 2)
		prev = a.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{prev.Dot}}}}).Entries[0]
	}
	a.Put(Create("two", "goes"))
	a.Put(&memory.Archive{ID: Memo("two", "").ID, Reason: "archive"})
	a.Put(&memory.Restore{ID: Memo("two", "").ID})
	a.Put(&memory.Delete{ID: Memo("two", "").ID})
	root := a.View().Root
	if n, err := a.Compact(t.Context(), ahead(), 3, nil); err != nil || n == 0 {
		t.Fatalf("compacted %d (%v)", n, err)
	}
	if revs, err := a.History(t.Context(), id); err != nil || len(revs) != 3 {
		t.Errorf("history has %d revisions (%v), want 3", len(revs), err)
	}
	a.CheckState(nil)
	if a.View().Root != root {
		t.Error("compaction changed the state")
	}

	// A member that comes now gets the hollow entries with what replaced them.
	acc := b.Feed(a)
	if acc.Deferred > 0 || len(acc.Refused) > 0 || b.View().Root != root {
		t.Errorf("fed with hollow entries: %+v", acc)
	}
	// A hollow entry alone is not held.
	c := s.Open(t, "c", t.TempDir())
	ops, err := a.ByDot(t.Context(), []memory.Dot{{Origin: a.Origin(), Seq: 2}})
	if err != nil || len(ops) != 1 {
		t.Fatal(err)
	}
	if acc := c.Take(ops...); acc.Deferred != 1 || acc.View.Heads.Holds(memory.Dot{Origin: a.Origin(), Seq: 2}) {
		t.Errorf("a hollow entry without what replaced it: %+v", acc)
	}

	// With everything stable the log is truncated, and only a snapshot helps.
	if _, err := a.Compact(t.Context(), memory.InstantOf(time.Now().Add(time.Hour)), 1, map[memory.Origin]uint64{a.Origin(): 1 << 60}); err != nil {
		t.Fatal(err)
	}
	a.Stop()
	a = s.Open(t, "a", a.Dir()) // what is in memory could still be sent
	a.CheckState(nil)
	if a.View().Root != root {
		t.Error("truncation changed the state")
	}
	_, _, err = a.Range(t.Context(), memory.Range{Origin: a.Origin(), From: 2, To: 1 << 60}, 100, 1<<20)
	if !errors.Is(err, memory.ErrTruncated) {
		t.Errorf("range over the truncated part: %v, want ErrTruncated", err)
	}
	d := s.Open(t, "d", t.TempDir())
	view, err := a.Snapshot(t.Context(), func(ops []memory.Shipment) error {
		if acc := d.Take(ops...); acc.Deferred > 0 || len(acc.Refused) > 0 {
			t.Errorf("snapshot: %+v", acc)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AdoptHeads(t.Context(), view.Heads); err != nil {
		t.Fatal(err)
	}
	d.CheckState(nil)
	if d.View().Root != root || d.View().Heads[a.Origin()].Seq != a.View().Heads[a.Origin()].Seq {
		t.Errorf("after the snapshot: %+v, want %+v", d.View(), a.View())
	}
}

func (s Suite) mends(t *testing.T) {
	a, b := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
	for i := range 20 {
		a.Put(Create(title(i), "text"))
	}
	b.Feed(a)
	spoil(t, s, b, `DELETE FROM memories WHERE title = 'title 003'`)
	// The pass that a node makes after its start may have found it before this one.
	if found, err := b.Scrub(t.Context(), 0, time.Hour); err != nil || b.View().Root != a.View().Root {
		t.Fatalf("a pass found nothing: %+v (%v)", found, err)
	}
	ops, _, err := a.Range(t.Context(), memory.Range{Origin: a.Origin(), From: 1, To: 99}, 99, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if acc, err := b.Reapply(t.Context(), ops); err != nil || acc.Applied != 0 {
		t.Errorf("mended %+v (%v), and nothing was left to mend", acc, err)
	}
	b.CheckState(nil)
	if b.View().Root != a.View().Root {
		t.Error("still different")
	}
	if r, err := b.Record(t.Context(), Memo("title 003", "").ID); err != nil || r.Memory.Content != "text" {
		t.Errorf("the record is %+v (%v)", r, err)
	}
}

func (s Suite) hook(t *testing.T) {
	var mu sync.Mutex
	var seqs []uint64
	tags := 0
	n := s.Open(t, "a", t.TempDir(), func(c *store.Config) {
		c.OnCommit = func(c memory.Committed) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range c.Own {
				seqs = append(seqs, e.Dot.Seq)
				if e.Tag != nil {
					tags++
				}
			}
		}
	})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			out, err := n.Submit(t.Context(), &memory.Write{
				Actor: memory.Anonymous, Tag: i,
				Ops: []memory.NewOp{{Op: Create(title(i), "x")}, {Op: &memory.Delete{ID: Memo(title(i), "").ID}}},
			})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.Contains(seqs, out.Entries[1].Dot.Seq) {
				t.Error("Submit returned before the hook was called")
			}
		})
	}
	wg.Wait()
	if !slices.IsSorted(seqs) || len(seqs) != 100 || tags != 50 {
		t.Errorf("%d entries, sorted %v, %d tags", len(seqs), slices.IsSorted(seqs), tags)
	}
}

func (s Suite) full(t *testing.T) {
	dir := t.TempDir()
	var warnings counter
	n := s.Open(t, "a", dir, func(c *store.Config) {
		c.MaxBytes = 300 << 10
		c.Log = slog.New(&warnings)
	})
	n.Put(Create("one", "x"))
	var err error
	for i := 0; err == nil && i < 2000; i++ {
		_, err = n.Submit(t.Context(), &memory.Write{Actor: memory.Anonymous, Ops: []memory.NewOp{{Op: Create(title(i), "some text to fill pages")}}})
	}
	if !errors.Is(err, memory.ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	if r, err := n.Record(t.Context(), Memo("one", "").ID); err != nil || r.Memory.Content != "x" {
		t.Errorf("reading on a full disk: %v (%v)", r, err)
	}
	before := n.View()
	n.CheckState(nil)
	if c := warnings.n.Load(); c > 2 {
		t.Errorf("%d warnings: what can wait is tried now and then, not all the time", c)
	}
	n.Stop()
	n = s.Open(t, "a", dir)
	n.Put(Create("when there is room again", "x"))
	if after := n.View(); after.Heads[n.Origin()].Seq != before.Heads[n.Origin()].Seq+1 {
		t.Errorf("head went from %d to %d: a refused write took a number", before.Heads[n.Origin()].Seq, after.Heads[n.Origin()].Seq)
	}
	n.CheckState(nil)
}

// counter is a log handler that counts.
type counter struct{ n atomic.Int64 }

func (c *counter) Enabled(context.Context, slog.Level) bool { return true }

func (c *counter) Handle(context.Context, slog.Record) error {
	c.n.Add(1)
	return nil
}

func (c *counter) WithAttrs([]slog.Attr) slog.Handler { return c }

func (c *counter) WithGroup(string) slog.Handler { return c }

// vectors checks that a vector is sent as it is kept, and one that is no use not at all.
func (s Suite) vectors(t *testing.T) {
	a := s.Open(t, "a", t.TempDir())
	long := &memory.Embedding{Model: "m", Vector: []float32{3, 4}}
	a.Write(&memory.Write{Ops: []memory.NewOp{
		{Op: Create("one", "x"), Embedding: long},
		{Op: Create("two", "x"), Embedding: &memory.Embedding{Model: "m", Vector: []float32{0, 0}}},
	}})
	check := func(where string) {
		t.Helper()
		ops, _, err := a.Range(t.Context(), memory.Range{Origin: a.Origin(), From: 1, To: 2}, 9, 1<<20)
		if err != nil || len(ops) != 2 || ops[0].Embedding == nil || ops[0].Embedding.Vector[0] != 0.6 || ops[1].Embedding != nil {
			t.Errorf("%s: %+v (%v)", where, ops, err)
		}
		one := memory.Dot{Origin: a.Origin(), Seq: 1}
		if ops, err = a.ByDot(t.Context(), []memory.Dot{one}); err != nil || len(ops) != 1 || ops[0].Embedding == nil || ops[0].Embedding.Vector[0] != 0.6 {
			t.Errorf("%s, by its dot: %+v (%v)", where, ops, err)
		}
	}
	check("from memory")
	a.Stop()
	a = s.Open(t, "a", a.Dir())
	check("from disk")
	if long.Vector[0] != 3 {
		t.Error("the caller's vector was changed")
	}
}
