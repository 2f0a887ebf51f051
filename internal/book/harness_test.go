package book_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/book"
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
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

// testClock is a wall clock that tests move forward.
type testClock struct{ ahead atomic.Int64 }

func (c *testClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *testClock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// node is an engine over a store of its own.
type node struct {
	books *book.Books
	*coreEngine
	*queryBook
	*recordsBook
	*graphBook
	*governanceBook
	*inboxBook
	*feedBook
	*upkeepBook
	*intake.Door
	store *store.Store
	fed   *replicate.Replicator
	clock *testClock
	logs  *logs
	found chan engine.Found // secrets
}

// The books by names under which all of them can be embedded.
type (
	coreEngine     = engine.Engine
	queryBook      = query.Book
	recordsBook    = records.Book
	graphBook      = graph.Book
	governanceBook = governance.Book
	inboxBook      = inbox.Book
	feedBook       = feed.Book
	upkeepBook     = upkeep.Book
)

// keep embeds books.
func (n *node) keep(b *book.Books) {
	n.books = b
	n.coreEngine, n.queryBook, n.recordsBook, n.graphBook = b.Core, b.Query, b.Records, b.Graph
	n.governanceBook, n.inboxBook, n.feedBook, n.upkeepBook = b.Governance, b.Inbox, b.Feed, b.Upkeep
}

// Committed, Run, Changed and Replay are those that more than one of them has.
func (n *node) Committed(c memory.Committed)  { n.books.Committed(c) }
func (n *node) Run(ctx context.Context) error { return n.books.Run(ctx) }
func (n *node) Changed() <-chan struct{}      { return n.feedBook.Changed() }

// Bulk is that of the records, for a request that begins.
func (n *node) Bulk(ctx context.Context, c engine.Caller, drafts []records.Draft) []records.BulkResult {
	s, err := engine.Begin(ctx, n.coreEngine, c)
	if err != nil {
		return []records.BulkResult{{Err: err}}
	}
	return n.recordsBook.Bulk(ctx, s, drafts)
}

// Replay is that of the feed.
func (n *node) Replay(ctx context.Context, agent memory.AgentID, id string, since memory.Instant, after uint64, limit int) (feed.Replayed, error) {
	return n.feedBook.Replay(ctx, agent, id, since, after, limit)
}

func (n *node) now() memory.Instant { return memory.InstantOf(n.clock.now()) }

// open builds a node of a federation and runs it until the test ends.
func open(tb testing.TB, name memory.Node, net replicate.Transport, w int, others ...upkeep.Member) *node {
	tb.Helper()
	return openIn(tb, tb.TempDir(), name, net, w, others...)
}

// openIn is open in a directory that may have been used before.
func openIn(tb testing.TB, dir string, name memory.Node, net replicate.Transport, w int, others ...upkeep.Member) *node {
	tb.Helper()
	n := &node{clock: &testClock{}, logs: &logs{}, found: make(chan engine.Found, 100)}
	log := slog.New(n.logs)
	clock := memory.NewClock(n.clock.now, memory.DefaultMaxSkew)
	st, err := store.Open(tb.Context(), store.Config{
		Dir: dir, Node: name, Clock: clock, Codec: wire.Codec{}, Log: log,
		OnCommit: func(c memory.Committed) {
			n.fed.Committed(c)
			n.Committed(c)
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	n.store = st
	doorCfg := intake.Config{
		Node: name, Decode: codec.Decode, Clock: clock, Log: log,
		Heard:   func(from memory.Node, v memory.View, at time.Time) { n.fed.Heard(from, v, at) },
		Inspect: func(ctx context.Context, e *memory.Entry) error { return n.Inspect(ctx, e) },
	}
	for _, m := range others {
		doorCfg.Members = append(doorCfg.Members, m.Name)
	}
	n.Door = intake.New(doorCfg, st)
	n.fed = federate(tb, name, st, n.Door, net, w, others, log)
	n.keep(book.New(book.Config{
		Node: name, Members: others, Door: n.Door, QuorumTimeout: 1500 * time.Millisecond, Now: n.clock.now, Log: log,
		Found:       func(f engine.Found) { n.found <- f },
		DefaultTier: memory.Mid, // as in ai-memory, so that what expires is met often
	}, st, n.fed))
	ctx, cancel := context.WithCancel(context.Background()) // ends after the clean-up of the test
	done := make(chan error, 3)
	for _, run := range []func(context.Context) error{st.Run, n.fed.Run, n.Run} {
		go func() { done <- run(ctx) }()
	}
	tb.Cleanup(func() {
		cancel()
		for range 3 {
			if err := <-done; err != nil {
				tb.Errorf("run: %v", err)
			}
		}
		if err := st.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return n
}

// alone is a federation of one.
func alone(tb testing.TB) *node {
	tb.Helper()
	return open(tb, "a", nil, 1)
}

// logs collects records.
type logs struct{ warnings atomic.Int64 }

func (*logs) Enabled(context.Context, slog.Level) bool { return true }

func (l *logs) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		l.warnings.Add(1)
	}
	return nil
}

func (l *logs) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l *logs) WithGroup(string) slog.Handler { return l }

var (
	nobody   = engine.Caller{}
	imported = memory.Source{Route: memory.RouteImport} // past the question who may bring it
	alice    = engine.Caller{Agent: "alice"}
	bob      = engine.Caller{Agent: "bob"}
	carol    = engine.Caller{Agent: "carol"}
)

// keyed is a caller with an idempotency key.
func keyed(c engine.Caller, key, body string) engine.Caller {
	c.Idempotency = &memory.Idempotency{Key: key, Hash: memory.Digest{byte(len(body))}}
	copy(c.Idempotency.Hash[1:], body)
	return c
}

func draft(title string) records.Draft {
	return records.Draft{Memory: memory.Memory{Title: title, Content: "content of " + title}}
}

func in(namespace string, d records.Draft) records.Draft {
	d.Memory.Namespace = namespace
	return d
}

// create makes a memory and returns its record.
func (n *node) create(t *testing.T, c engine.Caller, d records.Draft) *memory.Record {
	t.Helper()
	out, err := n.Create(t.Context(), c, d)
	if err != nil {
		t.Fatalf("create %q: %v", d.Memory.Title, err)
	}
	if out.Record == nil {
		t.Fatalf("create %q: no record in %+v", d.Memory.Title, out)
	}
	return out.Record
}

// ok fails the test if err is not nil, and returns the outcome.
func ok(t *testing.T) func(engine.Outcome, error) engine.Outcome {
	t.Helper()
	return func(out engine.Outcome, err error) engine.Outcome {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func wantConflict(t *testing.T, err error, id string) {
	t.Helper()
	c, is := errors.AsType[*engine.ConflictError](err)
	if !is || c.ID != id {
		t.Fatalf("error %v, want a conflict with %s", err, id)
	}
}

func wantForbidden(t *testing.T, err error) {
	t.Helper()
	if _, is := errors.AsType[*engine.ForbiddenError](err); !is {
		t.Fatalf("error %v, want a *ForbiddenError", err)
	}
}

// eventually waits for a condition that a commit brings about, or word of another node,
// which makes none.
func (n *node) eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		next := n.Changed()
		if cond() {
			return
		}
		select {
		case <-next:
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("never came true: " + what)
		}
	}
}

func title(i int) string { return fmt.Sprintf("title %03d", i) }

// codec is how entries of other nodes come about.
var codec wire.Codec

// federate returns the replicator of a node, which keeps no cursors of its own.
func federate(tb testing.TB, name memory.Node, st *store.Store, door *intake.Door, net replicate.Transport, w int, others []upkeep.Member, log *slog.Logger) *replicate.Replicator {
	tb.Helper()
	cfg := replicate.Config{Self: name, W: w}
	for _, m := range others {
		cfg.Members = append(cfg.Members, m.Name)
	}
	r, err := replicate.New(tb.Context(), cfg, replicate.Storage{Log: st, Door: door, Numbers: st, Cursors: st, Digests: st}, net, log)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// Get is a memory with its links.
func (n *node) Get(ctx context.Context, agent memory.AgentID, id string) (*memory.Record, []memory.Link, error) {
	rec, err := n.queryBook.Get(ctx, agent, id)
	if err != nil {
		return nil, nil, err
	}
	links, err := n.LinksOf(ctx, agent, rec.ID)
	return rec, links, err
}
