package upkeep

import (
	"context"
	"iter"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
)

// Manifest says whose log a complete export holds, and what it adds up to.
type Manifest = intake.Manifest

// Loaded says what became of the entries of a dump.
type Loaded = intake.Loaded

// Logged is an entry of a dump. Entry is nil, or has only a header, where this
// program cannot read it.
type Logged struct {
	memory.Shipment

	Entry *memory.Entry
}

// Dump hands out the log of this node behind an LSN as it is at one instant, all of
// it behind 0: first what is to come, then the entries, those whose content is gone
// last.
func (b *Book) Dump(ctx context.Context, after uint64, start func(Manifest) error, yield func([]Logged) error) error {
	return b.store.Dump(ctx, after, func(inv memory.Inventory) error {
		return start(Manifest{Inventory: inv, Node: b.core.Node(), Origin: b.store.Origin(), Version: b.cfg.Version, At: b.core.Now()})
	}, func(ops []memory.Shipment) error {
		out := make([]Logged, len(ops))
		for i, op := range ops {
			entry, err := b.store.Inspect(op.Raw)
			if err != nil && entry != nil {
				entry.Op = nil
			}
			out[i] = Logged{Shipment: op, Entry: entry}
		}
		return yield(out)
	})
}

// Load takes a dump in, by the door that entries of members come in by. It may be
// repeated, and go on where an earlier one broke off. With dry nothing is written.
func (b *Book) Load(ctx context.Context, m Manifest, dry bool, batches iter.Seq2[[]memory.Shipment, error]) (Loaded, error) {
	out, err := b.cfg.Door.AcceptDump(ctx, m, dry, batches)
	if err != nil {
		return out, err
	}
	if !dry { // proposals whose home this node is are its to carry out
		err = b.cfg.Loaded(ctx)
	}
	out.Origin = b.store.Origin()
	return out, err
}
