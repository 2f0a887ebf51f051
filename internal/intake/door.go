package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Store takes in what came through the door, and answers members.
type Store interface {
	Taker
	Reads
	Log
}

// Taker is the part of a store that changes it.
type Taker interface {
	// View is the latest durable reading. It never blocks.
	View() memory.View
	// Take merges entries, in any order, any number of times, and returns when they
	// are fsynced. With again it also merges what is held already, to mend it.
	Take(ctx context.Context, in []memory.Arrival, again bool) (memory.Accepted, error)
	// Settle decides between entries of r and those that are here under their dots.
	Settle(ctx context.Context, r memory.Range, ops []memory.Arrival) (disputed int, err error)
	// Concede ends a dispute in which nothing differs that both sides still have.
	Concede(ctx context.Context, c memory.Concession) (moved int, err error)
	// AdoptHeads moves the heads of this node to at least those given.
	AdoptHeads(ctx context.Context, heads memory.Heads) error
	// LogForeign logs ops under this node's own origin, with the times that they bring, all
	// of them or none.
	LogForeign(ctx context.Context, w *memory.Write) (*memory.Written, error)
}

// Reads is what an op is judged by.
type Reads interface {
	// Record returns a memory in whatever life, [memory.ErrNotFound] if it never was here.
	Record(ctx context.Context, id string) (*memory.Record, error)
	// Pending returns a proposal, closed or not, [memory.ErrNotFound] if it is not here.
	Pending(ctx context.Context, id string) (*memory.Pending, error)
}

// Log is what members are answered from.
type Log interface {
	// Range returns the entries of a range from its start on, and the seq of the
	// last of them; [memory.ErrTruncated] if they are gone.
	Range(ctx context.Context, r memory.Range, maxOps, maxBytes int) (ops []memory.Shipment, last uint64, err error)
	// ByDot returns the entries of those names that are here, in any order.
	ByDot(ctx context.Context, dots []memory.Dot) ([]memory.Shipment, error)
	// BucketSums returns the sum of each bucket, and the view that they belong to.
	BucketSums(ctx context.Context) (memory.View, []memory.Digest, error)
	// BucketRegisters returns what the registers of some buckets hold, and the view that
	// they belong to.
	BucketRegisters(ctx context.Context, buckets []uint16) (memory.View, []memory.RegisterDigest, error)
	// Snapshot yields all entries that the state is made of, in parts, and returns the
	// view that they add up to. An error of yield ends it.
	Snapshot(ctx context.Context, yield func([]memory.Shipment) error) (memory.View, error)
}

// Config says whose door it is. All fields but Bounds, Disputed and Heard are required.
type Config struct {
	Node    memory.Node
	Members []memory.Node // the others
	// Current, if set, says who they are now, in the place of Members.
	Current func() []memory.Node
	// Bounds are, by member, the namespaces that it may write in, with all below
	// them; a member without any is not bound.
	Bounds map[memory.Node][]string
	Decode func(raw []byte) (*memory.Entry, error)
	Clock  *memory.Clock
	// Reading, if set, is a reading of this node with the epoch of its members, in the
	// place of the store's.
	Reading func() memory.View
	// Inspect, if set, says why an entry is not to be taken for what is in it.
	Inspect func(ctx context.Context, e *memory.Entry) error
	// Disputed, if set, is told of what a member has under dots that are in dispute, before
	// the store decides.
	Disputed func(ctx context.Context, from memory.Source, in []memory.Arrival)
	// Heard is told what a member says that it holds. It does not block.
	Heard func(from memory.Node, v memory.View, at time.Time)
	Log   *slog.Logger
}

// Door takes in what other nodes wrote. It is safe for concurrent use.
type Door struct {
	cfg   Config
	store Store
}

// New returns the door of a node to its store.
func New(cfg Config, store Store) *Door { return &Door{cfg: cfg, store: store} }

// reading is what this node holds now.
func (d *Door) reading() memory.View {
	if d.cfg.Reading != nil {
		return d.cfg.Reading()
	}
	return d.store.View()
}

// Accept opens, judges and merges what a source brings. Entries that cannot be taken
// are refused one by one. Those that do not even tell their dot are left out and
// counted: no other entry waits for them. A source that may bring nothing is
// [memory.ErrForbidden]; [memory.ErrBusy], [memory.ErrFull] and [memory.ErrClosed]
// are the store's.
func (d *Door) Accept(ctx context.Context, from memory.Source, ops []memory.Shipment) (memory.Accepted, error) {
	in, unreadable := memory.Open(d.cfg.Decode, ops)
	if unreadable > 0 {
		d.cfg.Log.WarnContext(ctx, "entries that cannot be read were left out", "member", from.Member, "route", from.Route.String(), "entries", unreadable)
	}
	out, err := d.take(ctx, from, in)
	out.Unreadable = unreadable
	return out, err
}

// take is Accept of what is opened already.
func (d *Door) take(ctx context.Context, from memory.Source, in []memory.Arrival) (memory.Accepted, error) {
	if err := d.admit(from); err != nil {
		return memory.Accepted{}, err
	}
	kept, refused, err := d.judge(ctx, from, in)
	if err != nil {
		return memory.Accepted{}, err
	}
	if len(kept) == 0 {
		return memory.Accepted{Refused: refused, View: d.store.View()}, nil
	}
	kept[0].Mark = from.Mark
	out, err := d.store.Take(ctx, kept, from.Route == memory.RouteRepair)
	out.Refused = append(out.Refused, refused...)
	return out, err
}

// Settle has the store decide between what a source has of a range and what is here
// under the same dots. What may not come in does not take part.
func (d *Door) Settle(ctx context.Context, from memory.Source, r memory.Range, ops []memory.Shipment) (disputed int, there []uint64, err error) {
	if err := d.admit(from); err != nil {
		return 0, nil, err
	}
	in, unreadable := memory.Open(d.cfg.Decode, ops)
	if unreadable > 0 {
		return 0, nil, fmt.Errorf("%d entries of %s cannot be read: %w", unreadable, from.Member, memory.ErrInvalid)
	}
	if d.cfg.Disputed != nil {
		d.cfg.Disputed(ctx, from, in)
	}
	kept, _, err := d.judge(ctx, from, in)
	if err != nil {
		return 0, nil, err
	}
	for _, a := range in {
		if d := a.Entry.Dot; d.Origin == r.Origin && d.Seq >= r.From && d.Seq <= r.To {
			there = append(there, a.Entry.Dot.Seq)
		}
	}
	slices.Sort(there)
	for i := range kept {
		if errors.Is(kept[i].Refused, memory.ErrSkew) {
			kept[i].Refused = nil // it takes part all the same, and waits for its time afterwards
		}
	}
	disputed, err = d.store.Settle(ctx, r, kept)
	return disputed, there, err
}

// Concede has the store give way in what a source no longer has of an origin.
func (d *Door) Concede(ctx context.Context, from memory.Source, c memory.Concession) (moved int, err error) {
	if err := d.admit(from); err != nil {
		return 0, err
	}
	return d.store.Concede(ctx, c)
}

// admit says whether a source may bring anything.
func (d *Door) admit(from memory.Source) error {
	if decision := policy.AllowMember(d.sender(from)); decision.Verdict != policy.Allow {
		return fmt.Errorf("%s: %w", decision.Reason, memory.ErrForbidden)
	}
	return nil
}

func (d *Door) sender(from memory.Source) policy.Sender {
	members := d.cfg.Members
	if d.cfg.Current != nil {
		members = d.cfg.Current()
	}
	return policy.Sender{
		Node: from.Member, Operator: from.Route == memory.RouteImport && from.Member == "", Self: d.cfg.Node, Members: members,
	}
}
