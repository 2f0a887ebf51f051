package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Visible returns the record id if it stands in one of lives and agent may see
// it; anything else is [memory.ErrNotFound].
func (e *Engine) Visible(ctx context.Context, agent memory.AgentID, id string, lives ...memory.Life) (*memory.Record, error) {
	rec, err := e.store.RecordFor(ctx, agent, id)
	if err != nil {
		return nil, fmt.Errorf("memory %.140s: %w", id, err)
	}
	life, _ := rec.Stands(e.Now())
	for _, l := range lives {
		if l != life {
			continue
		}
		if seen, err := Sees(ctx, e, agent, rec.Access()); seen || err != nil {
			return rec, err
		}
	}
	return nil, fmt.Errorf("memory %.140s: %w", id, memory.ErrNotFound)
}

// Sight is what somebody may know of an entry. The zero value is nothing: that
// is what is left where it is not certain that it may be known.
type Sight struct {
	// Seen is set if the entry may be known at all. If not, the rest is empty.
	Seen bool
	// About is what the entry is about, less the memories that are none of the
	// viewer's business.
	About memory.About
	// Subjects are the registers that it writes, less those of such memories.
	Subjects []memory.Key
	// Namespace is where it happened; "" if nothing is left to tell that by.
	Namespace string
	// Proposal is the one that the entry is part of, nil if it is part of none.
	Proposal *memory.Pending
}

// Sight says what viewer may know of an entry. It is the one judge of that, for
// every surface and every kind of op, and it asks the op what it is about: each
// memory that the op names must be one that the viewer may see, and so must the
// proposal. The parts that a memory was made of are left out instead. What
// names nothing that could be judged is nobody's to know.
//
// What cannot be judged because it is damaged on this disk is nobody's to know until
// it is mended: it keeps nobody from what comes behind it.
//
// Of an erased memory nothing but its id is left, and whoever keeps a copy must
// hear of it: an erase is for everybody.
func (e *Engine) Sight(ctx context.Context, viewer memory.AgentID, entry *memory.Entry) (Sight, error) {
	if entry.Op == nil {
		return Sight{}, nil
	}
	s := Sight{About: entry.Op.About()}
	if len(s.About.Memories) == 0 && s.About.Namespace == "" && s.About.Proposal == "" {
		return Sight{}, nil
	}
	if s.About.Proposal != "" {
		p, err := e.Pending(ctx, viewer, s.About.Proposal)
		if err != nil {
			return Sight{}, memory.Unread(ctx, s.About.Proposal, err)
		}
		s.Proposal, s.Namespace = p, p.Namespace
	}
	var hidden []string
	if !s.About.Proposed {
		var err error
		if hidden, err = e.look(ctx, viewer, entry, &s); err != nil || hidden == nil {
			return Sight{}, err
		}
	}
	if s.About.Namespace != "" {
		s.Namespace = s.About.Namespace
	}
	if s.Namespace != "" && !BoundsOf(ctx).Within.Covers(s.Namespace) {
		return Sight{}, nil
	}
	s.Seen = true
	s.About.Memories = slices.DeleteFunc(s.About.Memories, func(r memory.Ref) bool { return slices.Contains(hidden, r.ID) })
	s.Subjects = slices.DeleteFunc(entry.Op.Subjects(), func(k memory.Key) bool {
		return slices.Contains(hidden, k.A) || slices.Contains(hidden, k.B)
	})
	return s, nil
}

// look goes through the memories that an entry names. It returns the ids of those
// that are left out, nil if the whole is none of the viewer's business.
func (e *Engine) look(ctx context.Context, viewer memory.AgentID, entry *memory.Entry, s *Sight) ([]string, error) {
	hidden := []string{}
	for i, r := range s.About.Memories {
		if r.Life == memory.Erased {
			continue
		}
		rec, err := e.store.Record(ctx, r.ID)
		if err != nil {
			if rec, err = nil, memory.Unread(ctx, r.ID, err); err != nil {
				return nil, err
			}
		}
		seen, namespace := false, ""
		if m, has := entry.Content(); has && m.ID == r.ID {
			namespace = m.Namespace
			seen, err = SeesVersion(ctx, e, viewer, rec, m)
		} else if rec != nil {
			namespace = rec.Namespace
			seen, err = Sees(ctx, e, viewer, rec.Access())
		}
		if err != nil && !errors.Is(err, memory.ErrNotFound) {
			return nil, err
		}
		switch {
		case !seen && r.Role == memory.RolePart:
			hidden = append(hidden, r.ID)
		case !seen:
			return nil, nil
		}
		if i == 0 {
			s.Namespace = namespace
		}
	}
	return hidden, nil
}

// Mates returns who is in a team with an agent.
func Mates(ctx context.Context, e *Engine, agent memory.AgentID) ([]memory.AgentID, error) {
	return e.store.Mates(ctx, agent)
}

// Sees reports whether viewer may read what has access a: the one judge of that, who
// knows the teams. A memory for a team is for who is in one with its owner.
func Sees(ctx context.Context, e *Engine, viewer memory.AgentID, a memory.Access) (bool, error) {
	if a.VisibleTo(viewer) {
		return true, nil
	}
	if !a.Team || viewer.Unowned() {
		return false, nil
	}
	mates, err := e.store.Mates(ctx, viewer)
	return err == nil && a.VisibleWith(viewer, mates), err
}

// SeesVersion reports whether viewer may read m, one of the versions of rec: by
// the owner and the scope that m has itself, so that who wrote what lost can
// read it. What was public once is not, as long as the memory is private now. Of one
// that is not here, rec is nil and nobody sees any.
func SeesVersion(ctx context.Context, e *Engine, viewer memory.AgentID, rec *memory.Record, m memory.Memory) (bool, error) {
	if rec == nil {
		return false, nil
	}
	var mates []memory.AgentID
	if (m.Access().Team || rec.Access().Team) && !viewer.Unowned() {
		var err error
		if mates, err = e.store.Mates(ctx, viewer); err != nil {
			return false, err
		}
	}
	return VersionSeen(viewer, mates, rec, m), nil
}

// VersionSeen is [SeesVersion] for a viewer who is in teams with mates.
func VersionSeen(viewer memory.AgentID, mates []memory.AgentID, rec *memory.Record, m memory.Memory) bool {
	a := m.Access()
	own := viewer != "" && (viewer == a.Owner || viewer == a.Target)
	return a.VisibleWith(viewer, mates) && (own || rec.Access().VisibleWith(viewer, mates))
}

// knows reports whether viewer may know of what happens to a memory, in whatever
// life. Of one that is not here, nobody knows.
func (e *Engine) knows(ctx context.Context, viewer memory.AgentID, id string) (bool, error) {
	rec, err := e.store.Record(ctx, id)
	if err != nil {
		return false, memory.Unread(ctx, id, err)
	}
	return Sees(ctx, e, viewer, rec.Access())
}

// MayRead reports whether viewer may read a proposal and what it proposes: who
// asked for it, who could decide on it, and who may see every memory that it is
// about.
func (e *Engine) MayRead(ctx context.Context, viewer memory.AgentID, p *memory.Pending, registered func(memory.AgentID) bool) (bool, error) {
	if !policy.Sees(viewer, p) {
		return false, nil
	}
	if viewer == p.Requester {
		return true, nil
	}
	if !viewer.Unowned() && policy.Vote(policy.Actor{ID: viewer, Registered: registered}, p, true).Verdict == policy.Allow {
		return true, nil
	}
	a := p.About()
	for _, r := range a.Memories {
		if a.Content != nil && a.Content.ID == r.ID && a.Content.Title != "" {
			if seen, err := Sees(ctx, e, viewer, a.Content.Access()); err != nil || !seen {
				return false, err
			}
			continue
		}
		if seen, err := e.knows(ctx, viewer, r.ID); err != nil || !seen {
			return false, err
		}
	}
	return true, nil
}

// Pending returns one proposal with its votes and its verdict. What agent may
// not see is not found.
func (e *Engine) Pending(ctx context.Context, agent memory.AgentID, id string) (*memory.Pending, error) {
	p, err := e.store.Pending(ctx, id)
	if err != nil {
		return nil, err
	}
	lookup, failure := e.Registered(ctx)
	seen, err := e.MayRead(ctx, agent, p, lookup)
	if err := errors.Join(err, failure()); err != nil {
		return nil, err
	}
	if !seen {
		return nil, fmt.Errorf("proposal %.140s: %w", id, memory.ErrNotFound)
	}
	return p, nil
}

// UnlessNotFound is err, or nil if it says that there is no such thing.
func UnlessNotFound(err error) error {
	if errors.Is(err, memory.ErrNotFound) {
		return nil
	}
	return err
}
