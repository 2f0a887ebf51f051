package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/replicate"
)

// Config says which node an engine is, and within which bounds it works.
// Zero fields take the defaults named here.
type Config struct {
	Node    memory.Node
	Members []Member // the others; none is a federation of one
	// Current, if set, says who they are now, in the place of Members.
	Current func() []Member
	// Door is where entries of others come in; required for Load.
	Door    *intake.Door
	Version string // of the program, for Status

	QuorumTimeout time.Duration // how long a write waits for members after its own fsync; 2 s
	History       time.Duration // how long superseded versions are kept; 30 days
	Versions      int           // how many of each record are kept however old they are; 50
	CompactEvery  time.Duration // 1 h
	IndexWait     time.Duration // how long a recall waits for the text index to catch up; 250 ms

	// CheckWebhook says why no event can be posted to a URL; nil: any may be.
	CheckWebhook func(rawURL string) error

	DefaultTier memory.Tier // of memories whose writers name none; long

	IndexFile string           // where the index of words is kept between two runs; "": nowhere
	Now       func() time.Time // the wall clock; time.Now
	Log       *slog.Logger     // required
}

// Member is another node of the federation.
type Member struct {
	Name memory.Node
	URL  string
}

func (c *Config) defaults() {
	setDefault(&c.QuorumTimeout, 2*time.Second)
	setDefault(&c.History, 30*24*time.Hour)
	setDefault(&c.Versions, 50)
	setDefault(&c.CompactEvery, time.Hour)
	setDefault(&c.IndexWait, 250*time.Millisecond)
	setDefault(&c.DefaultTier, memory.DefaultTier)
	if c.Now == nil {
		c.Now = time.Now
	}
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Engine reads and changes the state of a node. It is safe for concurrent use.
type Engine struct {
	cfg     Config
	store   Store
	fed     *replicate.Replicator
	finder  *recall.Finder
	log     *slog.Logger
	started memory.Instant

	rules   rulebook
	locks   locks
	changed signal
	home    homework
	clamped warned
}

// New returns an engine over a store and a replicator. Its Run must run, and its
// Committed must be told of every commit of the store.
func New(cfg Config, store Store, fed *replicate.Replicator) *Engine {
	cfg.defaults()
	e := &Engine{cfg: cfg, store: store, fed: fed, log: cfg.Log}
	e.started = e.now()
	e.finder = recall.NewFinder(recall.Config{File: cfg.IndexFile, Now: cfg.Now, Log: cfg.Log}, store)
	e.rules.stale = true
	e.home.wake = make(chan struct{}, 1)
	return e
}

func (e *Engine) now() memory.Instant { return memory.InstantOf(e.cfg.Now()) }

// Committed is the engine's part of the store's commit hook. It does not block.
func (e *Engine) Committed(c memory.Committed) {
	if c.Other > 0 {
		e.rules.invalidate()
	}
	e.changed.fire()
	e.finder.Committed()
	e.home.committed(c)
}

// Changed returns a channel that is closed at the next commit, of whatever
// origin. Take a new one each time.
func (e *Engine) Changed() <-chan struct{} { return e.changed.wait() }

// Run keeps the index of words up to date, carries out approved proposals whose
// home this node is, and drops history that is no longer kept. It returns nil when
// ctx is done.
func (e *Engine) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return e.finder.Run(ctx) })
	all.Go(func() error { return e.upkeep(ctx) })
	return all.Wait()
}

// Words is what finds memories by words. It knows no callers: who asks it decides
// what they may see.
func (e *Engine) Words() *recall.Finder { return e.finder }

func (e *Engine) upkeep(ctx context.Context) error {
	if err := e.home.load(ctx, e); err != nil {
		return ignoreEnd(ctx, err)
	}
	compact := time.NewTicker(e.cfg.CompactEvery)
	defer compact.Stop()
	// What could not be carried out, for a full queue say, is tried again.
	again := time.NewTicker(10 * time.Second)
	defer again.Stop()
	// A storm of commits must not become a storm of looking at proposals.
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-rest.C:
		}
		e.resolveAll(ctx)
		rest.Reset(100 * time.Millisecond)
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return nil
			case <-e.home.wake:
				waiting = false
			case <-again.C:
				waiting = false
			case <-compact.C:
				e.compact(ctx)
			}
		}
	}
}

func (e *Engine) compact(ctx context.Context) {
	n, err := e.Collect(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		e.log.WarnContext(ctx, "compaction failed", "err", err)
	case n > 0:
		e.log.InfoContext(ctx, "history compacted", "dropped", n)
	}
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// Ready says why the node cannot serve, or nil.
func (e *Engine) Ready(ctx context.Context) error {
	if _, err := e.store.Standards(ctx); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
