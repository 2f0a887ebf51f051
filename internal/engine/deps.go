package engine

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// Store is the node's own store, by what the engine does with it. What books need
// of it, each says itself.
type Store interface {
	Writer
	Records
	Registers
}

// Writer takes changes of this node.
type Writer interface {
	// Submit commits a write, all of it or nothing: it returns when it is fsynced. It
	// is [memory.ErrStale] if a register is not as the write expects it.
	Submit(ctx context.Context, w *memory.Write) (*memory.Written, error)
	// Idempotent returns the entries of an earlier request, nil if there is none,
	// [memory.ErrUnchanged], a *[memory.BegunError] or [memory.ErrKeyReused].
	Idempotent(ctx context.Context, actor memory.AgentID, key *memory.Idempotency) ([]*memory.Entry, error)
	// Allow says why the caller may not write w, whatever the rules: see [Bounds].
	Allow(ctx context.Context, w *memory.Write) error
}

// Records are the memories, in any life.
type Records interface {
	// Record returns the memory, or [memory.ErrNotFound] if it never was.
	Record(ctx context.Context, id string) (*memory.Record, error)
	// RecordFor is Record for a viewer: what it may not see is as if it never was, and
	// takes no longer.
	RecordFor(ctx context.Context, viewer memory.AgentID, id string) (*memory.Record, error)
	// ByTitle finds the live record of a title among those that viewer may see.
	ByTitle(ctx context.Context, viewer memory.AgentID, namespace, title string) (*memory.Record, error)
	// Mates returns who is in a team with an agent.
	Mates(ctx context.Context, agent memory.AgentID) ([]memory.AgentID, error)
}

// Registers are the records that are no memories, and the entries behind them.
type Registers interface {
	// Standards returns those of all namespaces, also of memories that are gone.
	Standards(ctx context.Context) ([]memory.Standard, error)
	// Pending returns a proposal with its votes and its verdict, or [memory.ErrNotFound].
	Pending(ctx context.Context, id string) (*memory.Pending, error)
	// Entry returns what was logged as d, or [memory.ErrNotFound].
	Entry(ctx context.Context, d memory.Dot) (*memory.Entry, error)
}
