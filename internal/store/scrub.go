package store

import (
	"context"
	"crypto/sha256"

	"github.com/tallystick/tallystick/internal/memory"
)

// scrubber compares rows with what they say of themselves.
type scrubber struct{ *tx }

// scrub recomputes the sums from the rows and reports whether they had been wrong.
func (t scrubber) scrub(ctx context.Context) (bool, error) {
	var sums [memory.Buckets]memory.Sum
	err := t.eachRegister(func(q string, row func(rowScanner) error) error { return t.each(ctx, q, nil, row) },
		func(k memory.Key, v memory.Version, d memory.Digest) {
			sums[memory.Bucket(k)].Add(memory.ItemSum(k, v, d))
		})
	if err != nil {
		return false, err
	}
	wrong := false
	for b := range sums {
		have := t.sums[b]
		have.Add(t.deltas[b])
		if have == sums[b] {
			continue
		}
		wrong = true
		t.rows++
		t.change()
		delta := sums[b]
		delta.Sub(t.sums[b])
		t.deltas[b] = delta
	}
	return wrong, nil
}

// scrubSlice is how many log rows are checked in one go.
const scrubSlice = 500

// scrubLog takes the digest off log rows whose bytes do not have it.
func (t scrubber) scrubLog(ctx context.Context, after int64) (last int64, err error) {
	var damaged []int64
	last = after
	err = t.each(ctx, `SELECT lsn, digest, raw, state FROM log WHERE lsn > ? ORDER BY lsn LIMIT ?`, []any{after, scrubSlice}, func(r rowScanner) error {
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
