package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// await waits until a write is held by as many members as were asked for, or
// until its deadline: then the error is a *[replicate.ShortError]. When ctx ends,
// only the waiting does.
func (e *Engine) await(ctx context.Context, c Caller, h *Held) (replicate.Tally, error) {
	if c.Durability == DurableLocal {
		t := e.fed.Held(h.last().Dot, 1)
		t.W, t.Former = 1, replicate.Share{}        // nobody waits for more
		if !slices.Contains(t.HeldBy, e.cfg.Node) { // not yet heard of, but it is committed
			t.HeldBy = append(slices.Clone(t.HeldBy), e.cfg.Node)
			slices.Sort(t.HeldBy)
		}
		return t, nil
	}
	t, err := h.ticket.Wait(ctx, earlier(ctx, h.deadline))
	if last := len(h.entries) - 1; t.Dot != h.entries[last].Dot {
		// Meanwhile the dot was found to belong to another entry, and ours was issued again.
		again, err := e.store.Entry(ctx, t.Dot)
		if err != nil {
			return t, err
		}
		h.entries = append(slices.Clone(h.entries[:last]), again)
	}
	return t, err
}

// Members is how many there are, with this node.
func (e *Engine) Members() int {
	_, n := e.fed.Quorum()
	return n
}

// ErrNoMember says that no member has that name.
var ErrNoMember = errors.New("there is no such member")

// HeldAt is what a member is known to hold, for a [memory.Filter], or [ErrNoMember].
// The node of e holds whatever it lists.
func HeldAt(e *Engine, member memory.Node, missing bool) (memory.Presence, error) {
	p := memory.Presence{All: member == e.cfg.Node, Missing: missing}
	if p.All {
		return p, nil
	}
	var is bool
	if p.Heads, is = replicate.Known(e.fed, member); !is {
		return p, fmt.Errorf("%.140q: %w", member, ErrNoMember)
	}
	return p, nil
}

// Acknowledged returns what so many members hold that with this node every write is
// among it that was acknowledged with the default quorum before the call. Too few
// that answer are an error.
func (e *Engine) Acknowledged(ctx context.Context) ([]memory.Heads, error) {
	return replicate.Acknowledged(ctx, e.fed)
}

// Receipt says who holds the op d now.
func (e *Engine) Receipt(ctx context.Context, agent memory.AgentID, d memory.Dot) (Receipt, error) {
	entry, err := e.store.Entry(ctx, d)
	if err != nil {
		return Receipt{}, err
	}
	if entry.Actor != agent {
		s, err := e.Sight(ctx, agent, entry)
		if err == nil && !s.Seen {
			err = fmt.Errorf("op %s: %w", d, memory.ErrNotFound)
		}
		if err != nil {
			return Receipt{}, err
		}
	}
	spaces, err := e.namespaces(ctx, entry.Op)
	if err != nil {
		return Receipt{}, err
	}
	w, err := e.quorum(ctx, DurableQuorum, spaces)
	if err != nil {
		return Receipt{}, err
	}
	t := e.fed.Held(d, w)
	asked := DurableQuorum
	if len(t.HeldBy) >= t.N {
		asked = DurableAll
	}
	return receiptOf(entry, t, asked), nil
}

// ErrNoEvidence says that the members of this node sign nothing: they have no identity.
var ErrNoEvidence = errors.New("members have no identity here, and sign nothing")

// Evidence makes a receipt that others can check, of an op that was found by
// [Engine.Receipt]: the statements of members that they hold it.
func (e *Engine) Evidence(ctx context.Context, r Receipt) ([]byte, error) {
	if e.cfg.Evidence == nil {
		return nil, ErrNoEvidence
	}
	return e.cfg.Evidence(ctx, r.Dot, r.W)
}

type answerKey struct{}

// WithTimeout is [context.WithTimeout] for a request that is to be answered in time. Whatever
// it waits for members, it does so until a tenth of its time is left, at most a second: then
// there is time to say of each of its writes that it is kept and who holds it, and nobody is
// told of a timeout alone. That moment is the same for all of its writes.
func WithTimeout(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	answer := time.Now().Add(limit - min(time.Second, limit/10))
	ctx = context.WithValue(ctx, answerKey{}, earlier(ctx, answer))
	return context.WithTimeout(ctx, limit)
}

// earlier is a deadline, or when a request has to be answered if that is sooner.
func earlier(ctx context.Context, deadline time.Time) time.Time {
	if answer, has := ctx.Value(answerKey{}).(time.Time); has && answer.Before(deadline) {
		return answer
	}
	return deadline
}

// deadline is until when a write that is committed now may wait for members.
func (e *Engine) deadline() time.Time { return time.Now().Add(e.cfg.QuorumTimeout) }

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
