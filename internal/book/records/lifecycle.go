package records

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Reasons of an archive that nobody named.
const (
	reasonArchive = "archive"
	reasonForget  = "forget"
)

// Delete takes a live or archived memory out of sight. Its history stays
// readable, and Restore brings it back.
func (b *Book) Delete(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error) {
	return b.live(ctx, c, &memory.Delete{ID: id})
}

// Erase removes a memory for good, on every node: the payload goes, the id is
// never used again.
func (b *Book) Erase(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error) {
	return b.live(ctx, c, &memory.Erase{ID: id})
}

// EraseDamaged is [Book.Erase] of a memory that is damaged on this disk, and [memory.ErrInvalid]
// for others. Nothing tells whose it is, nor which rules it is under: it is for operators.
// Members that have it whole lose it, too.
func EraseDamaged(ctx context.Context, b *Book, c engine.Caller, id string) (engine.Outcome, error) {
	if !c.Operator {
		return engine.Outcome{}, &engine.ForbiddenError{Reason: "only operators erase what is damaged"}
	}
	return b.core.Change(ctx, c.Named(), func(ctx context.Context) (*engine.Intent, error) {
		if _, err := b.store.Record(ctx, id); !errors.Is(err, memory.ErrDamaged) {
			return nil, cmp.Or(err, fmt.Errorf("memory %.140s is not damaged: %w", id, memory.ErrInvalid))
		}
		return &engine.Intent{Ops: []memory.NewOp{{Op: &memory.Erase{ID: id}}}, Decision: &policy.Decision{}}, nil
	})
}

// Archive takes a live memory into the archive. An empty reason is "archive".
func (b *Book) Archive(ctx context.Context, c engine.Caller, id, reason string) (engine.Outcome, error) {
	return b.live(ctx, c, &memory.Archive{ID: id, Reason: cmp.Or(reason, reasonArchive)})
}

// Restore makes an archived, expired or deleted memory live again.
func (b *Book) Restore(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error) {
	return b.live(ctx, c, &memory.Restore{ID: id})
}

// live carries out an op on a memory that changes no content.
func (b *Book) live(ctx context.Context, c engine.Caller, op memory.Op) (engine.Outcome, error) {
	c = c.Named()
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) { return b.lifecycle(ctx, c.Agent, op) })
}

// lifecycle is the intent of an op on a memory that changes no content: the memory
// must stand where the op may begin.
func (b *Book) lifecycle(ctx context.Context, agent memory.AgentID, op memory.Op) (*engine.Intent, error) {
	id := op.About().Main()
	if err := op.Validate(); err != nil {
		return nil, err
	}
	rec, err := b.core.Visible(ctx, agent, id, beginsAt(op)...)
	if err != nil {
		return nil, err
	}
	in := &engine.Intent{
		Ops:      []memory.NewOp{{Op: op}},
		Expect:   []memory.Expect{{Key: memory.LifeKey(id), Version: rec.LifeAt}},
		Subjects: []policy.Subject{engine.SubjectOf(rec)},
	}
	if _, erase := op.(*memory.Erase); erase {
		in.Ops[0].Prev = engine.Seen(rec)
		in.Expect = engine.Unchanged(rec)
	}
	if _, restore := op.(*memory.Restore); !restore {
		return in, nil
	}
	if rec.Title == "" {
		return nil, fmt.Errorf("memory %.140s: its content is no longer kept: %w", id, memory.ErrNotFound)
	}
	// Another memory may have taken the title meanwhile.
	if in.Release, err = b.lockTitle(ctx, rec.Namespace, rec.Title); err != nil {
		return nil, err
	}
	if rec.Life == memory.Deleted {
		// Another node may have dropped the content of what was deleted long ago:
		// so it goes along.
		m := rec.Memory
		m.Version = memory.NextVersion(m.Version)
		in.Restores = true
		in.Ops = []memory.NewOp{{Op: &memory.Put{Memory: m, Create: true}, Prev: engine.Seen(rec)}}
		in.Expect = engine.Unchanged(rec)
	}
	return in, b.titleFree(ctx, agent, rec.Memory)
}

// beginsAt lists where a memory may stand for op to make sense.
func beginsAt(op memory.Op) []memory.Life {
	switch to, _ := memory.LifeOf(op, op.About().Main()); to {
	case memory.Archived:
		return []memory.Life{memory.Live}
	case memory.Deleted:
		return []memory.Life{memory.Live, memory.Archived}
	case memory.Live:
		return []memory.Life{memory.Archived, memory.Deleted}
	case memory.Erased:
		return []memory.Life{memory.Live, memory.Archived, memory.Deleted}
	case memory.Unborn: // it leaves the lifecycle alone
	}
	return []memory.Life{memory.Live}
}
