package book

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/internal/book/feed"
	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/book/inbox"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/replicate"
)

// Config is what the books are made of. Zero fields take the defaults named here,
// or where they are handed on to.
type Config struct {
	Node          memory.Node
	QuorumTimeout time.Duration    // as in [engine.Config]
	Now           func() time.Time // the wall clock; time.Now

	Members []upkeep.Member              // the others; none is a federation of one
	Current func() []upkeep.Member       // as in [upkeep.Config]
	Legacy  func() []upkeep.LegacyStatus // as in [upkeep.Config], and so is LegacyTold
	// LegacyTold says what nodes of ai-memory were told of a write.
	LegacyTold func(ctx context.Context, d memory.Dot) ([]upkeep.LegacyTold, error)
	// AskAccount and Certificate are as in [upkeep.Config].
	AskAccount  func(context.Context, memory.Node) ([]byte, error)
	Certificate func() upkeep.Certificate
	Warnings    func() []string // as in [upkeep.Config]
	Door        *intake.Door    // as in [upkeep.Config]
	Version     string          // of the program

	History      time.Duration // as in [upkeep.Config]
	Versions     int           // as in [upkeep.Config]
	CompactEvery time.Duration // as in [upkeep.Config]

	IndexWait time.Duration // how long a recall waits for the index of words to catch up; 250 ms
	// Recall has the files, arms and projections of recall; its clock and log are those here.
	Recall recall.Config
	Models func() []upkeep.Model // as in [upkeep.Config]

	CheckWebhook func(rawURL string) error // as in [feed.New]
	DefaultTier  memory.Tier               // of memories whose writers name none; long

	// Signers returns the public keys with which an agent may sign; nil: none are known.
	Signers func(memory.AgentID) [][]byte

	Log *slog.Logger // required

	Found func(engine.Found) // as in [engine.Config]

	Evidence func(ctx context.Context, d memory.Dot, quorum int) ([]byte, error) // as in [engine.Config]
}

// Store is the node's own store, by what the engine and each book do with it.
type Store interface {
	writer
	query.Reads
	graph.Reads
	governance.Reads
	feed.Reads
	store
}

// writer is what the engine does with it: [engine.Store], but for what the guard adds.
type writer interface {
	// Submit logs and applies all ops of w in one transaction, or none, and
	// returns when they are fsynced; see [engine.Writer].
	Submit(ctx context.Context, w *memory.Write) (*memory.Written, error)
	// Idempotent returns the entries that an earlier write under key made, nil if there is
	// none; see [engine.Writer].
	Idempotent(ctx context.Context, actor memory.AgentID, key *memory.Idempotency) ([]*memory.Entry, error)
	engine.Records
	engine.Registers
}

// store is the rest of [Store].
type store interface {
	records.Reads
	inbox.Reads
	upkeep.Reads
	recall.Source
}

// Books are the engine and what is kept on it.
type Books struct {
	Core       *engine.Engine
	Query      *query.Book
	Records    *records.Book
	Graph      *graph.Book
	Governance *governance.Book
	Inbox      *inbox.Book
	Feed       *feed.Book
	Upkeep     *upkeep.Book
	Words      *recall.Finder // finds memories by words, and knows no callers
}

// New returns books over a store and a replicator. Run must run, and Committed be
// told of every commit of the store.
func New(cfg Config, open Store, fed *replicate.Replicator) *Books {
	st := guard{open}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	core := engine.New(engine.Config{Node: cfg.Node, QuorumTimeout: cfg.QuorumTimeout, Now: cfg.Now, Log: cfg.Log, Found: cfg.Found, Evidence: cfg.Evidence}, st, fed)
	cfg.Recall.Now, cfg.Recall.Log = cfg.Now, cfg.Log
	b := &Books{Core: core, Words: recall.NewFinder(cfg.Recall, st)}
	b.Query = query.New(core, st, b.Words, cmp.Or(cfg.IndexWait, 250*time.Millisecond), cfg.Log)
	b.Records = records.New(core, st, b.Query, cmp.Or(cfg.DefaultTier, memory.DefaultTier), cfg.Signers, cfg.Log)
	b.Graph = graph.New(core, st, b.Query, b.Records)
	b.Governance = governance.New(core, st, b.Query, b.Records, []engine.Book{b.Records, b.Graph}, cfg.Log)
	b.Inbox = inbox.New(core, st, b.Query, b.Records)
	b.Feed = feed.New(core, st, b.Records, cfg.CheckWebhook)
	b.Upkeep = upkeep.New(upkeep.Config{
		Members: cfg.Members, Current: cfg.Current, Legacy: cfg.Legacy, LegacyTold: cfg.LegacyTold, AskAccount: cfg.AskAccount, Certificate: cfg.Certificate, Door: cfg.Door, Version: cfg.Version,
		History: cfg.History, Versions: cfg.Versions, CompactEvery: cfg.CompactEvery,
		Warnings: cfg.Warnings, Lag: b.Words.Lag, Models: cfg.Models, Loaded: b.Governance.Resume, Log: cfg.Log,
	}, core, st, fed)
	return b
}

// Committed is the books' part of the store's commit hook. It does not block.
func (b *Books) Committed(c memory.Committed) {
	b.Feed.Committed() // before anybody wakes up
	b.Core.Committed(c)
	b.Words.Committed()
	b.Governance.Committed(c)
}

// Run keeps the index of words up to date, prolongs what recalls find, carries out
// approved proposals whose home this node is, and drops history that is no longer kept.
// It returns nil when ctx is done.
func (b *Books) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{b.Words.Run, b.Records.Run, b.Governance.Run, b.Upkeep.Run} {
		all.Go(func() error { return run(ctx) })
	}
	return all.Wait()
}
