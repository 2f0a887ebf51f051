// Package graph keeps the book of links between memories, and of what is read off
// them: walks, paths, contradictions, and entities with their names.
package graph

import (
	"context"

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
	// Links returns the links that a memory is an end of.
	Links(ctx context.Context, id string) ([]memory.Link, error)
	// LostLinks returns the links of a memory that are damaged here: [Reads.Links] has none of them.
	LostLinks(ctx context.Context, id string) ([]memory.LostLink, error)
	// LinkBetween returns the links from source to target, at most one of each relation.
	LinkBetween(ctx context.Context, source, target string) ([]memory.Link, error)
	// Targets returns the ids at the end of the links of one relation from source.
	Targets(ctx context.Context, source, relation string) ([]string, error)
}

// Book changes and follows links. It is safe for concurrent use.
type Book struct {
	core    *engine.Engine
	store   Reads
	query   *query.Book
	records *records.Book
}

// New returns the book.
func New(core *engine.Engine, store Reads, q *query.Book, r *records.Book) *Book {
	return &Book{core: core, store: store, query: q, records: r}
}
