package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// judge refuses what may not be taken. What comes under numbers that this node
// does not take in at all is not even kept, and comes back as a refusal; for the
// rest the refusal is in the arrival.
func (d *Door) judge(ctx context.Context, from memory.Source, in []memory.Arrival) ([]memory.Arrival, []memory.Refusal, error) {
	origins := d.origins(from)
	kept := make([]memory.Arrival, 0, len(in))
	var refused []memory.Refusal
	for _, a := range in {
		if err := origins.allow(a.Entry.Dot.Origin); err != nil {
			refused = append(refused, memory.Refusal{Dot: a.Entry.Dot, Code: memory.RefusalCode(err), Text: err.Error()})
			continue
		}
		if a.Refused == nil {
			var err error
			if a.Refused, err = d.within(ctx, a.Entry); err != nil {
				return nil, nil, err
			}
		}
		if a.Refused == nil && d.cfg.Inspect != nil {
			a.Refused = d.cfg.Inspect(ctx, a.Entry)
		}
		if a.Refused == nil {
			a.Refused = d.cfg.Clock.Check(a.Entry.Stamp)
		}
		kept = append(kept, a)
	}
	return kept, refused, nil
}

// within says why the node that logged e may not have written where it did, nil if
// it may.
func (d *Door) within(ctx context.Context, e *memory.Entry) (refused, err error) {
	bounds := d.cfg.Bounds[e.Dot.Origin.Node()]
	if len(bounds) == 0 {
		return nil, nil
	}
	before, after, refused, err := d.touched(ctx, e.Op)
	if refused != nil || err != nil {
		return refused, err
	}
	decision := policy.AllowWithin(e.Dot.Origin.Node(), bounds, before, after)
	if decision.Verdict == policy.Allow {
		return nil, nil
	}
	return fmt.Errorf("%s: %w", decision.Reason, memory.ErrForbidden), nil
}

// touched returns the namespaces in which op finds and leaves what it is about, or
// why nobody can tell.
func (d *Door) touched(ctx context.Context, op memory.Op) (before, after []string, refused, err error) {
	a := op.About()
	if a.Namespace != "" {
		after = append(after, a.Namespace)
	}
	if a.Content != nil && a.Content.Namespace != "" {
		after = append(after, a.Content.Namespace)
	}
	if a.Proposal != "" && !a.Proposed {
		p, err := d.store.Pending(ctx, a.Proposal)
		switch {
		case errors.Is(err, memory.ErrNotFound):
		case err != nil:
			return nil, nil, nil, err
		default:
			before = append(before, p.Namespace)
		}
	}
	for _, r := range a.Memories {
		rec, err := d.store.Record(ctx, r.ID)
		switch {
		case errors.Is(err, memory.ErrNotFound):
		case errors.Is(err, memory.ErrDamaged):
			return nil, nil, err, nil // where it was written before, nobody can tell: it waits until that is mended
		case err != nil:
			return nil, nil, nil, err
		case rec.Namespace != "":
			before = append(before, rec.Namespace)
		}
	}
	return before, after, nil, nil
}

// origins counts the origins that are known here and become known.
type origins struct {
	sender policy.Sender
	pushed bool
	known  memory.Heads
	fresh  map[memory.Origin]error // nil: it is taken in
	added  int
	ofNode map[memory.Node]int // counted when it is needed
}

func (d *Door) origins(from memory.Source) *origins {
	return &origins{
		sender: d.sender(from), pushed: from.Route == memory.RoutePush, known: d.store.View().Heads, fresh: map[memory.Origin]error{},
	}
}

// allow says why an origin is not taken in, nil if it is.
func (s *origins) allow(o memory.Origin) error {
	if _, is := s.known[o]; is {
		return nil
	}
	if err, done := s.fresh[o]; done {
		return err
	}
	if s.ofNode == nil {
		s.ofNode = map[memory.Node]int{}
		for k := range s.known {
			s.ofNode[k.Node()]++
		}
	}
	node := o.Node()
	decision := policy.AllowOrigin(s.sender, policy.Numbers{
		Node: node, OfNode: s.ofNode[node], Known: len(s.known) + s.added, IsPushed: s.pushed,
	})
	s.fresh[o] = nil
	if decision.Verdict != policy.Allow {
		s.fresh[o] = fmt.Errorf("%s: %w", decision.Reason, memory.ErrForbidden)
		return s.fresh[o]
	}
	s.ofNode[node]++
	s.added++
	return nil
}
