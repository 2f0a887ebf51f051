package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// The digest of the state is a sum over 4,096 buckets, and each entry changes some that
// lie anywhere. So what a transaction adds is written behind what others have added
// before, and the sums themselves only now and then: a lone write dirties no page for it,
// a batch of 128 creates one or two, in the place of 32. The changes go with the row of
// node; when they would fill its page they move to a slot, which is a row with a page of
// its own; and when all slots are full, a new round begins. No row is ever deleted.
const (
	changeBytes  = 2 + len(memory.Digest{})
	slotChanges  = 110
	defaultSlots = 64
)

// sumChanges is where the next change of a sum is written.
type sumChanges struct {
	slots int // in a round
	round int64
	full  int    // slots of this round
	raw   []byte // of the row of node
	dirty [memory.Buckets / partSums]bool
}

// loadSumChanges adds what was added since the sums were written.
func (w *state) loadSumChanges(ctx context.Context) error {
	c := &w.changes
	*c = sumChanges{slots: w.cfg.sumSlots}
	if _, err := w.queryRow(ctx, `SELECT round, changes FROM node`, nil, &c.round, &c.raw); err != nil {
		return err
	}
	if c.raw == nil {
		c.raw = []byte{} // nil is NULL
	}
	err := w.each(ctx, `SELECT raw FROM sum_changes WHERE round = ? ORDER BY slot`, []any{c.round}, func(r rowScanner) error {
		var raw []byte
		if err := r.Scan(&raw); err != nil {
			return err
		}
		c.full++
		return w.addChanges(raw)
	})
	if err != nil {
		return err
	}
	return w.addChanges(c.raw)
}

func (w *state) addChanges(raw []byte) error {
	if len(raw)%changeBytes != 0 {
		return fmt.Errorf("%w: changes of sums are damaged", ErrFatal)
	}
	for x := range slices.Chunk(raw, changeBytes) {
		b := int(binary.LittleEndian.Uint16(x))
		if b >= memory.Buckets {
			return fmt.Errorf("%w: changes of sums are damaged", ErrFatal)
		}
		d := memory.SumOf(memory.Digest(x[2:]))
		w.sums[b].Add(d)
		w.root.Add(d)
		w.changes.dirty[b/partSums] = true
	}
	return nil
}

// saveSums writes what the transaction adds to the sums, as far as it does not go with
// the row of node.
func (t *tx) saveSums(ctx context.Context) error {
	c := &t.changes
	for b := range t.deltas {
		c.dirty[b/partSums] = true
	}
	if left := (c.slots-c.full+1)*slotChanges - len(c.raw)/changeBytes; left <= len(t.deltas) {
		return t.foldSums(ctx)
	}
	for b, d := range t.deltas {
		digest := d.Digest()
		c.raw = append(binary.LittleEndian.AppendUint16(c.raw, uint16(b)), digest[:]...)
		if len(c.raw) < slotChanges*changeBytes {
			continue
		}
		if err := t.conn.exec(ctx, `INSERT INTO sum_changes (slot, round, raw) VALUES (?, ?, ?) ON CONFLICT (slot) DO UPDATE SET round = excluded.round, raw = excluded.raw`,
			c.full, c.round, c.raw); err != nil {
			return err
		}
		c.full, c.raw = c.full+1, c.raw[:0]
	}
	return nil
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
	*c = sumChanges{slots: c.slots, round: c.round + 1, raw: c.raw[:0]}
	return nil
}
