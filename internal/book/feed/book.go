// Package feed keeps the book of subscriptions, and says who is told of what
// happened.
package feed

import (
	"context"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Reads is what the book needs of the store.
type Reads interface {
	Outbox
	// Record returns the memory in whatever life, or [memory.ErrNotFound] if it never was.
	Record(ctx context.Context, id string) (*memory.Record, error)
	// Entry returns what was logged as d, or [memory.ErrNotFound].
	Entry(ctx context.Context, d memory.Dot) (*memory.Entry, error)
	// Events returns what was applied behind a local sequence number, in order.
	Events(ctx context.Context, after uint64, limit int) ([]memory.Event, error)
}

// Outbox is what this node owes to the endpoints of subscriptions.
type Outbox interface {
	// Subscribers are the live memories of subscriptions, by id.
	Subscribers(ctx context.Context) ([]memory.Subscriber, error)
	// Deliveries says, by subscription, how far this node has got.
	Deliveries(ctx context.Context) (map[string]memory.Delivery, error)
	// DeadLetters returns what was given up, the oldest first; queued: and is to be
	// tried again.
	DeadLetters(ctx context.Context, subscription string, queued bool, limit int) ([]memory.DeadLetter, error)
	// LSNBefore is a local sequence number behind which everything since an instant is.
	LSNBefore(ctx context.Context, at memory.Instant) (uint64, error)
}

// Book keeps subscriptions and reads their events off the log. It is safe for
// concurrent use.
type Book struct {
	core    *engine.Engine
	store   Reads
	records *records.Book
	check   func(rawURL string) error
	shared  shared
}

// New returns the book. check says why no event can be posted to a URL; nil: any
// may be.
func New(core *engine.Engine, store Reads, r *records.Book, check func(rawURL string) error) *Book {
	return &Book{core: core, store: store, records: r, check: check}
}
