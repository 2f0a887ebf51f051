// Package governance keeps the book of rules: the standards of namespaces, the
// proposals that they make of changes, the votes on these, and who is registered.
package governance

import (
	"context"
	"log/slog"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Reads is what the book needs of the store.
type Reads interface {
	// Record returns the memory in whatever life, or [memory.ErrNotFound] if it never was.
	Record(ctx context.Context, id string) (*memory.Record, error)
	// Register returns what was last written to a register, or [memory.ErrNotFound].
	Register(ctx context.Context, k memory.Key) (memory.Version, *memory.Entry, error)
	// Standard returns the one set for exactly that namespace, or [memory.ErrNotFound].
	Standard(ctx context.Context, namespace string) (*memory.Standard, error)
	// Pending returns a proposal with its votes and its verdict, or [memory.ErrNotFound].
	Pending(ctx context.Context, id string) (*memory.Pending, error)
	// Pendings lists proposals, the oldest first; open: those without an outcome, in
	// one namespace or with "" in all.
	Pendings(ctx context.Context, open bool, namespace string, limit int) ([]memory.Pending, error)
}

// Book states rules and carries out what they wanted approved. It is safe for
// concurrent use. Run must run, and Committed be told of every commit.
type Book struct {
	core      *engine.Engine
	store     Reads
	query     *query.Book
	records   *records.Book
	keepers   map[memory.Kind]engine.Book
	proposals openProposals
	log       *slog.Logger
}

// New returns the book. The others say how what was proposed of their kinds is
// carried out.
func New(core *engine.Engine, store Reads, q *query.Book, r *records.Book, others []engine.Book, log *slog.Logger) *Book {
	b := &Book{core: core, store: store, query: q, records: r, keepers: map[memory.Kind]engine.Book{}, log: log}
	b.proposals.wake = make(chan struct{}, 1)
	for _, other := range append([]engine.Book{b}, others...) {
		for _, k := range other.Kinds() {
			b.keepers[k] = other
		}
	}
	core.OnProposal(b.proposals.add)
	return b
}

// Kinds implements [engine.Book].
func (b *Book) Kinds() []memory.Kind {
	return []memory.Kind{memory.KindSetStandard, memory.KindClearStandard, memory.KindPropose, memory.KindDecide, memory.KindResolve}
}

// Redo implements [engine.Book]: who may set rules sets them, and nobody approves.
func (b *Book) Redo(_ context.Context, _ memory.AgentID, op memory.Op) (*engine.Intent, error) {
	return nil, engine.NotCarriedOut(op)
}

// redo is the intent of a proposed action, on behalf of who asked for it.
func (b *Book) redo(ctx context.Context, p *memory.Pending) (*engine.Intent, error) {
	keeper, ok := b.keepers[p.Action.Kind()]
	if !ok {
		return nil, engine.NotCarriedOut(p.Action)
	}
	return keeper.Redo(ctx, p.Requester, p.Action)
}

// Committed is the book's part of the store's commit hook. It does not block.
func (b *Book) Committed(c memory.Committed) { b.proposals.committed(c) }
