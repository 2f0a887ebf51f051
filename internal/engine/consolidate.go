package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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
func (e *Engine) Consolidate(ctx context.Context, c Caller, q Consolidation) (Outcome, error) {
	c = c.named()
	return e.change(ctx, c, func(ctx context.Context) (*intent, error) { return e.consolidation(ctx, c, q) })
}

func (e *Engine) consolidation(ctx context.Context, c Caller, q Consolidation) (*intent, error) {
	if n := len(q.IDs); n < memory.MinSources || n > memory.MaxSources {
		return nil, fmt.Errorf("consolidate: %d sources, want %d to %d: %w", n, memory.MinSources, memory.MaxSources, memory.ErrInvalid)
	}
	sources := make([]*memory.Record, len(q.IDs))
	for i, id := range q.IDs {
		if slices.Contains(q.IDs[:i], id) {
			return nil, fmt.Errorf("consolidate: %s is named twice: %w", id, memory.ErrInvalid)
		}
		rec, err := e.visible(ctx, c.Agent, id, memory.Live)
		if err != nil {
			return nil, err
		}
		sources[i] = rec
	}
	into, err := e.digested(c, q, sources)
	if err != nil {
		return nil, err
	}
	return e.replacingAll(ctx, c.Agent, into, sources)
}

// replacingAll is the intent to create into and to archive the sources, as they
// were read. It holds the lock on the title of into.
func (e *Engine) replacingAll(ctx context.Context, agent memory.AgentID, into memory.Memory, sources []*memory.Record) (*intent, error) {
	unlock, err := e.lockTitle(ctx, into.Namespace, into.Title)
	if err != nil {
		return nil, err
	}
	freed := make([]string, len(sources))
	for i, s := range sources {
		freed[i] = s.ID
	}
	in, clash, err := e.newborn(ctx, agent, into, freed)
	if clash != nil {
		err = &ConflictError{ID: clash.ID, Current: clash.Version}
	}
	if err != nil {
		unlock()
		return nil, err
	}
	in.release = unlock
	put, ok := in.ops[0].Op.(*memory.Put)
	if !ok {
		return in, errors.New("a create is a put")
	}
	op := &memory.Consolidate{Into: put.Memory}
	in.subjects = in.subjects[:1]
	for _, s := range sources {
		op.Sources = append(op.Sources, memory.SourceVersion{ID: s.ID, Dot: s.Content.Dot})
		in.expect = append(in.expect, unchanged(s)...)
		in.subjects = append(in.subjects, subject(s))
	}
	in.ops[0].Op = op
	return in, nil
}

// digested is the memory that takes the place of sources.
func (e *Engine) digested(c Caller, q Consolidation, sources []*memory.Record) (memory.Memory, error) {
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
	setDefault(&m.Namespace, shared)
	setDefault(&m.Tier, memory.Long)
	setDefault(&m.Title, cut(all, memory.MaxTitle))
	setDefault(&m.Content, cut(all, memory.MaxContent/4))
	var err error
	if m.Metadata, err = united(sources); err != nil {
		return *m, err
	}
	if err = checkReserved(m.Namespace); err != nil {
		return *m, err
	}
	err = e.complete(c, &d)
	return d.Memory, err
}

// cut returns at most n characters of s.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// united merges the metadata of sources, key by key, later ones winning. Owners
// and rules are not inherited: the owners are listed, with the ids.
func united(sources []*memory.Record) (memory.Object, error) {
	all := map[string]json.RawMessage{}
	ids := make([]string, len(sources))
	owners := map[memory.AgentID]bool{}
	private := false
	for i, s := range sources {
		ids[i] = s.ID
		private = private || s.Access().Private
		if owner := s.Access().Owner; owner != "" {
			owners[owner] = true
		}
		if len(s.Metadata) == 0 {
			continue
		}
		if err := json.Unmarshal(s.Metadata, &all); err != nil {
			return nil, fmt.Errorf("metadata of %s: %w: %w", s.ID, err, memory.ErrInvalid)
		}
	}
	delete(all, memory.MetaAgent)
	delete(all, memory.MetaGovernance)
	if private { // what is made of a private memory is private
		delete(all, memory.MetaScope)
	}
	lists := map[string]any{metaDerived: ids}
	if len(owners) > 0 {
		lists[metaFrom] = slices.Sorted(maps.Keys(owners))
	}
	for k, v := range lists {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		all[k] = raw
	}
	return json.Marshal(all)
}
