package storetest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

func (s Suite) converges(t *testing.T) {
	for seed := range uint64(4) {
		entries, ships, want := s.History(t, seed, 3, 120)
		var conflicts map[string]int
		for order := range 3 {
			n := s.Open(t, "reader", t.TempDir())
			rng := rand.New(rand.NewPCG(seed, uint64(order)))
			in := append([]memory.Shipment(nil), ships...)
			in = append(in, ships[:len(ships)/3]...) // some come twice
			if order > 0 {
				rng.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
			}
			for len(in) > 0 {
				k := min(len(in), 1+rng.IntN(20))
				if acc := n.Take(in[:k]...); len(acc.Refused) > 0 || acc.Deferred > 0 {
					t.Fatalf("seed %d: refused %v, deferred %d", seed, acc.Refused, acc.Deferred)
				}
				in = in[k:]
			}
			n.CheckState(want)
			for _, e := range entries {
				if !n.View().Heads.Holds(e.Dot) {
					t.Errorf("seed %d: %s is not held", seed, e.Dot)
				}
			}
			got := n.conflictCounts(entries)
			if conflicts == nil {
				conflicts = got
			} else if diff := cmp.Diff(conflicts, got); diff != "" {
				t.Errorf("seed %d: conflicts depend on the order of arrival:\n%s", seed, diff)
			}
			n.Stop()
			if t.Failed() {
				return
			}
		}
	}
}

func (n *Node) conflictCounts(entries []*memory.Entry) map[string]int {
	out := map[string]int{}
	for _, e := range entries {
		for _, k := range e.Op.Subjects() {
			if _, done := out[k.A]; done || k.Family != memory.FamContent {
				continue
			}
			r, err := n.Record(n.t.Context(), k.A)
			if err != nil {
				n.t.Fatal(err)
			}
			revs, err := n.History(n.t.Context(), k.A)
			if err != nil {
				n.t.Fatal(err)
			}
			listed := 0
			for _, rev := range revs {
				if rev.Conflict {
					listed++
				}
			}
			if listed != r.Conflicts {
				n.t.Errorf("%s: history lists %d conflicts, the record says %d", k.A, listed, r.Conflicts)
			}
			out[k.A] = r.Conflicts
		}
	}
	return out
}

func (s Suite) restarts(t *testing.T) {
	dir := t.TempDir()
	n := s.Open(t, "a", dir)
	last := n.Put(Create("one", "first"), Create("two", "second"))[1]
	if err := n.SaveCursor(t.Context(), "b", n.Origin(), 2); err != nil {
		t.Fatal(err)
	}
	before := n.View()
	n.Stop()

	n = s.Open(t, "a", dir)
	if diff := cmp.Diff(before, n.View()); diff != "" {
		t.Errorf("view after the restart:\n%s", diff)
	}
	if c, err := n.Cursors(t.Context(), n.Origin()); err != nil || c["b"] != 2 {
		t.Errorf("cursors %v (%v), want b at 2", c, err)
	}
	// A member that lost its disk holds less than it did.
	if err := n.SaveCursor(t.Context(), "b", n.Origin(), 1); err != nil {
		t.Fatal(err)
	}
	if c, err := n.Cursors(t.Context(), n.Origin()); err != nil || c["b"] != 1 {
		t.Errorf("cursors %v (%v), want b back at 1", c, err)
	}
	next := n.Put(Create("three", "third"))[0]
	if next.Dot.Seq != 3 || next.Dot.Origin != last.Dot.Origin || next.Stamp <= last.Stamp {
		t.Errorf("after %v at %d came %v at %d", last.Dot, last.Stamp, next.Dot, next.Stamp)
	}
	n.CheckState(nil)
	n.Stop()
	clockGoesBack(t, s)
}

// clockGoesBack checks that stamps do not, whoever gave the highest: what is written
// after a restart beats what it replaces, also where the wall clock was set back.
func clockGoesBack(t *testing.T, s Suite) {
	t.Helper()
	wall := time.Now()
	at := func(c *store.Config) { c.Clock = memory.NewClock(func() time.Time { return wall }, time.Minute) }
	for name, back := range map[string]time.Duration{"by an hour, after own writes": time.Hour, "by nothing, after a stamp of others": 0} {
		dir := t.TempDir()
		n := s.Open(t, "a", dir, at)
		last := n.Put(Create("one", "first"))[0]
		if back == 0 {
			last = foreign("b.1", 1, &memory.Put{Memory: Memo("one", "of another")})
			last.Stamp = memory.MakeStamp(wall.Add(10 * time.Second)) // near enough to be adopted
			n.Take(s.Ship(t, []*memory.Entry{last})...)
		}
		n.Stop()
		wall = wall.Add(-back)
		n = s.Open(t, "a", dir, at)
		next := n.Put(&memory.Put{Memory: Memo("one", "edited")})[0]
		if r, err := n.Record(t.Context(), Memo("one", "").ID); err != nil || next.Stamp <= last.Stamp || r.Memory.Content != "edited" {
			t.Errorf("set back %s: after %d came %d, and the text is %q (%v)", name, last.Stamp, next.Stamp, r.Memory.Content, err)
		}
		n.Stop()
	}
}

func (s Suite) allOrNothing(t *testing.T) {
	n := s.Open(t, "a", t.TempDir())
	first := n.Put(Create("one", "x"))[0]
	before := n.View()
	id := Memo("one", "").ID
	_, err := n.Submit(t.Context(), &memory.Write{
		Actor:  memory.Anonymous,
		Ops:    []memory.NewOp{{Op: Create("two", "y")}, {Op: &memory.Delete{ID: id}}},
		Expect: []memory.Expect{{Key: memory.LifeKey(id), Version: memory.Version{}}},
	})
	if !errors.Is(err, memory.ErrStale) {
		t.Fatalf("got %v, want ErrStale", err)
	}
	if diff := cmp.Diff(before, n.View()); diff != "" {
		t.Errorf("a refused write changed something:\n%s", diff)
	}
	out := n.Write(&memory.Write{
		Ops: []memory.NewOp{{Op: Create("two", "y")}, {Op: &memory.Delete{ID: id}}},
		Expect: []memory.Expect{
			{Key: memory.LifeKey(id), Version: first.Version()},
			{Key: memory.ContentKey(Memo("two", "").ID), Version: memory.Version{}},
		},
	})
	if len(out.Entries) != 2 || out.Entries[0].Dot.Seq != 2 || out.Entries[1].Dot.Seq != 3 {
		t.Errorf("entries %v, want seq 2 and 3", out.Entries)
	}
	if r, err := n.Record(t.Context(), id); err != nil || r.Life != memory.Deleted {
		t.Errorf("record %+v (%v), want deleted", r, err)
	}
}

func (s Suite) idempotency(t *testing.T) {
	n := s.Open(t, "a", t.TempDir())
	key := &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}
	w := &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: Create("one", "x")}}, Idempotency: key}
	first := n.Write(w)
	again := n.Write(w)
	if !again.Replayed || again.Entries[0].Dot != first.Entries[0].Dot {
		t.Errorf("repeated: %+v, want the entry %s replayed", again, first.Entries[0].Dot)
	}
	w.Idempotency = &memory.Idempotency{Key: "k", Hash: memory.Digest{2}}
	if _, err := n.Submit(t.Context(), w); !errors.Is(err, memory.ErrKeyReused) {
		t.Errorf("other body: %v, want ErrKeyReused", err)
	}
	w.Actor = "ai:y"
	if other := n.Write(w); other.Replayed {
		t.Error("another actor's key was taken for the first one's")
	}
	got, err := n.Idempotent(t.Context(), "ai:x", key)
	if err != nil || len(got) != 1 || got[0].Dot != first.Entries[0].Dot {
		t.Errorf("looked up: %v (%v)", got, err)
	}
	oneOfMany(t, n)
	ofNothing(t, n)
	ofSeveral(t, n)
}

// ofSeveral checks that a request of several writes is known by its key from its beginning
// on, and that what it finds was written before that.
func ofSeveral(t *testing.T, n *Node) {
	t.Helper()
	before := n.Put(Create("before it began", "x"))
	key := &memory.Idempotency{Key: "several", Hash: memory.Digest{6}}
	begin := &memory.Write{Actor: "ai:x", Begins: true, Idempotency: key}
	if out := n.Write(begin); out.Replayed || len(out.Entries) != 0 {
		t.Errorf("a beginning was written as %+v", out)
	}
	after := n.Put(Create("after it began", "x"))
	_, again := n.Submit(t.Context(), begin)
	_, other := n.Submit(t.Context(), &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: Create("in its place", "x")}}, Idempotency: key})
	_, looked := n.Idempotent(t.Context(), "ai:x", key)
	for _, err := range []error{again, other, looked} {
		begun, is := errors.AsType[*memory.BegunError](err)
		if !is || begun.At <= before[0].Stamp || begun.At >= after[0].Stamp {
			t.Errorf("repeated: %v, want that it began between %s and %s", err, before[0].Stamp.Instant(), after[0].Stamp.Instant())
		}
	}
	begin.Idempotency = &memory.Idempotency{Key: "several", Hash: memory.Digest{7}}
	if _, err := n.Submit(t.Context(), begin); !errors.Is(err, memory.ErrKeyReused) {
		t.Errorf("for another request: %v, want ErrKeyReused", err)
	}
	begin.Idempotency, begin.Ops = &memory.Idempotency{Key: "both"}, []memory.NewOp{{Op: Create("both", "x")}}
	if _, err := n.Submit(t.Context(), begin); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("with an op: %v, want ErrInvalid", err)
	}
}

// ofNothing checks that a request that found nothing to change is known by its key.
func ofNothing(t *testing.T, n *Node) {
	t.Helper()
	key := &memory.Idempotency{Key: "nothing", Hash: memory.Digest{4}}
	if out := n.Write(&memory.Write{Actor: "ai:x", Idempotency: key}); out.Replayed || len(out.Entries) != 0 {
		t.Errorf("nothing was written as %+v", out)
	}
	again := &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: Create("meanwhile", "x")}}, Idempotency: key}
	if _, err := n.Submit(t.Context(), again); !errors.Is(err, memory.ErrUnchanged) {
		t.Errorf("repeated: %v, want ErrUnchanged", err)
	}
	if _, err := n.Idempotent(t.Context(), "ai:x", key); !errors.Is(err, memory.ErrUnchanged) {
		t.Errorf("looked up: %v, want ErrUnchanged", err)
	}
	again.Idempotency = &memory.Idempotency{Key: "nothing", Hash: memory.Digest{5}}
	if _, err := n.Submit(t.Context(), again); !errors.Is(err, memory.ErrKeyReused) {
		t.Errorf("for another request: %v, want ErrKeyReused", err)
	}
	if _, err := n.Submit(t.Context(), &memory.Write{Actor: "ai:x"}); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("without a key: %v, want ErrInvalid", err)
	}
}

// oneOfMany checks that of requests that come at once under one key one is carried
// out, whatever else would keep them apart: each has a title of its own.
func oneOfMany(t *testing.T, n *Node) {
	t.Helper()
	const requests = 16
	key := &memory.Idempotency{Key: "at once", Hash: memory.Digest{3}}
	out := make(chan *memory.Written, requests)
	for i := range requests {
		go func() {
			w := &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: Create("at once "+title(i), "x")}}, Idempotency: key}
			done, err := n.Submit(context.WithoutCancel(t.Context()), w)
			if err != nil {
				t.Error(err)
			}
			out <- done
		}()
	}
	carried := 0
	dots := map[memory.Dot]bool{}
	for range requests {
		done := <-out
		if done == nil {
			continue
		}
		if !done.Replayed {
			carried++
		}
		dots[done.Entries[0].Dot] = true
	}
	there := 0
	for i := range requests {
		if _, err := n.Record(t.Context(), Memo("at once "+title(i), "").ID); err == nil {
			there++
		}
	}
	if carried != 1 || len(dots) != 1 || there != 1 {
		t.Errorf("of %d requests under one key %d were carried out, %d answered, %d wrote", requests, carried, len(dots), there)
	}
}

func (s Suite) conflicts(t *testing.T) {
	a, b := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
	created := a.Put(Create("one", "original"))[0]
	b.Feed(a)
	edit := func(n *Node, content string, prev ...memory.Dot) *memory.Entry {
		m := Memo("one", content)
		m.Version = 2
		return n.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: prev}}}).Entries[0]
	}
	ours := edit(a, "edited on a", created.Dot)
	theirs := edit(b, "edited on b", created.Dot)
	a.Feed(b)
	b.Feed(a)
	for _, n := range []*Node{a, b} {
		r, err := n.Record(t.Context(), created.Op.Subjects()[0].A)
		if err != nil || r.Conflicts != 1 || r.Memory.Content != "edited on b" {
			t.Errorf("%s: %q with %d conflicts (%v), want b's with 1", n.cfg.Node, r.Memory.Content, r.Conflicts, err)
		}
		if c, err := n.Counts(t.Context(), memory.Filter{All: true, Now: memory.InstantOf(time.Now())}); err != nil || c.Conflicts != 1 {
			t.Errorf("%s: %d memories in conflict (%v), want 1", n.cfg.Node, c.Conflicts, err)
		}
		revs, err := n.History(t.Context(), r.ID)
		if err != nil || len(revs) != 3 || revs[0].Entry.Dot != theirs.Dot || !revs[0].Winner || !revs[1].Conflict || revs[2].Conflict {
			t.Errorf("%s: history %+v (%v)", n.cfg.Node, revs, err)
		}
	}
	edit(a, "settled", ours.Dot, theirs.Dot)
	b.Feed(a)
	for _, n := range []*Node{a, b} {
		if r, err := n.Record(t.Context(), created.Op.Subjects()[0].A); err != nil || r.Conflicts != 0 || r.Memory.Content != "settled" {
			t.Errorf("%s: %q with %d conflicts (%v), want it settled", n.cfg.Node, r.Memory.Content, r.Conflicts, err)
		}
	}
}

func (s Suite) erases(t *testing.T) {
	dir := t.TempDir()
	a, b := s.Open(t, "a", dir), s.Open(t, "b", t.TempDir())
	secret := "the pass phrase is xylophone"
	created := a.Put(Create("one", secret))[0]
	id := created.Op.Subjects()[0].A
	b.Feed(a)
	late := Memo("one", secret+" again")
	late.Version = 2
	b.Put(&memory.Put{Memory: late})
	a.Put(&memory.Erase{ID: id})
	b.Feed(a)
	a.Feed(b) // an edit that is newer than anything a knew of, and than the erase
	for _, n := range []*Node{a, b} {
		r, err := n.Record(t.Context(), id)
		if err != nil || r.Life != memory.Erased || r.Memory.Content != "" || r.Title != "" {
			t.Errorf("%s: %+v (%v), want erased and empty", n.cfg.Node, r, err)
		}
		if revs, err := n.History(t.Context(), id); err != nil || len(revs) != 0 {
			t.Errorf("%s: history %+v (%v), want none", n.cfg.Node, revs, err)
		}
		n.CheckState(nil)
	}
	if a.View().Root != b.View().Root {
		t.Error("the nodes differ")
	}
	a.Stop()
	raw, err := os.ReadFile(filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("xylophone")) {
		t.Error("the database file still holds the erased text")
	}
}

func (s Suite) noResurrection(t *testing.T) {
	a, b := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
	created := a.Put(Create("one", "x"))[0]
	id := created.Op.Subjects()[0].A
	b.Feed(a)
	a.Put(&memory.Delete{ID: id})
	m := Memo("one", "edited meanwhile")
	m.Version = 2
	b.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{created.Dot}}}})
	a.Feed(b)
	b.Feed(a)
	for _, n := range []*Node{a, b} {
		r, err := n.Record(t.Context(), id)
		if err != nil || r.Life != memory.Deleted || r.Memory.Content != "edited meanwhile" {
			t.Errorf("%s: %s %q (%v), want the edit kept and the memory deleted", n.cfg.Node, r.Life, r.Memory.Content, err)
		}
	}
	again := Create("one", "made anew")
	a.Write(&memory.Write{Ops: []memory.NewOp{{Op: again}}})
	b.Feed(a)
	if r, err := b.Record(t.Context(), id); err != nil || r.Life != memory.Live || r.Memory.Content != "made anew" {
		t.Errorf("%+v (%v), want the new one live", r, err)
	}
}

func (s Suite) dotConflict(t *testing.T) {
	n := s.Open(t, "b", t.TempDir())
	one := &memory.Entry{Dot: memory.Dot{Origin: "a.1", Seq: 1}, Stamp: memory.MakeStamp(time.Now()), Actor: "x", Op: Create("one", "x")}
	two := *one
	two.Op = Create("one", "another")
	n.Take(s.Ship(t, []*memory.Entry{one})...)
	before := n.View()
	acc := n.Take(s.Ship(t, []*memory.Entry{&two})...)
	if len(acc.Refused) != 1 || acc.Refused[0].Code != memory.CodeDotConflict {
		t.Fatalf("refused %v, want a dot conflict", acc.Refused)
	}
	if n.View().Root != before.Root {
		t.Error("the impostor changed the state")
	}
	if p, err := n.Parked(t.Context()); err != nil || len(p) != 0 {
		t.Errorf("parked %v (%v): there is nothing here to be tried again", p, err)
	}
}

func (s Suite) incarnation(t *testing.T) {
	dir, backup := t.TempDir(), t.TempDir()
	a, b := s.Open(t, "a", dir), s.Open(t, "b", t.TempDir())
	a.Put(Create("one", "x"))
	a.Stop()
	raw, err := os.ReadFile(filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(backup, store.FileName), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	a = s.Open(t, "a", dir)
	a.Put(Create("two", "after the backup"))
	b.Feed(a)
	old := a.Origin()

	restored := s.Open(t, "a", backup)
	ops, _, err := b.Range(t.Context(), memory.Range{Origin: old, From: 1, To: 1 << 62}, 64, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	restored.Take(ops...)
	if restored.Origin() == old {
		t.Fatal("the restored node goes on with an origin whose numbers are taken")
	}
	if e := restored.Put(Create("three", "z"))[0]; e.Dot.Seq != 1 || e.Dot.Origin != restored.Origin() {
		t.Errorf("first op of the new incarnation is %s", e.Dot)
	}
	if h := restored.View().Heads[old]; h.Seq != 2 {
		t.Errorf("head of the old incarnation is %d, want 2", h.Seq)
	}
}
