package records

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Consolidation asks for one memory in place of several.
type Consolidation struct {
	IDs       []string // 2 to 100 live memories, which go to the archive
	Title     string   // "": made from their titles
	Summary   string   // the content; "": made from their titles
	Namespace string   // "": theirs if they share one, else the default
	Tier      memory.Tier
}

// Keys of the metadata of a consolidated memory.
const (
	metaDerived = "derived_from"
	metaFrom    = "consolidated_from_agents"
)

// Consolidate makes one memory out of several, which it archives: all in one op,
// or nothing.
func (b *Book) Consolidate(ctx context.Context, c engine.Caller, q Consolidation) (engine.Outcome, error) {
	c = c.Named()
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) { return b.consolidation(ctx, c, q) })
}

func (b *Book) consolidation(ctx context.Context, c engine.Caller, q Consolidation) (*engine.Intent, error) {
	if n := len(q.IDs); n < memory.MinSources || n > memory.MaxSources {
		return nil, fmt.Errorf("consolidate: %d sources, want %d to %d: %w", n, memory.MinSources, memory.MaxSources, memory.ErrInvalid)
	}
	sources := make([]*memory.Record, len(q.IDs))
	for i, id := range q.IDs {
		if slices.Contains(q.IDs[:i], id) {
			return nil, fmt.Errorf("consolidate: %s is named twice: %w", id, memory.ErrInvalid)
		}
		rec, err := b.core.Visible(ctx, c.Agent, id, memory.Live)
		if err != nil {
			return nil, err
		}
		sources[i] = rec
	}
	into, err := b.digested(c, q, sources)
	if err != nil {
		return nil, err
	}
	return b.replacingAll(ctx, c.Agent, into, sources)
}

// replacingAll is the intent to create into and to archive the sources, as they
// were read. It holds the lock on the title of into.
func (b *Book) replacingAll(ctx context.Context, agent memory.AgentID, into memory.Memory, sources []*memory.Record) (*engine.Intent, error) {
	unlock, err := b.lockTitle(ctx, into.Namespace, into.Title)
	if err != nil {
		return nil, err
	}
	freed := make([]string, len(sources))
	for i, s := range sources {
		freed[i] = s.ID
	}
	in, clash, err := b.Newborn(ctx, agent, into, freed)
	if clash != nil {
		err = &engine.ConflictError{ID: clash.ID, Current: clash.Version}
	}
	if err != nil {
		unlock()
		return nil, err
	}
	in.Release = unlock
	put, ok := in.Ops[0].Op.(*memory.Put)
	if !ok {
		return in, errors.New("a create is a put")
	}
	op := &memory.Consolidate{Into: put.Memory}
	in.Subjects = in.Subjects[:1]
	for _, s := range sources {
		op.Sources = append(op.Sources, memory.SourceVersion{ID: s.ID, Dot: s.Content.Dot})
		in.Expect = append(in.Expect, engine.Unchanged(s)...)
		in.Subjects = append(in.Subjects, engine.SubjectOf(s))
	}
	in.Ops[0].Op = op
	return in, nil
}

// digested is the memory that takes the place of sources.
func (b *Book) digested(c engine.Caller, q Consolidation, sources []*memory.Record) (memory.Memory, error) {
	titles := make([]string, len(sources))
	tags := map[string]bool{}
	d := Draft{Memory: memory.Memory{
		Title: q.Title, Content: q.Summary, Namespace: q.Namespace, Tier: q.Tier,
		Priority: memory.DefaultPriority, Source: "consolidation",
	}}
	m := &d.Memory
	shared := sources[0].Namespace
	for i, s := range sources {
		titles[i] = s.Title
		m.Priority = max(m.Priority, s.Priority)
		for _, t := range s.Tags {
			tags[t] = true
		}
		if s.Namespace != shared {
			shared = memory.DefaultNamespace
		}
	}
	m.Tags = slices.Sorted(maps.Keys(tags))
	all := fmt.Sprintf("Consolidated summary of %d memories: %s", len(sources), strings.Join(titles, "; "))
	m.Namespace = cmp.Or(m.Namespace, shared)
	m.Tier = cmp.Or(m.Tier, memory.Long)
	m.Title = cmp.Or(m.Title, memory.Shorten(all, memory.MaxTitle))
	m.Content = cmp.Or(m.Content, memory.Shorten(all, memory.MaxContent/4))
	var err error
	if m.Metadata, err = united(sources); err != nil {
		return *m, err
	}
	if err = checkReserved(m.Namespace); err != nil {
		return *m, err
	}
	err = b.Complete(c, &d)
	return d.Memory, err
}
