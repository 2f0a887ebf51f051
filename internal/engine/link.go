package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// ErrCycle says that the link would make a memory reflect on itself.
var ErrCycle = errors.New("link would close a cycle")

// Link draws an edge between two live memories. An edge that is there already,
// just like that, is no second write: its receipt comes back.
func (e *Engine) Link(ctx context.Context, c Caller, l memory.Link) (Outcome, error) {
	c = c.named()
	setDefault(&l.Relation, memory.DefaultRelation)
	setDefault(&l.CreatedAt, e.now())
	return e.change(ctx, c, func(ctx context.Context) (*intent, error) { return e.linking(ctx, c.Agent, &l) })
}

func (e *Engine) linking(ctx context.Context, agent memory.AgentID, l *memory.Link) (*intent, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	in := &intent{ops: []memory.NewOp{{Op: l}}}
	for _, id := range []string{l.Source, l.Target} {
		rec, err := e.visible(ctx, agent, id, memory.Live)
		if err != nil {
			return nil, err
		}
		in.expect = append(in.expect, memory.Expect{Key: memory.LifeKey(id), Version: rec.LifeAt})
		in.subjects = append(in.subjects, subject(rec))
	}
	key := l.Subjects()[0]
	version, entry, err := e.store.Register(ctx, key)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return nil, err
	}
	if there, ok := linkOf(entry); ok && sameLink(there, l) {
		in.existing = entry
		return in, nil
	}
	in.expect = append(in.expect, memory.Expect{Key: key, Version: version})
	if l.Relation != memory.ReflectsOn {
		return in, nil
	}
	// No register can tell two links that close a cycle together: one at a time.
	if in.release, err = e.locks.lock(ctx, "cycle"); err != nil {
		return nil, err
	}
	return in, e.acyclic(ctx, l)
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
func (e *Engine) acyclic(ctx context.Context, l *memory.Link) error {
	seen := map[string]bool{l.Target: true}
	for todo := []string{l.Target}; len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		next, err := e.store.Targets(ctx, id, l.Relation)
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
func (e *Engine) Unlink(ctx context.Context, c Caller, source, target, relation string) (Outcome, int, error) {
	c = c.named()
	probe := &memory.Unlink{Source: source, Target: target, Relations: []string{relation}}
	if relation == "" {
		probe.Relations = memory.Relations()
	}
	if err := probe.Validate(); err != nil {
		return Outcome{}, 0, err
	}
	out, err := e.change(ctx, c, func(ctx context.Context) (*intent, error) {
		return e.unlinking(ctx, c.Agent, probe)
	})
	if errors.Is(err, errNothing) {
		return Outcome{}, 0, nil
	}
	removed := 0
	if out.Entry != nil && out.Pending == nil {
		removed = len(out.Entry.Op.Subjects())
	}
	return out, removed, err
}

// errNothing says that there is nothing to write.
var errNothing = errors.New("nothing to do")

// unlinking is the intent to remove those edges of op that are there.
func (e *Engine) unlinking(ctx context.Context, agent memory.AgentID, op *memory.Unlink) (*intent, error) {
	links, err := e.store.LinkBetween(ctx, op.Source, op.Target)
	if err != nil {
		return nil, err
	}
	found := &memory.Unlink{Source: op.Source, Target: op.Target}
	in := &intent{ops: []memory.NewOp{{Op: found}}}
	for _, r := range op.Relations {
		for i := range links {
			if links[i].Relation != r {
				continue
			}
			version, _, err := e.store.Register(ctx, links[i].Subjects()[0])
			if err != nil {
				return nil, err
			}
			found.Relations = append(found.Relations, r)
			in.expect = append(in.expect, memory.Expect{Key: links[i].Subjects()[0], Version: version})
		}
	}
	if len(found.Relations) == 0 {
		return nil, errNothing
	}
	for _, id := range []string{op.Source, op.Target} {
		rec, err := e.store.Record(ctx, id)
		switch {
		case errors.Is(err, memory.ErrNotFound):
			in.subjects = append(in.subjects, policy.Subject{}) // gone: nobody's
		case err != nil:
			return nil, err
		case !rec.Access().VisibleTo(agent):
			return nil, errNothing
		default:
			in.subjects = append(in.subjects, subject(rec))
		}
	}
	return in, nil
}
