package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// job is work for the writer.
type job struct {
	report
	// run works inside the transaction. An error of its own making (a condition
	// not met) must come before the first change.
	run  func(ctx context.Context, t *tx) error
	size size
	// records are ids of memories that it will look up, to be read for the whole batch
	// at once. It may look up others as well.
	records []string
	// patience is how long it may wait for another job, to share its transaction. Then it
	// is run alone.
	patience time.Duration
	from     *queue // that it came through; nil for the writer's own
	err      error
	done     chan struct{}
}

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

// jobs is what waits for the writer.
type jobs struct {
	limits  *Config
	queue   [2]queue // local writes, members' pushes: served in turn
	wake    chan struct{}
	running atomic.Bool   // Run was called, or never will be
	closing chan struct{} // closed when no more jobs are taken
	stopped chan struct{} // closed when no more jobs are answered
	stop    sync.Once
	sizes   atomic.Int64 // jobs waiting
}

func newJobs(cfg *Config) *jobs {
	j := &jobs{limits: cfg, wake: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{})}
	for i := range j.queue {
		j.queue[i].jobs = make(chan *job, cfg.QueueLen)
	}
	return j
}

// rouse makes the writer look what there is to do.
func (s *jobs) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// next takes what is queued, local writes and pushes in turn, up to a batch. It
// does not wait: while the previous batch was synced, the next one gathered.
func (s *jobs) next() []*job {
	var batch []*job
	var sum size
	for turn, empty := 0, 0; empty < len(s.queue) && sum.ops < s.limits.BatchOps && sum.bytes < batchBytes; turn++ {
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
func (s *jobs) do(ctx context.Context, queue, ops int, run func(context.Context, *tx) error) error {
	return s.doJob(ctx, queue, &job{run: run, size: size{ops: ops}})
}

// doJob is do for a job that brings much along: of j the caller has set run, size and
// records.
func (s *jobs) doJob(ctx context.Context, queue int, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return memory.ErrClosed
	default:
	}
	j.from, j.done = &s.queue[queue], make(chan struct{})
	if !s.enqueue(j) {
		return memory.ErrBusy
	}
	if j.patience > 0 {
		company := time.NewTimer(j.patience)
		defer company.Stop()
		select {
		case <-j.done:
			return j.err
		case <-s.stopped:
		case <-company.C:
		}
	}
	s.rouse()
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
func (s *jobs) enqueue(j *job) bool {
	n := int64(j.size.bytes)
	if sum := j.from.bytes.Add(n); sum > int64(s.limits.QueueBytes) && sum != n {
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
