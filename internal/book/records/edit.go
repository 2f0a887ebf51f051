package records

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

func higher(a, b memory.Tier) memory.Tier {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}

// Update edits a live memory; an edit that changes nothing is answered with what is there,
// and writes nothing. A title that another live memory of the namespace
// has is a *ConflictError, another version than the patch names is a *ConditionError. The
// tier only goes up, and the owner stays.
func (b *Book) Update(ctx context.Context, c engine.Caller, id string, p Patch) (engine.Outcome, error) {
	c = c.Named()
	if p.Embedding != nil {
		normal, err := p.Embedding.Normal()
		if err != nil {
			return engine.Outcome{}, err
		}
		p.Embedding = normal
	}
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) { return b.update(ctx, c, id, p) })
}

func (b *Book) update(ctx context.Context, c engine.Caller, id string, p Patch) (*engine.Intent, error) {
	rec, err := b.core.Visible(ctx, c.Agent, id, memory.Live)
	if err != nil {
		return nil, err
	}
	if p.IfVersion != 0 && p.IfVersion != rec.Version {
		return nil, &engine.ConditionError{ID: id, Wanted: p.IfVersion, Current: rec.Version}
	}
	if err := subscriptionStays(rec, p); err != nil {
		return nil, err
	}
	if p.Namespace != nil && *p.Namespace != rec.Namespace {
		if err := checkReserved(*p.Namespace, rec.Namespace); err != nil {
			return nil, err
		}
	}
	m, err := patched(rec.Memory, p)
	if err != nil {
		return nil, err
	}
	seen := engine.Seen(rec)
	if p.Resolve {
		if seen, err = b.allSeen(ctx, rec); err != nil {
			return nil, err
		}
	}
	in, err := b.replacing(ctx, c.Agent, rec, m, seen, p.Embedding)
	// What settles conflicts is written even if none is known here: others may know of one.
	if err == nil && !p.Live && !p.Resolve && p.Embedding == nil {
		return unlessThere(ctx, b.store, in, rec)
	}
	if in != nil && p.Live { // as a creation it also takes the lifecycle
		in.Ops[0].Op.(*memory.Put).Create = true //nolint:forcetypeassert // Editing made it
	}
	return in, err
}

// unlessThere is the intent to edit rec, or to write nothing if the entry of its content says
// so already: what else has made rec what it is, as a read that has prolonged it, is held by
// those who hold other entries, and the answer is about this one. What cannot be read is
// written anew.
func unlessThere(ctx context.Context, store Reads, in *engine.Intent, rec *memory.Record) (*engine.Intent, error) {
	put, is := in.Ops[0].Op.(*memory.Put)
	if !is || rec.Content.IsZero() || !alike(put.Memory, rec.Memory) {
		return in, nil
	}
	entry, err := store.Entry(ctx, rec.Content.Dot)
	switch {
	case errors.Is(err, memory.ErrDamaged) || errors.Is(err, memory.ErrNotFound):
		return in, nil
	case err != nil:
		return in, err
	}
	if m, has := entry.Content(); has && alike(put.Memory, m) {
		in.Existing = entry
	}
	return in, nil
}

// alike reports whether two states of a memory differ in nothing but their number.
func alike(a, b memory.Memory) bool {
	if a.Content != b.Content || a.Title != b.Title { // most differ here
		return false
	}
	b.Version = a.Version
	if len(a.Tags)+len(b.Tags) == 0 {
		a.Tags, b.Tags = nil, nil
	}
	one, err := json.Marshal(a)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b)
	return err == nil && bytes.Equal(one, other)
}

// replacing is the intent to make m the content of rec, with the lock on its
// title if that changes.
func (b *Book) replacing(ctx context.Context, agent memory.AgentID, rec *memory.Record, m memory.Memory, seen []memory.Dot, emb *memory.Embedding) (*engine.Intent, error) {
	in := Editing(rec, m, seen)
	in.Ops[0].Embedding = emb
	if m.Title == rec.Title && m.Namespace == rec.Namespace {
		return in, nil
	}
	var err error
	if in.Release, err = b.lockTitle(ctx, m.Namespace, m.Title); err != nil {
		return nil, err
	}
	return in, b.titleFree(ctx, agent, m)
}

// titleFree is a *ConflictError if another live memory that agent may see has the
// title of m.
func (b *Book) titleFree(ctx context.Context, agent memory.AgentID, m memory.Memory) error {
	clash, err := b.Titled(ctx, agent, m.Namespace, m.Title, []string{m.ID})
	if err != nil {
		return err
	}
	if clash != nil {
		return &engine.ConflictError{ID: clash.ID, Current: clash.Version}
	}
	return nil
}

// patched is m after the edit p.
func patched(m memory.Memory, p Patch) (memory.Memory, error) {
	set(&m.Title, p.Title)
	set(&m.Content, p.Content)
	set(&m.Namespace, p.Namespace)
	set(&m.Tags, p.Tags)
	set(&m.Priority, p.Priority)
	set(&m.Confidence, p.Confidence)
	set(&m.SourceURI, p.SourceURI)
	if p.Tier != nil {
		if p.Tier.Rank() < 0 {
			return m, fmt.Errorf("tier %.40q: want short, mid or long: %w", string(*p.Tier), memory.ErrInvalid)
		}
		if up := higher(m.Tier, *p.Tier); up != m.Tier && up == memory.Long {
			m.ExpiresAt = 0
		}
		m.Tier = higher(m.Tier, *p.Tier)
	}
	set(&m.ExpiresAt, p.ExpiresAt)
	if p.Metadata != nil {
		if err := memory.ValidObject("metadata", *p.Metadata); err != nil {
			return m, err
		}
		if err := checkGovernance(*p.Metadata); err != nil {
			return m, err
		}
		var err error
		if m.Metadata, err = keepOwner(*p.Metadata, m.Metadata); err != nil {
			return m, err
		}
		if err := memory.ValidScope(m.Metadata); err != nil {
			return m, err
		}
	}
	m.Version = memory.NextVersion(m.Version)
	return m, nil
}

func set[T any](dst, v *T) {
	if v != nil {
		*dst = *v
	}
}

// maxSettled bounds how many conflicting versions one edit settles: an entry
// names no more. What is left is still reported as a conflict.
const maxSettled = 63

// allSeen is the current content of rec and every version in conflict with it.
func (b *Book) allSeen(ctx context.Context, rec *memory.Record) ([]memory.Dot, error) {
	seen := engine.Seen(rec)
	if rec.Conflicts == 0 {
		return seen, nil
	}
	history, err := b.store.History(ctx, rec.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range history {
		if r.Conflict && len(seen) <= maxSettled {
			seen = append(seen, r.Entry.Dot)
		}
	}
	return seen, nil
}

// Promote makes a live memory stay for good. Of one that does so already nothing is written.
func (b *Book) Promote(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error) {
	c = c.Named()
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) {
		rec, err := b.core.Visible(ctx, c.Agent, id, memory.Live)
		if err != nil {
			return nil, err
		}
		m := rec.Memory
		m.Tier, m.ExpiresAt = memory.Long, 0
		m.Version = memory.NextVersion(m.Version)
		in := Editing(rec, m, engine.Seen(rec))
		in.Promote = true
		return unlessThere(ctx, b.store, in, rec)
	})
}
