package governance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
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
func (b *Book) RegisterAgent(ctx context.Context, c engine.Caller, a Agent) (engine.Outcome, error) {
	if err := a.ID.Valid(); err != nil {
		return engine.Outcome{}, err
	}
	if a.ID.Unowned() {
		return engine.Outcome{}, fmt.Errorf("agent id %.140q: the anonymous agent cannot be registered: %w", string(a.ID), memory.ErrInvalid)
	}
	if a.Type == "" || len(a.Type) > memory.MaxTag || strings.ContainsFunc(a.Type, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return engine.Outcome{}, fmt.Errorf("agent_type %.140q: want 1 to %d bytes without spaces: %w", a.Type, memory.MaxTag, memory.ErrInvalid)
	}
	if len(a.Capabilities) > maxCapabilities {
		return engine.Outcome{}, fmt.Errorf("capabilities: %d, limit %d: %w", len(a.Capabilities), maxCapabilities, memory.ErrInvalid)
	}
	if a.Capabilities == nil {
		a.Capabilities = []string{}
	}
	var meta memory.Object
	for key, v := range map[string]any{metaAgentType: a.Type, metaCapabilities: a.Capabilities, memory.MetaScope: memory.ScopeCollective} {
		var err error
		if meta, err = meta.With(key, v); err != nil {
			return engine.Outcome{}, err
		}
	}
	// What it says is said in the words of ai-memory, whose nodes read them too.
	text, err := json.Marshal(map[string]any{
		memory.MetaAgent: a.ID, metaAgentType: a.Type, metaCapabilities: a.Capabilities, memory.MetaScope: memory.ScopeCollective,
	})
	if err != nil {
		return engine.Outcome{}, err
	}
	return b.records.CreateReserved(ctx, c, records.Draft{OnConflict: records.ConflictMerge, Memory: memory.Memory{
		Title: engine.RegistryTitle + string(a.ID), Namespace: engine.RegistryNamespace, Tags: []string{engine.RegistryTag}, Content: string(text), Tier: memory.Long, Metadata: meta,
	}})
}

// Agents lists the registered agents that viewer may know of, by name.
func (b *Book) Agents(ctx context.Context, viewer memory.AgentID) ([]Agent, error) {
	f := memory.Filter{Viewer: viewer, Namespace: engine.RegistryNamespace}
	b.core.Ask(&f)
	recs, err := b.query.Select(ctx, f, query.MaxSelected, engine.IsRegistration)
	if err != nil {
		return nil, err
	}
	out := make([]Agent, len(recs))
	for i := range recs {
		r := &recs[i]
		a := Agent{
			ID: memory.AgentID(strings.TrimPrefix(r.Title, engine.RegistryTitle)), Capabilities: []string{},
			RegisteredAt: r.CreatedAt, SeenAt: r.Content.Stamp.Instant(),
		}
		r.Metadata.Field(metaAgentType, &a.Type)
		r.Metadata.Field(metaCapabilities, &a.Capabilities)
		out[i] = a
	}
	slices.SortFunc(out, func(a, b Agent) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}
