package engine

import (
	"context"
	"sync"
)

// signal wakes everybody who waits for the next event.
type signal struct {
	mu sync.Mutex
	ch chan struct{} // nil while nobody waits
}

func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// locks are mutexes by name: they keep two writes of this node from taking the
// same title, where no register of the store could tell.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	slot chan struct{} // holds one token while locked
	refs int           // holder and waiters
}

// lock waits for the lock called name. The returned func lets go of it, once
// however often it is called.
func (l *locks) lock(ctx context.Context, name string) (func(), error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*lock{}
	}
	k := l.held[name]
	if k == nil {
		k = &lock{slot: make(chan struct{}, 1)}
		l.held[name] = k
	}
	k.refs++
	l.mu.Unlock()
	select {
	case k.slot <- struct{}{}:
	case <-ctx.Done():
		l.leave(name, k)
		return nil, ctx.Err()
	}
	return sync.OnceFunc(func() {
		<-k.slot
		l.leave(name, k)
	}), nil
}

func (l *locks) leave(name string, k *lock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.refs--; k.refs == 0 {
		delete(l.held, name)
	}
}

// warned remembers what a warning was given about, so that each is given once.
type warned struct {
	mu    sync.Mutex
	about map[string]bool
}

func (w *warned) first(what string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.about == nil {
		w.about = map[string]bool{}
	}
	if w.about[what] || len(w.about) > 1000 {
		return false
	}
	w.about[what] = true
	return true
}
