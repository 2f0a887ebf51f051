package store

import (
	"context"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// touches gathers reads, which are counted later and never waited for.
type touches struct {
	mu sync.Mutex
	by map[string]touched
}

type touched struct {
	n  int64
	at memory.Instant
}

// maxTouches bounds what is remembered between two foldings; the rest is not counted.
const maxTouches = 10_000

// Touch counts a read of each of the memories. It does not block, and what was
// counted last may be lost in a crash.
func (s *Store) Touch(ids []string, at memory.Instant) {
	s.touch.mu.Lock()
	defer s.touch.mu.Unlock()
	if s.touch.by == nil {
		s.touch.by = map[string]touched{}
	}
	for _, id := range ids {
		if t, ok := s.touch.by[id]; ok || len(s.touch.by) < maxTouches {
			s.touch.by[id] = touched{n: t.n + 1, at: max(t.at, at)}
		}
	}
}

func (t *touches) take() map[string]touched {
	t.mu.Lock()
	defer t.mu.Unlock()
	by := t.by
	t.by = nil
	return by
}

func (t *tx) foldTouches(ctx context.Context, by map[string]touched) error {
	for id, n := range by {
		if err := t.exec(ctx, `INSERT INTO access (record, count, at) SELECT rid, min(?, 1000000), ? FROM memories WHERE id = ?
			ON CONFLICT (record) DO UPDATE SET count = min(count + excluded.count, 1000000), at = max(at, excluded.at)`, n.n, int64(n.at), id); err != nil {
			return err
		}
	}
	return nil
}

// background does one piece of what can wait, and reports whether there is more
// of it to do at once. Run calls it when nothing is queued.
func (w *writer) background(ctx context.Context) (more bool, err error) {
	if time.Now().Before(w.restUntil) {
		return false, nil
	}
	if before := w.indexed; before < w.lsn && (w.indexDue() || time.Since(w.wroteAt) >= indexPause) {
		err := w.alone(ctx, func(ctx context.Context, t *tx) error { return t.indexNext(ctx) })
		return w.indexed != before, err // no progress, on a full disk: later
	}
	if w.purge != purgeNone && w.indexed == w.lsn {
		if more, err := w.purgeNext(ctx); more || err != nil {
			return more, err
		}
	}
	if n := min(len(w.retry), retrySlice); n > 0 {
		dots := w.retry[:n]
		w.retry = w.retry[n:]
		return true, w.alone(ctx, func(ctx context.Context, t *tx) error {
			_, err := t.retryParked(ctx, dots, 0)
			return err
		})
	}
	if by := w.s.touch.take(); len(by) > 0 {
		return false, w.alone(ctx, func(ctx context.Context, t *tx) error { return t.foldTouches(ctx, by) })
	}
	if w.parked(ctx) {
		return false, w.alone(ctx, func(ctx context.Context, t *tx) error {
			_, err := t.retryParked(ctx, nil, w.s.now())
			return err
		})
	}
	return false, w.checkpoint(ctx, w.walRows > 0 && w.quiet())
}

// retrySlice is how many refused ops are tried again in one transaction.
const retrySlice = 64

// indexDue reports whether the index cannot wait for a quiet moment: somebody
// waits for it, or it is far behind.
func (w *writer) indexDue() bool {
	if time.Now().Before(w.restUntil) {
		return false
	}
	done, lsn, wanted, _ := w.s.index.state()
	return done < min(wanted, lsn) || lsn-done > maxIndexLag
}

// patience is how long the writer may sleep when nothing is queued.
func (w *writer) patience() time.Duration {
	if rest := time.Until(w.restUntil); rest > 0 {
		return rest
	}
	if w.indexed < w.lsn {
		return indexPause
	}
	return time.Second
}

// parked reports whether a refused op is due to be tried again.
func (w *writer) parked(ctx context.Context) bool {
	var n int
	found, err := w.queryRow(ctx, `SELECT 1 FROM parked WHERE member = ? AND retry > 0 AND retry <= ? LIMIT 1`,
		[]any{string(w.s.cfg.Node), int64(w.s.now())}, &n)
	return found && err == nil
}

// quiet reports whether nothing was written for a while.
func (w *writer) quiet() bool { return time.Since(w.wroteAt) > 5*time.Second }

// alone runs one job of the writer's own. Only a fatal error comes back: the
// rest is tried again later.
func (w *writer) alone(ctx context.Context, run func(context.Context, *tx) error) error {
	j := &job{run: run, done: make(chan struct{})}
	if err := w.commit(ctx, []*job{j}); err != nil {
		return err
	}
	if j.err != nil {
		w.s.cfg.Log.WarnContext(ctx, "background work failed", "err", j.err)
		w.restUntil = time.Now().Add(restAfter)
	}
	return nil
}

// restAfter is how long the writer leaves alone what can wait, once that failed:
// a full disk is full for a while.
const restAfter = time.Second

// checkpoint moves the write-ahead log into the database file when it has grown,
// or now if asked to.
func (w *writer) checkpoint(ctx context.Context, now bool) error {
	if !now && w.walRows < checkpointRows {
		return nil
	}
	w.walRows = 0
	var busy, pages, moved int
	_, err := w.queryRow(ctx, `PRAGMA wal_checkpoint(PASSIVE)`, nil, &busy, &pages, &moved)
	return fatalOnly(err)
}

// finish does at the end what makes the next start quick.
func (w *writer) finish(ctx context.Context) error {
	if by := w.s.touch.take(); len(by) > 0 {
		if err := w.alone(ctx, func(ctx context.Context, t *tx) error { return t.foldTouches(ctx, by) }); err != nil {
			return err
		}
	}
	return w.checkpoint(ctx, w.walRows > 0)
}
