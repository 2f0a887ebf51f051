package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// scene is a federation of three in which nothing happens but what a test does.
type scene struct {
	*world
	t *testing.T
}

func newScene(t *testing.T, seed uint64) scene {
	t.Helper()
	s := scene{newWorld(Config{Seed: seed}), t}
	s.queue = nil
	populate(s.world, 3)
	s.pass(time.Second)
	return s
}

// pass lets time pass.
func (s scene) pass(d time.Duration) {
	s.t.Helper()
	till := s.now.Add(d)
	s.after(d, func() {})
	s.run(func() bool { return !s.now.Before(till) })
	if s.broken != nil {
		s.t.Fatal(s.broken)
	}
}

// writes has a node write memories that nobody else writes.
func (s scene) writes(n *node, titles ...string) {
	s.t.Helper()
	for _, title := range titles {
		n.disk(func() {
			t := &tag{w: 1}
			t.entry = n.store.Submit(t, create(title))[0]
		})
		s.pass(20 * time.Millisecond)
	}
	s.pass(3 * time.Second)
}

// rewrites has a node write one memory again and again.
func (s scene) rewrites(n *node, times int) {
	s.t.Helper()
	titles := make([]string, times)
	for i := range titles {
		titles[i] = "the same"
	}
	s.writes(n, titles...)
}

// alone cuts a node off, both ways, or joins it again.
func (s scene) alone(n *node, cut bool) {
	for _, m := range s.nodes {
		s.net.cut[link{n.name, m.name}], s.net.cut[link{m.name, n.name}] = cut, cut
	}
}

// setBackTo starts a node from a copy; rash, it numbers before it asks.
func (s scene) setBackTo(n *node, to *node, rash bool) {
	s.t.Helper()
	s.victims[n] = true
	n.crash()
	n.store, n.rash = to.store.Clone(), rash
	n.restart()
	s.pass(10 * time.Millisecond)
}

// setBackBehindDropped sets the first node back to a copy, alone and rash, after the
// others have dropped entries of what it will number again.
func (s scene) setBackBehindDropped(drop func(seq uint64) bool) *node {
	s.t.Helper()
	n, others := s.nodes[0], s.nodes[1:]
	s.rewrites(n, 3)
	old := &node{store: n.store.Clone()}
	s.rewrites(n, 6)
	for _, m := range others {
		forget(m, n.store.Origin(), drop)
	}
	s.alone(n, true)
	s.setBackTo(n, old, true)
	return n
}

func (s scene) equal(what string) {
	s.t.Helper()
	if s.becomeEqual(); s.broken != nil {
		s.t.Errorf("%s: %v", what, s.broken)
	}
}

// forget has a node drop what it can of the first five entries of an origin.
func forget(n *node, o memory.Origin, drop func(seq uint64) bool) {
	memlog.Thin(n.store, func(string) bool { return true })
	n.store.Truncate(o, 5, drop)
}

func every(uint64) bool { return true }

// A node that was set back numbers on without asking, and the others have dropped the
// entries that they have under those numbers: what cannot be compared any more must not
// keep the nodes apart for good.
func TestNumbersUsedTwiceThatOthersHaveDropped(t *testing.T) {
	for what, drop := range map[string]func(seq uint64) bool{
		"all":            every,
		"here and there": func(seq uint64) bool { return seq%3 != 0 },
		"the first":      func(seq uint64) bool { return seq < 5 },
	} {
		s := newScene(t, 1)
		n := s.setBackBehindDropped(drop)
		s.writes(n, "only here", "and this")
		s.alone(n, false)
		s.equal(what)
		if s.report.Conceded == 0 && s.report.Disputes == 0 {
			t.Errorf("%s: nothing was in dispute", what)
		}
	}
}

// The same, but it is another node that has the second entries, because the first one
// loses its disk before anybody has noticed.
func TestNumbersUsedTwiceThatOnlyAThirdNodeHas(t *testing.T) {
	s := newScene(t, 1)
	n, behind, ahead := s.nodes[0], s.nodes[1], s.nodes[2]
	s.rewrites(n, 3)
	old := &node{store: n.store.Clone()}
	s.alone(behind, true)
	s.rewrites(n, 4)
	forget(ahead, n.store.Origin(), every)
	s.alone(ahead, true)
	s.alone(behind, false)
	s.net.cut[link{behind.name, ahead.name}], s.net.cut[link{ahead.name, behind.name}] = true, true
	s.setBackTo(n, old, true)
	s.writes(n, "by two of three")
	s.setBackTo(n, old, false)
	s.equal("a third node")
}

// A node is set back to one copy twice, and numbers on each time.
func TestTwiceFromOneCopy(t *testing.T) {
	s := newScene(t, 1)
	n := s.nodes[0]
	s.rewrites(n, 3)
	old := &node{store: n.store.Clone()}
	for _, title := range []string{"first life", "second life", "third life"} {
		s.alone(n, true)
		s.setBackTo(n, old, true)
		s.writes(n, title, title+", again")
		s.alone(n, false)
		s.pass(5 * time.Second)
	}
	s.equal("twice")
	if s.report.Disputes == 0 {
		t.Error("nothing was in dispute")
	}
}

// What only a copy has of numbers that the others have dropped is on one disk: nobody
// may vote for it because the heads look the same.
func TestNobodyVotesForWhatItHasNotGot(t *testing.T) {
	for seed := range uint64(500) {
		s := newScene(t, seed)
		n := s.setBackBehindDropped(every)
		for _, title := range []string{"only here", "and this"} {
			n.disk(func() {
				t := &tag{w: 2}
				t.entry = n.store.Submit(t, create(title))[0]
			})
			s.pass(20 * time.Millisecond)
		}
		s.alone(n, false)
		s.equal(fmt.Sprint("seed ", seed))
	}
}

// An entry that is not on a disk is lost there, unless all that it wrote was overwritten
// by what is there; a content only by an erase, or once its history is no longer kept.
func TestWhatIsOverwrittenIsNotLost(t *testing.T) {
	into, one, two := create("into"), create("one"), create("two")
	joined := &memory.Consolidate{Into: into.Memory, Sources: []memory.SourceVersion{{ID: one.Memory.ID}, {ID: two.Memory.ID}}}
	const thinned = "it was edited, and its history is no longer kept"
	erase := func(m *memory.Put) memory.Op { return &memory.Erase{ID: m.Memory.ID} }
	archive := func(m *memory.Put) memory.Op { return &memory.Archive{ID: m.Memory.ID} }
	for what, c := range map[string]struct {
		op    memory.Op
		later []memory.Op
		kept  bool
	}{
		"nothing came":                   {one, nil, false},
		"another was written":            {one, []memory.Op{two, erase(two)}, false},
		"it was edited":                  {one, []memory.Op{one}, false},
		thinned:                          {one, []memory.Op{one}, true},
		"its life went on":               {one, []memory.Op{archive(one)}, false},
		"it was erased":                  {one, []memory.Op{erase(one)}, true},
		"its place in life was taken":    {archive(one), []memory.Op{archive(one)}, true},
		"what was made of it was erased": {joined, []memory.Op{erase(into), erase(one)}, false},
		"all of it was overwritten":      {joined, []memory.Op{erase(into), erase(one), archive(two)}, true},
	} {
		s := newScene(t, 1)
		has, lacks := s.nodes[0], s.nodes[1]
		lost := has.store.Submit(nil, c.op)[0]
		for _, op := range c.later {
			later := has.store.Submit(nil, op)[0]
			if _, err := lacks.store.Accept(t.Context(), memory.Source{}, []memory.Shipment{s.lib.Ship(later)}); err != nil {
				t.Fatal(err)
			}
		}
		memlog.Thin(has.store, func(string) bool { return what == thinned })
		if !keeps(s.world, has, lost) || keeps(s.world, lacks, lost) != c.kept {
			t.Errorf("%s: kept is %v, want %v", what, !c.kept, c.kept)
		}
	}
}

// A node that was set back numbers many at once without asking, and the others have
// dropped what they have there: what is compared and conceded crosses what is still
// being sent.
func TestManyAtOnceUnderNumbersThatOthersHaveDropped(t *testing.T) {
	for seed := range uint64(600) {
		s := newScene(t, seed)
		n := s.setBackBehindDropped(every)
		for i := range 20 {
			n.disk(func() {
				t := &tag{w: 2}
				t.entry = n.store.Submit(t, create(fmt.Sprint("only here ", i)))[0]
			})
		}
		s.pass(20 * time.Millisecond)
		s.alone(n, false)
		s.equal(fmt.Sprint("seed ", seed))
	}
}

func create(title string) *memory.Put {
	return &memory.Put{Create: true, Memory: memory.Memory{ID: memory.DerivedID("global", title), Title: title}}
}
