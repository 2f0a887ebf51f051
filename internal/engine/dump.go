package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Importer is what a complete export and its way back need of a store.
type Importer interface {
	Dump(ctx context.Context, start func(memory.Inventory) error, yield func([]memory.Shipment) error) error
	// Inspect decodes an entry and says why it would be refused.
	Inspect(raw []byte) (*memory.Entry, error)
	AdoptHeads(ctx context.Context, heads memory.Heads) error
}

// Manifest says whose log a complete export holds, and what it adds up to.
type Manifest struct {
	memory.Inventory

	Node    memory.Node
	Origin  memory.Origin // under which the node logged when it was made
	Version string        // of the program
	At      memory.Instant
}

// Logged is an entry of a dump. Entry is nil, or has only a header, where this
// program cannot read it.
type Logged struct {
	memory.Shipment

	Entry *memory.Entry
}

// Dump hands out the whole log of this node as it is at one instant: first what
// is to come, then the entries, those whose content is gone last.
func (e *Engine) Dump(ctx context.Context, start func(Manifest) error, yield func([]Logged) error) error {
	return e.store.Dump(ctx, func(inv memory.Inventory) error {
		return start(Manifest{Inventory: inv, Node: e.cfg.Node, Origin: e.store.Origin(), Version: e.cfg.Version, At: e.now()})
	}, func(ops []memory.Shipment) error {
		out := make([]Logged, len(ops))
		for i, op := range ops {
			entry, err := e.store.Inspect(op.Raw)
			if err != nil && entry != nil {
				entry.Op = nil
			}
			out[i] = Logged{Shipment: op, Entry: entry}
		}
		return yield(out)
	})
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

const (
	maxRefusals = 100
	loadBatch   = 256
)

// Load takes a dump in, through the door that members' entries come in by. It
// may be repeated, and go on where an earlier one broke off. The batches end
// with an error if the dump is not whole; then what came before is kept, and the
// heads stay as they are. With dry nothing is written: everything is decoded, and
// added up to the digest that the manifest names.
func (e *Engine) Load(ctx context.Context, m Manifest, dry bool, batches iter.Seq2[[]memory.Shipment, error]) (Loaded, error) {
	l := loading{engine: e, dry: dry, state: memory.NewState(), parked: map[memory.Dot]bool{}, origins: map[memory.Origin]bool{}, whole: true}
	for o, h := range m.View.Heads {
		for _, seq := range h.Gaps {
			l.parked[memory.Dot{Origin: o, Seq: seq}] = true
		}
	}
	for ops, err := range batches {
		if err == nil {
			err = l.batch(ctx, ops)
		}
		if err != nil {
			return l.out, err
		}
	}
	return l.finish(ctx, m)
}

// loading is a Load under way.
type loading struct {
	engine  *Engine
	dry     bool
	out     Loaded
	state   *memory.State          // what the dump adds up to
	parked  map[memory.Dot]bool    // what its node had refused, and not counted
	origins map[memory.Origin]bool // of the entries
	whole   bool                   // state has everything
	later   []memory.Shipment      // hollow entries of batches in which some wait for what came behind them
}

func (l *loading) batch(ctx context.Context, ops []memory.Shipment) error {
	heads := l.engine.store.View().Heads
	known := 0
	var hollow []memory.Shipment
	for _, op := range ops {
		entry, err := l.engine.store.Inspect(op.Raw)
		if entry == nil || entry.Dot.Valid() != nil || err != nil && !l.parked[entry.Dot] && !errors.Is(err, memory.ErrUnknownKind) {
			return fmt.Errorf("entry %d: damaged: %w", l.out.Entries+1, errors.Join(err, memory.ErrInvalid))
		}
		l.out.Entries++
		l.origins[entry.Dot.Origin] = true
		switch {
		case l.parked[entry.Dot]:
		case err != nil:
			l.whole = false
		default:
			l.state.Apply(slim(entry))
			if !entry.Hollow.IsZero() {
				hollow = append(hollow, op)
			}
		}
		if heads.Holds(entry.Dot) {
			known++
		} else if err != nil && l.dry {
			l.refused(memory.Refusal{Dot: entry.Dot, Code: memory.RefusalCode(err), Text: err.Error()})
		}
	}
	if l.dry {
		l.out.Known += known
		return nil
	}
	deferred, err := l.accept(ctx, ops)
	if deferred > 0 {
		l.later = append(l.later, hollow...)
	}
	return err
}

// defers takes in what had to wait. An entry whose content is gone may wait for
// another such entry.
func (l *loading) defers(ctx context.Context) error {
	for {
		before := l.out.Applied
		l.out.Deferred = 0
		for ops := range slices.Chunk(l.later, loadBatch) {
			n, err := l.accept(ctx, ops)
			if err != nil {
				return err
			}
			l.out.Deferred += n
		}
		if l.out.Deferred == 0 || l.out.Applied == before {
			return nil
		}
	}
}

// slim returns e without the text that it writes: its registers, version and
// digest are all that is added up.
func slim(e *memory.Entry) *memory.Entry {
	if h, ok := e.Hollowed(e.Dot); ok {
		return h
	}
	return e
}

func (l *loading) refused(list ...memory.Refusal) {
	l.out.Refused += len(list)
	l.out.Refusals = append(l.out.Refusals, list[:min(len(list), maxRefusals-len(l.out.Refusals))]...)
}

// accept takes a batch, and waits while the writer is busy. It returns how many
// have no place yet.
func (l *loading) accept(ctx context.Context, ops []memory.Shipment) (int, error) {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		done, err := l.engine.store.Accept(ctx, ops)
		if err == nil {
			l.out.Applied += done.Applied
			l.refused(done.Refused...)
			return done.Deferred, nil
		}
		if !errors.Is(err, memory.ErrBusy) {
			return 0, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// finish adopts the heads of the manifest if the entries add up to what it says,
// and compares.
func (l *loading) finish(ctx context.Context, m Manifest) (Loaded, error) {
	e := l.engine
	root := l.state.Root().Digest()
	if l.whole && root != m.View.Root {
		return l.out, fmt.Errorf("the entries add up to digest %s, the manifest says %s: %w", root, m.View.Root, memory.ErrInvalid)
	}
	if l.dry {
		l.out.Applied = l.out.Entries - l.out.Known - l.out.Refused
	} else {
		if err := l.defers(ctx); err != nil {
			return l.out, err
		}
		l.out.Known = l.out.Entries - l.out.Applied - l.out.Refused - l.out.Deferred
		if l.whole && l.out.Deferred == 0 && e.store.View().Root == m.View.Root {
			if err := e.store.AdoptHeads(ctx, l.covered(m.View.Heads)); err != nil {
				return l.out, fmt.Errorf("adopt the heads of the dump: %w", err)
			}
			l.out.Adopted = true
		}
		// Proposals whose home this node is are its to carry out.
		if err := e.home.load(ctx, e); err != nil {
			return l.out, err
		}
	}
	view := e.store.View()
	l.out.Digest, l.out.Origin = view.Root, e.store.Origin()
	l.out.Equal = view.Root == m.View.Root
	return l.out, nil
}

// covered are the heads up to which the dump has everything. Of an origin without
// an entry in it nothing is taken over: a member that has one will tell.
func (l *loading) covered(heads memory.Heads) memory.Heads {
	out := memory.Heads{}
	for o, h := range heads {
		if l.origins[o] {
			out[o] = h
		}
	}
	return out
}
