package verb

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"math"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// The functions in this file make what callers see of what the engine knows.

func timeOf(i memory.Instant) client.Time {
	if i == 0 {
		return client.Time{}
	}
	return client.TimeOf(i.Time())
}

// instantOf is what the engine knows of a time of a caller, 0 of none. One that it
// cannot count, because it lies too far away, is refused.
func instantOf(name string, t client.Time) (memory.Instant, error) {
	if t.IsZero() {
		return 0, nil
	}
	return givenInstant(name, t)
}

// givenInstant is instantOf of a time that was given. The beginning of 1970, which the
// engine takes for none, counts as the nanosecond after it.
func givenInstant(name string, t client.Time) (memory.Instant, error) {
	if y := t.Year(); y < 1678 || y > 2261 {
		return 0, farAway(name, t)
	}
	return cmp.Or(memory.InstantOf(t.Time), 1), nil
}

func farAway(name string, t client.Time) error {
	return BadField(name, "%s %s: want a time between the years 1678 and 2261", name, t.Format(time.RFC3339))
}

// showContent is the content of a memory, without what no caller may see.
func showContent(m memory.Memory) client.Memory {
	m = m.Redacted()
	out := client.Memory{
		ID: m.ID, Tier: string(m.Tier), Namespace: m.Namespace, Title: m.Title, Content: m.Content, Tags: orEmpty(m.Tags),
		Priority: m.Priority, Confidence: m.Confidence, Source: m.Source, CreatedAt: timeOf(m.CreatedAt), ExpiresAt: timeOf(m.ExpiresAt),
		Metadata: json.RawMessage("{}"), ReflectionDepth: m.ReflectionDepth, MemoryKind: m.MemoryKind, EntityID: m.EntityID,
		PersonaVersion: m.PersonaVersion, Citations: make([]client.Citation, len(m.Citations)), SourceURI: m.SourceURI, SourceSpan: (*client.Span)(m.SourceSpan),
		ConfidenceSource: m.ConfidenceSource, ConfidenceSignals: (*client.Confidence)(m.ConfidenceSignals), ConfidenceDecayed: timeOf(m.ConfidenceDecayed),
		Version: m.Version, Signature: client.SignatureAbsent,
	}
	if s := m.Signature; s != nil {
		text := base64.StdEncoding.EncodeToString
		out.Signature, out.SignedBy, out.SignedAt = client.SignatureInvalid, string(s.Agent), s.At
		out.SigningKey, out.SignatureValue = text(s.Key), text(s.Value)
		if s.Holds(&m) {
			out.Signature = client.SignatureValid
		}
	}
	if len(m.Metadata) > 0 {
		out.Metadata = json.RawMessage(m.Metadata)
	}
	for i, c := range m.Citations {
		out.Citations[i] = client.Citation{URI: c.URI, AccessedAt: timeOf(c.AccessedAt), Hash: c.Hash, Span: (*client.Span)(c.Span)}
	}
	return out
}

// ShowMemory is a record as callers see it.
func ShowMemory(r *memory.Record) client.Memory {
	m := showContent(r.Memory)
	m.AccessCount, m.UpdatedAt, m.LastAccessedAt, m.Conflicts = r.AccessCount, timeOf(r.Content.Stamp.Instant()), timeOf(r.AccessedAt), r.Conflicts
	return m
}

func showMemories(recs []memory.Record) []client.Memory {
	out := make([]client.Memory, len(recs))
	for i := range recs {
		out[i] = ShowMemory(&recs[i])
	}
	return out
}

// showNow is the memory after a write, or nil if somebody erased it since.
func showNow(out engine.Outcome) *client.Memory {
	if out.Record == nil {
		return nil
	}
	return new(ShowMemory(out.Record))
}

func showHits(hits []query.Scored) []client.Hit {
	out := make([]client.Hit, len(hits))
	for i := range hits {
		out[i] = client.Hit{
			Memory: ShowMemory(&hits[i].Record), Score: toThousandths(hits[i].Score), Band: hits[i].Band, SupersededBy: hits[i].SupersededBy,
		}
	}
	return out
}

// toThousandths rounds a score as answers show it.
func toThousandths(score float64) float64 {
	if math.IsNaN(score) || math.IsInf(score, 0) {
		return 0
	}
	return math.Round(score*1000) / 1000
}

// ShowReceipt is a receipt as callers see it, nil if there is none.
func ShowReceipt(r engine.Receipt) *client.Receipt {
	if r.Dot.IsZero() {
		return nil // nothing was written
	}
	return &client.Receipt{
		Dot: r.Dot.String(), Digest: r.Digest.String(), Durability: string(r.Durability), Epoch: r.Epoch, W: r.W, N: r.N, HeldBy: texts(r.HeldBy),
	}
}

// texts are typed words as plain ones.
func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// ownerOf is the agent that the metadata of a memory names, before any reading of it.
func ownerOf(r *memory.Record) string {
	var owner string
	if !r.Metadata.Field(memory.MetaAgent, &owner) || owner == "" {
		return string(memory.Anonymous)
	}
	return owner
}

// ShowLinks are links as callers see them.
func ShowLinks(links []memory.Link) []client.Link {
	out := make([]client.Link, len(links))
	for i := range links {
		out[i] = showLink(&links[i])
	}
	return out
}

func showLink(l *memory.Link) client.Link {
	out := client.Link{
		Source: l.Source, Target: l.Target, Relation: l.Relation, CreatedAt: timeOf(l.CreatedAt), ObservedBy: l.ObservedBy,
		ValidFrom: timeOf(l.ValidFrom), ValidUntil: timeOf(l.ValidUntil), AttestLevel: l.AttestLevel,
	}
	for _, b := range l.Signature {
		out.Signature = append(out.Signature, int(b))
	}
	return out
}
