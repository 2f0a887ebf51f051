package governance

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// ErrDecided says that the proposal is closed already.
var ErrDecided = errors.New("decided already")

// Approve votes for a proposal. Where this node is its home and the vote settles
// it, its action is carried out before Approve returns: the outcome is then that
// of the action, else that of the vote. The proposal comes back as it then stands.
func (b *Book) Approve(ctx context.Context, c engine.Caller, id string) (engine.Outcome, *memory.Pending, error) {
	return b.vote(ctx, c, id, true)
}

// Reject votes against a proposal. One vote that counts closes it.
func (b *Book) Reject(ctx context.Context, c engine.Caller, id string) (engine.Outcome, *memory.Pending, error) {
	return b.vote(ctx, c, id, false)
}

func (b *Book) vote(ctx context.Context, c engine.Caller, id string, approve bool) (engine.Outcome, *memory.Pending, error) {
	c = c.Named()
	h, err := b.voteAndResolve(ctx, c, id, approve)
	if err != nil {
		return engine.Outcome{}, nil, err
	}
	out, err := b.core.Settle(ctx, c, h)
	p, perr := b.store.Pending(ctx, id)
	return out, p, errors.Join(err, perr)
}

// voteAndResolve returns what the vote has led to if this is the home of the proposal, else the
// vote. Run hears of the vote as soon as it is committed, and has to wait: who votes is told
// what was carried out, and waits for as many members as it asked for.
func (b *Book) voteAndResolve(ctx context.Context, c engine.Caller, id string, approve bool) (*engine.Held, error) {
	b.proposals.turn.Lock()
	defer b.proposals.turn.Unlock()
	h, err := b.core.Write(ctx, c, func(ctx context.Context) (*engine.Intent, error) { return b.voting(ctx, c, id, approve) })
	if err != nil {
		return nil, err
	}
	resolved, err := b.core.Replay(ctx, c.Part(verdictPart, id)) // what the vote has led to before
	if resolved == nil && err == nil {
		resolved, err = b.resolveNow(ctx, c, id)
	}
	switch {
	case err != nil:
		// The vote is committed, and Run will carry the action out.
		b.log.WarnContext(ctx, "proposal not resolved yet", "proposal", id, "err", err)
	case resolved != nil:
		return resolved, nil
	}
	return h, nil
}

// Settled says how the votes of an open proposal stand: the verdict that its home
// has yet to write down, or "" while more votes are needed.
func (b *Book) Settled(ctx context.Context, p *memory.Pending) (verdict string, err error) {
	verdict, _, err = b.countVotes(ctx, p)
	return verdict, err
}

// countVotes says how the votes stand, and whose vote settled it.
func (b *Book) countVotes(ctx context.Context, p *memory.Pending) (verdict string, by memory.AgentID, err error) {
	lookup, failure := b.core.Registered(ctx)
	verdict, by = policy.CountVotes(p, lookup)
	return verdict, by, failure()
}

func (b *Book) voting(ctx context.Context, c engine.Caller, id string, approve bool) (*engine.Intent, error) {
	// What who votes may not read is not there for him: not even that it is decided.
	p, err := b.core.Pending(ctx, c.Agent, id)
	if err != nil {
		return nil, err
	}
	if p.Verdict != "" {
		return nil, fmt.Errorf("proposal %s is %s: %w", id, p.Verdict, ErrDecided)
	}
	lookup, failure := b.core.Registered(ctx)
	d := policy.Vote(policy.Actor{ID: c.Agent, Registered: lookup}, p, approve)
	if err := failure(); err != nil {
		return nil, err
	}
	return &engine.Intent{
		Ops:      []memory.NewOp{{Op: &memory.Decide{ID: id, Voter: c.Agent, Approve: approve}}},
		Expect:   []memory.Expect{{Key: verdictKey(id)}},
		Spaces:   []string{p.Namespace},
		Decision: &d,
	}, nil
}

// verdictKey is the register that says how a proposal ended. As long as it was
// never written, the proposal is open.
func verdictKey(id string) memory.Key { return memory.Key{Family: memory.FamVerdict, A: id} }

// verdictPart is the part of a vote's request that closes the proposal.
const verdictPart = "verdict"

// resolve closes a proposal whose home this is, if its votes settle it: verdict
// and action are one write, conditional on no verdict having been written, so
// the action is carried out once. It returns that write, or nil.
func (b *Book) resolve(ctx context.Context, c engine.Caller, id string) error {
	b.proposals.turn.Lock()
	defer b.proposals.turn.Unlock()
	_, err := b.resolveNow(ctx, c, id)
	return err
}

// resolveNow is resolve for who has the turn.
func (b *Book) resolveNow(ctx context.Context, c engine.Caller, id string) (*engine.Held, error) {
	p, err := b.store.Pending(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.Home != b.core.Node() {
		return nil, nil //nolint:nilnil // somebody else's to resolve
	}
	if p.Verdict != "" {
		b.proposals.done(id)
		return nil, nil //nolint:nilnil // it is closed
	}
	verdict, by, err := b.countVotes(ctx, p)
	if err != nil || verdict == "" {
		return nil, err
	}
	if c = c.Part(verdictPart, id); c.Agent != by { // a key is an agent's own
		c.Agent, c.Idempotency = by, nil
	}
	h, err := b.core.Write(ctx, c, func(ctx context.Context) (*engine.Intent, error) {
		if verdict == memory.VerdictRejected {
			return closing(p, verdict, ""), nil
		}
		return b.enacting(ctx, p)
	})
	if impossible(err) {
		h, err = b.core.Write(ctx, c, func(context.Context) (*engine.Intent, error) {
			return closing(p, memory.VerdictFailed, memory.Shorten(err.Error(), memory.MaxReason)), nil
		})
	}
	if err != nil {
		return nil, err
	}
	b.proposals.done(id)
	return h, nil
}

// impossible reports whether err says that an action cannot be carried out any
// more, rather than not just now.
func impossible(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := errors.AsType[*engine.ConflictError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*engine.ForbiddenError](err); ok {
		return true
	}
	for _, s := range []error{memory.ErrNotFound, memory.ErrInvalid, graph.ErrCycle, engine.ErrNothing, engine.ErrChanged} {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// closing is the intent to close p without doing anything.
func closing(p *memory.Pending, verdict, detail string) *engine.Intent {
	return &engine.Intent{
		Ops:      []memory.NewOp{{Op: &memory.Resolve{ID: p.ID, Verdict: verdict, Detail: detail}}},
		Expect:   []memory.Expect{{Key: verdictKey(p.ID)}},
		Spaces:   []string{p.Namespace},
		Decision: &policy.Decision{},
	}
}

// enacting is the intent to close p as approved and to carry out its action,
// made anew from what is there now.
func (b *Book) enacting(ctx context.Context, p *memory.Pending) (*engine.Intent, error) {
	in, err := b.redo(ctx, p)
	if err != nil {
		return in, err
	}
	if in.Existing != nil {
		return closing(p, memory.VerdictApproved, ""), nil
	}
	end := closing(p, memory.VerdictApproved, "")
	in.Ops = append(end.Ops, in.Ops...)
	in.Expect = append(end.Expect, in.Expect...)
	in.Spaces = end.Spaces
	in.Proposal = p
	return in, nil
}
