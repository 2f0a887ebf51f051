package api

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// decode reads a JSON body into v, which is a pointer to a struct. Keys that v
// does not have are ignored.
func decode(body []byte, v any) error {
	if !utf8.Valid(body) {
		return &verb.Problem{Code: client.CodeMalformedJSON, Text: "malformed JSON body", Extra: map[string]any{
			"detail": "malformed JSON body: it is not UTF-8",
		}}
	}
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	if e, is := errors.AsType[*json.SyntaxError](err); is {
		return malformed(body, e.Offset, e.Error())
	}
	if e, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		return wrongType(e)
	}
	if errors.Is(err, memory.ErrInvalid) {
		return err
	}
	return verb.Bad("invalid request body: %s", err)
}

func malformed(body []byte, offset int64, why string) error {
	offset = min(max(offset, 0), int64(len(body)))
	head := body[:offset]
	line := 1 + bytes.Count(head, []byte{'\n'})
	column := len(head) - bytes.LastIndexByte(head, '\n') - 1
	return &verb.Problem{
		Code: client.CodeMalformedJSON, Text: "malformed JSON body",
		Extra: map[string]any{
			"detail": "malformed JSON body: " + why, "offset": offset, "line": line, "column": column,
		},
	}
}

func wrongType(e *json.UnmarshalTypeError) error {
	if e.Field == "" {
		return verb.Bad("invalid request body: want %s, got %s", jsonType(e), e.Value)
	}
	return verb.BadField(e.Field, "invalid request body: %s: want %s, got %s", e.Field, jsonType(e), e.Value)
}

// jsonType names what a field takes in the words of JSON.
func jsonType(e *json.UnmarshalTypeError) string {
	switch name := e.Type.String(); {
	case strings.HasPrefix(name, "int"):
		return "an integer"
	case strings.HasPrefix(name, "uint"):
		return "an integer of 0 or more"
	case strings.HasPrefix(name, "float"):
		return "a number"
	case name == "bool":
		return "true or false"
	case strings.HasPrefix(name, "[]"):
		return "an array"
	case strings.HasPrefix(name, "map["), strings.HasPrefix(name, "api."), strings.HasPrefix(name, "memory.C"), strings.HasPrefix(name, "memory.Span"):
		return "an object"
	}
	return "a string"
}

// kindOf is the first byte of a JSON value, or 0.
func kindOf(raw []byte) byte {
	if raw = bytes.TrimLeft(raw, " \t\r\n"); len(raw) > 0 {
		return raw[0]
	}
	return 0
}

// bulkBody is what a bulk create takes instead of an array.
type bulkBody struct {
	Memories []createBody `json:"memories"`
}

// createBody is a memory to be created.
type createBody struct {
	ID         *string            `json:"id"`
	Title      *string            `json:"title"`
	Content    *string            `json:"content"`
	Tier       *memory.Tier       `json:"tier"`
	Namespace  *string            `json:"namespace"`
	Tags       []string           `json:"tags"`
	Priority   *int32             `json:"priority"`
	Confidence *float64           `json:"confidence"`
	Source     *string            `json:"source"`
	ExpiresAt  *string            `json:"expires_at"`
	TTLSecs    *int64             `json:"ttl_secs"`
	Metadata   memory.Object      `json:"metadata"`
	AgentID    string             `json:"agent_id"`
	Scope      *string            `json:"scope"`
	OnConflict engine.OnConflict  `json:"on_conflict"`
	Citations  []memory.Citation  `json:"citations"`
	SourceURI  string             `json:"source_uri"`
	SourceSpan *memory.Span       `json:"source_span"`
	Kind       string             `json:"kind"`
	MemoryKind string             `json:"memory_kind"` // as reads call it
	CreatedAt  memory.Instant     `json:"created_at"`
	Signature  string             `json:"signature"`
	Embedding  *embeddingBody     `json:"embedding"`
	EntityID   string             `json:"entity_id"`
	Persona    *int32             `json:"persona_version"`
	Depth      int32              `json:"reflection_depth"`
	ConfSource string             `json:"confidence_source"`
	Signals    *memory.Confidence `json:"confidence_signals"`
	Decayed    memory.Instant     `json:"confidence_decayed_at"`
}

const maxTTL = 365 * 24 * time.Hour

// draft turns the body into what the engine creates. The engine checks the
// values; here is what only the edge can tell: missing, null, empty and zero.
func (b *createBody) draft(q *request) (engine.Draft, error) {
	var lacking []string
	if b.Title == nil {
		lacking = append(lacking, "title")
	}
	if b.Content == nil {
		lacking = append(lacking, "content")
	}
	if len(lacking) > 0 {
		return engine.Draft{}, verb.Missing(lacking...)
	}
	if err := q.claims(b.AgentID); err != nil {
		return engine.Draft{}, err
	}
	if b.Signature != "" {
		return engine.Draft{}, &verb.Problem{
			Code: client.CodeAttestationFailed,
			Text: "signature: this node has no key of the agent to check it with", Fields: []string{"signature"},
		}
	}
	m, err := b.memory()
	if err != nil {
		return engine.Draft{}, err
	}
	d := engine.Draft{Memory: m, OnConflict: b.OnConflict, Embedding: b.Embedding.value(), Confidence: b.Confidence}
	if err := b.expiry(&d); err != nil {
		return engine.Draft{}, err
	}
	switch b.OnConflict {
	case "", engine.ConflictFail, engine.ConflictMerge, engine.ConflictVersion:
		return d, nil
	}
	return engine.Draft{}, verb.BadField("on_conflict", "on_conflict %.40q: want error, merge or version", string(b.OnConflict))
}

// memory fills in the defaults: what is present and empty or zero is not absent.
func (b *createBody) memory() (memory.Memory, error) {
	m := memory.Memory{
		Tier:      memory.DefaultTier,
		Namespace: memory.DefaultNamespace,
		Title:     *b.Title,
		Content:   *b.Content,
		Tags:      b.Tags, Priority: memory.DefaultPriority, Confidence: memory.DefaultConfidence,
		Source: memory.DefaultSource, CreatedAt: b.CreatedAt, Metadata: b.Metadata,
		ReflectionDepth: b.Depth, EntityID: b.EntityID, PersonaVersion: b.Persona, Citations: b.Citations,
		SourceURI: b.SourceURI, SourceSpan: b.SourceSpan, ConfidenceSource: memory.DefaultConfSource,
		ConfidenceSignals: b.Signals, ConfidenceDecayed: b.Decayed, MemoryKind: memory.DefaultKind,
	}
	set(&m.ID, b.ID)
	set(&m.Tier, b.Tier)
	set(&m.Namespace, b.Namespace)
	set(&m.Priority, b.Priority)
	set(&m.Source, b.Source)
	for _, s := range []string{b.MemoryKind, b.Kind} {
		if s != "" {
			m.MemoryKind = s
		}
	}
	if b.ConfSource != "" {
		m.ConfidenceSource = b.ConfSource
	}
	if err := b.explicit(&m); err != nil {
		return m, err
	}
	if b.Scope == nil {
		return m, nil
	}
	meta, err := b.Metadata.With(memory.MetaScope, *b.Scope)
	if err != nil {
		return m, verb.BadField("metadata", "metadata: want a JSON object")
	}
	m.Metadata = meta
	return m, nil
}

// explicit refuses what is given and would otherwise be taken for "not given".
func (b *createBody) explicit(m *memory.Memory) error {
	switch {
	case b.ID != nil && *b.ID == "":
		return verb.BadField("id", "id: must not be empty")
	case b.ID != nil:
		if err := memory.ValidID(*b.ID); err != nil {
			return err
		}
	case m.Tier == "":
		return verb.BadField("tier", "tier: want short, mid or long")
	}
	switch {
	case m.Namespace == "":
		return verb.BadField("namespace", "namespace: must not be empty")
	case m.Priority == 0:
		return verb.BadField("priority", "priority 0: want 1 to 10")
	case m.Source == "":
		return verb.BadField("source", "source: want one of %s", strings.Join(memory.Sources(), ", "))
	}
	return badObject(b.Metadata)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// expiry reads expires_at and ttl_secs; the first wins.
func (b *createBody) expiry(d *engine.Draft) error {
	if s := b.TTLSecs; s != nil {
		if *s < 1 || *s > int64(maxTTL/time.Second) {
			return verb.BadField("ttl_secs", "ttl_secs %d: want 1 to %d", *s, int64(maxTTL/time.Second))
		}
		d.TTL = time.Duration(*s) * time.Second
	}
	if b.ExpiresAt == nil {
		return nil
	}
	at, err := memory.ParseInstant(*b.ExpiresAt)
	if err != nil {
		return verb.BadField("expires_at", "expires_at %.64q: want a time in RFC 3339, such as 2026-01-31T12:00:00Z", *b.ExpiresAt)
	}
	d.Memory.ExpiresAt = at
	return nil
}

// updateBody is an edit: what is absent or null stays, except that a null
// expires_at clears it.
type updateBody struct {
	Title      *string         `json:"title"`
	Content    *string         `json:"content"`
	Tier       *memory.Tier    `json:"tier"`
	Namespace  *string         `json:"namespace"`
	Tags       *[]string       `json:"tags"`
	Priority   *int32          `json:"priority"`
	Confidence *float64        `json:"confidence"`
	ExpiresAt  json.RawMessage `json:"expires_at"`
	Metadata   json.RawMessage `json:"metadata"`
	SourceURI  *string         `json:"source_uri"`
	AgentID    string          `json:"agent_id"`
	Resolve    bool            `json:"resolve_conflicts"`
	Embedding  *embeddingBody  `json:"embedding"`
}

func (b *updateBody) patch(q *request) (engine.Patch, error) {
	p := engine.Patch{
		Title: b.Title, Content: b.Content, Tier: b.Tier, Namespace: b.Namespace, Tags: b.Tags, Priority: b.Priority,
		Confidence: b.Confidence, SourceURI: b.SourceURI, Resolve: b.Resolve, Embedding: b.Embedding.value(),
	}
	if err := q.claims(b.AgentID); err != nil {
		return p, err
	}
	if kind := kindOf(b.Metadata); kind != 0 && kind != 'n' {
		if kind != '{' {
			return p, verb.BadField("metadata", "metadata: want a JSON object")
		}
		o := memory.Object(b.Metadata)
		p.Metadata = &o
	}
	if b.ExpiresAt != nil {
		at, err := clearable(b.ExpiresAt)
		if err != nil {
			return p, err
		}
		p.ExpiresAt = &at
	}
	version, err := ifMatch(q.Header.Get("If-Match"))
	p.IfVersion = version
	return p, err
}

// clearable reads a time; null, "null" and "" clear it.
func clearable(raw json.RawMessage) (memory.Instant, error) {
	var s *string
	if json.Unmarshal(raw, &s) != nil {
		return 0, verb.BadField("expires_at", "invalid request body: expires_at: want a string")
	}
	if s == nil || *s == "" || *s == "null" {
		return 0, nil
	}
	at, err := memory.ParseInstant(*s)
	if err != nil {
		return 0, verb.BadField("expires_at", "expires_at %.64q: want a time in RFC 3339, or null to clear it", *s)
	}
	return at, nil
}

// embeddingBody is a vector that the client computed: numbers, or base64 of
// little-endian float32.
type embeddingBody struct {
	Model  string `json:"model"`
	Vector floats `json:"vector"`
}

func (e *embeddingBody) value() *memory.Embedding {
	if e == nil {
		return nil
	}
	return &memory.Embedding{Model: e.Model, Vector: e.Vector}
}

type floats []float32

// UnmarshalJSON implements [json.Unmarshaler].
func (f *floats) UnmarshalJSON(b []byte) error {
	if kindOf(b) != '"' {
		return json.Unmarshal(b, (*[]float32)(f))
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(raw)%4 != 0 {
		return verb.BadField("embedding", "embedding: want numbers, or base64 of little-endian float32")
	}
	*f = make(floats, len(raw)/4)
	for i := range *f {
		(*f)[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}
