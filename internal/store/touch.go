package store

import (
	"sync"

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

func (t *touches) add(ids []string, at memory.Instant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]touched{}
	}
	for _, id := range ids {
		if n, ok := t.by[id]; ok || len(t.by) < maxTouches {
			t.by[id] = touched{n: n.n + 1, at: max(n.at, at)}
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
