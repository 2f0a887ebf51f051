package store

import (
	"context"
	"sync"

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

func (x *indexer) want(lsn uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wanted = max(x.wanted, lsn)
}

// sync waits until the index has everything up to target. wake asks the writer to
// see to it.
func (x *indexer) sync(ctx context.Context, target uint64, wake func(), stopped <-chan struct{}) error {
	for {
		done, _, _, moved := x.state()
		if done >= target {
			return nil
		}
		x.want(target)
		wake()
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-stopped:
			return memory.ErrClosed
		}
	}
}
