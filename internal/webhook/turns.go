package webhook

import (
	"context"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// turns says whose attempt may begin. Endpoints that do not answer hold their
// turn for as long as an attempt may take: so one owner has a share of them only,
// and endpoints that failed last time wait for turns of a second class, which
// take none from the others.
type turns struct {
	first, second chan struct{} // one place for each attempt under way
	share         int           // of one owner

	mu     sync.Mutex
	owners map[memory.AgentID]*share
}

// share is what an owner has of the turns, while somebody uses or wants it.
type share struct {
	places chan struct{}
	users  int
}

func newTurns(workers int) *turns {
	const parts = 8 // owners that must be in trouble before others wait
	return &turns{
		first: make(chan struct{}, workers), second: make(chan struct{}, max(workers/4, 1)), share: max(workers/parts, min(workers, 4)),
		owners: map[memory.AgentID]*share{},
	}
}

// take waits for a turn of an owner and returns how to give it back.
func (t *turns) take(ctx context.Context, owner memory.AgentID, troubled bool) (release func(), err error) {
	own := t.enter(owner)
	class := t.first
	if troubled {
		class = t.second
	}
	if err := wait(ctx, own.places); err != nil {
		t.leave(owner, own)
		return nil, err
	}
	if err := wait(ctx, class); err != nil {
		<-own.places
		t.leave(owner, own)
		return nil, err
	}
	return func() {
		<-class
		<-own.places
		t.leave(owner, own)
	}, nil
}

func wait(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turns) enter(owner memory.AgentID) *share {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.owners[owner]
	if s == nil {
		s = &share{places: make(chan struct{}, t.share)}
		t.owners[owner] = s
	}
	s.users++
	return s
}

func (t *turns) leave(owner memory.AgentID, s *share) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(t.owners, owner)
	}
}
