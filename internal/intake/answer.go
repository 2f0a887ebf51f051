package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// Bounds of an answer to a pull.
const (
	maxPullOps   = 256
	maxPullBytes = 1 << 20
)

// AcceptPush takes a member's entries, and its word on what it holds. When it
// returns without an error, what it has not refused is fsynced here.
func (d *Door) AcceptPush(ctx context.Context, from memory.Source, p *memory.Push) (*memory.PushReply, error) {
	if err := d.admit(from); err != nil {
		return nil, err
	}
	reply := &memory.PushReply{From: d.cfg.Node, View: d.reading()}
	if len(p.Ops) > 0 {
		done, err := d.Accept(ctx, from, p.Ops)
		if err != nil {
			return nil, fmt.Errorf("take a push of %s: %w", from.Member, err)
		}
		reply.Refused, reply.View = done.Refused, done.View
		if d.cfg.Reading != nil {
			reply.View = d.cfg.Reading() // made later, so what was taken is in it
		}
	}
	d.cfg.Heard(from.Member, p.View, d.cfg.Clock.Wall())
	reply.Time = d.cfg.Clock.Wall()
	return reply, nil
}

// AcceptPull answers with a prefix of the entries that a member asks for.
func (d *Door) AcceptPull(ctx context.Context, from memory.Source, q *memory.PullRequest) (*memory.PullReply, error) {
	if err := d.admit(from); err != nil {
		return nil, err
	}
	reply := &memory.PullReply{From: d.cfg.Node}
	ops, bytes := maxPullOps, maxPullBytes
	take := func(list []memory.Shipment) {
		for _, s := range list {
			reply.Ops = append(reply.Ops, s)
			ops--
			bytes -= len(s.Raw)
		}
	}
	for _, r := range q.Ranges {
		if ops <= 0 || bytes <= 0 {
			break
		}
		list, last, err := d.store.Range(ctx, r, ops, bytes)
		switch {
		case errors.Is(err, memory.ErrTruncated):
			reply.Truncated = append(reply.Truncated, r.Origin)
		case err != nil:
			return nil, fmt.Errorf("range of %s: %w", r.Origin, err)
		}
		take(list)
		if held := d.store.View().Heads[r.Origin].Seq; len(list) > 0 && last < min(r.To, held) {
			reply.View = d.reading()
			return reply, nil // cut: what comes back is a prefix of what was asked for
		}
	}
	if n := min(len(q.Dots), max(ops, 0)); n > 0 && bytes > 0 {
		list, err := d.store.ByDot(ctx, q.Dots[:n])
		if err != nil {
			return nil, err
		}
		take(list)
	}
	reply.View = d.reading()
	return reply, nil
}

// AcceptDigest answers with the digests of all buckets, or with the registers of some.
func (d *Door) AcceptDigest(ctx context.Context, from memory.Source, q *memory.DigestRequest) (*memory.DigestReply, error) {
	if err := d.admit(from); err != nil {
		return nil, err
	}
	reply := &memory.DigestReply{From: d.cfg.Node}
	var err error
	if len(q.Buckets) == 0 {
		reply.View, reply.Sums, err = d.store.BucketSums(ctx)
	} else {
		reply.View, reply.Registers, err = d.store.BucketRegisters(ctx, q.Buckets)
	}
	if err != nil {
		return nil, err
	}
	return reply, nil
}

// AcceptSnapshot hands everything that makes up the state to yield, for a member
// that is behind what the log still has.
func (d *Door) AcceptSnapshot(ctx context.Context, from memory.Source, yield func([]memory.Shipment) error) (memory.View, error) {
	if err := d.admit(from); err != nil {
		return memory.View{}, err
	}
	return d.store.Snapshot(ctx, yield)
}
