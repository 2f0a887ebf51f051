package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Bounds of an answer to a pull.
const (
	maxPullOps   = 256
	maxPullBytes = 1 << 20
)

// member refuses a node that is no member.
func (e *Engine) member(from memory.Node) error {
	names := make([]memory.Node, len(e.cfg.Members))
	for i, m := range e.cfg.Members {
		names[i] = m.Name
	}
	return refusal(policy.AllowMember(from, names))
}

// AcceptPush takes a member's entries, and its word on what it holds. When it
// returns without an error, what it has not refused is fsynced here.
func (e *Engine) AcceptPush(ctx context.Context, p *memory.Push) (*memory.PushReply, error) {
	if err := e.member(p.From); err != nil {
		return nil, err
	}
	reply := &memory.PushReply{From: e.cfg.Node, View: e.store.View()}
	if len(p.Ops) > 0 {
		done, err := e.store.Accept(ctx, p.Ops)
		if err != nil {
			return nil, fmt.Errorf("accept a push from %s: %w", p.From, err)
		}
		reply.Refused, reply.View = done.Refused, done.View
	}
	e.fed.Heard(p.From, p.View, e.cfg.Now())
	reply.Time = e.cfg.Now()
	return reply, nil
}

// AcceptPull answers with a prefix of the entries that a member asks for.
func (e *Engine) AcceptPull(ctx context.Context, q *memory.PullRequest) (*memory.PullReply, error) {
	if err := e.member(q.From); err != nil {
		return nil, err
	}
	reply := &memory.PullReply{From: e.cfg.Node}
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
		list, last, err := e.store.Range(ctx, r, ops, bytes)
		switch {
		case errors.Is(err, memory.ErrTruncated):
			reply.Truncated = append(reply.Truncated, r.Origin)
		case err != nil:
			return nil, fmt.Errorf("range of %s: %w", r.Origin, err)
		}
		take(list)
		if held := e.store.View().Heads[r.Origin].Seq; len(list) > 0 && last < min(r.To, held) {
			reply.View = e.store.View()
			return reply, nil // cut: what comes back is a prefix of what was asked for
		}
	}
	if n := min(len(q.Dots), max(ops, 0)); n > 0 && bytes > 0 {
		list, err := e.store.ByDot(ctx, q.Dots[:n])
		if err != nil {
			return nil, err
		}
		take(list)
	}
	reply.View = e.store.View()
	return reply, nil
}

// AcceptDigest answers with the digests of all buckets, or with the registers of some.
func (e *Engine) AcceptDigest(ctx context.Context, q *memory.DigestRequest) (*memory.DigestReply, error) {
	if err := e.member(q.From); err != nil {
		return nil, err
	}
	reply := &memory.DigestReply{From: e.cfg.Node}
	var err error
	if len(q.Buckets) == 0 {
		reply.View, reply.Sums, err = e.store.BucketSums(ctx)
	} else {
		reply.View, reply.Registers, err = e.store.BucketRegisters(ctx, q.Buckets)
	}
	if err != nil {
		return nil, err
	}
	return reply, nil
}

// AcceptSnapshot hands everything that makes up the state to yield, for a member
// that is behind what the log still has.
func (e *Engine) AcceptSnapshot(ctx context.Context, from memory.Node, yield func([]memory.Shipment) error) (memory.View, error) {
	if err := e.member(from); err != nil {
		return memory.View{}, err
	}
	return e.store.Snapshot(ctx, yield)
}
