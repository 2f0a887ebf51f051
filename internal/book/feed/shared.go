package feed

import (
	"context"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// shared lets all who wait for the same next events read them once: followers of the
// log wake together, at every commit. What was read is shared until the next commit,
// and not kept beyond it, since that may take the payload out of it.
type shared struct {
	mu   sync.Mutex
	last *reading
}

// reading is one read of the log. Nobody changes what came of it.
type reading struct {
	after  uint64
	limit  int
	done   chan struct{} // closed when the rest is there
	events []memory.Event
	err    error
}

// committed ends the sharing of what was read before.
func (s *shared) committed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = nil
}

// read returns the events behind after, from read or from another's call of it.
func (s *shared) read(ctx context.Context, after uint64, limit int, read func(context.Context, uint64, int) ([]memory.Event, error)) ([]memory.Event, error) {
	s.mu.Lock()
	r := s.last
	if r != nil && r.after == after && r.limit == limit {
		s.mu.Unlock()
		select {
		case <-r.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if r.err == nil {
			return r.events, nil
		}
		return read(ctx, after, limit) // the other one may only have gone away
	}
	r = &reading{after: after, limit: limit, done: make(chan struct{})}
	s.last = r
	s.mu.Unlock()
	defer close(r.done)
	r.events, r.err = read(ctx, after, limit)
	return r.events, r.err
}
