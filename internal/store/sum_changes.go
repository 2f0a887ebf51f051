package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// The digest of the state is a sum over 4,096 buckets, and each entry changes two of
// them that lie anywhere. So what a transaction adds is written behind what others have
// added before, in rows that fill a page each, and the sums themselves only when these
// rows are full: a lone write dirties one page for it, a batch of 128 creates three, in
// the place of 32. The rows are used again, in rounds: none is ever deleted.
const (
	changeBytes  = 2 + len(memory.Digest{})
	slotChanges  = 118 // with them, a row is as large as may be with a page of its own
	defaultSlots = 64
)

// sumChanges is where the next change of a sum is written.
type sumChanges struct {
	slots int // in a round
	round int64
	slot  int
	raw   []byte // of the slot, so far
	dirty [memory.Buckets / partSums]bool
}

// loadSumChanges adds what was added since the sums were written.
func (w *state) loadSumChanges(ctx context.Context) error {
	w.changes = sumChanges{slots: w.cfg.sumSlots}
	if _, err := w.queryRow(ctx, `SELECT round FROM node`, nil, &w.changes.round); err != nil {
		return err
	}
	return w.each(ctx, `SELECT slot, raw FROM sum_changes WHERE round = ? ORDER BY slot`, []any{w.changes.round}, func(r rowScanner) error {
		c := &w.changes
		if err := r.Scan(&c.slot, &c.raw); err != nil {
			return err
		}
		if len(c.raw)%changeBytes != 0 || len(c.raw) > slotChanges*changeBytes {
			return fmt.Errorf("%w: the changes of sums in slot %d are damaged", ErrFatal, c.slot)
		}
		for x := range slices.Chunk(c.raw, changeBytes) {
			b := int(binary.LittleEndian.Uint16(x))
			if b >= memory.Buckets {
				return fmt.Errorf("%w: the changes of sums in slot %d are damaged", ErrFatal, c.slot)
			}
			d := memory.SumOf(memory.Digest(x[2:]))
			w.sums[b].Add(d)
			w.root.Add(d)
			c.dirty[b/partSums] = true
		}
		return nil
	})
}

// saveSums writes what the transaction adds to the sums.
func (t *tx) saveSums(ctx context.Context) error {
	if len(t.deltas) == 0 {
		return nil
	}
	c := &t.changes
	for b := range t.deltas {
		c.dirty[b/partSums] = true
	}
	if left := (c.slots-c.slot)*slotChanges - len(c.raw)/changeBytes; left < len(t.deltas) {
		return t.foldSums(ctx)
	}
	for b, d := range t.deltas {
		if len(c.raw) == slotChanges*changeBytes {
			if err := t.saveSlot(ctx); err != nil {
				return err
			}
			c.slot, c.raw = c.slot+1, nil
		}
		digest := d.Digest()
		c.raw = append(binary.LittleEndian.AppendUint16(c.raw, uint16(b)), digest[:]...)
	}
	return t.saveSlot(ctx)
}

func (t *tx) saveSlot(ctx context.Context) error {
	return t.conn.exec(ctx, `INSERT INTO sum_changes (slot, round, raw) VALUES (?, ?, ?) ON CONFLICT (slot) DO UPDATE SET round = excluded.round, raw = excluded.raw`,
		t.changes.slot, t.changes.round, t.changes.raw)
}

// foldSums writes the sums that were changed in this round, and begins the next one.
func (t *tx) foldSums(ctx context.Context) error {
	c := &t.changes
	for part, changed := range c.dirty {
		if !changed {
			continue
		}
		raw := make([]byte, 0, partSums*len(memory.Digest{}))
		for b := part * partSums; b < (part+1)*partSums; b++ {
			sum := t.sums[b]
			sum.Add(t.deltas[b])
			digest := sum.Digest()
			raw = append(raw, digest[:]...)
		}
		err := t.conn.exec(ctx, `INSERT INTO buckets (part, sums) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET sums = excluded.sums`, part, raw)
		if err != nil {
			return err
		}
	}
	*c = sumChanges{slots: c.slots, round: c.round + 1}
	return nil
}
