package client

// ArchiveListInput lists what is in the archive.
type ArchiveListInput struct {
	Filter
	Paging
	ListFilter
}

// ArchivedMemory is a memory in the archive.
type ArchivedMemory struct {
	Memory

	LastAccessedAt *Time  `json:"last_accessed_at" doc:"When recall found it last, on this node; null: never."`
	ExpiresAt      *Time  `json:"expires_at" doc:"When it was to go to the archive by itself; null: never."`
	ArchivedAt     Time   `json:"archived_at" doc:"When it left the live memories."`
	ArchiveReason  string `json:"archive_reason" doc:"Why: archive, forget, ttl_expired, or what the caller said." example:"ttl_expired"`
}

// ArchiveList is a part of the archive.
type ArchiveList struct {
	Archived []ArchivedMemory `json:"archived" doc:"The memories."`
	Count    int              `json:"count" doc:"How many there are here."`
	Next     string           `json:"next,omitempty" doc:"The cursor of the next page; absent: there is none." example:"cDo1"`
	Damaged  []string         `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of versions. Members are asked for it." example:"[]"`
}

// ArchiveInput archives memories.
type ArchiveInput struct {
	IDs     []string `json:"ids" need:"true" doc:"What to archive." maxitems:"1000" example:"[\"gate-code\"]"`
	Reason  string   `json:"reason,omitempty" doc:"Why; archive if nothing is said." maxlen:"256" example:"moved out"`
	AgentID string   `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
	DryRun  bool     `json:"dry_run,omitempty" narrows:"true" doc:"Say what would be archived, and archive nothing."`
}

// Archived is what became of a request to archive.
type Archived struct {
	Archived []string   `json:"archived" doc:"What was archived." example:"[\"gate-code\"]"`
	Missing  []string   `json:"missing" doc:"What is unknown, not live, or not the caller's." example:"[]"`
	Count    int        `json:"count" doc:"How many were archived."`
	Reason   string     `json:"reason" doc:"Why." example:"archive"`
	Pending  []string   `json:"pending,omitempty" doc:"Ids of the proposals of those that wait for approval." example:"[]"`
	DryRun   bool       `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
	Receipt  *Receipt   `json:"receipt,omitempty" doc:"Of the last one."`
	Receipts []*Receipt `json:"receipts" doc:"One for each of archived."`
}

// NamespaceCount is a namespace and how many memories it has.
type NamespaceCount struct {
	Namespace string `json:"namespace" doc:"The namespace." example:"house/cellar"`
	Count     int64  `json:"count" doc:"How many memories it has."`
}

// ArchiveStats counts what is in the archive.
type ArchiveStats struct {
	Total       int64            `json:"archived_total" doc:"How many memories are archived."`
	ByNamespace []NamespaceCount `json:"by_namespace" doc:"How many by namespace."`
}

// Restored answers a request to restore a memory.
type Restored struct {
	Restored bool     `json:"restored" doc:"It is live again."`
	ID       string   `json:"id" doc:"The id of the memory." example:"gate-code"`
	Memory   *Memory  `json:"memory,omitempty" doc:"The memory after it."`
	Receipt  *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// PurgeInput deletes what is in the archive.
type PurgeInput struct {
	OlderThanDays int  `json:"older_than_days,omitempty" narrows:"true" min:"0" max:"36500" doc:"Only what has been in the archive for longer."`
	DryRun        bool `json:"dry_run,omitempty" narrows:"true" doc:"Only count."`
}

// Purged answers it.
type Purged struct {
	Purged int    `json:"purged" doc:"How many memories were deleted, or would be."`
	Scope  string `json:"owner_scope" doc:"The agent in whose eyes this is." example:"alice"`
	DryRun bool   `json:"dry_run" doc:"Nothing was changed: this is what would be."`

	Damaged []string `json:"damaged,omitempty" doc:"What stays because it is damaged on the disk of this node; of a memory the id." example:"[\"gate-code\"]"`
}
