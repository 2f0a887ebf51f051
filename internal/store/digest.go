package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// sqlRegisters lists every register with the digest of its holder. Both halves
// of a memory come from one row.
const (
	sqlMemoryRegisters = `SELECT m.id, m.l_state, m.c_lsn, m.c_stamp, m.c_origin, m.c_seq, c.digest, m.l_lsn, m.l_stamp, m.l_origin, m.l_seq, l.digest
		FROM memories m LEFT JOIN log c ON c.lsn = m.c_lsn LEFT JOIN log l ON l.lsn = m.l_lsn`
	sqlOtherRegisters = `SELECT r.family, r.a, r.b, r.c, r.lsn, r.stamp, r.origin, r.seq, g.digest
		FROM registers r LEFT JOIN log g ON g.lsn = r.lsn`
)

// eachRegister calls fn for every register, as the rows have it.
func (s *Store) eachRegister(query func(q string, fn func(rowScanner) error) error, fn func(memory.Key, memory.Version, memory.Digest)) error {
	err := query(sqlMemoryRegisters, func(r rowScanner) error {
		var id string
		var life memory.Life
		var c, l ref
		var cd, ld []byte
		if err := r.Scan(&id, &life, &c.lsn, &c.stamp, &c.origin, &c.seq, &cd, &l.lsn, &l.stamp, &l.origin, &l.seq, &ld); err != nil {
			return err
		}
		final := life == memory.Erased
		if c.lsn != 0 {
			fn(memory.ContentKey(id), s.version(c, final), toDigest(cd))
		}
		if l.lsn != 0 {
			fn(memory.LifeKey(id), s.version(l, final), toDigest(ld))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return query(sqlOtherRegisters, func(r rowScanner) error {
		var k memory.Key
		var v ref
		var d []byte
		if err := r.Scan(&k.Family, &k.A, &k.B, &k.C, &v.lsn, &v.stamp, &v.origin, &v.seq, &d); err != nil {
			return err
		}
		fn(k, s.version(v, false), toDigest(d))
		return nil
	})
}

// toDigest reads a stored digest; one that is missing or damaged is zero, which
// no entry has.
func toDigest(b []byte) memory.Digest {
	if len(b) != len(memory.Digest{}) {
		return memory.Digest{}
	}
	return memory.Digest(b)
}

// partSums is how many sums one row of buckets has: few rows for a batch that
// touches many, and little to write for one that touches few.
const partSums = 64

// saveSums writes the sums that the transaction changes.
func (t *tx) saveSums(ctx context.Context) error {
	var dirty [memory.Buckets / partSums]bool
	for b := range t.deltas {
		dirty[b/partSums] = true
	}
	for part, changed := range dirty {
		if !changed {
			continue
		}
		raw := make([]byte, 0, partSums*len(memory.Digest{}))
		for b := part * partSums; b < (part+1)*partSums; b++ {
			sum := t.w.sums[b]
			sum.Add(t.deltas[b])
			digest := sum.Digest()
			raw = append(raw, digest[:]...)
		}
		err := t.w.exec(ctx, `INSERT INTO buckets (part, sums) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET sums = excluded.sums`, part, raw)
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) loadBuckets(ctx context.Context) error {
	return w.each(ctx, `SELECT part, sums FROM buckets`, nil, func(r rowScanner) error {
		var part int
		var raw []byte
		if err := r.Scan(&part, &raw); err != nil {
			return err
		}
		if part < 0 || part >= memory.Buckets/partSums || len(raw) != partSums*len(memory.Digest{}) {
			return fmt.Errorf("%w: the sums of part %d are damaged", ErrFatal, part)
		}
		i := part * partSums
		for d := range slices.Chunk(raw, len(memory.Digest{})) {
			w.sums[i] = memory.SumOf(memory.Digest(d))
			w.root.Add(w.sums[i])
			i++
		}
		return nil
	})
}

// BucketSums returns the digest of the state in parts, computed from the rows
// and not from the sums kept along, with the heads of the same instant.
func (s *Store) BucketSums(ctx context.Context) (memory.View, []memory.Digest, error) {
	var sums [memory.Buckets]memory.Sum
	var root memory.Sum
	view, err := s.registersAt(ctx, func(k memory.Key, v memory.Version, d memory.Digest) {
		item := memory.ItemSum(k, v, d)
		sums[memory.Bucket(k)].Add(item)
		root.Add(item)
	})
	if err != nil {
		return view, nil, err
	}
	view.Root = root.Digest()
	out := make([]memory.Digest, len(sums))
	for i := range sums {
		out[i] = sums[i].Digest()
	}
	return view, out, nil
}

// BucketRegisters lists the registers that are summed into the given buckets.
func (s *Store) BucketRegisters(ctx context.Context, buckets []uint16) (memory.View, []memory.RegisterDigest, error) {
	var want [memory.Buckets]bool
	for _, b := range buckets {
		if int(b) >= len(want) {
			return memory.View{}, nil, fmt.Errorf("bucket %d: %w", b, memory.ErrInvalid)
		}
		want[b] = true
	}
	var out []memory.RegisterDigest
	view, err := s.registersAt(ctx, func(k memory.Key, v memory.Version, d memory.Digest) {
		if want[memory.Bucket(k)] {
			out = append(out, memory.RegisterDigest{Key: k.String(), Version: v, Digest: d})
		}
	})
	return view, out, err
}

func (s *Store) registersAt(ctx context.Context, fn func(memory.Key, memory.Version, memory.Digest)) (memory.View, error) {
	tx, err := s.bulk.begin(ctx)
	if err != nil {
		return memory.View{}, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	view, err := tx.view(ctx, s)
	if err != nil {
		return view, err
	}
	return view, s.eachRegister(func(q string, row func(rowScanner) error) error { return tx.each(ctx, q, nil, row) }, fn)
}

// scrub recomputes the sums from the rows and reports whether they had been wrong.
func (t *tx) scrub(ctx context.Context) (bool, error) {
	var sums [memory.Buckets]memory.Sum
	err := t.w.s.eachRegister(func(q string, row func(rowScanner) error) error { return t.w.each(ctx, q, nil, row) },
		func(k memory.Key, v memory.Version, d memory.Digest) {
			sums[memory.Bucket(k)].Add(memory.ItemSum(k, v, d))
		})
	if err != nil {
		return false, err
	}
	wrong := false
	for b := range sums {
		have := t.w.sums[b]
		have.Add(t.deltas[b])
		if have == sums[b] {
			continue
		}
		wrong = true
		t.rows++
		t.change()
		delta := sums[b]
		delta.Sub(t.w.sums[b])
		t.deltas[b] = delta
	}
	return wrong, nil
}

// Scrub reads the whole log and recomputes the digest from the rows. If something
// was changed behind the store's back, the digest now says so, and members that
// compare will mend it.
func (s *Store) Scrub(ctx context.Context) (wrong bool, err error) {
	for last, after := int64(0), int64(-1); last != after; {
		after = last
		err := s.do(ctx, queueMember, scrubSlice, func(ctx context.Context, t *tx) error {
			var err error
			last, err = t.scrubLog(ctx, after)
			return err
		})
		if err != nil {
			return false, err
		}
	}
	err = s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		var err error
		wrong, err = t.scrub(ctx)
		return err
	})
	return wrong, err
}

// scrubSlice is how many log rows are checked in one go.
const scrubSlice = 500

// scrubLog takes the digest off log rows whose bytes do not have it.
func (t *tx) scrubLog(ctx context.Context, after int64) (last int64, err error) {
	var damaged []int64
	last = after
	err = t.w.each(ctx, `SELECT lsn, digest, raw, state FROM log WHERE lsn > ? ORDER BY lsn LIMIT ?`, []any{after, scrubSlice}, func(r rowScanner) error {
		var digest, raw []byte
		var state int
		if err := r.Scan(&last, &digest, &raw, &state); err != nil {
			return err
		}
		if state == stateApplied && toDigest(digest) != sha256.Sum256(raw) {
			damaged = append(damaged, last)
		}
		return nil
	})
	for _, lsn := range damaged {
		if err == nil {
			err = t.exec(ctx, `UPDATE log SET digest = ? WHERE lsn = ?`, make([]byte, len(memory.Digest{})), lsn)
		}
	}
	return last, err
}
