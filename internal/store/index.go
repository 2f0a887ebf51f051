package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// indexer fills the text index behind the commits: it is derived data, and a
// write need not wait for it. A reader that wants all that was committed asks
// the writer to catch up first.
type indexer struct {
	mu     sync.Mutex
	moved  chan struct{} // closed and replaced whenever done moves
	done   uint64        // lsn up to which the index is complete
	lsn    uint64        // highest lsn committed
	wanted uint64        // lsn that a reader waits for
}

func (x *indexer) init() { x.moved = make(chan struct{}) }

// progress notes how far the index and the log are.
func (x *indexer) progress(done, lsn uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if done != x.done {
		close(x.moved)
		x.moved = make(chan struct{})
	}
	x.done, x.lsn = done, lsn
}

// state returns what is indexed, and what somebody waits for.
func (x *indexer) state() (done, lsn, wanted uint64, moved <-chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.done, x.lsn, x.wanted, x.moved
}

// IndexLag returns how many log entries the text index is behind, at most.
func (s *Store) IndexLag() int {
	done, lsn, _, _ := s.index.state()
	return int(lsn - done)
}

// SyncIndex waits until the text index has everything that was committed when it
// was called, or until ctx is done.
func (s *Store) SyncIndex(ctx context.Context) error {
	target := s.View().LSN
	for {
		done, _, _, moved := s.index.state()
		if done >= target {
			return nil
		}
		s.index.want(target)
		select {
		case s.wake <- struct{}{}:
		default:
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stopped:
			return memory.ErrClosed
		}
	}
}

func (x *indexer) want(lsn uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wanted = max(x.wanted, lsn)
}

const (
	// indexSlice is how many entries are indexed in one go when nothing else waits.
	indexSlice = 256
	// maxIndexLag is how far the index may fall behind before writes wait for it.
	maxIndexLag = 2048
	// indexPause is how long nothing must be written before the index catches up:
	// few large steps cost less than many small ones.
	indexPause = 100 * time.Millisecond
)

// indexNext indexes the next slice of the log.
func (t *tx) indexNext(ctx context.Context) error {
	type change struct {
		rid  int64
		live bool
		lsn  int64
	}
	var todo []change
	last := t.w.indexed
	err := t.w.each(ctx, `SELECT l.lsn, l.record, coalesce(m.l_state IN (1, 2) AND m.c_lsn <> 0, 0), coalesce(m.c_lsn, 0)
		FROM log l LEFT JOIN memories m ON m.rid = l.record WHERE l.lsn > ? ORDER BY l.lsn LIMIT ?`,
		[]any{int64(t.w.indexed), indexSlice}, func(r rowScanner) error {
			var c change
			if err := r.Scan(&last, &c.rid, &c.live, &c.lsn); err != nil {
				return err
			}
			if c.rid != 0 {
				todo = append(todo, c)
			}
			return nil
		})
	if err != nil {
		return err
	}
	if last == t.w.indexed {
		last = t.w.lsn // what is left are holes
	}
	seen := map[int64]bool{}
	for _, c := range todo {
		if seen[c.rid] {
			continue
		}
		seen[c.rid] = true
		if err := t.exec(ctx, sqlFTSDelete, c.rid); err != nil {
			return err
		}
		if !c.live {
			continue
		}
		if err := t.indexOne(ctx, c.rid, c.lsn); err != nil {
			return err
		}
	}
	t.w.indexed = last
	t.rows++
	t.steps++
	return nil
}

func (t *tx) indexOne(ctx context.Context, rid, lsn int64) error {
	var raw []byte
	found, err := t.w.queryRow(ctx, `SELECT raw FROM log WHERE lsn = ?`, []any{lsn}, &raw)
	if err != nil || !found {
		return err
	}
	e, err := t.w.s.cfg.Codec.Decode(raw)
	if err != nil {
		// One damaged entry must not keep the others out of the index.
		t.w.s.cfg.Log.ErrorContext(ctx, "damaged entry left out of the text index", "lsn", lsn, "err", err)
		return nil
	}
	m, ok := e.Content()
	if !ok {
		return nil
	}
	return t.exec(ctx, sqlFTSInsert, rid, m.Title, m.Content, strings.Join(m.Tags, " "))
}

// Search returns the records whose words q asks for and that fit f, best first.
// It searches what is indexed: see SyncIndex.
func (s *Store) Search(ctx context.Context, q memory.TextQuery, f memory.Filter, limit int) ([]memory.Hit, error) {
	match := ftsMatch(q)
	if match == "" {
		return nil, nil
	}
	w := filter(f)
	query := fmt.Sprintf(`WITH hits AS (`+sqlFTSMatch+`) `, w.String()) +
		strings.Replace(sqlRecord, "c.raw", "c.raw, h.score", 1) + ` JOIN hits h ON h.rid = m.rid ORDER BY h.score DESC, m.id`
	args := append([]any{match}, w.args...)
	var out []memory.Hit
	err := s.read.each(ctx, query, append(args, limit), func(r rowScanner) error {
		var h memory.Hit
		var err error
		h.Record, err = s.scanRecord(r, &h.Relevance)
		out = append(out, h)
		return err
	})
	return out, err
}
