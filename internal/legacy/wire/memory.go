package wire

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Memory is a row with its 26 fields, in the order of the bytes.
type Memory struct {
	AccessCount       int64           `json:"access_count"`
	Citations         []Citation      `json:"citations"`
	Confidence        Float           `json:"confidence"`
	ConfidenceDecayed string          `json:"confidence_decayed_at,omitempty"`
	ConfidenceSignals *Signals        `json:"confidence_signals,omitempty"`
	ConfidenceSource  string          `json:"confidence_source"`
	Content           string          `json:"content"`
	CreatedAt         string          `json:"created_at"`
	EntityID          string          `json:"entity_id,omitempty"`
	ExpiresAt         string          `json:"expires_at,omitempty"`
	ID                string          `json:"id"`
	LastAccessedAt    string          `json:"last_accessed_at,omitempty"`
	MemoryKind        string          `json:"memory_kind"`
	Metadata          json.RawMessage `json:"metadata"`
	Namespace         string          `json:"namespace"`
	PersonaVersion    *int32          `json:"persona_version,omitempty"`
	Priority          int32           `json:"priority"`
	ReflectionDepth   int32           `json:"reflection_depth"`
	Source            string          `json:"source"`
	SourceSpan        *Span           `json:"source_span,omitempty"`
	SourceURI         string          `json:"source_uri,omitempty"`
	Tags              []string        `json:"tags"`
	Tier              string          `json:"tier"`
	Title             string          `json:"title"`
	UpdatedAt         string          `json:"updated_at"`
	Version           int64           `json:"version"`
}

// Citation names evidence.
type Citation struct {
	AccessedAt string `json:"accessed_at"`
	Hash       string `json:"hash,omitempty"`
	Span       *Span  `json:"span,omitempty"`
	URI        string `json:"uri"`
}

// Span is a half-open range of bytes.
type Span struct {
	End   uint64 `json:"end"`
	Start uint64 `json:"start"`
}

// Signals are what a confidence was computed from.
type Signals struct {
	AtomDerivation          bool  `json:"atom_derivation"`
	BaselinePerSource       Float `json:"baseline_per_source"`
	FreshnessFactor         Float `json:"freshness_factor"`
	PriorCorroborationCount int64 `json:"prior_corroboration_count"`
	SourceAgeDays           Float `json:"source_age_days"`
}

// required are the fields that every sender must set.
func required() []string {
	return []string{
		"id", "tier", "namespace", "title", "content", "tags", "priority", "confidence", "source", "access_count", "created_at", "updated_at",
	}
}

// UnmarshalJSON sets what is absent and has a default, and refuses a row without
// what has none.
func (m *Memory) UnmarshalJSON(b []byte) error {
	type plain Memory
	p := plain{
		MemoryKind: memory.DefaultKind, ConfidenceSource: memory.DefaultConfSource, Version: 1, Metadata: json.RawMessage("{}"),
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return err
	}
	for _, k := range required() {
		if _, ok := keys[k]; !ok {
			return missing(k)
		}
	}
	*m = Memory(p)
	return nil
}

// Of returns the row of a record.
func Of(r *memory.Record) Memory {
	m := OfValue(&r.Memory, At(r.Content.Stamp))
	m.AccessCount, m.LastAccessedAt = r.AccessCount, Text(r.AccessedAt)
	return m
}

// OfValue returns the row of a memory that was last changed at an instant, and never read.
func OfValue(v *memory.Memory, updated memory.Instant) Memory {
	m := Memory{
		Citations: []Citation{}, Confidence: Float(v.Confidence), ConfidenceDecayed: Text(v.ConfidenceDecayed),
		ConfidenceSource: v.ConfidenceSource, Content: v.Content, CreatedAt: Text(v.CreatedAt), EntityID: v.EntityID,
		ExpiresAt: Text(v.ExpiresAt), ID: v.ID, MemoryKind: v.MemoryKind, Metadata: json.RawMessage(v.Metadata),
		Namespace: v.Namespace, PersonaVersion: v.PersonaVersion, Priority: v.Priority, ReflectionDepth: v.ReflectionDepth,
		Source: v.Source, SourceSpan: spanOf(v.SourceSpan), SourceURI: v.SourceURI, Tags: slices.Clone(v.Tags), Tier: string(v.Tier),
		Title: v.Title, UpdatedAt: Text(updated), Version: v.Version,
	}
	if len(m.Metadata) == 0 {
		m.Metadata = json.RawMessage("{}")
	}
	if m.Tags == nil {
		m.Tags = []string{}
	}
	for _, c := range v.Citations {
		m.Citations = append(m.Citations, Citation{AccessedAt: Text(c.AccessedAt), Hash: c.Hash, Span: spanOf(c.Span), URI: c.URI})
	}
	if s := v.ConfidenceSignals; s != nil {
		m.ConfidenceSignals = &Signals{
			AtomDerivation: s.AtomDerivation, BaselinePerSource: Float(s.BaselinePerSource), FreshnessFactor: Float(s.FreshnessFactor),
			PriorCorroborationCount: s.PriorCorroborationCount, SourceAgeDays: Float(s.SourceAgeDays),
		}
	}
	return m
}

// Value returns the memory of a row and when it was last changed. What cannot be
// a memory here is [memory.ErrInvalid].
func (m *Memory) Value() (memory.Memory, memory.Instant, error) {
	v := memory.Memory{
		ID: m.ID, Tier: memory.Tier(m.Tier), Namespace: m.Namespace, Title: m.Title, Content: m.Content, Tags: slices.Clone(m.Tags),
		Priority: m.Priority, Confidence: float64(m.Confidence), Source: m.Source, ReflectionDepth: m.ReflectionDepth,
		MemoryKind: m.MemoryKind, EntityID: m.EntityID, PersonaVersion: m.PersonaVersion, SourceURI: m.SourceURI, SourceSpan: m.SourceSpan.value(),
		ConfidenceSource: m.ConfidenceSource, Version: min(max(m.Version, 1), memory.MaxVersion),
	}
	if !slices.Contains(memory.ConfidenceSources(), v.ConfidenceSource) {
		v.ConfidenceSource = memory.DefaultConfSource // a newer node has one more
	}
	if err := v.Metadata.UnmarshalJSON(m.Metadata); err != nil {
		return v, 0, err
	}
	var updated memory.Instant
	times := []struct {
		field string
		text  string
		to    *memory.Instant
	}{
		{"created_at", m.CreatedAt, &v.CreatedAt},
		{"updated_at", m.UpdatedAt, &updated},
		{"expires_at", m.ExpiresAt, &v.ExpiresAt},
		{"confidence_decayed_at", m.ConfidenceDecayed, &v.ConfidenceDecayed},
	}
	for _, t := range times {
		if err := t.to.UnmarshalText([]byte(t.text)); err != nil {
			return v, 0, fmt.Errorf("%s: %w", t.field, err)
		}
	}
	for _, c := range m.Citations {
		at, err := memory.ParseInstant(c.AccessedAt)
		if err != nil {
			return v, 0, fmt.Errorf("citation: %w", err)
		}
		v.Citations = append(v.Citations, memory.Citation{URI: c.URI, AccessedAt: at, Hash: c.Hash, Span: c.Span.value()})
	}
	if s := m.ConfidenceSignals; s != nil {
		v.ConfidenceSignals = &memory.Confidence{
			SourceAgeDays: float64(s.SourceAgeDays), AtomDerivation: s.AtomDerivation, PriorCorroborationCount: s.PriorCorroborationCount,
			FreshnessFactor: float64(s.FreshnessFactor), BaselinePerSource: float64(s.BaselinePerSource),
		}
	}
	if updated <= 0 {
		return v, 0, fmt.Errorf("updated_at: missing: %w", memory.ErrInvalid)
	}
	return v, updated, v.Validate()
}

func spanOf(s *memory.Span) *Span {
	if s == nil {
		return nil
	}
	return &Span{Start: s.Start, End: s.End}
}

func (s *Span) value() *memory.Span {
	if s == nil {
		return nil
	}
	return &memory.Span{Start: s.Start, End: s.End}
}

func kinds() []string     { return memory.MemoryKinds() }
func relations() []string { return memory.Relations() }

func oneOf(s string, list []string) error {
	if slices.Contains(list, s) {
		return nil
	}
	return fmt.Errorf("unknown variant `%.40s`, expected one of `%s`", s, strings.Join(list, "`, `"))
}
