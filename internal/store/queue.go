package store

import (
	"context"
	"sync/atomic"

	"github.com/tallystick/tallystick/internal/memory"
)

// queue holds the jobs of one kind until the writer takes them.
type queue struct {
	jobs  chan *job
	bytes atomic.Int64 // of the jobs that are not finished
}

const (
	queueLocal = iota
	queueMember
)

// size is what a job brings along.
type size struct{ ops, bytes int }

// batchBytes bounds a transaction; the job that exceeds it is its last one.
const batchBytes = 16 << 20

// next takes what is queued, local writes and pushes in turn, up to a batch. It
// does not wait: while the previous batch was synced, the next one gathered.
func (s *Store) next() []*job {
	var batch []*job
	var sum size
	for turn, empty := 0, 0; empty < len(s.queue) && sum.ops < s.cfg.BatchOps && sum.bytes < batchBytes; turn++ {
		select {
		case j := <-s.queue[turn%len(s.queue)].jobs:
			s.sizes.Add(-1)
			batch = append(batch, j)
			sum.ops += j.size.ops
			sum.bytes += j.size.bytes
			empty = 0
		default:
			empty++
		}
	}
	return batch
}

// do queues a small job and waits until it is committed. A job that is queued
// runs, even if ctx ends meanwhile.
func (s *Store) do(ctx context.Context, queue, ops int, run func(context.Context, *tx) error) error {
	return s.doSized(ctx, queue, size{ops: ops}, run)
}

// doSized is do for a job that brings much along.
func (s *Store) doSized(ctx context.Context, queue int, n size, run func(context.Context, *tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return memory.ErrClosed
	default:
	}
	j := &job{run: run, size: n, from: &s.queue[queue], done: make(chan struct{})}
	if !s.enqueue(j) {
		return memory.ErrBusy
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	select {
	case <-j.done:
		return j.err
	case <-s.stopped:
	}
	// The writer drains the queue when it stops, but this job may have come just
	// after. It is then still in the queue, and nothing was written.
	select {
	case <-j.done:
		return j.err
	default:
		return memory.ErrClosed
	}
}

// enqueue reports whether there was room for j. A job of any size fits into an
// empty queue.
func (s *Store) enqueue(j *job) bool {
	n := int64(j.size.bytes)
	if sum := j.from.bytes.Add(n); sum > int64(s.cfg.QueueBytes) && sum != n {
		j.from.bytes.Add(-n)
		return false
	}
	s.sizes.Add(1)
	select {
	case j.from.jobs <- j:
		return true
	default:
		s.sizes.Add(-1)
		j.from.bytes.Add(-n)
		return false
	}
}

func (j *job) finish(err error) {
	j.err = err
	if j.from != nil {
		j.from.bytes.Add(-int64(j.size.bytes))
	}
	close(j.done)
}
