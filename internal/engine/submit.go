package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
	"github.com/tallystick/tallystick/internal/replicate"
)

// Tries bounds how often a change is made again because somebody was faster.
const Tries = 16

// Change carries out a read-modify-write: build reads and makes an intent, and
// does so again if what it read has changed meanwhile.
func (e *Engine) Change(ctx context.Context, c Caller, build func(ctx context.Context) (*Intent, error)) (Outcome, error) {
	h, err := e.Write(ctx, c, build)
	if err != nil {
		return Outcome{}, err
	}
	return e.Settle(ctx, c, h)
}

// Write is Change up to the local commit.
func (e *Engine) Write(ctx context.Context, c Caller, build func(ctx context.Context) (*Intent, error)) (*Held, error) {
	if err := c.Agent.Valid(); err != nil {
		return nil, err
	}
	h, err := e.Replay(ctx, c)
	if errors.Is(err, memory.ErrUnchanged) {
		return still(ctx, e, c, build)
	}
	if h != nil || err != nil {
		return h, err
	}
	var stale error
	for range Tries {
		in, err := build(ctx)
		if errors.Is(err, memory.ErrStale) {
			in.unlock()
			stale = err
			continue
		}
		if err != nil {
			in.unlock()
			// The first of two equal requests may have come through in between:
			// what it wrote is then what stands in the way.
			if h, again := e.Replay(ctx, c); h != nil || again != nil && !errors.Is(again, memory.ErrUnchanged) {
				return h, again
			}
			return nil, err
		}
		h, err := e.submit(ctx, c, in)
		in.unlock()
		if errors.Is(err, memory.ErrUnchanged) { // the same request, at the same time
			return still(ctx, e, c, build)
		}
		if !errors.Is(err, memory.ErrStale) {
			return h, err
		}
		stale = err
	}
	return nil, fmt.Errorf("given up after %d tries: %w", Tries, stale)
}

// Replay returns the write of an earlier request with the same idempotency key,
// or nil if there is none. It is [memory.ErrUnchanged] if that wrote nothing.
func (e *Engine) Replay(ctx context.Context, c Caller) (*Held, error) {
	if c.Idempotency == nil {
		return nil, nil //nolint:nilnil // nothing to repeat
	}
	var stale error
	for range Tries {
		entries, err := e.store.Idempotent(ctx, c.Agent, c.Idempotency)
		if err != nil || len(entries) == 0 {
			return nil, err
		}
		h, err := e.again(ctx, c, entries)
		if !errors.Is(err, memory.ErrStale) {
			return h, err
		}
		stale = err
	}
	return nil, fmt.Errorf("given up after %d tries: %w", Tries, stale)
}

// Again returns the outcome of an earlier request with the same idempotency key, false if
// there was none. It is for what has to read something before [Engine.Change]: a repetition
// must not fail at what has changed since. It is [memory.ErrUnchanged] if that request wrote
// nothing.
func Again(ctx context.Context, e *Engine, c Caller) (Outcome, bool, error) {
	h, err := e.Replay(ctx, c)
	if h == nil || err != nil {
		return Outcome{}, false, err
	}
	out, err := e.Settle(ctx, c, h)
	return out, true, err
}

// ChangeAny is [Engine.Change] of what there may be nothing of: build's [ErrNothing] is no
// error then, and the outcome has no entry. Repeated under its key, such a request changes
// nothing that came since.
func ChangeAny(ctx context.Context, e *Engine, c Caller, build func(ctx context.Context) (*Intent, error)) (Outcome, error) {
	s, err := Earlier(ctx, e, c)
	if err != nil || s.Idle {
		return Outcome{Replayed: s.Idle}, err
	}
	out, err := e.Change(ctx, c, build)
	if !errors.Is(err, ErrNothing) {
		return out, err
	}
	written, err := NothingDone(ctx, e, c)
	if err != nil || len(written) == 0 {
		return Outcome{}, err
	}
	return e.Change(ctx, c, build) // the same request, at the same time: it is there to be replayed
}

// submit is the one door for changes of this node: it validates, asks policy,
// and commits. What needs approval is committed as a proposal instead.
func (e *Engine) submit(ctx context.Context, c Caller, in *Intent) (*Held, error) {
	if err := conditioned(ctx, e.store, &c.If, in); err != nil {
		return nil, err
	}
	if in.Existing != nil {
		return existing(ctx, e, c, in)
	}
	masked, err := e.screened(ctx, c, in)
	if err != nil {
		return nil, err
	}
	for _, op := range in.Ops {
		if err := op.Op.Validate(); err != nil {
			return nil, err
		}
	}
	spaces := in.Spaces
	for _, s := range in.Subjects {
		spaces = append(spaces, s.Namespace)
	}
	d, err := e.decide(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if d, err = proposing(ctx, in, d); err != nil {
		return nil, err
	}
	w := &memory.Write{Actor: c.Agent, Ops: in.Ops, Expect: in.Expect, Idempotency: c.Idempotency}
	if d.Verdict == policy.Propose {
		p, err := e.propose(c, in, d)
		if err != nil {
			return nil, err
		}
		w.Ops, w.Expect = []memory.NewOp{{Op: p}}, nil
	}
	h := &Held{masked: masked}
	if h.w, err = e.quorum(ctx, c.Durability, spaces); err != nil {
		return nil, err
	}
	if err := e.store.Allow(ctx, w); err != nil {
		return nil, err
	}
	if c.DryRun {
		h = tried(c, w, e.Now().Time())
		h.masked = masked
		return h, nil
	}
	// Before the commit: a member may acknowledge as soon as it is visible.
	h.ticket = e.fed.Expect(h.w)
	w.Tag = h.ticket
	written, err := e.store.Submit(ctx, w)
	if err != nil {
		return nil, err
	}
	if written.Replayed {
		return e.again(ctx, c, written.Entries)
	}
	h.deadline = e.deadline()
	h.entries = written.Entries
	e.noticed(h)
	return h, nil
}

// existing is the outcome of an intent that asks for what is there. Who may not ask for it
// is refused all the same.
func existing(ctx context.Context, e *Engine, c Caller, in *Intent) (*Held, error) {
	if len(in.Ops) > 0 {
		if _, err := e.decide(ctx, c, in); err != nil {
			return nil, err
		}
		if err := e.store.Allow(ctx, &memory.Write{Actor: c.Agent, Ops: in.Ops}); err != nil {
			return nil, err
		}
	}
	written, err := NothingDone(ctx, e, c)
	if err != nil {
		return nil, err
	}
	if len(written) > 0 { // the same request, at the same time
		return e.again(ctx, c, written)
	}
	h, err := e.again(ctx, c, []*memory.Entry{in.Existing})
	if h != nil {
		h.replayed, h.existed = false, true
	}
	return h, err
}

// decide asks policy about an intent. A refusal is a *ForbiddenError.
func (e *Engine) decide(ctx context.Context, c Caller, in *Intent) (policy.Decision, error) {
	if in.Decision != nil {
		return *in.Decision, refusal(*in.Decision)
	}
	for i := range in.Subjects {
		chain, err := e.Chain(ctx, in.Subjects[i].Namespace)
		if err != nil {
			return policy.Decision{}, err
		}
		in.Subjects[i].Rules = Governing(chain)
	}
	lookup, failure := e.Registered(ctx)
	actor := policy.Actor{ID: c.Agent, Registered: lookup, Operator: c.Operator}
	pc := policy.Context{Subjects: in.Subjects, Promote: in.Promote}
	if in.Proposal != nil {
		actor.ID, actor.Operator, pc.Approved = in.Proposal.Requester, false, true
	}
	d := policy.Decide(actor, in.Ops[len(in.Ops)-1].Op, pc)
	if err := failure(); err != nil {
		return d, err
	}
	return d, refusal(d)
}

// proposing makes a proposal of what a caller may only propose.
func proposing(ctx context.Context, in *Intent, d policy.Decision) (policy.Decision, error) {
	if !BoundsOf(ctx).Proposes || in.Decision != nil || d.Verdict != policy.Allow {
		return d, nil
	}
	if len(in.Subjects) == 0 {
		return d, fmt.Errorf("it cannot be proposed: %w", ErrOutOfScope)
	}
	s := in.Subjects[0]
	approver, err := s.Rules.Approvers()
	if err != nil {
		return d, &ForbiddenError{Reason: fmt.Sprintf("namespace %s: %v", s.Namespace, err)}
	}
	return policy.Decision{Verdict: policy.Propose, Namespace: s.Namespace, Approver: approver}, nil
}

func refusal(d policy.Decision) error {
	if d.Verdict != policy.Refuse {
		return nil
	}
	return &ForbiddenError{Reason: d.Reason, Owner: d.Owner}
}

// propose wraps what needs approval.
func (e *Engine) propose(c Caller, in *Intent, d policy.Decision) (*memory.Propose, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("new id: %w", err)
	}
	p := &memory.Propose{
		ID: id.String(), Namespace: d.Namespace, Requester: c.Agent, RequestedAt: e.Now(),
		Approver: d.Approver, Action: in.Ops[len(in.Ops)-1].Op,
	}
	return p, p.Validate()
}

// noticed tells the rest of the engine what was written here.
func (e *Engine) noticed(h *Held) {
	for _, entry := range h.entries {
		a := entry.Op.About()
		switch {
		case a.Proposed:
			e.proposed(a.Proposal)
		case a.Namespace == "" && a.Changed() == "": // votes and edges state no rules
		case len(a.Memories) == 1 && a.Memories[0].Life == memory.Live && a.Content != nil && len(entry.Prev) == 0:
			// No standard can be a memory that is new.
		default:
			e.rules.invalidate()
		}
	}
}

// Settle waits until a write is held as widely as was asked for, and says what
// became of it. A missed quorum is a *QuorumError with the outcome in it, unless the
// caller takes what is kept for a success; so is nothing else: the write stays,
// whatever the error.
func (e *Engine) Settle(ctx context.Context, c Caller, h *Held) (Outcome, error) {
	out, err := e.outcome(ctx, h)
	if err != nil || h.tried {
		return out, err
	}
	tally, waitErr := e.await(ctx, c, h)
	out.Receipt = receiptOf(h.last(), tally, c.Durability)
	if short, ok := errors.AsType[*replicate.ShortError](waitErr); ok {
		missed := &QuorumError{Outcome: out, Got: len(tally.HeldBy), Needed: tally.W, Reason: short.Reason, Missing: short.Missing}
		if c.Kept != nil {
			c.Kept.note(missed)
			return out, nil
		}
		return out, missed
	}
	return out, waitErr
}

// receiptOf says how far an entry is held; at most asked is claimed, if it was reached.
func receiptOf(entry *memory.Entry, t replicate.Tally, asked Durability) Receipt {
	r := Receipt{Dot: entry.Dot, Digest: entry.Digest, Epoch: t.Epoch, W: t.W, N: t.N, HeldBy: t.HeldBy, Durability: DurableLocal}
	switch {
	case t.Met() && len(t.HeldBy) >= t.N && asked == DurableAll:
		r.Durability = DurableAll
	case t.Met() && asked != DurableLocal:
		r.Durability = DurableQuorum
	}
	return r
}

// outcome says what a write did, all but the receipt.
func (e *Engine) outcome(ctx context.Context, h *Held) (Outcome, error) {
	out := Outcome{Entry: h.last(), Replayed: h.replayed, Masked: h.masked}
	if op, ok := out.Entry.Op.(*memory.Propose); ok && h.tried {
		out.Pending = &memory.Pending{Propose: *op, Home: e.cfg.Node}
		return out, nil
	}
	if op, ok := out.Entry.Op.(*memory.Propose); ok {
		p, err := e.store.Pending(ctx, op.ID)
		out.Pending = p
		return out, err
	}
	about := out.Entry.Op.About()
	if m, ok := out.Entry.Content(); ok && about.Memories[0].Life == memory.Live && !h.replayed && !h.existed {
		v := out.Entry.Version()
		out.Record = &memory.Record{Memory: m, Content: v, Life: memory.Live, LifeAt: v}
		return out, nil
	}
	id := about.Main()
	if id == "" {
		return out, nil
	}
	rec, err := e.store.Record(ctx, id)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return out, err
	}
	out.Record, out.Gone = rec, !h.tried && (rec == nil || rec.Life == memory.Erased)
	return out, nil
}
