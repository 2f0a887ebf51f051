package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tallystick/tallystick/internal/memory"
)

// Agent is an agent that somebody has registered. The registration is a memory,
// so all members know of it.
type Agent struct {
	ID           memory.AgentID
	Type         string
	Capabilities []string
	RegisteredAt memory.Instant
	SeenAt       memory.Instant // when it was last registered
}

const (
	metaAgentType    = "agent_type"
	metaCapabilities = "capabilities"
	maxCapabilities  = 64
)

// RegisterAgent registers an agent, or anew. The registration belongs to who
// asks for it, and everybody may read it.
func (e *Engine) RegisterAgent(ctx context.Context, c Caller, a Agent) (Outcome, error) {
	if err := a.ID.Valid(); err != nil {
		return Outcome{}, err
	}
	if a.ID.Unowned() {
		return Outcome{}, fmt.Errorf("agent id %.140q: nobody in particular cannot be registered: %w", string(a.ID), memory.ErrInvalid)
	}
	if a.Type == "" || len(a.Type) > memory.MaxTag || strings.ContainsFunc(a.Type, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return Outcome{}, fmt.Errorf("agent_type %.140q: want 1 to %d bytes without spaces: %w", a.Type, memory.MaxTag, memory.ErrInvalid)
	}
	if len(a.Capabilities) > maxCapabilities {
		return Outcome{}, fmt.Errorf("capabilities: %d, limit %d: %w", len(a.Capabilities), maxCapabilities, memory.ErrInvalid)
	}
	if a.Capabilities == nil {
		a.Capabilities = []string{}
	}
	var meta memory.Object
	for key, v := range map[string]any{metaAgentType: a.Type, metaCapabilities: a.Capabilities, memory.MetaScope: memory.ScopeCollective} {
		var err error
		if meta, err = with(meta, key, v); err != nil {
			return Outcome{}, err
		}
	}
	text := fmt.Sprintf("Agent %s, type %s", a.ID, a.Type)
	if len(a.Capabilities) > 0 {
		text += "; can " + strings.Join(a.Capabilities, ", ")
	}
	return e.Create(ctx, c, Draft{own: true, OnConflict: ConflictMerge, Memory: memory.Memory{
		Title: registryTitle + string(a.ID), Namespace: registryNamespace, Tags: []string{registryTag}, Content: text, Tier: memory.Long, Metadata: meta,
	}})
}

// Agents lists the registered agents that viewer may know of, by name.
func (e *Engine) Agents(ctx context.Context, viewer memory.AgentID) ([]Agent, error) {
	f := memory.Filter{Viewer: viewer, Namespace: registryNamespace, Tags: []string{registryTag}}
	e.asked(&f)
	recs, err := e.gather(ctx, f, maxGathered, func(r *memory.Record) bool { return strings.HasPrefix(r.Title, registryTitle) })
	if err != nil {
		return nil, err
	}
	out := make([]Agent, len(recs))
	for i := range recs {
		r := &recs[i]
		a := Agent{
			ID: memory.AgentID(strings.TrimPrefix(r.Title, registryTitle)), Capabilities: []string{},
			RegisteredAt: r.CreatedAt, SeenAt: r.Content.Stamp.Instant(),
		}
		r.Metadata.Field(metaAgentType, &a.Type)
		r.Metadata.Field(metaCapabilities, &a.Capabilities)
		out[i] = a
	}
	slices.SortFunc(out, func(a, b Agent) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}
