package store

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// sqlRegisters lists every register with the digest of its holder. Both halves
// of a memory come from one row.
const (
	sqlMemoryRegisters = `SELECT m.id, m.l_state, m.c_lsn, m.c_stamp, m.c_origin, m.c_seq, CASE WHEN c.state <> 3 THEN c.digest END, m.l_lsn, m.l_stamp, m.l_origin, m.l_seq, CASE WHEN l.state <> 3 THEN l.digest END
		FROM memories m LEFT JOIN log c ON c.lsn = m.c_lsn LEFT JOIN log l ON l.lsn = m.l_lsn`
	sqlOtherRegisters = `SELECT r.family, r.a, r.b, r.c, r.lsn, r.stamp, r.origin, r.seq, CASE WHEN g.state <> 3 THEN g.digest END
		FROM registers r LEFT JOIN log g ON g.lsn = r.lsn`
)

// eachRegister calls fn for every register, as the rows have it.
func (s *base) eachRegister(query func(q string, fn func(rowScanner) error) error, fn func(memory.Key, memory.Version, memory.Digest)) error {
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

// partSums is how many sums one row of buckets has: few rows for a batch that
// touches many, and little to write for one that touches few.
const partSums = 64

// BucketSums returns the digest of the state in parts, computed from the rows
// and not from the sums kept along, with the heads of the same instant.
func (s *log) BucketSums(ctx context.Context) (memory.View, []memory.Digest, error) {
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
func (s *log) BucketRegisters(ctx context.Context, buckets []uint16) (memory.View, []memory.RegisterDigest, error) {
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

func (s *log) registersAt(ctx context.Context, fn func(memory.Key, memory.Version, memory.Digest)) (memory.View, error) {
	tx, err := s.sums.begin(ctx)
	if err != nil {
		return memory.View{}, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	view, err := tx.view(ctx, s.cfg.Node)
	if err != nil {
		return view, err
	}
	return view, s.eachRegister(func(q string, row func(rowScanner) error) error { return tx.each(ctx, q, nil, row) }, fn)
}
