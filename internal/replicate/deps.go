package replicate

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// Log is this node's own log of entries, by what replication does with it.
type Log interface {
	// View is the latest durable reading. It never blocks.
	View() memory.View
	// Origin is what this node numbers its ops under at present.
	Origin() memory.Origin
	// Range returns the entries of a range from its start on, at least one, and the
	// seq of the last of them; [memory.ErrTruncated] if they are gone.
	Range(ctx context.Context, r memory.Range, maxOps, maxBytes int) (ops []memory.Shipment, last uint64, err error)
}

// Door is where entries of members come in.
type Door interface {
	// Accept merges what a member sent, in any order, any number of times; on the route
	// of a repair also what is held already. When it returns, what it took is fsynced
	// and was reported to [Replicator.Committed].
	Accept(ctx context.Context, from memory.Source, ops []memory.Shipment) (memory.Accepted, error)
	// AcceptWhole takes in all that a member has: read hands it over, and returns the
	// view that it adds up to. Then this node holds at least its heads.
	AcceptWhole(ctx context.Context, from memory.Source, read func(yield func([]memory.Shipment) error) (memory.View, error)) error
	// Settle compares a member's entries of r with those under the same dots here. Of
	// two that differ the one that precedes is kept ([memory.Entry.Precedes]); one that
	// has to make room is issued again under this node's origin. It returns how many
	// differed, and which of r were among ops, ascending.
	Settle(ctx context.Context, from memory.Source, r memory.Range, ops []memory.Shipment) (disputed int, there []uint64, err error)
	// Concede ends a dispute in which nothing differs that both this node and the member
	// still have, as long as they have the heads ours and theirs: what the member has no
	// longer (gone) is taken out of the log and issued again under this node's origin, and
	// this node goes by the member's chain. It returns how many entries that were. Where
	// there are none, the lower chain is that of both.
	Concede(ctx context.Context, from memory.Source, c memory.Concession) (moved int, err error)
}

// Numbers is who may number ops under this node's origin.
type Numbers interface {
	// Numbering reports whether local writes are numbered: this run has taken the
	// origin, or it was confirmed.
	Numbering() bool
	// Outrun reports whether entries that the log does not have may have been sent under
	// numbers of the origin, whatever members say: a new incarnation must be taken.
	Outrun() bool
	// Confirm lets local writes be numbered under the origin that there is.
	Confirm()
	// NewIncarnation makes this node number its ops under a new origin, unless it has
	// old in its log or has left the origin of old already.
	NewIncarnation(ctx context.Context, old memory.Dot) (memory.Origin, error)
}

// Cursors remembers across restarts what members hold and what they refused.
type Cursors interface {
	// Cursors returns, for each member, up to where it has acknowledged the entries of
	// origin. The map is the caller's.
	Cursors(ctx context.Context, origin memory.Origin) (map[memory.Node]uint64, error)
	// SaveCursor notes the last word of a member, also if it is less than an earlier one.
	// It may become durable late: what is sent twice does no harm.
	SaveCursor(ctx context.Context, member memory.Node, origin memory.Origin, seq uint64) error
	// Parked lists what members refused of this node's entries.
	Parked(ctx context.Context) ([]memory.Parked, error)
	// Park keeps that a member refused an entry; again, it replaces the reason.
	Park(ctx context.Context, p memory.Parked) error
	// Unpark forgets refusals. Those that are not there are no error.
	Unpark(ctx context.Context, member memory.Node, dots []memory.Dot) error
}

// Digests is the state of this node as sums, for comparison and repair.
type Digests interface {
	// BucketSums returns the sum of each bucket, and the view that they belong to.
	BucketSums(ctx context.Context) (memory.View, []memory.Digest, error)
	// BucketRegisters returns what the registers of some buckets hold, and the view that
	// they belong to.
	BucketRegisters(ctx context.Context, buckets []uint16) (memory.View, []memory.RegisterDigest, error)
	// Damage returns what is damaged here, the first limit entries by name.
	Damage(ctx context.Context, limit int) (memory.Damage, error)
}

// Storage is what a Replicator needs of the node's store.
type Storage struct {
	Log
	Door
	Numbers
	Cursors
	Digests
}

// Transport calls members. Implementations are safe for concurrent use, check
// that the answer is the member's, and honour ctx. An error that wraps a
// [*memory.Fault] says what to do about it; any other is worth a retry.
type Transport interface {
	// Push hands entries over. When it returns without an error, the member has fsynced
	// what its answer does not name as refused.
	Push(ctx context.Context, to memory.Node, p *memory.Push) (*memory.PushReply, error)
	// Pull asks for entries by range or by name. It changes nothing at the member.
	Pull(ctx context.Context, to memory.Node, q *memory.PullRequest) (*memory.PullReply, error)
	// Digest asks for the sums, or for what some buckets hold.
	Digest(ctx context.Context, to memory.Node, q *memory.DigestRequest) (*memory.DigestReply, error)
	// Snapshot streams all entries that a member has, and returns the view that
	// they add up to. An error of yield ends it.
	Snapshot(ctx context.Context, to memory.Node, yield func([]memory.Shipment) error) (memory.View, error)
}

func faultOf(err error) *memory.Fault {
	if f, ok := errors.AsType[*memory.Fault](err); ok {
		return f
	}
	return &memory.Fault{Err: err}
}
