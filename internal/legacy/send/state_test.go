package send

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// model is what a node knows, as its definition says: for each register the entry
// that won it.
type model struct {
	*memory.State

	entries map[memory.Dot]*memory.Entry
	vectors map[memory.Dot]*memory.Embedding
}

func newModel() *model {
	return &model{State: memory.NewState(), entries: map[memory.Dot]*memory.Entry{}, vectors: map[memory.Dot]*memory.Embedding{}}
}

func (s *model) apply(e *memory.Entry) {
	s.entries[e.Dot] = e
	s.Apply(e)
}

func (s *model) Record(_ context.Context, id string) (*memory.Record, error) {
	c, l := s.Winner(memory.ContentKey(id)), s.Winner(memory.LifeKey(id))
	if c == nil && l == nil {
		return nil, fmt.Errorf("memory %s: %w", id, memory.ErrNotFound)
	}
	rec := &memory.Record{Memory: memory.Memory{ID: id}}
	if c != nil {
		rec.Content = c.Version()
		if m, ok := c.Content(); ok {
			rec.Memory = m
		}
	}
	if l != nil {
		rec.LifeAt = l.Version()
		rec.Life, rec.Reason = memory.LifeOf(l.Op, id)
	}
	for _, v := range s.revisions(id) {
		if v.Conflict {
			rec.Conflicts++
		}
	}
	return rec, nil
}

// seen reports whether a later entry was made by somebody who had seen d.
func (s *model) seen(d memory.Dot) bool {
	for _, e := range s.entries {
		if slices.Contains(e.Prev, d) {
			return true
		}
	}
	return false
}

func (s *model) Entry(_ context.Context, d memory.Dot) (*memory.Entry, error) {
	if e := s.entries[d]; e != nil {
		return e, nil
	}
	return nil, memory.ErrNotFound
}

func (s *model) History(_ context.Context, id string) ([]memory.Revision, error) {
	return s.revisions(id), nil
}

func (s *model) revisions(id string) []memory.Revision {
	var out []memory.Revision
	winner := s.Winner(memory.ContentKey(id))
	for _, e := range s.entries {
		if m, ok := e.Content(); ok && m.ID == id {
			out = append(out, memory.Revision{Entry: e, Winner: e == winner, Conflict: e != winner && !s.seen(e.Dot)})
		}
	}
	return out
}

func (s *model) ByDot(_ context.Context, dots []memory.Dot) ([]memory.Shipment, error) {
	var out []memory.Shipment
	for _, d := range dots {
		out = append(out, memory.Shipment{Embedding: s.vectors[d]})
	}
	return out, nil
}

// List is what lives under a title.
func (s *model) List(ctx context.Context, f memory.Filter, _ memory.Order, _, _ int, _ string) ([]memory.Record, string, error) {
	var out []memory.Record
	for k := range s.Keys {
		if k.Family != memory.FamContent || !s.readable(k.A) {
			continue
		}
		if rec, err := s.Record(ctx, k.A); err == nil && rec.Title == f.Title && rec.Namespace == f.Namespace {
			out = append(out, *rec)
		}
	}
	slices.SortFunc(out, func(a, b memory.Record) int { return strings.Compare(a.ID, b.ID) })
	return out, "", nil
}

// links are those whose ends fit, in order.
func (s *model) links(fits func(*memory.Link) bool) []memory.Link {
	var out []memory.Link
	for k, e := range s.Keys {
		if l, ok := e.Op.(*memory.Link); ok && k.Family == memory.FamLink && fits(l) {
			out = append(out, *l)
		}
	}
	slices.SortFunc(out, func(a, b memory.Link) int {
		return slices.Compare([]string{a.Source, a.Target, a.Relation}, []string{b.Source, b.Target, b.Relation})
	})
	return out
}

func (s *model) live(id string) bool {
	l := s.Winner(memory.LifeKey(id))
	if l == nil {
		return false
	}
	life, _ := memory.LifeOf(l.Op, id)
	return life == memory.Live
}

// readable reports whether id is live, and its content has come.
func (s *model) readable(id string) bool {
	c := s.Winner(memory.ContentKey(id))
	if c == nil || !s.live(id) {
		return false
	}
	_, ok := c.Content()
	return ok
}

func (s *model) Links(_ context.Context, id string) ([]memory.Link, error) {
	return s.links(func(l *memory.Link) bool {
		return (l.Source == id || l.Target == id) && s.live(l.Source) && s.live(l.Target)
	}), nil
}

func (s *model) LinkBetween(_ context.Context, source, target string) ([]memory.Link, error) {
	return s.links(func(l *memory.Link) bool { return l.Source == source && l.Target == target }), nil
}

func (s *model) Standard(_ context.Context, ns string) (*memory.Standard, error) {
	e := s.Winner(memory.Key{Family: memory.FamStandard, A: ns})
	if e == nil {
		return nil, memory.ErrNotFound
	}
	if set, ok := e.Op.(*memory.SetStandard); ok {
		return &memory.Standard{SetStandard: *set, At: e.Stamp.Instant()}, nil
	}
	return nil, memory.ErrNotFound
}

func (s *model) Standards(ctx context.Context) ([]memory.Standard, error) {
	var out []memory.Standard
	for k := range s.Keys {
		if k.Family != memory.FamStandard {
			continue
		}
		if std, err := s.Standard(ctx, k.A); err == nil {
			out = append(out, *std)
		}
	}
	slices.SortFunc(out, func(a, b memory.Standard) int { return strings.Compare(a.Namespace, b.Namespace) })
	return out, nil
}

func (s *model) Pending(_ context.Context, id string) (*memory.Pending, error) {
	e := s.Winner(memory.Key{Family: memory.FamProposal, A: id})
	if e == nil {
		return nil, memory.ErrNotFound
	}
	op, ok := e.Op.(*memory.Propose)
	if !ok {
		return nil, memory.ErrNotFound
	}
	p := &memory.Pending{Propose: *op, Home: e.Dot.Origin.Node()}
	for k, v := range s.Keys {
		if d, ok := v.Op.(*memory.Decide); ok && k.Family == memory.FamVote && d.ID == id {
			p.Votes = append(p.Votes, memory.Vote{Voter: d.Voter, Approve: d.Approve, At: v.Stamp.Instant()})
		}
	}
	slices.SortFunc(p.Votes, func(a, b memory.Vote) int {
		return slices.Compare([]memory.AgentID{a.Voter}, []memory.AgentID{b.Voter})
	})
	if o := s.Winner(memory.Key{Family: memory.FamVerdict, A: id}); o != nil {
		if r, ok := o.Op.(*memory.Resolve); ok {
			p.Verdict, p.Detail, p.By, p.At = r.Verdict, r.Detail, o.Actor, o.Stamp.Instant()
		}
	}
	return p, nil
}
