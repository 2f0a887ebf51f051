package query

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// History returns the versions of a memory's content, newest first, as far as
// agent may see them, each by its own owner and scope, and the record as it
// stands, in any life but erased. Where that is somebody else's, and versions of
// agent's own have lost to it, they come with the newest of them as the record.
func (b *Book) History(ctx context.Context, agent memory.AgentID, id string) ([]memory.Revision, *memory.Record, error) {
	rec, err := b.store.Record(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("memory %.140s: %w", id, err)
	}
	if life, _ := rec.Stands(b.core.Now()); life == memory.Erased || life == memory.Unborn {
		return nil, nil, fmt.Errorf("memory %.140s: %w", id, memory.ErrNotFound)
	}
	all, err := b.store.History(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	theirs, err := engine.Sees(ctx, b.core, agent, rec.Access())
	if err != nil {
		return nil, nil, err
	}
	var failed error
	seen := slices.DeleteFunc(all, func(r memory.Revision) bool {
		m, has := r.Entry.Content()
		if !has {
			return !theirs
		}
		sees, err := engine.SeesVersion(ctx, b.core, agent, rec, m)
		failed = errors.Join(failed, err)
		return !sees
	})
	if failed != nil {
		return nil, nil, failed
	}
	if theirs {
		return seen, rec, nil
	}
	if len(seen) == 0 {
		return nil, nil, fmt.Errorf("memory %.140s: %w", id, memory.ErrNotFound)
	}
	m, _ := seen[0].Entry.Content()
	return seen, &memory.Record{
		Memory: m, Content: seen[0].Entry.Version(), Life: rec.Life, Reason: rec.Reason, LifeAt: rec.LifeAt, Conflicts: len(seen),
	}, nil
}

// Known returns an error if there never was a memory by this id. It is for who runs the
// node: it looks at nobody's right to see the memory, and one that was erased is known.
func (b *Book) Known(ctx context.Context, id string) error {
	if _, err := b.store.Record(ctx, id); err != nil {
		return fmt.Errorf("memory %.140s: %w", id, err)
	}
	return nil
}
