package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
	"github.com/tallystick/tallystick/internal/replicate"
)

// intent is a change as an operation wants it, and what it was made from.
type intent struct {
	ops    []memory.NewOp // the last one is what policy judges
	expect []memory.Expect
	// subjects are the records that the ops touch; their rules are filled in by commit.
	subjects []policy.Subject
	promote  bool
	// spaces are namespaces whose quorum counts beside those of the subjects.
	spaces []string
	// decision, if set, was made by the operation: commit asks nobody.
	decision *policy.Decision
	// proposal, if set, is approved, and the ops carry it out for its requester.
	proposal *memory.Pending
	// existing, if set, is the entry that already says what was asked for: nothing is written.
	existing *memory.Entry
	restores bool   // the last op brings back what was deleted
	standard string // id of the memory that states the standard to be set
	release  func() // lets go of the locks it was made under; nil if none
}

func (in *intent) unlock() {
	if in != nil && in.release != nil {
		in.release()
	}
}

// held is a committed write that may still wait for members.
type held struct {
	entries  []*memory.Entry
	replayed bool
	tried    bool // nothing was written, and nothing is waited for
	ticket   *replicate.Ticket
	w        int
	deadline time.Time
}

func (h *held) last() *memory.Entry { return h.entries[len(h.entries)-1] }

// tries bounds how often a change is made again because somebody was faster.
const tries = 16

// change carries out a read-modify-write: build reads and makes an intent, and
// does so again if what it read has changed meanwhile.
func (e *Engine) change(ctx context.Context, c Caller, build func(ctx context.Context) (*intent, error)) (Outcome, error) {
	h, err := e.write(ctx, c, build)
	if err != nil {
		return Outcome{}, err
	}
	return e.settle(ctx, c, h)
}

// write is change up to the local commit.
func (e *Engine) write(ctx context.Context, c Caller, build func(ctx context.Context) (*intent, error)) (*held, error) {
	if err := c.Agent.Valid(); err != nil {
		return nil, err
	}
	if h, err := e.replay(ctx, c); h != nil || err != nil {
		return h, err
	}
	var stale error
	for range tries {
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
			if h, again := e.replay(ctx, c); h != nil || again != nil {
				return h, again
			}
			return nil, err
		}
		h, err := e.submit(ctx, c, in)
		in.unlock()
		if !errors.Is(err, memory.ErrStale) {
			return h, err
		}
		stale = err
	}
	return nil, fmt.Errorf("given up after %d tries: %w", tries, stale)
}

// replay returns the write of an earlier request with the same idempotency key,
// or nil if there is none.
func (e *Engine) replay(ctx context.Context, c Caller) (*held, error) {
	if c.Idempotency == nil {
		return nil, nil //nolint:nilnil // nothing to repeat
	}
	entries, err := e.store.Idempotent(ctx, c.Agent, c.Idempotency)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	return e.again(ctx, c, entries)
}

// again returns entries that were committed earlier as a write to wait for.
func (e *Engine) again(ctx context.Context, c Caller, entries []*memory.Entry) (*held, error) {
	spaces, err := e.namespaces(ctx, entries[len(entries)-1].Op)
	if err != nil {
		return nil, err
	}
	w, err := e.quorum(ctx, c.Durability, spaces)
	if err != nil {
		return nil, err
	}
	dot := entries[len(entries)-1].Dot
	return &held{entries: entries, replayed: true, w: w, ticket: e.fed.Follow(dot, w), deadline: e.deadline()}, nil
}

// submit is the one door for changes of this node: it validates, asks policy,
// and commits. What needs approval is committed as a proposal instead.
func (e *Engine) submit(ctx context.Context, c Caller, in *intent) (*held, error) {
	if err := conditioned(ctx, e.store, &c.If, in); err != nil {
		return nil, err
	}
	if in.existing != nil {
		return e.again(ctx, c, []*memory.Entry{in.existing})
	}
	for _, op := range in.ops {
		if err := op.Op.Validate(); err != nil {
			return nil, err
		}
	}
	spaces := in.spaces
	for _, s := range in.subjects {
		spaces = append(spaces, s.Namespace)
	}
	d, err := e.decide(ctx, c, in)
	if err != nil {
		return nil, err
	}
	w := &memory.Write{Actor: c.Agent, Ops: in.ops, Expect: in.expect, Idempotency: c.Idempotency}
	if d.Verdict == policy.Propose {
		p, err := e.propose(c, in, d)
		if err != nil {
			return nil, err
		}
		w.Ops, w.Expect = []memory.NewOp{{Op: p}}, nil
	}
	h := &held{}
	if h.w, err = e.quorum(ctx, c.Durability, spaces); err != nil {
		return nil, err
	}
	if c.DryRun {
		return tried(c, w, e.now().Time()), nil
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

// deadline is until when a write that is committed now may wait for members.
func (e *Engine) deadline() time.Time { return time.Now().Add(e.cfg.QuorumTimeout) }

// decide asks policy about an intent. A refusal is a *ForbiddenError.
func (e *Engine) decide(ctx context.Context, c Caller, in *intent) (policy.Decision, error) {
	if in.decision != nil {
		return *in.decision, refusal(*in.decision)
	}
	for i := range in.subjects {
		chain, err := e.chain(ctx, in.subjects[i].Namespace)
		if err != nil {
			return policy.Decision{}, err
		}
		in.subjects[i].Rules = governing(chain)
	}
	lookup, failure := e.registered(ctx)
	actor := policy.Actor{ID: c.Agent, Registered: lookup}
	pc := policy.Context{Subjects: in.subjects, Promote: in.promote}
	if in.proposal != nil {
		actor.ID, pc.Approved = in.proposal.Requester, true
	}
	d := policy.Decide(actor, in.ops[len(in.ops)-1].Op, pc)
	if err := failure(); err != nil {
		return d, err
	}
	return d, refusal(d)
}

func refusal(d policy.Decision) error {
	if d.Verdict != policy.Refuse {
		return nil
	}
	return &ForbiddenError{Reason: d.Reason, Owner: d.Owner}
}

// propose wraps what needs approval.
func (e *Engine) propose(c Caller, in *intent, d policy.Decision) (*memory.Propose, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("new id: %w", err)
	}
	p := &memory.Propose{
		ID: id.String(), Namespace: d.Namespace, Requester: c.Agent, RequestedAt: e.now(),
		Approver: d.Approver, Action: in.ops[len(in.ops)-1].Op,
	}
	return p, p.Validate()
}

// noticed tells the rest of the engine what was written here.
func (e *Engine) noticed(h *held) {
	for _, entry := range h.entries {
		a := entry.Op.About()
		switch {
		case a.Proposed:
			e.home.add(a.Proposal)
		case a.Namespace == "" && a.Changed() == "": // votes and edges state no rules
		case len(a.Memories) == 1 && a.Memories[0].Life == memory.Live && a.Content != nil && len(entry.Prev) == 0:
			// No standard can be a memory that is new.
		default:
			e.rules.invalidate()
		}
	}
}

// settle waits until a write is held as widely as was asked for, and says what
// became of it. A missed quorum is a *QuorumError with the outcome in it; so is
// nothing else: the write stays, whatever the error.
func (e *Engine) settle(ctx context.Context, c Caller, h *held) (Outcome, error) {
	out, err := e.outcome(ctx, h)
	if err != nil || h.tried {
		return out, err
	}
	tally, waitErr := e.await(ctx, c, h)
	out.Receipt = receiptOf(h.last(), tally, h.w, c.Durability)
	if short, ok := errors.AsType[*replicate.ShortError](waitErr); ok {
		return out, &QuorumError{Outcome: out, Got: len(tally.HeldBy), Needed: h.w, Reason: short.Reason}
	}
	return out, waitErr
}

// receiptOf says how far an entry is held; at most asked is claimed, if it was reached.
func receiptOf(entry *memory.Entry, t replicate.Tally, w int, asked Durability) Receipt {
	r := Receipt{Dot: entry.Dot, Digest: entry.Digest, W: w, N: t.N, HeldBy: t.HeldBy, Durability: DurableLocal}
	switch {
	case len(t.HeldBy) >= t.N && asked == DurableAll:
		r.Durability = DurableAll
	case len(t.HeldBy) >= w && asked != DurableLocal:
		r.Durability = DurableQuorum
	}
	return r
}

// outcome says what a write did, all but the receipt.
func (e *Engine) outcome(ctx context.Context, h *held) (Outcome, error) {
	out := Outcome{Entry: h.last(), Replayed: h.replayed}
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
	if m, ok := out.Entry.Content(); ok && about.Memories[0].Life == memory.Live && !h.replayed {
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
	out.Record = rec
	return out, nil
}

// namespaces are those that an op that was logged earlier touches.
func (e *Engine) namespaces(ctx context.Context, op memory.Op) ([]string, error) {
	a := op.About()
	if a.Namespace != "" {
		return []string{a.Namespace}, nil
	}
	var out []string
	for _, r := range a.Memories {
		rec, err := e.store.Record(ctx, r.ID)
		if err == nil {
			out = append(out, rec.Namespace)
		} else if !errors.Is(err, memory.ErrNotFound) {
			return nil, err
		}
	}
	if a.Proposal == "" {
		return out, nil
	}
	p, err := e.store.Pending(ctx, a.Proposal)
	if errors.Is(err, memory.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	return append(out, p.Namespace), nil
}
