package client

import (
	"encoding/json"
	"time"
)

// Memory is a titled text in a namespace. The JSON names are those of the API.
type Memory struct {
	ID               string          `json:"id"`
	Tier             string          `json:"tier"` // short, mid or long
	Namespace        string          `json:"namespace"`
	Title            string          `json:"title"`
	Content          string          `json:"content"`
	Tags             []string        `json:"tags"`
	Priority         int32           `json:"priority"`   // 1 to 10
	Confidence       float64         `json:"confidence"` // 0 to 1
	Source           string          `json:"source"`
	AccessCount      int64           `json:"access_count"`
	CreatedAt        time.Time       `json:"created_at"`
	UpdatedAt        time.Time       `json:"updated_at"`
	LastAccessedAt   *time.Time      `json:"last_accessed_at,omitempty"`
	ExpiresAt        *time.Time      `json:"expires_at,omitempty"`
	Metadata         json.RawMessage `json:"metadata,omitempty"`
	ReflectionDepth  int32           `json:"reflection_depth,omitempty"`
	MemoryKind       string          `json:"memory_kind,omitempty"`
	EntityID         string          `json:"entity_id,omitempty"`
	PersonaVersion   *int32          `json:"persona_version,omitempty"`
	Citations        []Citation      `json:"citations,omitempty"`
	SourceURI        string          `json:"source_uri,omitempty"`
	SourceSpan       *Span           `json:"source_span,omitempty"`
	ConfidenceSource string          `json:"confidence_source,omitempty"`
	Version          int64           `json:"version"` // +1 per edit
	// Conflicts counts versions that lost against the current one without being
	// seen by it. They are in the history.
	Conflicts int `json:"conflicts,omitempty"`
	// ArchivedAt and ArchiveReason are set on archived memories.
	ArchivedAt    *time.Time `json:"archived_at,omitempty"`
	ArchiveReason string     `json:"archive_reason,omitempty"`
	// AgentID is the owner, where the API names it beside the metadata.
	AgentID string `json:"agent_id,omitempty"`
}

// Citation names evidence for a memory.
type Citation struct {
	URI        string    `json:"uri"`
	AccessedAt time.Time `json:"accessed_at"`
	Hash       string    `json:"hash,omitempty"`
	Span       *Span     `json:"span,omitempty"`
}

// Span is a half-open range of bytes.
type Span struct {
	Start uint64 `json:"start"`
	End   uint64 `json:"end"`
}

// Draft is a memory to be created. Only Title and Content are required; empty
// fields take the defaults of the data model.
type Draft struct {
	ID         string          `json:"id,omitempty"` // "": derived from namespace and title
	Title      string          `json:"title"`
	Content    string          `json:"content"`
	Namespace  string          `json:"namespace,omitempty"`
	Tier       string          `json:"tier,omitempty"`
	Tags       []string        `json:"tags,omitempty"`
	Priority   int32           `json:"priority,omitempty"`
	Confidence *float64        `json:"confidence,omitempty"`
	Source     string          `json:"source,omitempty"`
	Kind       string          `json:"kind,omitempty"`
	TTL        int64           `json:"ttl_secs,omitempty"` // seconds
	ExpiresAt  *time.Time      `json:"expires_at,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	Scope      string          `json:"scope,omitempty"`
	Citations  []Citation      `json:"citations,omitempty"`
	SourceURI  string          `json:"source_uri,omitempty"`
	SourceSpan *Span           `json:"source_span,omitempty"`
	OnConflict string          `json:"on_conflict,omitempty"` // error (default), merge or version
	CreatedAt  *time.Time      `json:"created_at,omitempty"`
	EntityID   string          `json:"entity_id,omitempty"`
	Depth      int32           `json:"reflection_depth,omitempty"`
}

// Patch is an edit: nil fields stay as they are.
type Patch struct {
	Title      *string         `json:"title,omitempty"`
	Content    *string         `json:"content,omitempty"`
	Tier       *string         `json:"tier,omitempty"`
	Namespace  *string         `json:"namespace,omitempty"`
	Tags       *[]string       `json:"tags,omitempty"`
	Priority   *int32          `json:"priority,omitempty"`
	Confidence *float64        `json:"confidence,omitempty"`
	ExpiresAt  *string         `json:"expires_at,omitempty"` // RFC 3339; "null" clears
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	SourceURI  *string         `json:"source_uri,omitempty"`
	// Resolve makes the edit settle all versions that are in conflict with the
	// current one.
	Resolve bool `json:"resolve_conflicts,omitempty"`
	// IfVersion, if not 0, makes the edit fail with a conflict unless it is the
	// current version.
	IfVersion int64 `json:"-"`
}

// Receipt says which op a write became and which members hold it on disk.
type Receipt struct {
	Dot        string   `json:"dot"`    // identity of the op: node.incarnation.seq
	Digest     string   `json:"digest"` // SHA-256 of the op, hex
	Durability string   `json:"durability"`
	W          int      `json:"w"` // members asked for
	N          int      `json:"n"` // members there are
	HeldBy     []string `json:"held_by"`
}

// Outcome is what became of a write.
type Outcome struct {
	ID       string   `json:"id,omitempty"`
	Memory   *Memory  `json:"memory,omitempty"` // as it is now, where the answer has it
	Receipt  *Receipt `json:"receipt,omitempty"`
	Replayed bool     `json:"replayed,omitempty"` // an equal request with the same idempotency key did it before
	// Pending is set when the write waits for approval: nothing has changed yet.
	Pending *Waiting `json:"pending,omitempty"`
}

// Waiting says that a write needs approval.
type Waiting struct {
	ID        string `json:"pending_id"`
	Action    string `json:"action"`
	Reason    string `json:"reason"`
	Namespace string `json:"namespace,omitempty"`
}

// Link is a typed, directed edge between two memories.
type Link struct {
	Source      string     `json:"source_id"`
	Target      string     `json:"target_id"`
	Relation    string     `json:"relation"`
	CreatedAt   *time.Time `json:"created_at,omitempty"`
	ObservedBy  string     `json:"observed_by,omitempty"`
	AttestLevel string     `json:"attest_level,omitempty"`
}
