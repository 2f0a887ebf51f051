package engine

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Store is the node's own store, by what the engine does with it.
type Store interface {
	Writer
	State
	Log
	Digests
	Outbox
}

// State is what there is now.
type State interface {
	Records
	Found
	Graph
	Registers
	Tallies
}

// Writer takes changes of this node.
type Writer interface {
	Dumper
	Submit(ctx context.Context, w *memory.Write) (*memory.Written, error)
	// Idempotent returns the entries of an earlier request, nil if there is none,
	// or [memory.ErrKeyReused].
	Idempotent(ctx context.Context, actor memory.AgentID, key *memory.Idempotency) ([]*memory.Entry, error)
	// Touch counts a read of each id. It never blocks.
	Touch(ids []string, at memory.Instant)
	// Compact drops history and log that nobody needs any more.
	Compact(ctx context.Context, olderThan memory.Instant, keepVersions int, stable map[memory.Origin]uint64) (int, error)
}

// Records are the memories, in any life unless a filter says otherwise.
type Records interface {
	Record(ctx context.Context, id string) (*memory.Record, error)
	// Resolve completes a prefix of an id among the records that f selects.
	Resolve(ctx context.Context, idOrPrefix string, f memory.Filter) (string, error)
	// ByTitle finds the live record of a title among those that viewer may see.
	ByTitle(ctx context.Context, viewer memory.AgentID, namespace, title string) (*memory.Record, error)
	List(ctx context.Context, f memory.Filter, o memory.Order, limit, offset int, cursor string) ([]memory.Record, string, error)
	History(ctx context.Context, id string) ([]memory.Revision, error)
	// Counts are those of the records that the viewer of f may see, or of all.
	Counts(ctx context.Context, f memory.Filter) (memory.Counts, error)
}

// Found is what finding by words needs: the records behind the log, in its order,
// and those that were found.
type Found interface {
	// Changed returns memories as they are now that were written behind the local
	// sequence number after, and the number up to which there are no others.
	Changed(ctx context.Context, after uint64, limit int) ([]memory.Record, uint64, error)
	// Many returns those of the memories that there are, in no order.
	Many(ctx context.Context, ids []string) ([]memory.Record, error)
}

// Graph finds memories by their links.
type Graph interface {
	Links(ctx context.Context, id string) ([]memory.Link, error)
	LinkBetween(ctx context.Context, source, target string) ([]memory.Link, error)
	Targets(ctx context.Context, source, relation string) ([]string, error)
}

// Registers are the records that are no memories, and the entries behind them.
type Registers interface {
	Register(ctx context.Context, k memory.Key) (memory.Version, *memory.Entry, error)
	Standard(ctx context.Context, namespace string) (*memory.Standard, error)
	Standards(ctx context.Context) ([]memory.Standard, error)
	Pending(ctx context.Context, id string) (*memory.Pending, error)
	Pendings(ctx context.Context, open bool, namespace string, limit int) ([]memory.Pending, error)
	Entry(ctx context.Context, d memory.Dot) (*memory.Entry, error)
}

// Tallies are counts of records.
type Tallies interface {
	Spaces(ctx context.Context, f memory.Filter) (map[string]int64, error)
}

// Log is what this node holds, in the order of its origins and in its own.
type Log interface {
	View() memory.View
	Origin() memory.Origin
	Range(ctx context.Context, r memory.Range, maxOps, maxBytes int) (ops []memory.Shipment, last uint64, err error)
	ByDot(ctx context.Context, dots []memory.Dot) ([]memory.Shipment, error)
	Events(ctx context.Context, after uint64, limit int) ([]memory.Event, error)
	Snapshot(ctx context.Context, yield func([]memory.Shipment) error) (memory.View, error)
}

// Digests are what members compare, and what they have refused.
type Digests interface {
	BucketSums(ctx context.Context) (memory.View, []memory.Digest, error)
	BucketRegisters(ctx context.Context, buckets []uint16) (memory.View, []memory.RegisterDigest, error)
	Parked(ctx context.Context) ([]memory.Parked, error)
	// Damage returns what is damaged here, the first limit entries by name.
	Damage(ctx context.Context, limit int) (memory.Damage, error)
	// Scrub reads a part of the log to find damage: from after a local sequence
	// number on, for about as long as given.
	Scrub(ctx context.Context, after uint64, about time.Duration) (memory.Scrubbing, error)
	// RetryParked tries again to apply ops that this node refused; nil dots are those that are due.
	RetryParked(ctx context.Context, dots []memory.Dot, now time.Time) (int, error)
}
