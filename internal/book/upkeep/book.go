// Package upkeep is a node's account of itself and of the members: how it stands,
// where it differs from others, what it refused, what it drops, and its whole log
// in and out.
package upkeep

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// Reads is what the book needs of the store.
type Reads interface {
	Log
	Health
}

// Log is what this node holds.
type Log interface {
	// View says how far the log is, and what the state adds up to.
	View() memory.View
	// Origin names the log.
	Origin() memory.Origin
	// Dump hands out the whole log as it is at one instant.
	Dump(ctx context.Context, after uint64, start func(memory.Inventory) error, yield func([]memory.Shipment) error) error
	// Entry returns the entry at a dot, or [memory.ErrNotFound].
	Entry(ctx context.Context, d memory.Dot) (*memory.Entry, error)
	// Inspect decodes an entry and says why it would be refused.
	Inspect(raw []byte) (*memory.Entry, error)
	// Compact drops history and log that nobody needs any more, and returns how many
	// entries lost their text.
	Compact(ctx context.Context, olderThan memory.Instant, keepVersions int, stable map[memory.Origin]uint64) (int, error)
}

// Health is how this node stands.
type Health interface {
	// Counts are those of the records that the viewer of f may see, or of all.
	Counts(ctx context.Context, f memory.Filter) (memory.Counts, error)
	// Counted waits until memories are counted, as they are anew after each start.
	Counted(ctx context.Context) error
	// Parked are the ops that this node or a member has refused.
	Parked(ctx context.Context) ([]memory.Parked, error)
	// RetryParked tries again to apply ops that this node refused; nil dots are those that are due.
	RetryParked(ctx context.Context, dots []memory.Dot, now time.Time) (int, error)
	// Damage returns what is damaged here, the first limit entries by name.
	Damage(ctx context.Context, limit int) (memory.Damage, error)
	// Scrub reads a part of the log to find damage: from after a local sequence
	// number on, for about as long as given.
	Scrub(ctx context.Context, after uint64, about time.Duration) (memory.Scrubbing, error)
}

// Member is another node of the federation.
type Member struct {
	Name memory.Node
	URL  string
}

// Config says whose account it is. Zero fields take the defaults named here.
type Config struct {
	Members []Member // the others; none is a federation of one
	// Warnings, if set, are what every status says besides what this book finds.
	Warnings func() []string
	// Current, if set, says who they are now, in the place of Members.
	Current func() []Member
	// Legacy, if set, says how the node gets on with nodes of ai-memory.
	Legacy func() []LegacyStatus
	// LegacyTold, if set, says what nodes of ai-memory were told of a write.
	LegacyTold func(ctx context.Context, d memory.Dot) ([]LegacyTold, error)
	// AskAccount, if set, asks a member for what its Tell says.
	AskAccount func(context.Context, memory.Node) ([]byte, error)
	// Certificate, if set, is the one that this node shows to members.
	Certificate func() Certificate
	// Door is where entries of others come in; required for Load.
	Door    *intake.Door
	Version string // of the program, for Status

	History      time.Duration // how long superseded versions are kept; 30 days
	Versions     int           // how many of each record are kept however old they are; 50
	CompactEvery time.Duration // 1 h

	// Lag counts the entries that are not in the index of words yet; required.
	Lag func() int
	// Models, if set, says how far the models of this node are.
	Models func() []Model
	// Loaded is told that a dump was taken in; required.
	Loaded func(context.Context) error
	Log    *slog.Logger // required
}

// LegacyStatus is what this node knows of a node of ai-memory.
type LegacyStatus struct {
	Name      string
	URL       string // "" if it is never called
	Direction string // both, in or out
	Namespace []string
	Expires   memory.Instant // 0: never

	// The rest is of what it is sent; all zero where nothing is.
	LSN                  uint64 // everything up to it was sent
	Failing              bool   // the last push was not answered
	Error                string // why
	Taken, Drift, Failed uint64 // pushes since the start: taken, kept under another id, not taken
	LastAt               memory.Instant
}

// LegacyTold is what a node of ai-memory was told of a write.
type LegacyTold struct {
	Name   string
	State  string // answered, owed, refused, made_there or not_told
	Reason string // of a refusal
}

// Told says what nodes of ai-memory were told of a write that is here.
func (b *Book) Told(ctx context.Context, d memory.Dot) ([]LegacyTold, error) {
	if b.cfg.LegacyTold == nil {
		return nil, nil
	}
	return b.cfg.LegacyTold(ctx, d)
}

// Book looks after the node. It is safe for concurrent use. Run must run.
type Book struct {
	cfg     Config
	core    *engine.Engine
	store   Reads
	fed     *replicate.Replicator
	started memory.Instant
	lately  *lately

	accounts *accounts // nil if nobody can be asked
}

// New returns the book.
func New(cfg Config, core *engine.Engine, store Reads, fed *replicate.Replicator) *Book {
	cfg.History = cmp.Or(cfg.History, 30*24*time.Hour)
	cfg.Versions = cmp.Or(cfg.Versions, 50)
	cfg.CompactEvery = cmp.Or(cfg.CompactEvery, time.Hour)
	b := &Book{cfg: cfg, core: core, store: store, fed: fed, started: core.Now()}
	b.lately = &lately{
		turn: make(chan struct{}, 1), ready: store.Counted,
		count: func(ctx context.Context) (memory.Counts, error) {
			return store.Counts(ctx, memory.Filter{All: true, Now: core.Now()})
		},
		lsn: func() uint64 { return store.View().LSN }, clock: func() time.Time { return core.Now().Time() },
	}
	if cfg.AskAccount != nil {
		b.accounts = newAccounts(cfg.AskAccount, core.Now)
	}
	return b
}

// To count is to read a row of each link; and a status is asked for every other second by
// each page of the console that is open.
const (
	countShare  = 20                    // a count is good for so many times as long as it took
	countFast   = 25 * time.Millisecond // one that takes no longer is never given when there is something new
	countOldest = 30 * time.Second

	// After a start memories are counted first, which takes seconds where there are
	// many: a node should say meanwhile how it is.
	countPatience = 250 * time.Millisecond
)

// lately counts what there is, or says what it has counted a moment ago.
type lately struct {
	ready func(context.Context) error // waits until there is something to count
	count func(context.Context) (memory.Counts, error)
	lsn   func() uint64
	clock func() time.Time

	turn chan struct{} // holds one while it counts: whoever comes meanwhile gets the same
	last memory.Counts
	of   uint64 // the LSN before it counted
	at   time.Time
	took time.Duration
}

// It does not wait for long until it can be counted, but says so.
func (l *lately) counts(ctx context.Context) (c memory.Counts, counting bool, err error) {
	soon, cancel := context.WithTimeout(ctx, countPatience)
	defer cancel()
	if err := l.ready(soon); err != nil {
		return memory.Counts{}, true, ctx.Err()
	}
	c, err = l.latest(ctx)
	return c, false, err
}

func (l *lately) latest(ctx context.Context) (memory.Counts, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return memory.Counts{}, ctx.Err()
	}
	now, of := l.clock(), l.lsn()
	if !l.at.IsZero() && (of == l.of || l.took > countFast) && now.Sub(l.at) < min(countShare*l.took, countOldest) {
		return l.last, nil
	}
	c, err := l.count(ctx)
	if err != nil {
		return c, err
	}
	l.last, l.of, l.at, l.took = c, of, l.clock(), l.clock().Sub(now)
	return c, nil
}
