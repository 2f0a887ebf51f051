// Package inbox keeps the book of what agents hand to each other: messages, copies
// of memories, and the turns of conversations.
package inbox

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
}

// Book brings things to agents. It is safe for concurrent use.
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
