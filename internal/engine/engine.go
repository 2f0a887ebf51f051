package engine

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/screen"
)

// Config says which node an engine is, and within which bounds it works.
// Zero fields take the defaults named here.
type Config struct {
	Node memory.Node

	QuorumTimeout time.Duration    // how long a write waits for members after its own fsync; 2 s
	Now           func() time.Time // the wall clock; time.Now
	Log           *slog.Logger     // required

	Found func(Found) // is told of secrets that were found, and does not block; nil: nobody is

	// Evidence makes a receipt of what members have signed about an op, for a writer
	// that waits for quorum members; nil: members sign nothing.
	Evidence func(ctx context.Context, d memory.Dot, quorum int) ([]byte, error)
}

func (c *Config) defaults() {
	c.QuorumTimeout = cmp.Or(c.QuorumTimeout, 2*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
}

// Engine changes the state of a node, and judges who may know of what. It knows
// no kinds: what an op means is with the book that keeps its kind. It is safe for
// concurrent use.
type Engine struct {
	cfg   Config
	store Store
	fed   *replicate.Replicator
	log   *slog.Logger

	rules    rulebook
	locks    locks
	changed  signal
	clamped  warned
	proposed func(id string)
	screen   *screen.Screen
}

// New returns an engine over a store and a replicator. Its Committed must be told
// of every commit of the store.
func New(cfg Config, store Store, fed *replicate.Replicator) *Engine {
	cfg.defaults()
	e := &Engine{cfg: cfg, store: store, fed: fed, log: cfg.Log, proposed: func(string) {}, screen: screen.New()}
	e.rules.stale = true
	return e
}

// OnProposal has f called with the id of each proposal that is written here. It is
// to be called before anything is written.
func (e *Engine) OnProposal(f func(id string)) { e.proposed = f }

// Node is the one that the engine is of.
func (e *Engine) Node() memory.Node { return e.cfg.Node }

// Now is the wall clock.
func (e *Engine) Now() memory.Instant { return memory.InstantOf(e.cfg.Now()) }

// Lock keeps other changes of this node out that take a lock of that name, where
// no register could tell them apart. The func lets go of it, once however often it
// is called.
func (e *Engine) Lock(ctx context.Context, name string) (func(), error) {
	return e.locks.lock(ctx, name)
}

// Committed is the engine's part of the store's commit hook. It does not block.
func (e *Engine) Committed(c memory.Committed) {
	if c.Other > 0 {
		e.rules.invalidate()
	}
	e.changed.fire()
}

// Changed returns a channel that is closed at the next commit, of whatever
// origin. Take a new one each time.
func (e *Engine) Changed() <-chan struct{} { return e.changed.wait() }

// Ready says why the node cannot serve, or nil.
func (e *Engine) Ready(ctx context.Context) error {
	if _, err := e.store.Standards(ctx); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// Ask completes a filter as it came from outside: it is judged now, and for somebody.
func (e *Engine) Ask(f *memory.Filter) {
	f.Now = cmp.Or(f.Now, e.Now())
	f.Viewer = cmp.Or(f.Viewer, memory.Anonymous)
}
