package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// What one entry holds counts in the sums as long as the entry can be read. When that changes
// it is these registers that are added up, and not all: see weigh. What they counted until
// then follows from the row, unless more of it is damaged than can be told; so what comes out
// is in doubt until all has been added up beside the writer.

// counted is a row of the log as far as it says what it holds.
type counted struct {
	sealed

	lsn, record int64
	kind        memory.Kind
}

// counted reads the row of a dot. Of a number that is none it says zero.
func (t scrubber) counted(ctx context.Context, origin, seq int64) (x counted, found bool, err error) {
	var record, kind any
	found, err = t.queryRow(ctx, `SELECT l.lsn, l.record, l.kind, `+sqlSealedL+` FROM log l WHERE l.origin = ? AND l.seq = ?`,
		[]any{origin, seq}, append([]any{&x.lsn, &record, &kind}, x.dest()...)...)
	x.record, _ = record.(int64)
	number, _ := kind.(int64)
	x.kind = memory.Kind(number)
	return x, found, err
}

// weigh does something that changes whether the entry of a row counts, and moves the sums by
// what the registers that it holds count more or less then.
func (t scrubber) weigh(ctx context.Context, x counted, do func() error) error {
	rid := x.record
	var one int
	if of, err := t.queryRow(ctx, `SELECT 1 FROM memories WHERE rid = ? AND (c_lsn = ? OR l_lsn = ?)`, []any{rid, x.lsn, x.lsn}, &one); err != nil {
		return err
	} else if !of || x.kind == memory.KindConsolidate { // perhaps of others
		rid = 0
	}
	t.doubt = true
	was := toDigest(x.digest) // bytes are more, and so it is they that are damaged, if that can be
	if e, _ := t.cfg.Codec.Decode(x.raw); e != nil && was == (memory.Digest{}) && e.Dot == t.dot(x.origin, x.seq) {
		was = e.Digest
	}
	err := t.items(ctx, x.lsn, rid, func(k memory.Key, v memory.Version, d memory.Digest) {
		if x.state != stateDamaged && v.Dot == t.dot(x.origin, x.seq) {
			d = was
		}
		t.weight(k, v, d, (*memory.Sum).Sub)
	})
	if err == nil {
		err = do()
	}
	if err == nil {
		err = t.items(ctx, x.lsn, rid, func(k memory.Key, v memory.Version, d memory.Digest) { t.weight(k, v, d, (*memory.Sum).Add) })
	}
	return err
}

func (t scrubber) weight(k memory.Key, v memory.Version, d memory.Digest, move func(*memory.Sum, memory.Sum)) {
	t.change()
	b := memory.Bucket(k)
	sum := t.deltas[b]
	move(&sum, memory.ItemSum(k, v, d))
	t.deltas[b] = sum
}

// items calls fn for the registers that an entry holds, and perhaps for others that it leaves
// as they are. Without the number of its memory all are looked through.
func (t scrubber) items(ctx context.Context, lsn, rid int64, fn func(memory.Key, memory.Version, memory.Digest)) error {
	return t.eachRegister(func(q string, row func(rowScanner) error) error {
		switch {
		case q == sqlOtherRegisters:
			return t.each(ctx, q+` WHERE r.lsn = ?`, []any{lsn}, row)
		case rid != 0:
			return t.each(ctx, q+` WHERE m.rid = ?`, []any{rid}, row)
		}
		return t.each(ctx, q+` WHERE m.c_lsn = ? OR m.l_lsn = ?`, []any{lsn, lsn}, row)
	}, fn)
}

// checkSums has all added up once what one entry counted was in doubt, beside the writer, and
// by the writer only if that came out as something else.
func (w *chores) checkSums(ctx context.Context) error {
	if w.doubt {
		w.doubt, w.checking = false, true
		w.sums.forget()
	}
	if !w.checking {
		return nil
	}
	differs, known := w.sums.answer()
	if !known {
		return nil
	}
	w.checking = false
	if !differs {
		return nil
	}
	return w.alone(ctx, func(ctx context.Context, t *tx) error {
		_, err := scrubber{t}.scrub(ctx)
		return err
	})
}
