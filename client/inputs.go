package client

import "encoding/json"

// The structs in this file are what the verbs on memories take. Their tags say
// what a field means; docs/http.md where HTTP looks for it.

// ByID names a memory, or whatever else the verb is about.
type ByID struct {
	ID string `json:"id" in:"path" need:"true" doc:"Of the memory or the proposal." maxlen:"128" example:"gate-code"`
}

// Preferring says how much of an answer is wanted.
type Preferring struct {
	Prefer string `json:"Prefer" in:"header" doc:"return=minimal leaves out all but id, tier, namespace, title, owner, version and receipt." example:"return=minimal"`
}

// StoreInput creates a memory.
type StoreInput struct {
	Draft
	Preferring

	DetectConflicts bool `json:"detect_conflicts,omitempty" doc:"Look first what is alike in the namespace: a text that is there in nearly the same words is 409, others that may contradict it are named in the answer."`
	Force           bool `json:"force,omitempty" doc:"With detect_conflicts: write it, whatever is there."`
}

// BulkInput creates up to 1,000 memories.
type BulkInput struct {
	Memories []json.RawMessage `json:"memories" need:"true" doc:"What to create; a bare array will do." maxitems:"1000" example:"[{\"title\":\"Gate code\",\"content\":\"It is 4711.\"}]"`
}

// UpdateInput edits a memory.
type UpdateInput struct {
	ByID
	Patch
	Preferring
}

// Filter narrows a list or a query.
type Filter struct {
	Namespace   string `json:"namespace,omitempty" narrows:"true" doc:"Only memories of this namespace." minlen:"1" maxlen:"512" example:"house/cellar"`
	Subtree     bool   `json:"subtree,omitempty" doc:"With namespace: and of all namespaces below."`
	Tier        string `json:"tier,omitempty" narrows:"true" doc:"Only memories of this tier." enum:"short,mid,long"`
	Tags        Texts  `json:"tags,omitempty" narrows:"true" doc:"Only memories that have this tag; repeated: all of them." maxitems:"64" example:"[\"access\"]"`
	Kinds       Texts  `json:"kinds,omitempty" narrows:"true" commas:"true" doc:"Only memories of one of these kinds; also as one value with commas. all is any." example:"[\"decision\"]"`
	MinPriority int    `json:"min_priority,omitempty" narrows:"true" clamp:"true" min:"1" max:"10" doc:"Only memories of this priority (1 to 10) and above."`
	Since       Time   `json:"since,omitzero" narrows:"true" doc:"Only memories created at this time or later."`
	Until       Time   `json:"until,omitzero" narrows:"true" doc:"Only memories created at this time or earlier."`
	AgentID     string `json:"agent_id,omitempty" narrows:"true" claim:"true" doc:"Only memories that this agent owns; it must be the caller." example:"alice"`
	Title       string `json:"title,omitempty" narrows:"true" minlen:"1" doc:"Only memories with exactly this title." example:"Gate code"`
	SourceURI   string `json:"source_uri,omitempty" narrows:"true" minlen:"1" doc:"Only memories whose source_uri begins with this." example:"doc:"`
}

// Paging selects a part of a list.
type Paging struct {
	Limit  int    `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"At most so many, and no more than 1,000."`
	Offset int    `json:"offset,omitempty" clamp:"true" min:"0" max:"2147483647" doc:"Leave out so many at the start."`
	Cursor string `json:"cursor,omitempty" doc:"The next of the page before." example:"cDo1"`
	Order  string `json:"order,omitempty" doc:"priority: by priority, then by last edit, both falling; edited: by last edit, the newest first; id: stable under writes." enum:"priority,id,edited" default:"priority"`
}

// ListInput lists memories.
type ListInput struct {
	Filter
	Paging
	ListFilter
}

// ListFilter narrows a list further.
type ListFilter struct {
	Owner     string `json:"owner,omitempty" narrows:"true" minlen:"1" doc:"Only memories that this agent owns; the caller sees of them what it may." example:"alice"`
	Conflicts bool   `json:"conflicts,omitempty" narrows:"true" doc:"Only memories with versions that nobody has settled."`
	Expiry    string `json:"expiry,omitempty" doc:"will: only memories that have an end; never: only those that have none." enum:"will,never"`
	HeldBy    string `json:"held_by,omitempty" narrows:"true" minlen:"1" doc:"Only memories that this member is known to hold as they are here: content and lifecycle. It may hold more than this node has heard of." example:"east"`
	MissingAt string `json:"missing_at,omitempty" narrows:"true" minlen:"1" doc:"Only memories that this member is not known to hold as they are here: owed to it, refused by it, or not heard of since this node started." example:"west"`
}

// DeleteInput deletes a memory.
type DeleteInput struct {
	ByID

	Erase  bool `json:"erase,omitempty" doc:"Erase instead: nothing is kept, on any member."`
	DryRun bool `json:"dry_run,omitempty" narrows:"true" doc:"Say what would be done, and do nothing."`
}

// ChangeInput is a change of a memory that needs nothing but its id.
type ChangeInput struct {
	ByID
}

// EraseInput erases a memory.
type EraseInput struct {
	ByID

	DryRun  bool `json:"dry_run,omitempty" narrows:"true" doc:"Say what would be done, and do nothing."`
	Damaged bool `json:"damaged,omitempty" doc:"Also if it is damaged on the disk of this node, so that nothing tells whose it is; with the operator's key."`
}

// ConsolidateInput replaces memories by one.
type ConsolidateInput struct {
	IDs       []string `json:"ids" need:"true" doc:"What to replace." minitems:"2" maxitems:"100" example:"[\"one\", \"two\"]"`
	Title     string   `json:"title" need:"true" doc:"Of the new memory." maxlen:"512" example:"Numbers"`
	Summary   string   `json:"summary,omitempty" doc:"The text of the new memory; without it, a list of the titles." example:"one and two"`
	Namespace string   `json:"namespace,omitempty" doc:"Of the new memory; without it, that of the first." maxlen:"512" example:"house"`
	Tier      string   `json:"tier,omitempty" doc:"Of the new memory; long if it is absent." enum:"short,mid,long"`
	AgentID   string   `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
	DryRun    bool     `json:"dry_run,omitempty" narrows:"true" doc:"Say what would be done, and do nothing."`
}

// ForgetInput archives what matches.
type ForgetInput struct {
	Namespace string `json:"namespace,omitempty" narrows:"true" doc:"Archive the memories of this namespace." minlen:"1" maxlen:"512" example:"house/cellar"`
	Pattern   string `json:"pattern,omitempty" narrows:"true" doc:"Archive the memories in which these words occur." minlen:"1" example:"old gate code"`
	Tier      string `json:"tier,omitempty" narrows:"true" doc:"Archive the memories of this tier." enum:"short,mid,long"`
	AgentID   string `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
	DryRun    bool   `json:"dry_run,omitempty" narrows:"true" doc:"Say what would be archived, and archive nothing."`
}

// RecallInput asks for memories that bear on a text.
type RecallInput struct {
	Context string `json:"context" need:"true" doc:"The question. Not all of its words must occur." example:"how do I open the gate"`
	Filter

	Limit           int    `json:"limit,omitempty" clamp:"true" min:"1" max:"50" type:"integer,string,null" doc:"At most so many hits, and no more than 50." default:"10"`
	BudgetTokens    *int   `json:"budget_tokens,omitempty" clamp:"true" min:"0" max:"1073741824" doc:"Keep the best hits that fit into so many tokens of 4 bytes. The first one always stays, unless this is 0."`
	DeadlineMS      int    `json:"deadline_ms,omitempty" clamp:"true" min:"1" max:"60000" doc:"Answer within so many milliseconds, with what was found so far; the answer says what was cut short."`
	AsOf            Time   `json:"as_of,omitzero" doc:"Show memories as they were then, as far as their versions are still kept. What was archived or deleted since is not found."`
	AsOfLSN         uint64 `json:"as_of_lsn,omitempty" min:"1" doc:"The same, as the node that is asked had them when its log had come as far as this local sequence number, which its events, its status and its backups name. Not with as_of." example:"4711"`
	Freshness       string `json:"freshness,omitempty" minlen:"1" doc:"What the answer must know: local, what this node has; quorum, what was acknowledged to anybody before; or the dot of a write, from its receipt. It is waited for up to the deadline, or 10 s." example:"quorum" default:"local"`
	Explain         bool   `json:"explain,omitempty" doc:"Say of each hit what its score is made of, and of each way of looking what became of it."`
	WhyNot          string `json:"why_not,omitempty" minlen:"1" maxlen:"128" doc:"Say why this memory is not among the hits." example:"gate-code"`
	With            Texts  `json:"with,omitempty" doc:"standing: also the standards and rules that hold in the namespace, and what is pinned there, whatever is asked." example:"[\"standing\"]"`
	AsAgent         string `json:"as_agent,omitempty" claim:"true" doc:"Must be the caller." example:"alice"`
	SourceURIPrefix string `json:"source_uri_prefix,omitempty" narrows:"true" minlen:"1" doc:"Only memories whose source_uri begins with this." example:"doc:"`
	HasCitations    bool   `json:"has_citations,omitempty" doc:"Not supported: true is refused."`
	IncludeArchived bool   `json:"include_archived,omitempty" doc:"Not supported: true is refused."`
	ConfidenceTier  string `json:"confidence_tier,omitempty" minlen:"1" doc:"Not supported: refused." example:"high"`
}

// SearchInput asks for memories that have all words.
type SearchInput struct {
	Query string `json:"q,omitempty" doc:"What to find: all words must occur, as they stand. Words in quotes are a phrase, -word excludes, and there are tag:, from:, namespace:, after: and before:. Required, unless source_uri is there." example:"gate code"`
	Filter

	Limit int `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"At most so many, and no more than 1,000." default:"20"`
}
