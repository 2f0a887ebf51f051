package api

import (
	"encoding/json"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// The types in this file are the bodies of answers that are not a memory. Which
// route gives which stands in the table of routes.

// waitingView answers a write that needs approval.
type waitingView struct {
	Status    string          `json:"status"`
	PendingID string          `json:"pending_id"`
	Reason    string          `json:"reason"`
	Action    string          `json:"action"`
	Namespace string          `json:"namespace"`
	MemoryID  string          `json:"memory_id,omitempty"`
	Receipt   *engine.Receipt `json:"receipt"`
}

// goneView answers a repeated write whose memory somebody has erased since.
type goneView struct {
	ID      string          `json:"id"`
	Receipt *engine.Receipt `json:"receipt"`
}

// gotView is a memory, flat and once more under a name, and its links.
type gotView struct {
	memoryView

	Nested memoryView `json:"memory"`
	Links  []linkView `json:"links"`
}

type listView struct {
	Memories []memoryView `json:"memories"`
	Count    int          `json:"count"`
	Next     string       `json:"next,omitempty"`
}

type deletedView struct {
	Deleted bool            `json:"deleted"`
	Erased  bool            `json:"erased,omitempty"`
	ID      string          `json:"id"`
	Receipt *engine.Receipt `json:"receipt"`
}

type promotedView struct {
	Promoted bool            `json:"promoted"`
	ID       string          `json:"id"`
	Tier     memory.Tier     `json:"tier"`
	Memory   *memoryView     `json:"memory,omitempty"`
	Receipt  *engine.Receipt `json:"receipt"`
}

type historyView struct {
	ID        string         `json:"id"`
	State     string         `json:"state"`
	Reason    string         `json:"reason,omitempty"`
	Conflicts int            `json:"conflicts"`
	Count     int            `json:"count"`
	Revisions []revisionView `json:"revisions"`
}

type consolidatedView struct {
	ID           string          `json:"id"`
	Consolidated int             `json:"consolidated"`
	Summary      string          `json:"summary,omitempty"`
	Content      string          `json:"content,omitempty"`
	Memory       *memoryView     `json:"memory,omitempty"`
	Receipt      *engine.Receipt `json:"receipt"`
}

type forgottenView struct {
	Deleted  int `json:"deleted"`
	Archived int `json:"archived"`
}

type recalledView struct {
	Memories   []scoredView `json:"memories"`
	Count      int          `json:"count"`
	TokensUsed int          `json:"tokens_used"`
	Mode       string       `json:"mode"`
	IndexLag   int          `json:"index_lag"`
	Budget     *int         `json:"budget_tokens,omitempty"`
	Meta       *budgetView  `json:"meta,omitempty"`
}

// budgetView says what became of a budget of tokens.
type budgetView struct {
	Used      int  `json:"budget_tokens_used"`
	Remaining int  `json:"budget_tokens_remaining"`
	Dropped   int  `json:"memories_dropped"`
	Overflow  bool `json:"budget_overflow"`
}

type foundView struct {
	Results   []scoredView `json:"results"`
	Memories  []scoredView `json:"memories"`
	Count     int          `json:"count"`
	Query     string       `json:"query,omitempty"`
	IndexLag  *int         `json:"index_lag,omitempty"`
	SourceURI string       `json:"source_uri,omitempty"`
}

type linkedView struct {
	Linked      bool            `json:"linked"`
	AttestLevel string          `json:"attest_level"`
	Source      string          `json:"source_id"`
	Target      string          `json:"target_id"`
	Relation    string          `json:"relation"`
	CreatedAt   memory.Instant  `json:"created_at"`
	Receipt     *engine.Receipt `json:"receipt"`
}

type unlinkedView struct {
	Deleted bool            `json:"deleted"`
	Removed int             `json:"removed"`
	Receipt *engine.Receipt `json:"receipt,omitempty"`
}

type linksView struct {
	Links []linkView `json:"links"`
	Count int        `json:"count"`
}

type archiveListView struct {
	Archived []archivedView `json:"archived"`
	Count    int            `json:"count"`
	Next     string         `json:"next,omitempty"`
}

type archiveStatsView struct {
	Total       int64            `json:"archived_total"`
	ByNamespace []namespaceCount `json:"by_namespace"`
}

type restoredView struct {
	Restored bool            `json:"restored"`
	ID       string          `json:"id"`
	Memory   *memoryView     `json:"memory,omitempty"`
	Receipt  *engine.Receipt `json:"receipt"`
}

type pendingsView struct {
	Pending    []pendingView  `json:"pending"`
	Count      int            `json:"count"`
	OwnerScope memory.AgentID `json:"owner_scope"`
}

// approvedView answers a vote for a proposal that is decided now.
type approvedView struct {
	ID        string          `json:"id"`
	Status    string          `json:"status"`
	Approved  bool            `json:"approved"`
	Executed  bool            `json:"executed"`
	Reason    string          `json:"reason,omitempty"`
	Detail    string          `json:"detail,omitempty"`
	DecidedBy string          `json:"decided_by"`
	MemoryID  *string         `json:"memory_id"`
	Receipt   *engine.Receipt `json:"receipt"`
}

// votedView answers a vote for a proposal that needs more of them.
type votedView struct {
	ID       string          `json:"id"`
	Status   string          `json:"status"`
	Approved bool            `json:"approved"`
	Executed bool            `json:"executed"`
	Votes    int             `json:"votes"`
	Quorum   int             `json:"quorum"`
	Reason   string          `json:"reason"`
	Detail   string          `json:"detail,omitempty"`
	Receipt  *engine.Receipt `json:"receipt"`
}

type rejectedView struct {
	ID        string          `json:"id"`
	Status    string          `json:"status"`
	Rejected  bool            `json:"rejected"`
	DecidedBy string          `json:"decided_by"`
	Receipt   *engine.Receipt `json:"receipt"`
}

type namespacesView struct {
	Namespaces []namespaceCount `json:"namespaces"`
	Count      int              `json:"count"`
}

type standardChainView struct {
	Namespace string         `json:"namespace"`
	Chain     []string       `json:"chain"`
	Standards []standardView `json:"standards"`
	Count     int            `json:"count"`
}

type standardSetView struct {
	Set        bool            `json:"set"`
	Namespace  string          `json:"namespace"`
	StandardID string          `json:"standard_id"`
	Parent     string          `json:"parent,omitempty"`
	Governance json.RawMessage `json:"governance,omitempty"`
	Receipt    *engine.Receipt `json:"receipt"`
}

type standardClearedView struct {
	Cleared   bool            `json:"cleared"`
	Namespace string          `json:"namespace"`
	Receipt   *engine.Receipt `json:"receipt,omitempty"`
}

type parkedListView struct {
	Parked []memory.Parked `json:"parked"`
	Count  int             `json:"count"`
}

type retriedView struct {
	Retried int `json:"retried"`
}

type statsView struct {
	Total          int64            `json:"total"`
	ByTier         []tierCount      `json:"by_tier"`
	ByNamespace    []namespaceCount `json:"by_namespace"`
	Links          int64            `json:"links_count"`
	Bytes          int64            `json:"db_size_bytes"`
	DimViolations  int64            `json:"dim_violations"`
	IndexEvictions int64            `json:"index_evictions_total"`
	Archived       int64            `json:"archived_total"`
	Deleted        int64            `json:"deleted_total"`
	Erased         int64            `json:"erased_total"`
	ExpiringSoon   int64            `json:"expiring_soon"` // within an hour
}

type healthView struct {
	Status         string `json:"status"`
	Service        string `json:"service"`
	Implementation string `json:"implementation"`
	Version        string `json:"version"`
	EmbedderReady  bool   `json:"embedder_ready"`
	Federation     bool   `json:"federation_enabled"`
}

type probeView struct {
	Status string `json:"status"`
}

// capabilitiesView is what a client may count on, in the outline that
// ai-memory's clients look at.
type capabilitiesView struct {
	SchemaVersion  string       `json:"schema_version"`
	Version        string       `json:"version"`
	Implementation string       `json:"implementation"`
	StorageBackend string       `json:"storage_backend"`
	Tier           string       `json:"tier"`
	Summary        string       `json:"summary"`
	Describe       string       `json:"to_describe_to_user"`
	Tools          []string     `json:"tools"`
	Families       familiesView `json:"families"`
	Features       featuresView `json:"features"`
	Models         modelsView   `json:"models"`
	Limits         limitsView   `json:"limits"`
	Relations      []string     `json:"relations"`
	Kinds          []string     `json:"kinds"`
}

// familiesView lists families of tools.
type familiesView struct {
	SchemaVersion string       `json:"schema_version"`
	AlwaysOn      []string     `json:"always_on"`
	Families      []familyView `json:"families"`
}

// modelsView names the models that a server uses: null is none.
type modelsView struct {
	Embedder *string `json:"embedder"`
	LLM      *string `json:"llm"`
}

type featuresView struct {
	KeywordSearch   bool                `json:"keyword_search"`
	SemanticSearch  bool                `json:"semantic_search"`
	Receipts        bool                `json:"receipts"`
	History         bool                `json:"history"`
	Events          bool                `json:"events"`
	Erase           bool                `json:"erase"`
	IdempotencyKeys bool                `json:"idempotency_keys"`
	Durability      []engine.Durability `json:"durability"`
}

type limitsView struct {
	Body     int64 `json:"body_bytes"`
	List     int   `json:"list"`
	Recall   int   `json:"recall"`
	Bulk     int   `json:"bulk"`
	Title    int   `json:"title_characters"`
	Content  int   `json:"content_bytes"`
	Metadata int   `json:"metadata_bytes"`
	Tags     int   `json:"tags"`
}
