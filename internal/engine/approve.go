package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// ErrDecided says that the proposal is closed already.
var ErrDecided = errors.New("decided already")

// Approve votes for a proposal. Where this node is its home and the vote settles
// it, its action is carried out before Approve returns: the outcome is then that
// of the action, else that of the vote. The proposal comes back as it then stands.
func (e *Engine) Approve(ctx context.Context, c Caller, id string) (Outcome, *memory.Pending, error) {
	return e.vote(ctx, c, id, true)
}

// Reject votes against a proposal. One vote that counts closes it.
func (e *Engine) Reject(ctx context.Context, c Caller, id string) (Outcome, *memory.Pending, error) {
	return e.vote(ctx, c, id, false)
}

func (e *Engine) vote(ctx context.Context, c Caller, id string, approve bool) (Outcome, *memory.Pending, error) {
	c = c.named()
	h, err := e.write(ctx, c, func(ctx context.Context) (*intent, error) { return e.voting(ctx, c, id, approve) })
	if err != nil {
		return Outcome{}, nil, err
	}
	resolved, err := e.resolve(ctx, c, id)
	switch {
	case err != nil:
		// The vote is committed, and Run will carry the action out.
		e.log.WarnContext(ctx, "proposal not resolved yet", "proposal", id, "err", err)
	case resolved != nil:
		h = resolved
	}
	out, err := e.settle(ctx, c, h)
	p, perr := e.store.Pending(ctx, id)
	return out, p, errors.Join(err, perr)
}

func (e *Engine) voting(ctx context.Context, c Caller, id string, approve bool) (*intent, error) {
	p, err := e.store.Pending(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("proposal %.140s: %w", id, err)
	}
	if p.Outcome != "" {
		return nil, fmt.Errorf("proposal %s is %s: %w", id, p.Outcome, ErrDecided)
	}
	lookup, failure := e.registered(ctx)
	d := policy.Vote(policy.Actor{ID: c.Agent, Registered: lookup}, p, approve)
	if err := failure(); err != nil {
		return nil, err
	}
	return &intent{
		ops:      []memory.NewOp{{Op: &memory.Decide{ID: id, Voter: c.Agent, Approve: approve}}},
		expect:   []memory.Expect{{Key: outcomeKey(id)}},
		spaces:   []string{p.Namespace},
		decision: &d,
	}, nil
}

// outcomeKey is the register that says how a proposal ended. As long as it was
// never written, the proposal is open.
func outcomeKey(id string) memory.Key { return memory.Key{Family: memory.FamOutcome, A: id} }

// homework is what a home owes: its open proposals.
type homework struct {
	turn sync.Mutex // held while one is resolved
	mu   sync.Mutex
	open map[string]struct{}
	wake chan struct{} // of length 1
}

// maxOpen bounds how many open proposals a home looks after at a time. The
// others come up when these are done and the node starts anew.
const maxOpen = 100_000

func (w *homework) load(ctx context.Context, e *Engine) error {
	pending, err := e.store.Pendings(ctx, true, "", maxOpen)
	if err != nil {
		return err
	}
	for i := range pending {
		if pending[i].Home == e.cfg.Node {
			w.add(pending[i].ID)
		}
	}
	return nil
}

func (w *homework) add(id string) {
	w.mu.Lock()
	if w.open == nil {
		w.open = map[string]struct{}{}
	}
	w.open[id] = struct{}{}
	w.mu.Unlock()
	w.look() // a vote may have come before
}

// look makes Run go through the open proposals.
func (w *homework) look() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *homework) done(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, id)
}

func (w *homework) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]string, 0, len(w.open))
	for id := range w.open {
		ids = append(ids, id)
	}
	return ids
}

// committed wakes Run where a commit may have brought a vote.
func (w *homework) committed(c memory.Committed) {
	w.mu.Lock()
	none := len(w.open) == 0
	w.mu.Unlock()
	if !none && c.Other > 0 {
		w.look()
	}
}

// resolveAll resolves what votes from elsewhere have settled.
func (e *Engine) resolveAll(ctx context.Context) {
	for _, id := range e.home.list() {
		if _, err := e.resolve(ctx, Caller{Durability: DurableLocal}, id); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "proposal not resolved yet", "proposal", id, "err", err)
		}
	}
}

// resolve closes a proposal whose home this is, if its votes settle it: outcome
// and action are one write, conditional on no outcome having been written, so
// the action is carried out once. It returns that write, or nil.
func (e *Engine) resolve(ctx context.Context, c Caller, id string) (*held, error) {
	e.home.turn.Lock()
	defer e.home.turn.Unlock()
	p, err := e.store.Pending(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.Home != e.cfg.Node {
		return nil, nil //nolint:nilnil // somebody else's to resolve
	}
	if p.Outcome != "" {
		e.home.done(id)
		return nil, nil //nolint:nilnil // it is closed
	}
	lookup, failure := e.registered(ctx)
	outcome, by := policy.Tally(p, lookup)
	if err := failure(); err != nil || outcome == "" {
		return nil, err
	}
	c.Agent, c.Idempotency = by, nil
	h, err := e.write(ctx, c, func(ctx context.Context) (*intent, error) {
		if outcome == memory.OutcomeRejected {
			return closing(p, outcome, ""), nil
		}
		return e.enacting(ctx, p)
	})
	if impossible(err) {
		h, err = e.write(ctx, c, func(context.Context) (*intent, error) {
			return closing(p, memory.OutcomeFailed, cut(err.Error(), memory.MaxReason)), nil
		})
	}
	if err != nil {
		return nil, err
	}
	e.home.done(id)
	return h, nil
}

// impossible reports whether err says that an action cannot be carried out any
// more, rather than not just now.
func impossible(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := errors.AsType[*ConflictError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*ForbiddenError](err); ok {
		return true
	}
	for _, s := range []error{memory.ErrNotFound, memory.ErrInvalid, ErrCycle, errNothing, errChanged} {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// errChanged says that a proposal was made of a version that is no longer there.
var errChanged = errors.New("changed since it was proposed")

// closing is the intent to close p without doing anything.
func closing(p *memory.Pending, outcome, detail string) *intent {
	return &intent{
		ops:      []memory.NewOp{{Op: &memory.Resolve{ID: p.ID, Outcome: outcome, Detail: detail}}},
		expect:   []memory.Expect{{Key: outcomeKey(p.ID)}},
		spaces:   []string{p.Namespace},
		decision: &policy.Decision{},
	}
}

// enacting is the intent to close p as approved and to carry out its action,
// made anew from what is there now.
func (e *Engine) enacting(ctx context.Context, p *memory.Pending) (*intent, error) {
	in, err := e.reenact(ctx, p)
	if err != nil {
		return in, err
	}
	if in.existing != nil {
		return closing(p, memory.OutcomeApproved, ""), nil
	}
	end := closing(p, memory.OutcomeApproved, "")
	in.ops = append(end.ops, in.ops...)
	in.expect = append(end.expect, in.expect...)
	in.spaces = end.spaces
	in.proposal = p
	return in, nil
}

// reenact is the intent of a proposed action, on behalf of who asked for it.
func (e *Engine) reenact(ctx context.Context, p *memory.Pending) (*intent, error) {
	switch op := p.Action.(type) {
	case *memory.Put:
		upsert, err := e.upserts(ctx, p.Requester, op)
		if err != nil {
			return nil, err
		}
		if op.Create && !upsert {
			return e.recreating(ctx, p.Requester, op.Memory)
		}
		return e.reediting(ctx, p.Requester, op)
	case *memory.Delete, *memory.Erase, *memory.Archive, *memory.Restore:
		return e.lifecycle(ctx, p.Requester, op)
	case *memory.Link:
		return e.linking(ctx, p.Requester, op)
	case *memory.Unlink:
		return e.unlinking(ctx, p.Requester, op)
	case *memory.Consolidate:
		return e.reconsolidating(ctx, p.Requester, op)
	case *memory.SetStandard, *memory.ClearStandard, *memory.Propose, *memory.Decide, *memory.Resolve:
	}
	return nil, fmt.Errorf("a %s cannot be carried out for somebody else: %w", p.Action.Kind(), memory.ErrInvalid)
}

// upserts reports whether op is a creation that was proposed of a memory that is there.
func (e *Engine) upserts(ctx context.Context, requester memory.AgentID, op *memory.Put) (bool, error) {
	_, err := e.visible(ctx, requester, op.Memory.ID, memory.Live)
	return op.Create && err == nil, unlessNotFound(err)
}

func (e *Engine) recreating(ctx context.Context, requester memory.AgentID, m memory.Memory) (*intent, error) {
	if m.ID == memory.IdentityOf(m) {
		m.ID = "" // take another if this one was erased or renamed meanwhile
	}
	unlock, err := e.lockTitle(ctx, m.Namespace, m.Title)
	if err != nil {
		return nil, err
	}
	in, clash, err := e.newborn(ctx, requester, m, nil)
	if clash != nil {
		err = &ConflictError{ID: clash.ID, Current: clash.Version}
	}
	if in == nil {
		in = &intent{}
	}
	in.release = unlock
	return in, err
}

// reediting is the intent of a proposed edit. It stands for the version that its
// requester read, so a later edit makes it impossible.
func (e *Engine) reediting(ctx context.Context, requester memory.AgentID, op *memory.Put) (*intent, error) {
	m := op.Memory
	rec, err := e.visible(ctx, requester, m.ID, memory.Live)
	if err != nil {
		return nil, err
	}
	if rec.Version+1 != m.Version {
		return nil, fmt.Errorf("memory %s: %w", m.ID, errChanged)
	}
	in, err := e.replacing(ctx, requester, rec, m, prev(rec), nil)
	if in != nil {
		in.ops[0].Op = op
		in.promote = rec.Tier != m.Tier && m.Tier == memory.Long
	}
	return in, err
}

func (e *Engine) reconsolidating(ctx context.Context, requester memory.AgentID, op *memory.Consolidate) (*intent, error) {
	sources := make([]*memory.Record, len(op.Sources))
	for i, s := range op.Sources {
		rec, err := e.visible(ctx, requester, s.ID, memory.Live)
		if err != nil {
			return nil, err
		}
		if rec.Content.Dot != s.Dot {
			return nil, fmt.Errorf("memory %s: %w", s.ID, errChanged)
		}
		sources[i] = rec
	}
	into := op.Into
	if into.ID == memory.IdentityOf(into) {
		into.ID = ""
	}
	return e.replacingAll(ctx, requester, into, sources)
}
