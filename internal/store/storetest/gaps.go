package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// foreign is an entry of another node, a moment ago.
func foreign(origin memory.Origin, seq uint64, op memory.Op, prev ...memory.Dot) *memory.Entry {
	return &memory.Entry{
		Dot: memory.Dot{Origin: origin, Seq: seq}, Stamp: memory.MakeStamp(time.Now().Add(-time.Minute)) + memory.Stamp(seq),
		Actor: "ai:x", Op: op, Prev: prev,
	}
}

// blind is a codec that does not know one kind of op, as an older program would.
type blind struct {
	store.Codec
	kind memory.Kind
}

func (b blind) Decode(raw []byte) (*memory.Entry, error) {
	e, err := b.Codec.Decode(raw)
	if err == nil && e.Op.Kind() == b.kind {
		e.Op = nil
		return e, fmt.Errorf("kind %d: %w", b.kind, memory.ErrUnknownKind)
	}
	return e, err
}

// upgrades checks that a newer program takes what the older one did not know.
func (s Suite) upgrades(t *testing.T) {
	dir := t.TempDir()
	one, two := foreign("a.1", 1, Create("one", "text")), foreign("a.1", 3, Create("two", "text"))
	archive := foreign("a.1", 2, &memory.Archive{ID: Memo("one", "").ID, Reason: "archive"})
	old := s.Open(t, "b", dir, func(c *store.Config) { c.Codec = blind{s.Codec, memory.KindArchive} })
	acc := old.Take(s.Ship(t, []*memory.Entry{one, archive, two})...)
	if len(acc.Refused) != 1 || acc.Refused[0].Code != memory.CodeUnknownKind {
		t.Fatalf("refused %v, want the unknown kind", acc.Refused)
	}
	old.Stop()

	n := s.Open(t, "b", dir)
	n.Put(Create("the writer has begun", "x"))
	eventually(t, "the op that was parked is taken", func() bool { return n.View().Heads.Holds(archive.Dot) })
	if r, err := n.Record(t.Context(), Memo("one", "").ID); err != nil || r.Life != memory.Archived {
		t.Errorf("the record is %v (%v), want archived", r.Life, err)
	}
	if p, err := n.Parked(t.Context()); err != nil || len(p) != 0 {
		t.Errorf("still parked: %v (%v)", p, err)
	}
	events, err := n.Events(t.Context(), 0, 100)
	at := func(d memory.Dot) int {
		return slices.IndexFunc(events, func(e memory.Event) bool { return e.Entry.Dot == d })
	}
	if err != nil || at(archive.Dot) < at(two.Dot) || at(two.Dot) < 0 {
		t.Errorf("events %v (%v): what was taken later must come later", events, err)
	}
	n.CheckState(nil)
	n.Stop()
	n = s.Open(t, "b", dir)
	if h := n.View().Heads["a.1"]; h.Seq != 3 || len(h.Gaps) != 0 {
		t.Errorf("after another start the head is %+v", h)
	}
}

// eventually waits for something that the writer does by itself.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to be that %s", what)
		}
		<-tick.C
	}
}

// refusedHollow checks that a hollow entry does not stop its origin's log when
// it, or the entry that replaced it, cannot be taken.
func (s Suite) refusedHollow(t *testing.T) {
	old := foreign("a.1", 1, Create("one", "old"))
	fresh := foreign("a.1", 2, Create("one", "new"), old.Dot)
	third := foreign("a.1", 3, Create("three", "x"))
	s.Ship(t, []*memory.Entry{old})
	hollow, _ := old.Hollowed(fresh.Dot)
	raw, err := s.Codec.Encode(hollow)
	if err != nil {
		t.Fatal(err)
	}
	ships := append([]memory.Shipment{{Raw: raw}}, s.Ship(t, []*memory.Entry{fresh, third})...)
	last := foreign("c.1", 1, Create("one", "newest"))
	last.Stamp = fresh.Stamp + 1
	newest := s.Ship(t, []*memory.Entry{last})

	t.Run("of an unknown kind", func(t *testing.T) {
		n := s.Open(t, "b", t.TempDir(), func(c *store.Config) { c.Codec = blind{s.Codec, memory.KindPut} })
		acc := n.Take(ships...)
		if acc.Deferred != 0 || len(acc.Refused) != 3 || acc.View.Heads["a.1"].Seq != 3 {
			t.Errorf("%+v, want all three parked", acc)
		}
	})
	t.Run("replaced by what is parked", func(t *testing.T) {
		bad := *fresh
		op := Create("one", "new")
		op.Memory.Priority = 99
		bad.Op = op
		ships := append([]memory.Shipment{ships[0], ships[2]}, s.Ship(t, []*memory.Entry{&bad})...)
		n := s.Open(t, "b", t.TempDir())
		acc := n.Take(ships...)
		h := acc.View.Heads["a.1"]
		if acc.Deferred != 0 || h.Seq != 3 || len(h.Gaps) != 2 {
			t.Errorf("%+v, want the hollow entry parked beside what replaced it, and the rest taken", acc)
		}
		if _, err := n.RetryParked(t.Context(), []memory.Dot{old.Dot}, time.Now()); err != nil {
			t.Error(err)
		}
		if n.View().Heads.Holds(old.Dot) {
			t.Error("the hollow entry counts as held, and what replaced it does not")
		}
		n.Take(newest...)
		if _, err := n.RetryParked(t.Context(), []memory.Dot{old.Dot}, time.Now()); err != nil {
			t.Error(err)
		}
		if !n.View().Heads.Holds(old.Dot) {
			t.Error("the hollow entry waits for one that replaced it, and another one has")
		}
		n.CheckState(nil)
	})
	t.Run("replaced by what is lost", func(t *testing.T) {
		n := s.Open(t, "b", t.TempDir())
		if acc := n.Take(ships[0]); acc.Deferred != 1 {
			t.Errorf("%+v, want the hollow entry to come again", acc)
		}
		n.Take(newest...)
		if acc := n.Take(ships[0]); acc.Deferred != 0 || !acc.View.Heads.Holds(old.Dot) {
			t.Errorf("%+v, want it taken: something else has replaced it", acc)
		}
		n.CheckState(nil)
	})
	t.Run("replaced by what the disk has damaged", func(t *testing.T) {
		n := s.Open(t, "b", t.TempDir())
		n.Take(newest...)
		spoil(t, s, n, `UPDATE memories SET c_stamp = 'x'`)
		if acc := n.Take(ships[0]); acc.Deferred != 0 || !acc.View.Heads.Holds(old.Dot) {
			t.Errorf("%+v, want it taken: what is there was not read, and is not nothing", acc)
		}
		// The row may have been mended by the pass that a node makes after its start, which
		// adds the rows up at its end.
		if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil {
			t.Fatalf("a pass: %+v, %v", out, err)
		}
		n.CheckState(nil)
	})
}

// gapsBelowHead checks that a head names only the gaps that it covers: what is
// beyond it is not held in any case, and members refuse a head that says more.
func (s Suite) gapsBelowHead(t *testing.T) {
	dir := t.TempDir()
	n := s.Open(t, "b", dir)
	bad := Create("three", "x")
	bad.Memory.Priority = 99
	n.Take(s.Ship(t, []*memory.Entry{foreign("a.1", 3, bad)})...)
	if h := n.View().Heads["a.1"]; h.Seq != 0 || len(h.Gaps) != 0 {
		t.Errorf("head %+v before the hole is filled, want nothing", h)
	}
	if v, _, err := n.BucketSums(t.Context()); err != nil || len(v.Heads["a.1"].Gaps) != 0 {
		t.Errorf("head %+v (%v) on disk, want no gaps", v.Heads["a.1"], err)
	}
	n.Stop()
	n = s.Open(t, "b", dir)
	acc := n.Take(s.Ship(t, []*memory.Entry{foreign("a.1", 1, Create("one", "x")), foreign("a.1", 2, Create("two", "x"))})...)
	if h := acc.View.Heads["a.1"]; h.Seq != 3 || !slices.Equal(h.Gaps, []uint64{3}) {
		t.Errorf("head %+v after, want 3 with gap 3", h)
	}
}

// islands checks that an entry that fills a hole is taken however much is held
// beyond the hole.
func (s Suite) islands(t *testing.T) {
	n := s.Open(t, "b", t.TempDir(), func(c *store.Config) { c.MaxIslands = 8 })
	var ships []memory.Shipment
	for i := range 20 {
		ships = append(ships, s.Ship(t, []*memory.Entry{foreign("a.1", uint64(i+1), Create(title(i), "x"))})...)
	}
	acc := n.Take(ships[1:]...)
	if acc.Applied != 8 || acc.Deferred != 11 {
		t.Errorf("beyond the hole %d were taken and %d put off, want 8 and 11", acc.Applied, acc.Deferred)
	}
	acc = n.Take(ships[0])
	if acc.Applied != 1 || acc.View.Heads["a.1"].Seq != 9 {
		t.Errorf("%+v: the entry that fills the hole must be taken", acc)
	}
	if acc = n.Take(ships...); acc.View.Heads["a.1"].Seq != 20 {
		t.Errorf("%+v: want all", acc)
	}
	n.CheckState(nil)
	boundsParked(t, s)
}

// boundsParked checks that the bytes of what a node's ops were refused for have a
// bound, over all its incarnations and across a restart, and that what was put off
// for it is taken when there is room.
func boundsParked(t *testing.T, s Suite) {
	t.Helper()
	start, dir := time.Now(), t.TempDir()
	var later atomic.Bool // two hours later: chores look at the clock, too
	now := func() time.Time {
		if later.Load() {
			return start.Add(2 * time.Hour)
		}
		return start
	}
	small := func(c *store.Config) {
		c.MaxParked = 100 << 10
		c.Clock = memory.NewClock(now, time.Minute)
	}
	n := s.Open(t, "b", dir, small)
	early := func(origin memory.Origin, seq uint64) memory.Shipment {
		e := foreign(origin, seq, Create(fmt.Sprint(origin, seq), strings.Repeat("x", 40<<10)))
		e.Stamp = memory.MakeStamp(now().Add(time.Hour)) + memory.Stamp(seq)
		return s.Ship(t, []*memory.Entry{e})[0]
	}
	if acc := n.Take(early("a.1", 1), early("a.2", 1), early("a.1", 2), early("a.1", 3), early("c.1", 1)); len(acc.Refused) != 4 || acc.Deferred != 1 {
		t.Errorf("%d were kept and %d put off, want 4 and 1", len(acc.Refused), acc.Deferred)
	}
	n.Stop()
	n = s.Open(t, "b", dir, small)
	if acc := n.Take(early("a.2", 2)); acc.Deferred != 1 || len(acc.Refused) != 0 {
		t.Errorf("after a restart %d were put off", acc.Deferred)
	}
	later.Store(true)
	n.Stop()
	n = s.Open(t, "b", dir, small)
	if took, err := n.RetryParked(t.Context(), nil, now()); err != nil || took != 4 {
		t.Errorf("%d taken when their time had come, want 4 (%v)", took, err)
	}
	if acc := n.Take(early("a.1", 3), early("a.2", 2)); acc.Deferred != 0 || len(acc.Refused) != 2 {
		t.Errorf("with room again: %+v", acc)
	}
	n.CheckState(nil)
}

// skewed checks that an op whose time has not come after all waits on.
func (s Suite) skewed(t *testing.T) {
	wall := time.Now()
	clock := memory.NewClock(func() time.Time { return wall }, time.Minute)
	n := s.Open(t, "b", t.TempDir(), func(c *store.Config) { c.Clock = clock })
	early := foreign("a.1", 1, Create("one", "x"))
	early.Stamp = memory.MakeStamp(wall.Add(time.Hour))
	n.Take(s.Ship(t, []*memory.Entry{early})...)
	// Asked to try at a time that its own clock has not reached.
	lsn := n.View().LSN
	for range 3 {
		if took, err := n.RetryParked(t.Context(), nil, wall.Add(2*time.Hour)); err != nil || took != 0 {
			t.Fatalf("%d taken (%v)", took, err)
		}
	}
	if n.View().LSN != lsn {
		t.Error("a vain retry looks like news")
	}
	p, err := n.Parked(t.Context())
	if err != nil || len(p) != 1 || p[0].Code != memory.CodeSkew || p[0].Retry.Time().Before(wall.Add(58*time.Minute)) {
		t.Errorf("parked %+v (%v), want it to be tried in an hour", p, err)
	}
}

// impostors checks that a second op under the dot of a parked one leaves that alone.
func (s Suite) impostors(t *testing.T) {
	dir := t.TempDir()
	n := s.Open(t, "b", dir)
	bad := Create("one", "x")
	bad.Memory.Priority = 99
	first := foreign("a.1", 1, bad)
	n.Take(s.Ship(t, []*memory.Entry{first})...)
	acc := n.Take(s.Ship(t, []*memory.Entry{foreign("a.1", 1, Create("impostor", "x"))})...)
	if len(acc.Refused) != 1 || acc.Refused[0].Code != memory.CodeDotConflict {
		t.Errorf("refused %v, want a dot conflict", acc.Refused)
	}
	p, err := n.Parked(t.Context())
	if err != nil || len(p) != 1 || p[0].Code != memory.CodeInvalid {
		t.Errorf("parked %v (%v), want the first op, for what it was refused for", p, err)
	}
	n.Stop()
	n = s.Open(t, "b", dir)
	if h := n.View().Heads["a.1"]; h.Seq != 1 || len(h.Gaps) != 1 {
		t.Errorf("head %+v, want 1 with a gap", h)
	}
}
