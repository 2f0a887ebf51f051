package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// What one entry holds counts in the sums as long as the entry can be read. When that changes
// it is these registers that are added up, and not all: see weigh. What they counted until
// then follows from the row, unless more of it is damaged than can be told; so what comes out
// is in doubt until all has been added up beside the writer.

// weigher moves the sums by what some entries hold.
type weigher struct{ scrubber }

// counted is a row of the log as far as it says what it holds.
type counted struct {
	sealed

	lsn, record int64
	kind        memory.Kind
	op          memory.Op // nil: it is not known
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

// weigh does something that changes whether the entries of rows count, and moves the sums by
// what the registers that they hold count more or less then.
func (t weigher) weigh(ctx context.Context, rows []counted, do func() error) error {
	if len(rows) == 0 {
		return nil
	}
	t.doubt = true
	was := map[memory.Dot]memory.Digest{} // of what counts
	lsns := make([]int64, len(rows))
	for i := range rows {
		x := &rows[i]
		lsns[i] = x.lsn
		digest := toDigest(x.digest)
		if e, _ := t.cfg.Codec.Decode(x.raw); e != nil && e.Dot == t.dot(x.origin, x.seq) && digest == (memory.Digest{}) {
			digest = e.Digest // else it is rather the bytes that are damaged, which are far more
		}
		if x.state != stateDamaged {
			was[t.dot(x.origin, x.seq)] = digest
		}
	}
	rids, err := t.holding(ctx, rows)
	if err != nil {
		return err
	}
	err = t.items(ctx, lsns, rids, func(k memory.Key, v memory.Version, d memory.Digest) {
		if counted, is := was[v.Dot]; is {
			d = counted
		}
		t.weight(k, v, d, (*memory.Sum).Sub)
	})
	if err == nil {
		err = do()
	}
	if err == nil {
		err = t.items(ctx, lsns, rids, func(k memory.Key, v memory.Version, d memory.Digest) { t.weight(k, v, d, (*memory.Sum).Add) })
	}
	return err
}

// holding are the memories of which entries hold a register, and perhaps others.
func (t weigher) holding(ctx context.Context, rows []counted) ([]int64, error) {
	var unread []counted
	ids := []string{}
	for _, x := range rows {
		if x.op == nil {
			unread = append(unread, x)
			continue
		}
		for _, k := range x.op.Subjects() {
			if k.Family.OfMemory() {
				ids = append(ids, k.A)
			}
		}
	}
	among, args := t.dialect.among("id", ids)
	rids, err := t.rowIDs(ctx, `SELECT rid FROM memories WHERE `+among, args...)
	if err != nil {
		return nil, err
	}
	more, err := t.holdingUnread(ctx, unread)
	return append(rids, more...), err
}

// holdingUnread is holding of entries that cannot be read. Where a row does not say which
// memory it is, all are looked through, once.
func (t weigher) holdingUnread(ctx context.Context, rows []counted) (rids []int64, err error) {
	var lsns []int64
	for _, x := range rows {
		var one int
		of, err := t.queryRow(ctx, `SELECT 1 FROM memories WHERE rid = ? AND (c_lsn = ? OR l_lsn = ?)`, []any{x.record, x.lsn, x.lsn}, &one)
		if err != nil {
			return nil, err
		}
		if of {
			rids = append(rids, x.record)
		}
		if !of || x.kind == memory.KindConsolidate { // perhaps of others
			lsns = append(lsns, x.lsn)
		}
	}
	if len(lsns) == 0 {
		return rids, nil
	}
	content, args := t.dialect.among("c_lsn", lsns)
	life, also := t.dialect.among("l_lsn", lsns)
	more, err := t.rowIDs(ctx, `SELECT rid FROM memories WHERE `+content+` OR `+life, append(args, also...)...)
	return append(rids, more...), err
}

func (t weigher) weight(k memory.Key, v memory.Version, d memory.Digest, move func(*memory.Sum, memory.Sum)) {
	t.change()
	b := memory.Bucket(k)
	sum := t.deltas[b]
	move(&sum, memory.ItemSum(k, v, d))
	t.deltas[b] = sum
}

// items calls fn for the registers that entries hold, and perhaps for others of their
// memories, each once.
func (t weigher) items(ctx context.Context, lsns, rids []int64, fn func(memory.Key, memory.Version, memory.Digest)) error {
	return t.eachRegister(func(q string, row func(rowScanner) error) error {
		column, values := "m.rid", rids
		if q == sqlOtherRegisters {
			column, values = "r.lsn", lsns
		}
		if len(values) == 0 {
			return nil
		}
		among, args := t.dialect.among(column, values)
		return t.each(ctx, q+` WHERE `+among, args, row)
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
