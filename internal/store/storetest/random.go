package storetest

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// anyHistory drives stores through random histories in which everything happens
// that can happen to one: entries out of order, twice and by way of others,
// compactions, restarts, repairs, refusals that are lifted later. Whatever it
// was, the kept digest follows from the rows, and in the end from the entries.
func (s Suite) anyHistory(t *testing.T) {
	for seed := range uint64(4) {
		w := &world{s: s, t: t, rng: rand.New(rand.NewPCG(seed, 99)), seed: seed}
		w.entries, w.ships, w.want = s.History(t, seed, 3, 90)
		w.run()
		if t.Failed() {
			return
		}
	}
}

type world struct {
	s       Suite
	t       *testing.T
	rng     *rand.Rand
	seed    uint64
	entries []*memory.Entry
	ships   []memory.Shipment
	want    *memory.State
	nodes   []*Node
	blind   []memory.Kind // what each node does not know for now; 0 is nothing
	scarce  bool          // compactions drop contents, so conflicts may differ
}

func (w *world) run() {
	w.scarce = w.seed%2 == 1
	for i := range 2 {
		w.nodes = append(w.nodes, nil)
		w.blind = append(w.blind, memory.Kind(w.rng.IntN(2*len(memory.Kinds()))))
		if w.blind[i] > memory.KindClearStandard || !w.scarce {
			w.blind[i] = 0
		}
		w.open(i, w.t.TempDir())
	}
	for range 40 {
		w.step(w.rng.IntN(len(w.nodes)))
	}
	for i := range w.nodes {
		w.finish(i)
	}
	w.compare()
}

func (w *world) open(i int, dir string) {
	w.nodes[i] = w.s.Open(w.t, "reader", dir, func(c *store.Config) {
		if w.blind[i] != 0 {
			c.Codec = blind{w.s.Codec, w.blind[i]}
		}
	})
}

func (w *world) some() []memory.Shipment {
	out := make([]memory.Shipment, 1+w.rng.IntN(12))
	for i := range out {
		out[i] = w.ships[w.rng.IntN(len(w.ships))]
	}
	return out
}

func (w *world) step(i int) {
	n := w.nodes[i]
	ctx := w.t.Context()
	var err error
	switch w.rng.IntN(10) {
	case 0, 1, 2, 3:
		n.Take(w.some()...)
	case 4:
		err = w.relay(n, w.nodes[1-i])
	case 5:
		before := memory.InstantOf(w.entries[w.rng.IntN(len(w.entries))].Stamp.Time())
		if w.scarce {
			stable := map[memory.Origin]uint64{}
			for o, h := range n.View().Heads {
				stable[o] = h.Seq * uint64(w.rng.IntN(2))
			}
			_, err = n.Compact(ctx, before, 1+w.rng.IntN(4), stable)
		}
	case 6:
		n.Stop()
		w.open(i, n.Dir())
		n = w.nodes[i]
	case 7:
		_, err = n.Reapply(ctx, w.some())
	case 8:
		_, _, err = n.Changed(ctx, uint64(w.rng.IntN(100)), 1+w.rng.IntN(100))
	case 9:
		var found memory.Scrubbing
		if found, err = n.Scrub(ctx, 0, time.Hour); found.Wrong || found.Damaged > 0 {
			w.t.Errorf("seed %d: scrub found the digest wrong", w.seed)
		}
	}
	if err != nil {
		w.t.Fatalf("seed %d: %v", w.seed, err)
	}
	n.CheckState(nil)
}

// relay brings a range of what one node has to the other, hollow forms and all.
func (w *world) relay(from, to *Node) error {
	origins := slices.Sorted(maps.Keys(from.View().Heads))
	o := origins[w.rng.IntN(len(origins))]
	ops, _, err := from.Range(w.t.Context(), memory.Range{Origin: o, From: to.View().Heads[o].Seq + 1, To: 1 << 60}, 1+w.rng.IntN(20), 1<<16)
	if errors.Is(err, memory.ErrTruncated) && w.scarce {
		return nil
	}
	if err == nil && len(ops) > 0 {
		to.Take(ops...)
	}
	return err
}

// finish gives node i everything that it does not have yet.
func (w *world) finish(i int) {
	if w.blind[i] != 0 {
		w.blind[i] = 0
		w.nodes[i].Stop()
		w.open(i, w.nodes[i].Dir())
	}
	n := w.nodes[i]
	if acc := n.Take(w.ships...); acc.Deferred > 0 {
		w.t.Errorf("seed %d: %d put off with everything there", w.seed, acc.Deferred)
	}
	for dots := n.gaps(); len(dots) > 0; dots = n.gaps() {
		_, err := n.RetryParked(w.t.Context(), dots, time.Now())
		if err != nil || len(n.gaps()) == len(dots) {
			parked, _ := n.Parked(w.t.Context())
			w.t.Fatalf("seed %d: refused for good (%v): %v", w.seed, err, parked)
		}
	}
	n.CheckState(w.want)
	for _, e := range w.entries {
		if !n.View().Heads.Holds(e.Dot) {
			w.t.Errorf("seed %d: %s is not held", w.seed, e.Dot)
		}
	}
}

// gaps lists what n has refused.
func (n *Node) gaps() []memory.Dot {
	var dots []memory.Dot
	for o, h := range n.View().Heads {
		for _, g := range h.Gaps {
			dots = append(dots, memory.Dot{Origin: o, Seq: g})
		}
	}
	return dots
}

// compare checks what is no part of the digest, and makes a copy of a copy.
func (w *world) compare() {
	if !w.scarce {
		a, b := w.nodes[0].conflictCounts(w.entries), w.nodes[1].conflictCounts(w.entries)
		if !maps.Equal(a, b) {
			w.t.Errorf("seed %d: conflicts %v and %v", w.seed, a, b)
		}
	}
	for _, n := range w.nodes {
		w.presence(n)
	}
	first := w.s.copyOf(w.t, w.nodes[0])
	for _, n := range append(w.nodes, first, w.s.copyOf(w.t, first)) {
		n.Stop()
	}
}

// presence lists by what somebody holds, and compares with [memory.Presence.Fits].
func (w *world) presence(n *Node) {
	known := memory.Heads{}
	for o, h := range n.View().Heads {
		to := memory.Head{Seq: uint64(w.rng.Int64N(int64(h.Seq) + 2))}
		for seq := range to.Seq {
			if w.rng.IntN(4) == 0 {
				to.Gaps = append(to.Gaps, seq+1)
			}
		}
		known[o] = to
	}
	for _, p := range []memory.Presence{{Heads: known}, {Heads: known, Missing: true}, {All: true}, {All: true, Missing: true}, {Missing: true}} {
		for _, life := range []memory.Life{memory.Live, memory.Archived, memory.Deleted} {
			f := memory.Filter{All: true, Now: now(), Life: life}
			all, _, err := n.List(w.t.Context(), f, memory.ByNewest, 10_000, 0, "")
			f.Presence = []memory.Presence{p}
			got, _, err2 := n.List(w.t.Context(), f, memory.ByNewest, 10_000, 0, "")
			want := slices.DeleteFunc(all, func(r memory.Record) bool { return !p.Fits(&r) })
			if err != nil || err2 != nil || !slices.Equal(ids(got), ids(want)) {
				w.t.Errorf("seed %d: by what is held: %v (%v, %v), want %v", w.seed, ids(got), err, err2, ids(want))
			}
		}
	}
}

func ids(list []memory.Record) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].ID
	}
	return out
}
