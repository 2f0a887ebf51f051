package client

import "encoding/json"

// ReceiptInput names an op.
type ReceiptInput struct {
	Dot    string `json:"dot" in:"path" need:"true" doc:"The identity of an op, as in a receipt: node.incarnation.seq." example:"north.1.42"`
	Signed bool   `json:"signed,omitempty" doc:"Also the signed statements of the members: a receipt that others can check."`
}

// ReceiptNow is a receipt, flat and once more under the name that it has in the
// answers to writes.
type ReceiptNow struct {
	Receipt

	Nested *Receipt        `json:"receipt" doc:"The same."`
	Signed json.RawMessage `json:"signed,omitempty" type:"object" doc:"What members have signed, as tally receipt verify takes it from a file."`
}

// WarningFull is among the warnings of a status while the disk of the node is full.
const WarningFull = "the disk is full: nothing is written until there is room, reads go on"

// WarningBroken is among them while parts of the database of the node cannot be read.
const WarningBroken = "parts of the database cannot be read on this disk: what can be is served"

// Status is a node's account of itself and of the other members.
type Status struct {
	Node        string          `json:"node" doc:"The name of this node." example:"north"`
	Incarnation string          `json:"incarnation" doc:"Of its data directory: a restored one takes a new one." example:"1"`
	Digest      string          `json:"digest" doc:"Of the whole replicated state: equal on two nodes exactly when their state is." pattern:"^[0-9a-f]{64}$"`
	Heads       map[string]Head `json:"heads" doc:"By origin, up to which number this node holds everything."`
	LSN         uint64          `json:"lsn" doc:"The local sequence number: grows by the order of applying on this node, with holes."`
	W           int             `json:"w" doc:"How many members a write is to be held by."`
	N           int             `json:"n" doc:"How many members there are."`
	Members     []Member        `json:"members" doc:"The other members."`
	Legacy      []LegacyPeer    `json:"legacy_peers,omitempty" doc:"The nodes of ai-memory 0.7 that it exchanges memories with."`
	Parked      []Parked        `json:"parked" doc:"Ops that somebody has refused, with the reason."`
	Counts      Counts          `json:"counts" doc:"What this node keeps."`
	IndexLag    int             `json:"index_lag" doc:"Entries that are stored and not yet in the text index."`
	Models      []Model         `json:"models" doc:"The models that this node recalls with, beside words."`
	Damaged     int             `json:"damaged" doc:"Entries that are damaged on its disk, and not mended yet."`
	Version     string          `json:"version" doc:"Of the program." example:"v1.0.0"`
	StartedAt   Time            `json:"started_at" doc:"When the node was started."`
	Time        Time            `json:"time" doc:"What its clock says."`
	Warnings    []string        `json:"warnings" doc:"What an operator should know." example:"[]"`
}

// StatusAll is what all members say of themselves and of each other.
type StatusAll struct {
	Node    string    `json:"node" doc:"The node that was asked." example:"north"`
	Time    Time      `json:"time" doc:"What its clock says."`
	Members []Account `json:"members" doc:"The node that was asked, then the others by name."`
	Count   int       `json:"count" doc:"How many there are."`
}

// Account is what a member says of itself and of the others.
type Account struct {
	Node        string       `json:"node" doc:"The name of the member." example:"east"`
	At          Time         `json:"at,omitzero" doc:"When it said so, by the clock of the node that was asked; absent: never since that was started."`
	Error       string       `json:"error,omitempty" doc:"Why it says nothing now: the rest is what it said last." example:"no answer within 2s"`
	Incarnation string       `json:"incarnation,omitempty" doc:"Of its data directory." example:"1"`
	Version     string       `json:"version,omitempty" doc:"Of its program." example:"v1.0.0"`
	Digest      string       `json:"digest,omitempty" doc:"Of its whole replicated state." pattern:"^[0-9a-f]{64}$"`
	LSN         uint64       `json:"lsn" doc:"Its local sequence number."`
	Parked      int          `json:"parked" doc:"How many ops are parked there."`
	StartedAt   Time         `json:"started_at,omitzero" doc:"When it was started."`
	Time        Time         `json:"time,omitzero" doc:"What its clock said."`
	Certificate *Certificate `json:"certificate,omitempty" doc:"What it shows to members; absent without identities."`
	Members     []Member     `json:"members" doc:"How it gets on with each of the others."`
}

// Certificate is what a node shows to members.
type Certificate struct {
	Key   string `json:"key" doc:"The id of the key that it is for." example:"9f2c1d"`
	Until Time   `json:"until" doc:"When it ends; it is renewed at half of its life."`
}

// Model is a model that a node recalls with, and how far its vectors are.
type Model struct {
	Name    string `json:"name" doc:"The name of the model." example:"wordllama-256"`
	State   string `json:"state" doc:"Ready: it answers. Embedding: it makes its first vectors, and others answer. Failed: it cannot be used." enum:"ready,embedding,failed"`
	Vectors int    `json:"vectors" doc:"Memories that have a vector."`
	Unread  int    `json:"unread,omitempty" doc:"Memories that the model does not find anything by: they say nothing to it, or its server does not take them."`
	Behind  int    `json:"behind" doc:"Entries of the log that it has not looked at yet."`
	Bytes   int64  `json:"bytes" doc:"Memory that the vectors take, nearly."`
	Problem string `json:"problem,omitempty" doc:"Why it failed, or why the endpoint that is asked for vectors does not give any now; absent while all is well. The operator alone is told the whole." example:"model e5-small: model.bin: is not what it should be"`
}

// Head says what a node holds of one origin: everything up to Seq but for Gaps.
type Head struct {
	Seq   uint64   `json:"seq" doc:"Everything up to here is held, but for the gaps."`
	Gaps  []uint64 `json:"gaps,omitempty" doc:"Numbers that are not held."`
	Chain string   `json:"chain,omitempty" doc:"Digest of the entries up to there: which they are, not only how many." pattern:"^[0-9a-f]{32}$"`
}

// Member is what a node knows of another one.
type Member struct {
	Name          string `json:"name" doc:"The name of the member." example:"east"`
	URL           string `json:"url" doc:"Where it is." example:"http://127.0.0.1:9102"`
	State         string `json:"state" doc:"How this node gets on with it: own_calls is one that cannot be called, and calls." enum:"ok,catching_up,backoff,own_calls,stopped,unknown"`
	Acked         uint64 `json:"acked" doc:"Our ops that it holds, up to this number."`
	Owed          uint64 `json:"owed" doc:"Our ops that it has not acknowledged."`
	Parked        int    `json:"parked" doc:"Our ops that it has refused."`
	OldestOwedAt  Time   `json:"oldest_owed_at,omitzero" doc:"When the oldest op that is owed was logged; absent if nothing is owed."`
	LastAckAt     Time   `json:"last_ack_at,omitzero" doc:"When it last acknowledged something."`
	ProvenEqualAt Time   `json:"proven_equal_at,omitzero" doc:"When its state was last proven equal to ours."`
	LastError     string `json:"last_error,omitempty" doc:"What went wrong last; absent while all is well." example:"connection refused"`
	ClockSkewMS   int64  `json:"clock_skew_ms" doc:"How far its clock is ahead of ours, in milliseconds."`
}

// LegacyPeer is what a node knows of a node of ai-memory 0.7.
type LegacyPeer struct {
	Name       string   `json:"name" doc:"How it identifies itself." example:"region/nyc/old-1"`
	URL        string   `json:"url,omitempty" doc:"Where it is; absent if it is never called." example:"http://10.0.0.5:9077"`
	Direction  string   `json:"direction" doc:"Which way memories go." enum:"both,in,out"`
	Namespaces []string `json:"namespaces" doc:"What it is told of, and may write in." example:"[\"team/**\"]"`
	Expires    Time     `json:"expires_at,omitzero" doc:"When it stops being a peer."`
	State      string   `json:"state" doc:"How this node gets on with it: only_calls is one that nothing is sent to." enum:"ok,owed,failing,expired,only_calls"`
	Owed       uint64   `json:"owed" doc:"Entries of the log that it was not sent yet; not all of them concern it."`
	Taken      uint64   `json:"taken" doc:"Pushes that it has answered, since the start."`
	Drift      uint64   `json:"id_drift" doc:"Memories that it keeps under ids of its own, since the start."`
	Failed     uint64   `json:"failed" doc:"Pushes without an answer that counts, since the start."`
	LastAt     Time     `json:"last_push_at,omitzero" doc:"When it last answered or failed to."`
	LastError  string   `json:"last_error,omitempty" doc:"What went wrong last; absent while all is well." example:"connection refused"`
	Durability string   `json:"durability" doc:"What its answers say of its disk: nothing, because it answers before it has synced." enum:"unknown"`
}

// Counts of a node's records.
type Counts struct {
	Live      int64 `json:"live" doc:"Live memories."`
	Archived  int64 `json:"archived" doc:"Archived memories."`
	Deleted   int64 `json:"deleted" doc:"Deleted memories."`
	Erased    int64 `json:"erased" doc:"Erased memories."`
	Conflicts int64 `json:"conflicts" doc:"Live memories with versions that nobody has settled."`
	Links     int64 `json:"links" doc:"Links."`
	Bytes     int64 `json:"bytes" doc:"The size of the database files."`
	Pending   bool  `json:"pending,omitempty" doc:"Memories are still being counted, as for a while after each start: until then all numbers here are 0." example:"false"`
}

// Parked is an op that a member refused for a stated reason: kept, and not
// counted as held.
type Parked struct {
	Dot    string `json:"dot" doc:"The identity of the op: node.incarnation.seq." example:"north.1.42"`
	Code   string `json:"code" doc:"Why, for programs." example:"unknown_kind"`
	Text   string `json:"text" doc:"Why." example:"this node does not know the kind"`
	Member string `json:"member" doc:"Who refused it; this node itself if it did." example:"east"`
	Since  Time   `json:"since" doc:"Since when."`
	Retry  Time   `json:"retry,omitzero" doc:"When it is tried again by itself; absent: on request only."`
}

// ParkedList are parked ops.
type ParkedList struct {
	Parked []Parked `json:"parked" doc:"Ops that somebody has refused, with the reason."`
	Count  int      `json:"count" doc:"How many there are."`
}

// RetryInput names parked ops; none stands for all of them.
type RetryInput struct {
	Dots   []string `json:"dots,omitempty" doc:"The ops to offer again; all of them if it is absent." example:"[\"north.1.42\"]"`
	DryRun bool     `json:"dry_run,omitempty" narrows:"true" doc:"Say what would become of each, and do nothing."`
}

// Retried answers it.
type Retried struct {
	Retried int        `json:"retried" doc:"How many ops are taken now; with dry_run: how many would be."`
	Ops     []Prospect `json:"ops,omitempty" doc:"With dry_run: what would become of each."`
	DryRun  bool       `json:"dry_run,omitempty" doc:"Nothing was done: it was asked what would be."`
}

// Prospect is what offering a refused op again would come to.
type Prospect struct {
	Parked

	Would    string   `json:"would" doc:"taken; refused: again, for the reason that is named; forbidden: its sender has to be allowed it, and to send it again; elsewhere: another member refused it, and has to be asked there." enum:"taken,refused,forbidden,elsewhere"`
	Kind     string   `json:"kind,omitempty" doc:"What kind of op it is; absent: it cannot be read here." example:"put"`
	Actor    string   `json:"actor,omitempty" doc:"Who wrote it." example:"alice"`
	At       Time     `json:"at,omitzero" doc:"When it was written."`
	Subjects []string `json:"subjects,omitempty" doc:"What it writes." example:"[\"content gate-code\"]"`
}

// MemberInput names another member.
type MemberInput struct {
	Member string `json:"member" in:"query" need:"true" minlen:"1" doc:"The name of the other member." example:"east"`
}

// ScrubInput says where the log is read on.
type ScrubInput struct {
	After uint64 `json:"after" in:"query" doc:"Go on after this local sequence number: the after of the answer before." example:"0"`
}

// Scrubbing is how far a reading of a node's log is, and what it has found.
type Scrubbing struct {
	Entries int    `json:"entries" doc:"How many entries were read."`
	After   uint64 `json:"after" doc:"Where the log is read on, if it is not done."`
	Last    uint64 `json:"last" doc:"Where the log ends."`
	Done    bool   `json:"done" doc:"All of it was read."`
	Damaged int    `json:"damaged" doc:"Entries that are damaged on the disk of this node, and not mended yet."`
	Wrong   bool   `json:"digest_was_wrong,omitempty" doc:"The digest that was kept along did not follow from what is stored; it does now."`
}

// Difference is a register in which a node and a member differ.
type Difference struct {
	Key     string `json:"key" doc:"Which register." example:"content gate-code"`
	Family  string `json:"family" doc:"What sort of register." example:"content"`
	Here    string `json:"here,omitempty" doc:"The op whose version this node has." example:"north.1.42"`
	HereAt  Time   `json:"here_at,omitzero" doc:"When it was logged."`
	There   string `json:"there,omitempty" doc:"The op whose version the member has." example:"east.1.7"`
	ThereAt Time   `json:"there_at,omitzero" doc:"When it was logged."`
}

// Diff is a comparison of a node with a member.
type Diff struct {
	Member      string       `json:"member" doc:"The other member." example:"east"`
	Equal       bool         `json:"equal" doc:"Whether the two hold the same."`
	Here        string       `json:"here" doc:"The digest of this node." pattern:"^[0-9a-f]{64}$"`
	There       string       `json:"there" doc:"The digest of the member." pattern:"^[0-9a-f]{64}$"`
	Differences []Difference `json:"differences" doc:"What differs, register by register."`
	Count       int          `json:"count" doc:"How many there are here."`
	Truncated   bool         `json:"truncated,omitempty" doc:"There are more."`
}

// TierCount is a tier and how many memories it has.
type TierCount struct {
	Tier  string `json:"tier" doc:"The tier." enum:"short,mid,long"`
	Count int64  `json:"count" doc:"How many memories it has."`
}

// Stats counts what the node keeps, as far as the caller may know.
type Stats struct {
	Total          int64            `json:"total" doc:"Live memories."`
	ByTier         []TierCount      `json:"by_tier" doc:"How many by tier."`
	ByNamespace    []NamespaceCount `json:"by_namespace" doc:"How many by namespace."`
	Links          int64            `json:"links_count" doc:"How many links there are."`
	Bytes          int64            `json:"db_size_bytes" doc:"The size of the database files."`
	DimViolations  int64            `json:"dim_violations" doc:"Always 0."`
	IndexEvictions int64            `json:"index_evictions_total" doc:"Always 0."`
	Archived       int64            `json:"archived_total" doc:"How many memories are archived."`
	Deleted        int64            `json:"deleted_total" doc:"How many memories are deleted, and can be restored."`
	Erased         int64            `json:"erased_total" doc:"How many ids are used up by an erase."`
	ExpiringSoon   int64            `json:"expiring_soon" doc:"How many live memories expire within an hour."`
}

// Health says whether the node works.
type Health struct {
	Status         string `json:"status" doc:"ok or error." enum:"ok,error"`
	Service        string `json:"service" doc:"ai-memory: what its clients expect." example:"ai-memory"`
	Implementation string `json:"implementation" doc:"tallystick." example:"tallystick"`
	Version        string `json:"version" doc:"Of the program." example:"v1.0.0"`
	EmbedderReady  bool   `json:"embedder_ready" doc:"Whether texts are embedded."`
	Federation     bool   `json:"federation_enabled" doc:"Whether there are other members."`
}

// Probe answers a probe.
type Probe struct {
	Status string `json:"status" doc:"ok, or ready." enum:"ok,ready"`
}

// CapabilitiesInput asks what the node can do.
type CapabilitiesInput struct {
	Accept string `json:"Accept-Capabilities" in:"header" doc:"The schema_version that the client knows: v1, v2 or v3." example:"v3"`
}

// Capabilities is what a client may count on, in the outline that ai-memory's
// clients look at.
type Capabilities struct {
	SchemaVersion  string   `json:"schema_version" doc:"Of this answer." example:"3"`
	Version        string   `json:"version" doc:"Of the program." example:"v1.0.0"`
	Implementation string   `json:"implementation" doc:"tallystick." example:"tallystick"`
	StorageBackend string   `json:"storage_backend" doc:"sqlite." example:"sqlite"`
	Tier           string   `json:"tier" doc:"keyword: queries are matched by words." example:"keyword"`
	Summary        string   `json:"summary" doc:"What this is." example:"a federated memory for AI agents"`
	Describe       string   `json:"to_describe_to_user" doc:"What to tell a user about it." example:"I can keep notes for you."`
	Tools          []string `json:"tools" doc:"Tools for agents." example:"[\"memory_store\"]"`
	Families       Families `json:"families" doc:"Families of tools."`
	Features       Features `json:"features" doc:"What there is, and is not."`
	Models         Models   `json:"models" doc:"What works behind it."`
	Limits         Limits   `json:"limits" doc:"How much of what."`
	Relations      []string `json:"relations" doc:"Of links." example:"[\"related_to\"]"`
	Kinds          []string `json:"kinds" doc:"Of memories." example:"[\"observation\"]"`
}

// Families lists families of tools.
type Families struct {
	SchemaVersion string   `json:"schema_version" doc:"Of this answer." example:"1"`
	AlwaysOn      []string `json:"always_on" doc:"Families that cannot be turned off." example:"[\"core\"]"`
	Families      []Family `json:"families" doc:"Families of tools."`
}

// Family says of a family what clients ask before they rely on it.
type Family struct {
	Name   string `json:"name" doc:"The name of the family." example:"core"`
	Loaded bool   `json:"loaded" doc:"It can be used."`
	Tools  int    `json:"tool_count" doc:"How many tools it has."`
}

// Models names the models that a server uses: null is none.
type Models struct {
	Embedder *string `json:"embedder" doc:"What embeds texts." example:"all-MiniLM-L6-v2"`
	LLM      *string `json:"llm" doc:"The language model: none." example:"none"`
}

// Features is what there is, and is not.
type Features struct {
	KeywordSearch   bool     `json:"keyword_search" doc:"Queries by words."`
	SemanticSearch  bool     `json:"semantic_search" doc:"Queries by meaning."`
	Receipts        bool     `json:"receipts" doc:"Writes say who holds them."`
	History         bool     `json:"history" doc:"Versions are kept."`
	Events          bool     `json:"events" doc:"Changes can be followed."`
	Erase           bool     `json:"erase" doc:"Memories can be removed for good."`
	IdempotencyKeys bool     `json:"idempotency_keys" doc:"Writes may be repeated."`
	Durability      []string `json:"durability" doc:"How far a write may wait." enum:"local,quorum,all"`
}

// Limits is how much of what there may be.
type Limits struct {
	Body     int64 `json:"body_bytes" doc:"Of a request."`
	List     int   `json:"list" doc:"Memories on a page."`
	Recall   int   `json:"recall" doc:"Hits of a recall."`
	Bulk     int   `json:"bulk" doc:"Memories of a bulk create."`
	Title    int   `json:"title_characters" doc:"Of a title."`
	Content  int   `json:"content_bytes" doc:"Of a content."`
	Metadata int   `json:"metadata_bytes" doc:"Of metadata, as JSON."`
	Tags     int   `json:"tags" doc:"Of a memory."`
}

// Collected answers a request to drop history.
type Collected struct {
	Expired int   `json:"expired_deleted" doc:"0: what expires goes to the archive by itself, and stays there."`
	Dropped int   `json:"history_dropped" doc:"How many versions lost their text."`
	Bytes   int64 `json:"db_size_bytes" doc:"The size of the database files."`
}

// QuotaInput says whose memories to count.
type QuotaInput struct {
	AgentID   string `json:"agent_id,omitempty" claim:"true" doc:"Whose; it must be the caller." example:"alice"`
	Namespace string `json:"namespace,omitempty" narrows:"true" doc:"Only memories of this namespace." example:"house"`
}

// Allotment is what an agent keeps in a namespace. There are no limits but the
// disk, so that none is named.
type Allotment struct {
	Agent     string `json:"agent_id" doc:"The agent." example:"alice"`
	Namespace string `json:"namespace" doc:"The namespace; _global is all of them." example:"_global"`
	Memories  int64  `json:"memories" doc:"How many memories it keeps there."`
	PerDay    *int64 `json:"max_memories_per_day" doc:"null: there is no limit."`
	Storage   *int64 `json:"max_storage_bytes" doc:"null: there is no limit."`
	Links     *int64 `json:"max_links_per_day" doc:"null: there is no limit."`
}

// Quota is what an agent keeps.
type Quota struct {
	Agent    string      `json:"agent_id" doc:"The agent." example:"alice"`
	Enforced bool        `json:"enforced" doc:"false: there are no quotas."`
	Quota    Allotment   `json:"quota" doc:"All that the agent keeps."`
	Quotas   []Allotment `json:"quotas" doc:"What it keeps, by namespace."`
	Count    int         `json:"count" doc:"How many namespaces there are."`
}

// ImportInput is an export of ai-memory.
type ImportInput struct {
	Memories []json.RawMessage `json:"memories" need:"true" doc:"At most 1,000 memories, as exports have them." maxitems:"1000"`
	Links    []json.RawMessage `json:"links,omitempty" doc:"At most 10,000 links between them." maxitems:"10000"`
	Count    int               `json:"count,omitempty" doc:"As exports have it; not looked at."`
	Exported Time              `json:"exported_at,omitzero" doc:"As exports have it; not looked at."`
	DryRun   bool              `json:"dry_run,omitempty" narrows:"true" doc:"Say what would be refused, and write nothing."`
}

// Imported answers an import.
type Imported struct {
	Imported int      `json:"imported" doc:"How many memories were taken in, or would be."`
	Links    int      `json:"links_imported" doc:"How many links were taken in, or would be."`
	Count    int      `json:"count" doc:"How many memories were sent."`
	IDs      []string `json:"ids" doc:"Of those that were taken in." example:"[\"gate-code\"]"`
	Pending  []string `json:"pending,omitempty" doc:"Ids of the proposals of those that wait for approval." example:"[]"`
	Errors   []string `json:"errors" doc:"A word on each that was not." example:"[]"`
	DryRun   bool     `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
	Ignored  []string `json:"ignored,omitempty" doc:"Fields that no export has, left out: the first hundred." example:"[\"memories[0].tierr\"]"`
	Receipt  *Receipt `json:"receipt" doc:"Of the last memory; null if none was taken."`
}

// OperatorInfo says whether the caller is the operator, and tells those on the same
// machine in which file the key lies: its mode says who may read it.
type OperatorInfo struct {
	Operator bool   `json:"operator" doc:"Whether the caller has sent the operator's key."`
	KeyFile  string `json:"key_file,omitempty" doc:"Where the key lies; told to callers on the same machine only. Who may read the file is the operator." example:"/var/lib/tally/operator.key"`
}
