package receive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// pendings plans proposals. One that is here already stays as it is: a copy of it may
// be older than a decision.
func (p *plan) pendings(ctx context.Context, list []wire.Pending) error {
	for i := range list {
		_, err := p.state.Pending(ctx, list[i].ID)
		if err == nil {
			p.reply.PendingsApplied++
			continue
		}
		if !errors.Is(err, memory.ErrNotFound) {
			return err
		}
		if err := p.pending(ctx, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) pending(ctx context.Context, w *wire.Pending) error {
	action, err := p.action(ctx, w)
	var asked memory.Instant
	if err == nil {
		err = asked.UnmarshalText([]byte(w.RequestedAt))
	}
	stamp, _ := p.clock.stamp(asked)
	op := &memory.Propose{ID: w.ID, Namespace: w.Namespace, Requester: memory.AgentID(w.RequestedBy), RequestedAt: asked, Action: action}
	if err == nil {
		err = op.Validate()
	}
	if errors.Is(err, memory.ErrInvalid) || errors.Is(err, memory.ErrNotFound) {
		p.ignore("pending", w.ID, err)
		p.reply.Skipped++
		return nil
	}
	if err != nil {
		return err
	}
	ops := []memory.NewOp{{Op: op, At: stamp}}
	if by := memory.AgentID(w.DecidedBy); w.Status != "pending" && by.Valid() == nil {
		ops = append(ops, memory.NewOp{Op: &memory.Decide{ID: w.ID, Voter: by, Approve: w.Status == "approved"}})
	}
	p.add(lane{count: &p.reply.PendingsApplied}, ops...)
	return nil
}

// action is the op that a proposal stands for.
func (p *plan) action(ctx context.Context, w *wire.Pending) (memory.Op, error) {
	id := ""
	if w.MemoryID != nil {
		id = *w.MemoryID
	}
	switch w.Action {
	case "store":
		m, err := drafted(w)
		return &memory.Put{Memory: m, Create: true}, err
	case "delete":
		return &memory.Delete{ID: id}, nil
	case "promote":
		rec, err := p.state.Record(ctx, id)
		if err != nil {
			return nil, err
		}
		m := rec.Memory
		m.Tier, m.ExpiresAt = memory.Long, 0
		m.Version = memory.NextVersion(m.Version)
		return &memory.Put{Memory: m}, nil
	}
	return nil, fmt.Errorf("action %.40q has no counterpart: %w", w.Action, memory.ErrInvalid)
}

// drafted is the memory of a payload, in which everything but title and content may
// be missing.
func drafted(w *wire.Pending) (memory.Memory, error) {
	fields := map[string]any{
		"tier": memory.Mid, "namespace": w.Namespace, "tags": []string{}, "priority": memory.DefaultPriority, "confidence": memory.DefaultConfidence,
		"source": memory.DefaultSource, "access_count": 0, "created_at": w.RequestedAt, "updated_at": w.RequestedAt,
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(w.Payload, &given); err != nil {
		return memory.Memory{}, fmt.Errorf("payload: %w: %w", err, memory.ErrInvalid)
	}
	for k, v := range given {
		fields[k] = v
	}
	if _, ok := fields["id"]; !ok {
		var title, ns string
		_ = json.Unmarshal(given["title"], &title)
		_ = json.Unmarshal(given["namespace"], &ns)
		fields["id"] = memory.DerivedID(cmp.Or(ns, w.Namespace), title)
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return memory.Memory{}, err
	}
	var m wire.Memory
	if err := json.Unmarshal(raw, &m); err != nil {
		return memory.Memory{}, fmt.Errorf("payload: %w: %w", err, memory.ErrInvalid)
	}
	v, _, err := m.Value()
	return v, err
}

// decisions plans votes. The home of the proposal carries it out.
func (p *plan) decisions(ctx context.Context, list []wire.Decision) error {
	for _, d := range list {
		found, err := p.state.Pending(ctx, d.ID)
		if err != nil && !errors.Is(err, memory.ErrNotFound) {
			return err
		}
		op := &memory.Decide{ID: d.ID, Voter: memory.AgentID(d.Decider), Approve: d.Approved}
		switch {
		case op.Validate() != nil:
			p.reply.Skipped++
		case err != nil: // nobody has asked yet: the vote is kept
			p.add(lane{count: &p.reply.Noop}, memory.NewOp{Op: op})
		case found.Verdict != "":
			p.reply.Noop++
		case voted(found, op):
			p.reply.DecisionsApplied++
		default:
			p.decided = append(p.decided, d.ID)
			p.add(lane{count: &p.reply.DecisionsApplied}, memory.NewOp{Op: op})
		}
	}
	return nil
}

func voted(p *memory.Pending, op *memory.Decide) bool {
	for _, v := range p.Votes {
		if v.Voter == op.Voter && v.Approve == op.Approve {
			return true
		}
	}
	return false
}
