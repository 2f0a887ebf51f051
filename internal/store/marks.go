package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// saveMark remembers the signed request that the job carries out.
func (t *tx) saveMark(ctx context.Context, m memory.Mark) error {
	return t.aside(ctx, `INSERT INTO marks (signer, nonce, created, expires) VALUES (?,?,?,?) ON CONFLICT (signer, nonce) DO NOTHING`,
		m.Signer, m.Nonce, int64(m.Created), int64(m.Expires))
}

// Marks yields the signed requests that have had an effect, and have not expired at
// an instant.
func (s *log) Marks(ctx context.Context, now memory.Instant) iter.Seq2[memory.Mark, error] {
	return func(yield func(memory.Mark, error) bool) {
		err := s.read.each(ctx, `SELECT signer, nonce, created, expires FROM marks WHERE expires > ?`, []any{int64(now)}, func(r rowScanner) error {
			var m memory.Mark
			if err := r.Scan(&m.Signer, &m.Nonce, &m.Created, &m.Expires); err != nil {
				return err
			}
			if !yield(m, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(memory.Mark{}, err)
		}
	}
}

// marksEvery is how often expired marks are taken out. They are no longer looked at
// then: this only keeps the table small.
const marksEvery = time.Minute

func (t *tx) dropMarks(ctx context.Context, now memory.Instant) error {
	return t.aside(ctx, `DELETE FROM marks WHERE expires <= ?`, int64(now))
}
