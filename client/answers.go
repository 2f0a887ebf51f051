package client

// Written answers a write with the memory as it is after it.
type Written struct {
	Memory

	AgentID string   `json:"agent_id" doc:"The owner; anonymous if nobody is." example:"alice"`
	Masked  []string `json:"masked,omitempty" doc:"Kinds of secrets that were found in what was written, and masked." example:"[\"github-token\"]"`
	Receipt *Receipt `json:"receipt" doc:"Who holds the write on disk."`

	PotentialContradictions []string `json:"potential_contradictions,omitempty" doc:"With detect_conflicts: memories of the namespace that are about the same and say something else." example:"[\"gate-code-2\"]"`
}

// WrittenMinimal is what is left of [Written] for clients that ask for less.
type WrittenMinimal struct {
	ID        string   `json:"id" doc:"The id of the memory." example:"gate-code"`
	Tier      string   `json:"tier" doc:"How long it is meant to live." enum:"short,mid,long"`
	Namespace string   `json:"namespace" doc:"The namespace of the memory." example:"house/cellar"`
	Title     string   `json:"title" doc:"What it is about." example:"Gate code"`
	AgentID   string   `json:"agent_id" doc:"The owner; anonymous if nobody is." example:"alice"`
	Version   int64    `json:"version" doc:"1 at creation, and 1 more with each edit."`
	Masked    []string `json:"masked,omitempty" doc:"Kinds of secrets that were found in what was written, and masked." example:"[\"github-token\"]"`
	Receipt   *Receipt `json:"receipt" doc:"Who holds the write on disk."`

	PotentialContradictions []string `json:"potential_contradictions,omitempty" doc:"With detect_conflicts: memories of the namespace that are about the same and say something else." example:"[\"gate-code-2\"]"`
}

// Gone answers a repeated write whose memory somebody has erased since.
type Gone struct {
	ID      string   `json:"id" doc:"The id that the memory had." example:"gate-code"`
	Erased  bool     `json:"erased" doc:"Somebody has erased the memory since: there is nothing of it to show."`
	Receipt *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// BulkItem says what became of one draft of a bulk create that was not created,
// or not acknowledged.
type BulkItem struct {
	Index   int      `json:"index" doc:"The place in the request, from 0."`
	ID      string   `json:"id,omitempty" doc:"The memory, if it was written." example:"gate-code"`
	Code    Code     `json:"code" doc:"What is wrong, for programs."`
	Error   string   `json:"error" doc:"What is wrong, for people." example:"title: must not be empty"`
	Receipt *Receipt `json:"receipt,omitempty" doc:"Who holds the write on disk, if it was written."`
}

// Bulk is what became of a bulk creation.
type Bulk struct {
	Created  int        `json:"created" doc:"How many are held as widely as was asked for."`
	IDs      []string   `json:"ids" doc:"Of those that were created." example:"[\"gate-code\"]"`
	Count    int        `json:"count" doc:"How many were asked for."`
	Errors   []string   `json:"errors" doc:"A word on each that was not created, as ai-memory says it." example:"[]"`
	Details  []BulkItem `json:"error_details" doc:"The same, for programs."`
	Pending  []string   `json:"pending,omitempty" doc:"Ids of the proposals of those that wait for approval." example:"[]"`
	Receipt  *Receipt   `json:"receipt" doc:"Of the last one that was created, or null."`
	Receipts []*Receipt `json:"receipts" doc:"One for each of the ids."`
}

// Got is a memory, flat and once more under a name, and its links.
type Got struct {
	Memory

	Nested  Memory   `json:"memory" doc:"The memory once more."`
	Links   []Link   `json:"links" doc:"Its links, in both directions."`
	Damaged []string `json:"damaged,omitempty" doc:"Of its links, left out because it is damaged on the disk of this node: ids of memories, dots of links. Members are asked for it." example:"[]"`
}

// Page is a part of a list.
type Page struct {
	Memories []Memory `json:"memories" doc:"The memories."`
	Count    int      `json:"count" doc:"How many there are here."`
	Next     string   `json:"next,omitempty" doc:"The cursor of the next page; absent: there is none." example:"cDo1"`
	Damaged  []string `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of versions. Members are asked for it." example:"[]"`
}

// Deleted answers a deletion or an erasure.
type Deleted struct {
	Deleted bool     `json:"deleted" doc:"It is gone."`
	Erased  bool     `json:"erased,omitempty" doc:"For good, on every member."`
	ID      string   `json:"id" doc:"The id of the memory." example:"gate-code"`
	Receipt *Receipt `json:"receipt" doc:"Who holds the write on disk."`
	DryRun  bool     `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
}

// Promoted answers a promotion.
type Promoted struct {
	Memory

	Promoted bool     `json:"promoted" doc:"It is of the tier long now."`
	Whole    *Memory  `json:"memory,omitempty" doc:"The same, as other clients read it."`
	Receipt  *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// Content is what an edit of a memory replaces as a whole.
type Content struct {
	Memory

	AccessCount    int64 `json:"access_count,omitempty" doc:"Not part of a version."`
	UpdatedAt      Time  `json:"updated_at,omitzero" doc:"Not part of a version."`
	LastAccessedAt Time  `json:"last_accessed_at,omitzero" doc:"Not part of a version."`
	Conflicts      int   `json:"conflicts,omitempty" doc:"Not part of a version."`
}

// Revision is one version of a memory's content.
type Revision struct {
	Dot        string   `json:"dot" doc:"The identity of the op: node.incarnation.seq." example:"north.1.42"`
	Origin     string   `json:"origin" doc:"The node and incarnation that logged it." example:"north.1"`
	At         Time     `json:"at" doc:"When, by the clock of the node that logged it."`
	Actor      string   `json:"actor" doc:"The agent that asked for it." example:"alice"`
	Kind       string   `json:"kind" doc:"The kind of op: put, delete, archive …" example:"put"`
	Digest     string   `json:"digest" doc:"SHA-256 of the op, in hex." pattern:"^[0-9a-f]{64}$"`
	Previous   []string `json:"previous" doc:"The versions that this one has seen and replaced." example:"[]"`
	Current    bool     `json:"current" doc:"This is the version shown elsewhere."`
	Conflict   bool     `json:"conflict" doc:"It lost, and no later edit has seen it."`
	Superseded string   `json:"replaced_by,omitempty" doc:"Set: the text of this version is no longer kept, and this op replaced it." example:"north.1.43"`
	Memory     *Content `json:"memory,omitempty" doc:"The content of this version."`
}

// StateLive is the state of a memory that is neither archived, deleted nor erased.
const StateLive = "live"

// History is a memory in any state, with its versions.
type History struct {
	ID        string     `json:"id" doc:"The id of the memory." example:"gate-code"`
	State     string     `json:"state" doc:"live, archived, deleted or erased." enum:"live,archived,deleted,erased"`
	Reason    string     `json:"reason,omitempty" doc:"Why it is archived." example:"ttl_expired"`
	StateDot  string     `json:"state_dot" doc:"The op that decided last whether it is live: of one that was never taken away, its creation." example:"a.k3x.17"`
	Conflicts int        `json:"conflicts" doc:"How many versions lost and are settled by no edit."`
	Count     int        `json:"count" doc:"How many versions there are."`
	Revisions []Revision `json:"revisions" doc:"All versions that are known, the newest first."`
	Damaged   []string   `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of versions. Members are asked for it." example:"[]"`
}

// Consolidated answers a consolidation.
type Consolidated struct {
	ID           string   `json:"id" doc:"The new memory." example:"numbers"`
	Consolidated int      `json:"consolidated" doc:"How many memories were replaced."`
	Summary      string   `json:"summary,omitempty" doc:"The text of the new memory." example:"one and two"`
	Content      string   `json:"content,omitempty" doc:"The text of the new memory." example:"one and two"`
	Memory       *Memory  `json:"memory,omitempty" doc:"The new memory."`
	Receipt      *Receipt `json:"receipt" doc:"Who holds the write on disk."`
	DryRun       bool     `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
}

// Forgotten answers a request to archive what matches.
type Forgotten struct {
	Deleted  int      `json:"deleted" doc:"How many went to the archive, as ai-memory says it."`
	Archived int      `json:"archived" doc:"How many went to the archive, or would."`
	DryRun   bool     `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
	IDs      []string `json:"ids,omitempty" doc:"In a dry run: of the first 1,000 that would go." example:"[\"gate-code\"]"`
	Damaged  []string `json:"damaged,omitempty" doc:"What may match and stays as it is, because it is damaged on the disk of this node; of a memory the id." example:"[\"gate-code\"]"`
}

// Hit is a memory that a query found.
type Hit struct {
	Memory

	Score        float64            `json:"score" doc:"How well it fits; higher is better."`
	Band         string             `json:"band,omitempty" doc:"How far it may be relied upon, with the same meaning everywhere." enum:"strong,likely,weak"`
	SupersededBy []string           `json:"superseded_by,omitempty" doc:"Memories with a link that says that they take the place of this one." example:"[]"`
	Parts        map[string]float64 `json:"parts,omitempty" doc:"With explain: what the score is the sum of." example:"{\"words\":0.62,\"tells\":0.15}"`
}

// Arm is what became of one way of looking for memories.
type Arm struct {
	Name  string `json:"name" doc:"The way of looking." example:"text"`
	State string `json:"state" doc:"ran; partial: time was over before it had looked at everything; skipped." enum:"ran,partial,skipped"`
	Why   string `json:"why,omitempty" doc:"Of what did not run: why." example:"the question names no date"`
	Found int    `json:"found" doc:"How many memories it has brought."`
}

// WhyNot says why a memory is not among the hits.
type WhyNot struct {
	ID         string             `json:"id" doc:"The memory that was asked for." example:"gate-code"`
	Reason     string             `json:"reason" doc:"Why." example:"others fit better, and only so many were asked for"`
	Conditions []string           `json:"conditions,omitempty" doc:"Conditions of the question that it does not fulfil." example:"[]"`
	Place      int                `json:"place,omitempty" doc:"Where it comes, from 1."`
	Score      float64            `json:"score,omitempty" doc:"Its score."`
	Last       float64            `json:"last_score,omitempty" doc:"The score of the last hit."`
	Parts      map[string]float64 `json:"parts,omitempty" doc:"What its score is the sum of." example:"{\"words\":0.12}"`
}

// Recalled is an answer to a question in words.
type Recalled struct {
	Memories   []Hit     `json:"memories" doc:"What was found, the best first."`
	Count      int       `json:"count" doc:"How many there are here."`
	TokensUsed int       `json:"tokens_used" doc:"4 bytes of content are a token."`
	Mode       string    `json:"mode" doc:"How was searched: keyword." example:"keyword"`
	IndexLag   int       `json:"index_lag" doc:"Entries that are stored and not yet in the text index."`
	Abstained  bool      `json:"abstained" doc:"Nothing here is worth telling: what was found has hardly anything of what was asked."`
	Found      int       `json:"found" doc:"How many memories have something of what was asked."`
	Late       bool      `json:"late,omitempty" doc:"The deadline came before everything was compared."`
	Stale      string    `json:"stale,omitempty" doc:"Why the answer need not know what freshness asked for." example:"0 of 2 members say what they hold: too few of those that count"`
	Unknown    float64   `json:"unknown_words,omitempty" doc:"With explain: the share of the question, by weight, that is in words nobody has used."`
	Arms       []Arm     `json:"arms,omitempty" doc:"With explain, or if one failed or was cut short: the ways of looking."`
	NotKept    []string  `json:"not_kept,omitempty" doc:"With as_of: memories whose text of that time is not known any more." example:"[]"`
	WhyNot     *WhyNot   `json:"why_not,omitempty" doc:"Of the memory that was asked for."`
	Standing   *Briefing `json:"standing,omitempty" doc:"With standing: what holds whatever is asked."`
	Budget     *int      `json:"budget_tokens,omitempty" doc:"The budget that was asked for."`
	Meta       *Budget   `json:"meta,omitempty" doc:"What became of the budget."`
	Damaged    []string  `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of versions. Members are asked for it." example:"[]"`
}

// Budget says what became of a budget of tokens.
type Budget struct {
	Used      int  `json:"budget_tokens_used" doc:"What the memories below take of it."`
	Remaining int  `json:"budget_tokens_remaining" doc:"What is left of it."`
	Dropped   int  `json:"memories_dropped" doc:"How many hits did not fit."`
	Overflow  bool `json:"budget_overflow" doc:"The first hit alone is more than the budget."`
}

// Found is an answer to a search.
type Found struct {
	Results   []Hit    `json:"results" doc:"What was found, the best first."`
	Memories  []Hit    `json:"memories" doc:"The same."`
	Count     int      `json:"count" doc:"How many there are here."`
	Query     string   `json:"query,omitempty" doc:"What was searched for." example:"gate code"`
	IndexLag  *int     `json:"index_lag,omitempty" doc:"Entries that are stored and not yet in the text index."`
	SourceURI string   `json:"source_uri,omitempty" doc:"The source that was asked for." example:"doc:"`
	Damaged   []string `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of versions. Members are asked for it." example:"[]"`
}
