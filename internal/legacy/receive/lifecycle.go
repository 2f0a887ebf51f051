package receive

import (
	"context"
	"errors"
	"slices"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// reasonPushed is the archive reason of what a legacy peer has archived.
const reasonPushed = "sync_push"

// stands returns the record of an id and its life now; Unborn if it was never heard of.
func (p *plan) stands(ctx context.Context, id string) (*memory.Record, memory.Life, error) {
	rec, err := p.state.Record(ctx, id)
	if errors.Is(err, memory.ErrNotFound) {
		return &memory.Record{}, memory.Unborn, nil
	}
	if err != nil {
		return nil, memory.Unborn, err
	}
	life, _ := rec.Stands(memory.InstantOf(p.clock.now()))
	return rec, life, nil
}

// lifecycle plans the ops of ids: those in one of the lives from become op. One that
// was never heard of is remembered if early is set, so that it holds when the memory
// comes.
func (p *plan) lifecycle(ctx context.Context, ids []string, count *int, early bool, from []memory.Life, op func(id string) memory.Op) error {
	seen := map[string]bool{}
	for _, id := range ids {
		rec, life, err := p.stands(ctx, id)
		switch {
		case err != nil:
			return err
		case memory.ValidID(id) != nil:
			p.reply.Skipped++
		case seen[id]:
			p.reply.Noop++
		case slices.Contains(from, life) && rec.Content.IsZero():
			p.add(lane{count: &p.reply.Noop}, memory.NewOp{Op: op(id)}) // nobody has it yet
		case slices.Contains(from, life):
			p.add(lane{count: count}, memory.NewOp{Op: op(id)})
		case life == memory.Unborn && rec.LifeAt.IsZero() && early && !p.limited():
			p.add(lane{count: &p.reply.Noop}, memory.NewOp{Op: op(id)})
		default:
			p.reply.Noop++
			p.ahead = p.ahead || life < memory.Archived
		}
		seen[id] = true
	}
	return nil
}

func (p *plan) deletions(ctx context.Context, ids []string) error {
	return p.lifecycle(ctx, ids, &p.reply.Deleted, true, []memory.Life{memory.Live, memory.Archived},
		func(id string) memory.Op { return &memory.Delete{ID: id} })
}

func (p *plan) archives(ctx context.Context, ids []string) error {
	return p.lifecycle(ctx, ids, &p.reply.Archived, true, []memory.Life{memory.Live},
		func(id string) memory.Op { return &memory.Archive{ID: id, Reason: reasonPushed} })
}

// restores brings back what is archived, and never what is deleted.
func (p *plan) restores(ctx context.Context, ids []string) error {
	return p.lifecycle(ctx, ids, &p.reply.Restored, false, []memory.Life{memory.Archived},
		func(id string) memory.Op { return &memory.Restore{ID: id} })
}

// links plans edges, also of memories that have not come yet.
func (p *plan) links(ctx context.Context, list []wire.Link) error {
	for i := range list {
		op, at, err := linkOf(&list[i])
		if err == nil {
			err = op.Validate()
		}
		if err != nil {
			p.ignore("link", list[i].Source, err)
			p.reply.Skipped++
			continue
		}
		stamp, _ := p.clock.stamp(at)
		version, _, err := p.state.Register(ctx, op.Subjects()[0])
		if err != nil && !errors.Is(err, memory.ErrNotFound) {
			return err
		}
		if version.Stamp >= stamp {
			p.reply.LinksApplied++ // it is here, or was and is gone
			continue
		}
		p.add(lane{count: &p.reply.LinksApplied}, memory.NewOp{Op: op, At: stamp})
	}
	return nil
}

func linkOf(l *wire.Link) (*memory.Link, memory.Instant, error) {
	op := &memory.Link{
		Source: l.Source, Target: l.Target, Relation: l.Relation, ObservedBy: l.ObservedBy, AttestLevel: l.AttestLevel, Signature: l.Signature,
	}
	for _, t := range []struct {
		text string
		to   *memory.Instant
	}{{l.CreatedAt, &op.CreatedAt}, {l.ValidFrom, &op.ValidFrom}, {l.ValidUntil, &op.ValidUntil}} {
		if err := t.to.UnmarshalText([]byte(t.text)); err != nil {
			return nil, 0, err
		}
	}
	return op, max(op.CreatedAt, op.ValidUntil), nil
}

// standards plans which memories state rules.
func (p *plan) standards(ctx context.Context, list []wire.Standard) error {
	for _, s := range list {
		op := &memory.SetStandard{Namespace: s.Namespace, StandardID: s.StandardID, Parent: s.Parent}
		var updated memory.Instant
		err := op.Validate()
		if err == nil {
			err = updated.UnmarshalText([]byte(s.UpdatedAt))
		}
		if err != nil {
			p.ignore("standard", s.Namespace, err)
			p.reply.Skipped++
			continue
		}
		version, entry, err := p.state.Register(ctx, op.Subjects()[0])
		if err != nil && !errors.Is(err, memory.ErrNotFound) {
			return err
		}
		var stamp memory.Stamp // without a time it is of now
		if updated > 0 {
			stamp, _ = p.clock.stamp(updated)
		}
		if stamp != 0 && version.Stamp >= stamp || entry != nil && sameStandard(entry.Op, op) {
			p.reply.StandardsApplied++
			continue
		}
		p.add(lane{count: &p.reply.StandardsApplied}, memory.NewOp{Op: op, At: stamp})
	}
	return nil
}

func sameStandard(have memory.Op, want *memory.SetStandard) bool {
	set, ok := have.(*memory.SetStandard)
	return ok && *set == *want
}

func (p *plan) clears(ctx context.Context, namespaces []string) error {
	for _, ns := range namespaces {
		op := &memory.ClearStandard{Namespace: ns}
		if err := op.Validate(); err != nil {
			p.ignore("standard", ns, err)
			p.reply.Skipped++
			continue
		}
		_, entry, err := p.state.Register(ctx, op.Subjects()[0])
		if err != nil && !errors.Is(err, memory.ErrNotFound) {
			return err
		}
		if entry == nil || entry.Op.Kind() != memory.KindSetStandard {
			p.reply.Noop++
			continue
		}
		p.add(lane{count: &p.reply.StandardsCleared}, memory.NewOp{Op: op})
	}
	return nil
}
