package memlog

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// owed is what a node owes to others: how far each has got, and what it refused.
type owed struct {
	mu       sync.Mutex
	cursors  map[memory.Node]map[memory.Origin]uint64
	rejected map[memory.Node]map[memory.Dot]memory.Parked
}

func newOwed() owed {
	return owed{cursors: map[memory.Node]map[memory.Origin]uint64{}, rejected: map[memory.Node]map[memory.Dot]memory.Parked{}}
}

// Cursors implements replicate.Cursors.
func (o *owed) Cursors(_ context.Context, origin memory.Origin) (map[memory.Node]uint64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[memory.Node]uint64{}
	for m, byOrigin := range o.cursors {
		out[m] = byOrigin[origin]
	}
	return out, nil
}

// SaveCursor implements replicate.Cursors.
func (o *owed) SaveCursor(_ context.Context, m memory.Node, origin memory.Origin, seq uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cursors[m] == nil {
		o.cursors[m] = map[memory.Origin]uint64{}
	}
	o.cursors[m][origin] = seq
	return nil
}

// Parked implements replicate.Cursors: what members refused of this node's.
func (o *owed) Parked(context.Context) ([]memory.Parked, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []memory.Parked
	for _, byDot := range o.rejected {
		out = slices.AppendSeq(out, maps.Values(byDot))
	}
	slices.SortFunc(out, func(a, b memory.Parked) int {
		return cmp.Or(cmp.Compare(a.Member, b.Member), cmp.Compare(a.Dot.String(), b.Dot.String()))
	})
	return out, nil
}

// Park implements replicate.Cursors.
func (o *owed) Park(_ context.Context, p memory.Parked) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.rejected[p.Member] == nil {
		o.rejected[p.Member] = map[memory.Dot]memory.Parked{}
	}
	o.rejected[p.Member][p.Dot] = p
	return nil
}

// Unpark implements replicate.Cursors.
func (o *owed) Unpark(_ context.Context, m memory.Node, dots []memory.Dot) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range dots {
		delete(o.rejected[m], d)
	}
	return nil
}

// furthest is the highest cursor that any member has for origin.
func (o *owed) furthest(origin memory.Origin) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	var seq uint64
	for _, byOrigin := range o.cursors {
		seq = max(seq, byOrigin[origin])
	}
	return seq
}

// copyCursors takes over the cursors of another.
func (o *owed) copyCursors(from *owed) {
	from.mu.Lock()
	defer from.mu.Unlock()
	for m, byOrigin := range from.cursors {
		o.cursors[m] = maps.Clone(byOrigin)
	}
}
