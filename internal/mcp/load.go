package mcp

import (
	"context"
	"sync"

	"github.com/tallystick/tallystick/internal/pace"
)

// copies is how often an answer is in memory while it is written: as text and as a value,
// within a result, and within a message.
const copies = 3

// load is what the answers to a request take in memory until it is over.
type load struct {
	mu   sync.Mutex
	held []func() // give it back
}

type loadKey struct{} // key of the load of a request

// kept notes that an answer takes n bytes until the request is over. It is false if there
// is no room for it and it may be refused.
func kept(ctx context.Context, n int, refusable bool) bool {
	l, is := ctx.Value(loadKey{}).(*load)
	if !is {
		return true
	}
	release, ok := pace.TryHold(ctx, n)
	if !ok && refusable {
		return false
	}
	if !ok {
		release = pace.Hold(ctx, n)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, release)
	return true
}

func (l *load) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, release := range l.held {
		release()
	}
	l.held = nil
}
