package verb

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/memory"
)

// draftOf is what the engine creates of a draft of a caller. The engine fills in
// defaults and checks the values.
func draftOf(d *client.Draft) (records.Draft, error) {
	composed(reflect.ValueOf(d))
	m := memory.Memory{
		ID: d.ID, Tier: memory.Tier(d.Tier), Namespace: d.Namespace, Title: d.Title, Content: d.Content, Tags: d.Tags, Priority: d.Priority,
		Source: d.Source, Metadata: objectOf(d.Metadata), ReflectionDepth: d.Depth, EntityID: d.EntityID, PersonaVersion: d.PersonaVersion,
		SourceURI: d.SourceURI, SourceSpan: (*memory.Span)(d.SourceSpan), ConfidenceSource: d.ConfidenceSource,
		ConfidenceSignals: (*memory.Confidence)(d.ConfidenceSignals), MemoryKind: d.Kind,
	}
	var err error
	for _, t := range []struct {
		name string
		from *client.Time
		to   *memory.Instant
	}{
		{"created_at", d.CreatedAt, &m.CreatedAt}, {"expires_at", d.ExpiresAt, &m.ExpiresAt}, {"confidence_decayed_at", d.ConfidenceDecayed, &m.ConfidenceDecayed},
	} {
		if t.from == nil {
			continue
		}
		if *t.to, err = givenInstant(t.name, *t.from); err != nil {
			return records.Draft{}, err
		}
	}
	if m.Citations, err = citationsOf(d.Citations); err != nil {
		return records.Draft{}, err
	}
	if d.Scope != "" {
		var other string
		if m.Metadata.Field(memory.MetaScope, &other) && other != "" && other != d.Scope {
			return records.Draft{}, BadField("scope", "scope %q, and metadata.scope %q: say who may see it once", d.Scope, other)
		}
		if m.Metadata, err = m.Metadata.With(memory.MetaScope, d.Scope); err != nil {
			return records.Draft{}, BadField("metadata", "metadata: want a JSON object")
		}
	}
	signed, err := signedOf(d, m.CreatedAt)
	if err != nil {
		return records.Draft{}, err
	}
	if signed == nil { // what is signed is signed as it stands
		m.Content = linesOf(m.Content)
	}
	return records.Draft{
		Signed: signed, Memory: m, OnConflict: records.OnConflict(d.OnConflict), Embedding: embeddingOf(d.Embedding), Confidence: d.Confidence,
		TTL: time.Duration(d.TTL) * time.Second,
	}, nil
}

// signedOf is what a caller has signed of a draft; nil if it has not. A memory as
// answers show it has a word there on how its signature stood: whoever brings it back
// has not signed it.
func signedOf(d *client.Draft, at memory.Instant) (*records.Signed, error) {
	if unsigned(d.Signature) {
		return nil, nil //nolint:nilnil // it is not signed
	}
	raw, err := base64.StdEncoding.DecodeString(d.Signature)
	if err != nil || len(raw) != ed25519.SignatureSize {
		return nil, BadField("signature", "signature: want 64 bytes in base64")
	}
	if at == 0 {
		return nil, BadField("created_at", "created_at: what is signed needs the time that was signed")
	}
	return &records.Signed{Value: raw, At: at}, nil
}

// linesOf is a text as it is kept: its lines end with LF, as they do everywhere but on
// Windows.
func linesOf(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
}

func objectOf(raw json.RawMessage) memory.Object {
	if s := string(raw); s == "null" || s == "{}" {
		return nil
	}
	return memory.Object(raw)
}

func embeddingOf(e *client.Embedding) *memory.Embedding {
	if e == nil {
		return nil
	}
	return &memory.Embedding{Model: e.Model, Vector: e.Vector}
}

func citationsOf(list []client.Citation) ([]memory.Citation, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]memory.Citation, len(list))
	for i, c := range list {
		at, err := instantOf("citations", c.AccessedAt)
		if err != nil {
			return nil, err
		}
		out[i] = memory.Citation{URI: c.URI, AccessedAt: at, Hash: c.Hash, Span: (*memory.Span)(c.Span)}
	}
	return out, nil
}

// patchOf is what the engine makes of an edit.
func patchOf(in *client.UpdateInput, given map[string]bool) (records.Patch, error) {
	p := records.Patch{
		Title: in.Title, Content: in.Content, Tier: (*memory.Tier)(in.Tier), Namespace: in.Namespace, Tags: in.Tags, Priority: in.Priority,
		Confidence: in.Confidence, SourceURI: in.SourceURI, Resolve: in.Resolve, Embedding: embeddingOf(in.Embedding),
	}
	if p.Content != nil {
		p.Content = new(linesOf(*p.Content))
	}
	if kind := kindOf(in.Metadata); kind != 0 && kind != 'n' {
		o := objectOf(in.Metadata)
		p.Metadata = &o
	}
	if in.ExpiresAt != nil || given["expires_at"] {
		at, err := clearable(in.ExpiresAt)
		if err != nil {
			return p, err
		}
		p.ExpiresAt = &at
	}
	return p, nil
}

// clearable reads a time; none, "null" and "" clear it.
func clearable(s *string) (memory.Instant, error) {
	if s == nil || *s == "" || *s == "null" {
		return 0, nil
	}
	var t client.Time
	if t.UnmarshalText([]byte(*s)) != nil {
		return 0, BadField("expires_at", "expires_at %.64q: want a time in RFC 3339, or null to clear it", *s)
	}
	return givenInstant("expires_at", t)
}
