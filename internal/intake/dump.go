package intake

import (
	"context"
	"fmt"
	"iter"

	"github.com/tallystick/tallystick/internal/memory"
)

// Manifest says whose log a complete export holds, and what it adds up to.
type Manifest struct {
	memory.Inventory

	Node    memory.Node
	Origin  memory.Origin // under which the node logged when it was made
	Version string        // of the program
	At      memory.Instant
}

// Loaded says what became of the entries of a dump.
type Loaded struct {
	Entries  int              // read
	Applied  int              // new here; in a dry run: would be
	Known    int              // held already
	Deferred int              // hollow, and what replaced them is missing
	Refused  int              // not taken, their bytes kept
	Refusals []memory.Refusal // the first of them
	// Adopted is set when this node, whose state is now that of the dump, vouches for
	// everything that the dump covers, also for what had been superseded and dropped before it was made.
	Adopted bool
	Digest  memory.Digest // of this node's state, afterwards
	Equal   bool          // to that of the manifest
	Origin  memory.Origin // under which this node logs now
}

const maxRefusals = 100

// AcceptDump takes in a complete export that the operator brings. It may be
// repeated, and go on where an earlier one broke off. The batches end with an error
// if the dump is not whole; then what came before is kept, and the heads stay as
// they are. With dry nothing is written: everything is decoded, and added up to the
// digest that the manifest names.
func (d *Door) AcceptDump(ctx context.Context, m Manifest, dry bool, batches iter.Seq2[[]memory.Shipment, error]) (Loaded, error) {
	l := loading{
		whole: whole{door: d, from: memory.Source{Route: memory.RouteImport}}, dry: dry, state: memory.NewState(),
		parked: map[memory.Dot]bool{}, origins: map[memory.Origin]bool{}, sums: true,
	}
	for o, h := range m.View.Heads {
		for _, seq := range h.Gaps {
			l.parked[memory.Dot{Origin: o, Seq: seq}] = true
		}
	}
	for ops, err := range batches {
		if err == nil {
			err = l.next(ctx, ops)
		}
		if err != nil {
			return l.sum(m), err
		}
	}
	return l.finish(ctx, m)
}

// loading is a AcceptDump under way.
type loading struct {
	whole

	dry     bool
	entries int
	known   int                    // in a dry run: held already
	state   *memory.State          // what the dump adds up to
	parked  map[memory.Dot]bool    // what its node had refused, and not counted
	origins map[memory.Origin]bool // of the entries
	sums    bool                   // state has everything
	adopted bool
}

// next takes a batch of the dump. A line that is no entry makes the rest of the
// dump worthless; an entry that this node refuses does not.
func (l *loading) next(ctx context.Context, ops []memory.Shipment) error {
	heads := l.door.store.View().Heads
	in := make([]memory.Arrival, 0, len(ops))
	for _, op := range ops {
		a, err := memory.OpenOne(l.door.cfg.Decode, op)
		if err != nil {
			return fmt.Errorf("entry %d: damaged: %w", l.entries+1, err)
		}
		in = append(in, a)
		l.entries++
		dot := a.Entry.Dot
		l.origins[dot.Origin] = true
		switch {
		case l.parked[dot]:
		case a.Refused != nil:
			l.sums = false
		default:
			l.state.Apply(slim(a.Entry))
		}
		if heads.Holds(dot) {
			l.known++
		} else if a.Refused != nil && l.dry {
			l.refused = append(l.refused, memory.Refusal{Dot: dot, Code: memory.RefusalCode(a.Refused), Text: a.Refused.Error()})
		}
	}
	if l.dry {
		return nil
	}
	return l.batch(ctx, in)
}

// slim returns e without the text that it writes: its registers, version and
// digest are all that is added up.
func slim(e *memory.Entry) *memory.Entry {
	if h, ok := e.Hollowed(e.Dot); ok {
		return h
	}
	return e
}

// finish adopts the heads of the manifest if the entries add up to what it says and
// this node's state is now the same, and compares.
func (l *loading) finish(ctx context.Context, m Manifest) (Loaded, error) {
	if root := l.state.Root().Digest(); l.sums && root != m.View.Root {
		return l.sum(m), fmt.Errorf("the entries add up to digest %s, the manifest says %s: %w", root, m.View.Root, memory.ErrInvalid)
	}
	if l.dry {
		return l.sum(m), nil
	}
	if err := l.rest(ctx); err != nil {
		return l.sum(m), err
	}
	if l.sums && l.complete() == nil && l.door.store.View().Root == m.View.Root {
		// Of an origin without an entry in the dump nothing is taken over: a member that
		// has one will tell.
		if err := l.adopt(ctx, m.View.Heads, func(o memory.Origin) bool { return l.origins[o] }); err != nil {
			return l.sum(m), fmt.Errorf("dump: %w", err)
		}
		l.adopted = true
	}
	return l.sum(m), nil
}

// sum says what became of the entries so far.
func (l *loading) sum(m Manifest) Loaded {
	view := l.door.store.View()
	out := Loaded{
		Entries: l.entries, Applied: l.applied, Known: l.known, Deferred: l.deferred, Refused: len(l.refused),
		Refusals: l.refused[:min(len(l.refused), maxRefusals)], Adopted: l.adopted, Digest: view.Root, Equal: view.Root == m.View.Root,
	}
	if l.dry {
		out.Applied = out.Entries - out.Known - out.Refused
	} else {
		out.Known = out.Entries - out.Applied - out.Refused - out.Deferred
	}
	return out
}
