package client

import "encoding/json"

// TaxonomyInput counts memories along the tree of namespaces.
type TaxonomyInput struct {
	Prefix string `json:"prefix,omitempty" doc:"The namespace to begin at." example:"house"`
	Depth  *int   `json:"depth,omitempty" clamp:"true" min:"0" max:"8" doc:"Show so many levels below it; what lies deeper counts for its ancestors." default:"8"`
	Limit  int    `json:"limit,omitempty" clamp:"true" min:"1" max:"10000" doc:"Show at most so many namespaces, those with most memories." default:"1000"`
}

// Branch is a namespace and those below it.
type Branch struct {
	Namespace string    `json:"namespace" doc:"The namespace." example:"house/cellar"`
	Name      string    `json:"name" doc:"Its last segment." example:"cellar"`
	Count     int64     `json:"count" doc:"Its memories."`
	Subtree   int64     `json:"subtree_count" doc:"Its memories, and those of all namespaces below it."`
	Children  []*Branch `json:"children" doc:"The namespaces right below it."`
}

// Taxonomy is the tree of namespaces.
type Taxonomy struct {
	Tree      *Branch `json:"tree" doc:"The namespace that was asked for, or the root."`
	Total     int64   `json:"total_count" doc:"All memories below the root of the tree, whatever the depth and the limit."`
	Truncated bool    `json:"truncated" doc:"There are more namespaces than the limit."`
}

// ReachInput asks where links lead.
type ReachInput struct {
	Source  string   `json:"source_id" need:"true" minlen:"1" doc:"The memory to begin at." example:"gate-code"`
	Depth   int      `json:"max_depth,omitempty" min:"1" max:"7" doc:"Follow chains of at most so many links: 1 to 7." default:"1"`
	ValidAt Time     `json:"valid_at,omitzero" narrows:"true" doc:"Follow only links that hold at this time; now if it is absent."`
	Agents  []string `json:"allowed_agents,omitempty" narrows:"true" doc:"Follow only links that one of these agents observed: the agent that the link names, or else the owner of its source." example:"[\"alice\"]"`
	Limit   int      `json:"limit,omitempty" min:"1" max:"1000" doc:"At most so many memories." default:"100"`
}

// Edge is a link that leaves a memory, with what is at its other end.
type Edge struct {
	Target     string  `json:"target_id" doc:"The memory that it leads to." example:"gate"`
	Relation   string  `json:"relation" doc:"What the first is to the second." enum:"related_to,supersedes,contradicts,derived_from,reflects_on,derives_from"`
	ValidFrom  *Time   `json:"valid_from" doc:"The time from which it holds; of a link that does not say: when it was made."`
	ValidUntil *Time   `json:"valid_until" doc:"The time until which it holds."`
	ObservedBy *string `json:"observed_by" doc:"Who noticed it." example:"alice"`
	Title      string  `json:"title" doc:"Of the memory at the other end." example:"Gate"`
	Namespace  string  `json:"target_namespace" doc:"The namespace of the memory at the other end." example:"house"`
	Depth      int     `json:"depth,omitempty" doc:"So many links away."`
	Path       string  `json:"path,omitempty" doc:"The ids of the memories on the way, with -> between them." example:"gate-code->gate"`
}

// Reach is where links lead.
type Reach struct {
	Source   string   `json:"source_id" doc:"The memory to begin at." example:"gate-code"`
	Depth    int      `json:"max_depth" doc:"Chains of at most so many links were followed."`
	Memories []Edge   `json:"memories" doc:"What is there, the nearest first."`
	Paths    []string `json:"paths" doc:"The way to each of memories." example:"[\"gate-code->gate\"]"`
	Count    int      `json:"count" doc:"How many there are."`
	Damaged  []string `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of links. Members are asked for it." example:"[]"`
}

// TimelineInput lists the links that leave a memory.
type TimelineInput struct {
	Source string `json:"source_id" need:"true" minlen:"1" doc:"Where the links begin." example:"gate-code"`
	Since  Time   `json:"since,omitzero" narrows:"true" doc:"Only links that hold from this time or later."`
	Until  Time   `json:"until,omitzero" narrows:"true" doc:"Only links that hold from this time or earlier."`
	Limit  int    `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"At most so many, and no more than 1,000." default:"200"`
}

// Timeline are links by the time from which they hold.
type Timeline struct {
	Source  string   `json:"source_id" doc:"Where the links begin." example:"gate-code"`
	Events  []Edge   `json:"events" doc:"The links, by the time from which they hold."`
	Count   int      `json:"count" doc:"How many there are."`
	Damaged []string `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of links. Members are asked for it." example:"[]"`
}

// Ends are the two ends of a link.
type Ends struct {
	Source string `json:"source_id" need:"true" minlen:"1" doc:"The memory that the link leaves." example:"gate-code"`
	Target string `json:"target_id" need:"true" minlen:"1" doc:"The memory that it leads to." example:"gate"`
}

// InvalidateInput ends the time for which a link holds.
type InvalidateInput struct {
	Ends

	Relation   string `json:"relation" need:"true" bad:"INVALID_RELATION" doc:"What the first is to the second." enum:"related_to,supersedes,contradicts,derived_from,reflects_on,derives_from"`
	ValidUntil Time   `json:"valid_until,omitzero" doc:"Until when it holds; until now if it is absent."`
	DryRun     bool   `json:"dry_run,omitempty" narrows:"true" doc:"Say what would be ended, and change nothing."`
}

// Invalidated answers it.
type Invalidated struct {
	DryRun   bool     `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
	Source   string   `json:"source_id" doc:"The memory that the link leaves." example:"gate-code"`
	Target   string   `json:"target_id" doc:"The memory that it leads to." example:"gate"`
	Found    bool     `json:"found" doc:"There is one."`
	Relation string   `json:"relation" doc:"What the first is to the second." enum:"related_to,supersedes,contradicts,derived_from,reflects_on,derives_from"`
	Until    Time     `json:"valid_until" doc:"Until when it holds now."`
	Before   *Time    `json:"previous_valid_until" doc:"Until when it held before; null: there was no end to it."`
	Receipt  *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// PathsInput asks how two memories hang together.
type PathsInput struct {
	Ends

	Depth int `json:"max_depth,omitempty" min:"1" max:"7" doc:"Follow chains of at most so many links: 1 to 7." default:"4"`
	Most  int `json:"max_results,omitempty" min:"1" max:"50" doc:"Find at most so many chains." default:"10"`
}

// Paths are chains of links between two memories.
type Paths struct {
	Source    string     `json:"source_id" doc:"Where they begin." example:"gate-code"`
	Target    string     `json:"target_id" doc:"Where they end." example:"gate"`
	Paths     [][]string `json:"paths" doc:"Chains of links, the shortest first: the ids of the memories, both ends included." example:"[[\"gate-code\", \"gate\"]]"`
	Count     int        `json:"count" doc:"How many there are."`
	Truncated bool       `json:"truncated" doc:"There may be more."`
	Damaged   []string   `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of links. Members are asked for it." example:"[]"`
}

// VerifyInput names links to be verified: those between two memories, or all of
// one, or the one that "source→target" names.
type VerifyInput struct {
	Source   string `json:"source_id,omitempty" doc:"The memory that the links leave. Required, unless there is a link_id." example:"gate-code"`
	Target   string `json:"target_id,omitempty" doc:"The memory that they lead to." example:"gate"`
	LinkID   string `json:"link_id,omitempty" doc:"Source and target with → between them, in place of source_id and target_id." example:"gate-code→gate"`
	Relation string `json:"relation,omitempty" narrows:"true" doc:"Only links of this relation." example:"related_to"`
}

// LinkVerdict says how well a link is attested.
type LinkVerdict struct {
	Link

	AttestLevel string `json:"attest_level" doc:"How well its author is proven." enum:"unsigned,self_signed,peer_attested,signed_by_peer,daemon_signed"`
	Signed      bool   `json:"signed" doc:"The link is signed."`
	Verified    bool   `json:"verified" doc:"It is signed, and this node has checked the signature."`
	Reason      string `json:"reason" doc:"Why it is not verified." example:"the link is not signed"`
}

// Verification is what became of a request to verify links.
type Verification struct {
	Verified bool          `json:"verified" doc:"Each link is signed, and this node has checked the signatures."`
	Level    string        `json:"attest_level" doc:"The lowest of the links." enum:"unsigned,self_signed,peer_attested,signed_by_peer,daemon_signed"`
	Signed   int           `json:"signed" doc:"How many of the links are signed."`
	Reason   string        `json:"reason" doc:"Why they are not verified." example:"no link is signed"`
	Links    []LinkVerdict `json:"links" doc:"The links."`
	Count    int           `json:"count" doc:"How many there are."`
	Damaged  []string      `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of links. Members are asked for it." example:"[]"`
}

// DuplicateInput is a memory that might be there already.
type DuplicateInput struct {
	Title     string   `json:"title" need:"true" doc:"Of the memory." maxlen:"512" example:"Gate code"`
	Content   string   `json:"content" need:"true" doc:"Of the memory." example:"It is 4711."`
	Namespace string   `json:"namespace,omitempty" narrows:"true" doc:"Only memories of this namespace." example:"house"`
	Threshold *float64 `json:"threshold,omitempty" doc:"The share of words in common from which two texts are one: more than 0, at most 1." default:"0.8"`
}

// Nearest is the memory that has most in common with a text.
type Nearest struct {
	ID         string  `json:"id" doc:"The memory." example:"gate-code"`
	Title      string  `json:"title" doc:"Its title." example:"Gate code"`
	Namespace  string  `json:"namespace" doc:"Its namespace." example:"house"`
	Similarity float64 `json:"similarity" doc:"The share of words in common."`
}

// Duplicate says whether a memory is there already.
type Duplicate struct {
	Duplicate bool     `json:"is_duplicate" doc:"There is one with at least the threshold in common."`
	Threshold float64  `json:"threshold" doc:"The one that was used."`
	Nearest   *Nearest `json:"nearest" doc:"The one with most in common, or null."`
	Merge     *string  `json:"suggested_merge" doc:"The memory to edit instead, or null." example:"gate-code"`
	Scanned   int      `json:"candidates_scanned" doc:"How many were looked at."`
	Method    string   `json:"method" doc:"lexical: words in common, no meaning." example:"lexical"`
}

// DuplicatesInput asks for memories that are there more than once.
type DuplicatesInput struct {
	Namespace string   `json:"namespace,omitempty" narrows:"true" doc:"Only memories of this namespace." minlen:"1" maxlen:"512" example:"house"`
	Subtree   bool     `json:"subtree,omitempty" doc:"With namespace: and of all namespaces below."`
	Threshold *float64 `json:"threshold,omitempty" doc:"The share of words in common from which two texts are one: more than 0, at most 1." default:"0.8"`
	Limit     int      `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"At most so many groups." default:"50"`
}

// DuplicateGroups are memories that are there more than once. Nothing is changed.
type DuplicateGroups struct {
	Groups    []DuplicateGroup `json:"groups" doc:"Memories of one namespace that are alike, the largest groups first."`
	Count     int              `json:"count" doc:"How many groups there are here."`
	Looked    int              `json:"looked_at" doc:"How many memories were compared; at most 20,000, the most important."`
	Threshold float64          `json:"threshold" doc:"The one that was used."`
}

// DuplicateGroup is one group, with what could be done about it.
type DuplicateGroup struct {
	Similarity float64   `json:"similarity" doc:"The least share of words in common that ties one of them to the others."`
	Memories   []Nearest `json:"memories" doc:"The memories, the one to keep first: the most important, then the one edited last."`
	Proposal   Merging   `json:"proposal" doc:"A consolidation that leaves one of them: what POST /consolidate takes."`
}

// Merging is a proposal to replace memories by one.
type Merging struct {
	IDs       []string `json:"ids" doc:"The memories to be replaced, at most 100." example:"[\"gate-code\",\"gate-code-2\"]"`
	Title     string   `json:"title" doc:"The title of the new memory." example:"Gate code"`
	Summary   string   `json:"summary" doc:"The text of the new memory: that of the one to keep." example:"It is 4711."`
	Namespace string   `json:"namespace" doc:"The namespace of the new memory." example:"house"`
}

// ContradictionsInput asks for memories that contradict each other.
type ContradictionsInput struct {
	Topic     string `json:"topic,omitempty" narrows:"true" doc:"Only memories with this title, or this metadata.topic. Topic or namespace is required." example:"Gate code"`
	Namespace string `json:"namespace,omitempty" narrows:"true" doc:"Only memories of this namespace." example:"house"`
	Limit     int    `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"Look at no more memories than so many." default:"50"`
}

// Contradiction is a pair of memories that contradict each other.
type Contradiction struct {
	Source   string `json:"source_id" doc:"The one." example:"gate-code"`
	Target   string `json:"target_id" doc:"The other." example:"old-gate-code"`
	Relation string `json:"relation" doc:"contradicts." example:"contradicts"`
	Guessed  bool   `json:"synthesized" doc:"Nobody has linked them: same topic, other content."`
}

// Contradictions are memories about a topic, and which contradict each other.
type Contradictions struct {
	Memories []Memory        `json:"memories" doc:"The memories."`
	Links    []Contradiction `json:"links" doc:"Which contradict each other."`
	Damaged  []string        `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of links. Members are asked for it." example:"[]"`
}

// EntityInput registers an entity.
type EntityInput struct {
	Name      string          `json:"canonical_name" need:"true" minlen:"1" doc:"What it is called." example:"The gate"`
	Namespace string          `json:"namespace" need:"true" minlen:"1" doc:"Where it belongs." example:"house"`
	Aliases   []string        `json:"aliases,omitempty" doc:"What else it is called." example:"[\"gate\"]"`
	Metadata  json.RawMessage `json:"metadata,omitempty" doc:"Whatever else is to be kept." type:"object" example:"{}"`
	AgentID   string          `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
}

// Entity is a thing, and the names it goes by.
type Entity struct {
	ID        *string  `json:"entity_id" doc:"The memory that registers it, or null." example:"the-gate"`
	Name      *string  `json:"canonical_name" doc:"What it is called, or null." example:"The gate"`
	Namespace *string  `json:"namespace" doc:"Where it belongs, or null." example:"house"`
	Aliases   []string `json:"aliases" doc:"What else it is called." example:"[\"gate\"]"`
}

// RegisteredEntity answers a registration.
type RegisteredEntity struct {
	Entity

	Created bool     `json:"created" doc:"It was not known before."`
	Receipt *Receipt `json:"receipt,omitempty" doc:"Who holds the write on disk; absent: there was nothing to add."`
}

// ByAliasInput asks for an entity by a name.
type ByAliasInput struct {
	Alias     string `json:"alias" need:"true" doc:"A name of the entity, whatever its case." example:"gate"`
	Namespace string `json:"namespace,omitempty" narrows:"true" doc:"Only entities of this namespace." example:"house"`
}

// FoundEntity answers it.
type FoundEntity struct {
	Entity

	Found bool `json:"found" doc:"There is one."`
}
