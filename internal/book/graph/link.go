package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// ErrCycle says that the link would make a memory reflect on itself.
var ErrCycle = errors.New("link would close a cycle")

// Link draws an edge between two live memories. An edge that is there already,
// just like that, is no second write: its receipt comes back.
func (b *Book) Link(ctx context.Context, c engine.Caller, l memory.Link) (engine.Outcome, error) {
	c = c.Named()
	l.Relation = cmp.Or(l.Relation, memory.DefaultRelation)
	l.CreatedAt = cmp.Or(l.CreatedAt, b.core.Now())
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) { return b.linking(ctx, c.Agent, &l) })
}

func (b *Book) linking(ctx context.Context, agent memory.AgentID, l *memory.Link) (*engine.Intent, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	in := &engine.Intent{Ops: []memory.NewOp{{Op: l}}}
	for _, id := range []string{l.Source, l.Target} {
		rec, err := b.core.Visible(ctx, agent, id, memory.Live)
		if err != nil {
			return nil, err
		}
		in.Expect = append(in.Expect, memory.Expect{Key: memory.LifeKey(id), Version: rec.LifeAt})
		in.Subjects = append(in.Subjects, engine.SubjectOf(rec))
	}
	key := l.Subjects()[0]
	version, entry, err := b.store.Register(ctx, key)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return nil, err
	}
	if there, ok := linkOf(entry); ok && sameLink(there, l) {
		in.Existing = entry
		return in, nil
	}
	in.Expect = append(in.Expect, memory.Expect{Key: key, Version: version})
	if l.Relation != memory.ReflectsOn {
		return in, nil
	}
	// No register can tell two links that close a cycle together: one at a time.
	if in.Release, err = b.core.Lock(ctx, "cycle"); err != nil {
		return nil, err
	}
	return in, b.acyclic(ctx, l)
}

func linkOf(entry *memory.Entry) (*memory.Link, bool) {
	if entry == nil {
		return nil, false
	}
	l, ok := entry.Op.(*memory.Link)
	return l, ok
}

// sameLink reports whether a and b, edges of one register, say the same.
func sameLink(a, b *memory.Link) bool {
	return a.ValidFrom == b.ValidFrom && a.ValidUntil == b.ValidUntil && a.ObservedBy == b.ObservedBy &&
		a.AttestLevel == b.AttestLevel && string(a.Signature) == string(b.Signature)
}

// maxWalk bounds the search for a cycle.
const maxWalk = 10_000

// acyclic is ErrCycle if the source of l can be reached from its target.
func (b *Book) acyclic(ctx context.Context, l *memory.Link) error {
	seen := map[string]bool{l.Target: true}
	for todo := []string{l.Target}; len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		next, err := b.store.Targets(ctx, id, l.Relation)
		if err != nil {
			return err
		}
		for _, t := range next {
			if t == l.Source {
				return fmt.Errorf("%s %s %s: %w", l.Source, l.Relation, l.Target, ErrCycle)
			}
			if !seen[t] {
				seen[t] = true
				todo = append(todo, t)
			}
		}
		if len(seen) > maxWalk {
			return fmt.Errorf("%s %s %s: more than %d memories to look through: %w", l.Source, l.Relation, l.Target, maxWalk, ErrCycle)
		}
	}
	return nil
}

// Unlink removes the edges from source to target: those of one relation, or all
// of them. It returns how many there were; none is no error and no write.
func (b *Book) Unlink(ctx context.Context, c engine.Caller, source, target, relation string) (engine.Outcome, int, error) {
	c = c.Named()
	probe := &memory.Unlink{Source: source, Target: target, Relations: []string{relation}}
	if relation == "" {
		probe.Relations = memory.Relations()
	}
	if err := probe.Validate(); err != nil {
		return engine.Outcome{}, 0, err
	}
	out, err := engine.ChangeAny(ctx, b.core, c, func(ctx context.Context) (*engine.Intent, error) {
		return b.unlinking(ctx, c.Agent, probe)
	})
	removed := 0
	if out.Entry != nil && out.Pending == nil {
		removed = len(out.Entry.Op.Subjects())
	}
	return out, removed, err
}

// unlinking is the intent to remove those edges of op that are there.
func (b *Book) unlinking(ctx context.Context, agent memory.AgentID, op *memory.Unlink) (*engine.Intent, error) {
	links, err := b.store.LinkBetween(ctx, op.Source, op.Target)
	if err != nil {
		return nil, err
	}
	found := &memory.Unlink{Source: op.Source, Target: op.Target}
	in := &engine.Intent{Ops: []memory.NewOp{{Op: found}}}
	for _, r := range op.Relations {
		for i := range links {
			if links[i].Relation != r {
				continue
			}
			version, _, err := b.store.Register(ctx, links[i].Subjects()[0])
			if err != nil {
				return nil, err
			}
			found.Relations = append(found.Relations, r)
			in.Expect = append(in.Expect, memory.Expect{Key: links[i].Subjects()[0], Version: version})
		}
	}
	if len(found.Relations) == 0 {
		return nil, engine.ErrNothing
	}
	for _, id := range []string{op.Source, op.Target} {
		rec, err := b.store.Record(ctx, id)
		switch {
		case errors.Is(err, memory.ErrNotFound):
			in.Subjects = append(in.Subjects, policy.Subject{}) // gone: nobody's
		case err != nil:
			return nil, err
		default:
			if seen, err := engine.Sees(ctx, b.core, agent, rec.Access()); err != nil || !seen {
				return nil, errors.Join(err, engine.ErrNothing)
			}
			in.Subjects = append(in.Subjects, engine.SubjectOf(rec))
		}
	}
	return in, nil
}

// Links returns the links of a live memory whose both ends agent may see.
func (b *Book) Links(ctx context.Context, agent memory.AgentID, id string) ([]memory.Link, error) {
	if _, err := b.core.Visible(ctx, agent, id, memory.Live); err != nil {
		return nil, err
	}
	return b.LinksOf(ctx, agent, id)
}

// LinksOf is Links of a memory that agent was shown already.
func (b *Book) LinksOf(ctx context.Context, agent memory.AgentID, id string) ([]memory.Link, error) {
	all, err := b.store.Links(ctx, id)
	if err != nil {
		return nil, err
	}
	seen := all[:0]
	for _, l := range all {
		sees, err := b.seesEnd(ctx, agent, id, l.Source, l.Target)
		if err != nil {
			return nil, err
		}
		if sees {
			seen = append(seen, l)
		}
	}
	return seen, b.lost(ctx, agent, id)
}

// seesEnd reports whether agent may see the other end of a link of a memory. An end that
// cannot be read for a damage is noted, and not seen.
func (b *Book) seesEnd(ctx context.Context, agent memory.AgentID, id, source, target string) (bool, error) {
	other := target
	if other == id {
		other = source
	}
	_, err := b.core.Visible(ctx, agent, other, memory.Live)
	if err == nil {
		return true, nil
	}
	return false, memory.Unread(ctx, other, err)
}

// lost notes the links of a memory that are damaged, as far as agent may see their other ends.
func (b *Book) lost(ctx context.Context, agent memory.AgentID, id string) error {
	all, err := b.store.LostLinks(ctx, id)
	if err != nil {
		return err
	}
	for _, l := range all {
		sees, err := b.seesEnd(ctx, agent, id, l.Source, l.Target)
		if err != nil {
			return err
		}
		if sees {
			memory.Omit(ctx, l.Dot.String())
		}
	}
	return nil
}
