// Package records keeps the book of memories: how they are made, edited, taken out
// of sight and brought back.
package records

import (
	"context"
	"log/slog"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Reads is what the book needs of the store.
type Reads interface {
	// Record returns the memory in whatever life, or [memory.ErrNotFound] if it never was.
	Record(ctx context.Context, id string) (*memory.Record, error)
	// ByTitle finds the live record of a title among those that viewer may see.
	ByTitle(ctx context.Context, viewer memory.AgentID, namespace, title string) (*memory.Record, error)
	// List returns a page of what f selects, and the cursor of the next one, "" after the last.
	List(ctx context.Context, f memory.Filter, o memory.Order, limit, offset int, cursor string) ([]memory.Record, string, error)
	// History returns what was written to the content of a memory, the newest first.
	History(ctx context.Context, id string) ([]memory.Revision, error)
	// Entry returns what was logged as d, or [memory.ErrNotFound].
	Entry(ctx context.Context, d memory.Dot) (*memory.Entry, error)
}

// Book changes memories. It is safe for concurrent use.
type Book struct {
	core  *engine.Engine
	store Reads
	query *query.Book
	tier  memory.Tier
	// signers returns the public keys of an agent; nil: none are known.
	signers func(memory.AgentID) [][]byte
	log     *slog.Logger
}

// New returns a book in which memories whose writers name no tier have the given one.
// signers returns the public keys with which an agent may sign; nil: none are known. Run
// must run, or recalls prolong nothing.
func New(
	core *engine.Engine, store Reads, q *query.Book, tier memory.Tier, signers func(memory.AgentID) [][]byte, log *slog.Logger,
) *Book {
	return &Book{core: core, store: store, query: q, tier: tier, signers: signers, log: log}
}
