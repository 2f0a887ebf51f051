package upkeep

import (
	"context"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// To count is to read a row of each memory, and a status is asked for every other
// second by each page of the console that is open.
const (
	countShare  = 20                    // a count is good for so many times as long as it took
	countFast   = 25 * time.Millisecond // one that takes no longer is never given when there is something new
	countOldest = 30 * time.Second
)

// lately counts what there is, or says what it has counted a moment ago.
type lately struct {
	count func(context.Context) (memory.Counts, error)
	lsn   func() uint64
	clock func() time.Time

	mu   sync.Mutex // held while it counts: whoever comes meanwhile gets the same
	last memory.Counts
	of   uint64 // the LSN before it counted
	at   time.Time
	took time.Duration
}

func (l *lately) counts(ctx context.Context) (memory.Counts, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, of := l.clock(), l.lsn()
	if !l.at.IsZero() && (of == l.of || l.took > countFast) && now.Sub(l.at) < min(countShare*l.took, countOldest) {
		return l.last, nil
	}
	c, err := l.count(ctx)
	if err != nil {
		return c, err
	}
	l.last, l.of, l.at, l.took = c, of, l.clock(), l.clock().Sub(now)
	return c, nil
}
