package memory

import (
	"encoding/json"
	"time"
)

// Tier says how long a memory is meant to live. Tiers are ordered and only go up.
type Tier string

// The tiers, shortest first.
const (
	Short Tier = "short"
	Mid   Tier = "mid"
	Long  Tier = "long"
)

// Rank orders tiers: 0 short, 1 mid, 2 long, -1 unknown.
func (t Tier) Rank() int {
	switch t {
	case Short:
		return 0
	case Mid:
		return 1
	case Long:
		return 2
	}
	return -1
}

// TTL is the default life of a new memory of tier t; 0 is for ever.
func (t Tier) TTL() time.Duration {
	switch t {
	case Short:
		return 6 * time.Hour
	case Mid:
		return 7 * 24 * time.Hour
	case Long:
	}
	return 0
}

// Grace is for how long a memory of tier t that is to expire stays at least after a
// recall has found it.
func (t Tier) Grace() time.Duration {
	switch t {
	case Short:
		return time.Hour
	case Mid:
		return 24 * time.Hour
	case Long:
	}
	return 0
}

// KeptAfter is how often recalls find a memory of the mid tier before it is kept for good.
const KeptAfter = 5

// Defaults of a memory that says nothing else.
const (
	DefaultTier       = Long
	DefaultNamespace  = "global"
	DefaultPriority   = 5
	DefaultConfidence = 1.0
	DefaultSource     = "api"
	DefaultKind       = "observation"
	DefaultConfSource = "caller_provided"
)

// Memory is the content of a record: what an edit replaces as a whole. The
// fields and their JSON names are those of ai-memory 0.7. What the op or the
// node knows better is not here: the time of the last change is the stamp of
// the op, and access counts are local to a node.
//
// A Memory is a value: its slices and its Metadata must not be changed after it
// was handed over.
type Memory struct {
	ID                string      `json:"id" cbor:"1,keyasint"`
	Tier              Tier        `json:"tier" cbor:"2,keyasint"`
	Namespace         string      `json:"namespace" cbor:"3,keyasint"`
	Title             string      `json:"title" cbor:"4,keyasint"`
	Content           string      `json:"content" cbor:"5,keyasint"`
	Tags              []string    `json:"tags" cbor:"6,keyasint,omitempty"`
	Priority          int32       `json:"priority" cbor:"7,keyasint"`
	Confidence        float64     `json:"confidence" cbor:"8,keyasint"`
	Source            string      `json:"source" cbor:"9,keyasint"`
	CreatedAt         Instant     `json:"created_at" cbor:"11,keyasint"`
	ExpiresAt         Instant     `json:"expires_at,omitzero" cbor:"14,keyasint,omitempty"` // 0: never
	Metadata          Object      `json:"metadata" cbor:"15,keyasint,omitempty"`
	ReflectionDepth   int32       `json:"reflection_depth" cbor:"16,keyasint,omitempty"`
	MemoryKind        string      `json:"memory_kind" cbor:"17,keyasint"`
	EntityID          string      `json:"entity_id,omitempty" cbor:"18,keyasint,omitempty"`
	PersonaVersion    *int32      `json:"persona_version,omitempty" cbor:"19,keyasint,omitempty"`
	Citations         []Citation  `json:"citations" cbor:"20,keyasint,omitempty"`
	SourceURI         string      `json:"source_uri,omitempty" cbor:"21,keyasint,omitempty"`
	SourceSpan        *Span       `json:"source_span,omitempty" cbor:"22,keyasint,omitempty"`
	ConfidenceSource  string      `json:"confidence_source" cbor:"23,keyasint"`
	ConfidenceSignals *Confidence `json:"confidence_signals,omitempty" cbor:"24,keyasint,omitempty"`
	ConfidenceDecayed Instant     `json:"confidence_decayed_at,omitzero" cbor:"25,keyasint,omitempty"`
	Version           int64       `json:"version" cbor:"26,keyasint"` // 1 at creation, +1 per edit that was seen
	Signature         *Signature  `json:"signature,omitempty" cbor:"27,keyasint,omitempty"`
}

// Citation names evidence for a memory.
type Citation struct {
	URI        string  `json:"uri" cbor:"1,keyasint"`
	AccessedAt Instant `json:"accessed_at" cbor:"2,keyasint"`
	Hash       string  `json:"hash,omitempty" cbor:"3,keyasint,omitempty"` // 64 hex digits
	Span       *Span   `json:"span,omitempty" cbor:"4,keyasint,omitempty"`
}

// Span is a half-open range of bytes.
type Span struct {
	Start uint64 `json:"start" cbor:"1,keyasint"`
	End   uint64 `json:"end" cbor:"2,keyasint"`
}

// Confidence is what a confidence was computed from.
type Confidence struct {
	SourceAgeDays           float64 `json:"source_age_days" cbor:"1,keyasint"`
	AtomDerivation          bool    `json:"atom_derivation" cbor:"2,keyasint"`
	PriorCorroborationCount int64   `json:"prior_corroboration_count" cbor:"3,keyasint"`
	FreshnessFactor         float64 `json:"freshness_factor" cbor:"4,keyasint"`
	BaselinePerSource       float64 `json:"baseline_per_source" cbor:"5,keyasint"`
}

// Object is a JSON object as text, kept byte for byte. Nil stands for {}.
type Object []byte

// MarshalJSON returns the text, and {} for nil.
func (o Object) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("{}"), nil
	}
	return o, nil
}

// UnmarshalJSON keeps a copy of the text; null and {} give nil.
func (o *Object) UnmarshalJSON(b []byte) error {
	if s := string(b); s == "null" || s == "{}" {
		*o = nil
		return nil
	}
	*o = append(Object(nil), b...)
	return nil
}

// Field decodes the value of one key into v and reports whether it was there
// and of v's type.
func (o Object) Field(key string, v any) bool {
	if len(o) == 0 {
		return false
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(o, &m) != nil {
		return false
	}
	raw, ok := m[key]
	return ok && json.Unmarshal(raw, v) == nil
}

// Well-known keys of a memory's metadata.
const (
	MetaAgent      = "agent_id"           // owner; never changes after the first write
	MetaScope      = "scope"              // one of [Scopes]; absent: private to the owner, if there is one
	MetaTarget     = "target_agent_id"    // recipient of a message
	MetaRecipient  = "recipient_agent_id" // the same, as ai-memory writes it
	MetaGovernance = "governance"         // rules of a namespace standard
)

// Embedding is a vector that travels beside a memory to save the receiver work.
// It is derived data: no part of a version or of any digest.
type Embedding struct {
	Model  string    `json:"model" cbor:"1,keyasint"`
	Vector []float32 `json:"vector" cbor:"2,keyasint"`
}
