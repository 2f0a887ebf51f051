package client

// ExportInput selects what to take along.
type ExportInput struct {
	Filter

	All      bool   `json:"all,omitempty" doc:"Also the private memories of others. For the operator of the node."`
	Format   string `json:"format,omitempty" doc:"json: one object; ndjson: a line for each memory and link, archived ones too; complete: the whole log in place of the memories, without other parameters, for the operator. json if neither this nor the Accept header says otherwise." enum:"json,ndjson,complete"`
	AfterLSN uint64 `json:"after_lsn,omitempty" doc:"With format=complete: only what this node has logged behind this number, for an increment of a backup." example:"4711"`
}

// Exported is an export in the form of ai-memory, which its import and ours take
// in again, 1,000 memories at a time.
type Exported struct {
	Memories   []Memory `json:"memories" doc:"The live memories."`
	Links      []Link   `json:"links" doc:"The links between them."`
	Count      int      `json:"count" doc:"How many memories there are."`
	ExportedAt Time     `json:"exported_at" doc:"When it was written."`
	Damaged    []string `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of versions. Members are asked for it." example:"[]"`
}

// ExportedMemory is a line of an export.
type ExportedMemory struct {
	Type string `json:"type" doc:"memory." enum:"memory"`
	Memory

	State string `json:"state" doc:"live or archived." enum:"live,archived"`
}

// ExportedLink is a line of an export.
type ExportedLink struct {
	Type string `json:"type" doc:"link." enum:"link"`
	Link
}

// ExportedDamage is a line at the end of an export that is not whole.
type ExportedDamage struct {
	Type string `json:"type" doc:"damaged." enum:"damaged"`
	ID   string `json:"id" doc:"What was left out, because it is damaged on the disk of the node: the id of a memory, or the dot of a version." example:"gate-code"`
}

// ImportCompleteInput says how to take in a complete export.
type ImportCompleteInput struct {
	DryRun bool `json:"dry_run,omitempty" narrows:"true" doc:"Verify everything, write nothing."`
}

// Refusal says that one op was not taken, and why. Its bytes are kept.
type Refusal struct {
	Dot  string `json:"dot" doc:"The identity of the op: node.incarnation.seq." example:"north.1.42"`
	Code string `json:"code" doc:"Why, for programs." example:"unknown_kind"`
	Text string `json:"text" doc:"Why." example:"this node does not know the kind"`
}

// Loaded is what became of a complete export at a node.
type Loaded struct {
	DryRun   bool           `json:"dry_run" doc:"Nothing was changed: this is what would be."`
	Entries  int            `json:"entries" doc:"How many entries of the log were read."`
	Applied  int            `json:"applied" doc:"How many of them were new here."`
	Known    int            `json:"known" doc:"How many were held already."`
	Deferred int            `json:"deferred" doc:"How many wait for what replaced them."`
	Refused  int            `json:"refused" doc:"How many were not taken."`
	Refusals []Refusal      `json:"refusals" doc:"Why, of the first of them."`
	Counts   map[string]int `json:"counts" doc:"How many entries there were, by kind of op."`
	From     string         `json:"from" doc:"The node that was exported." example:"north"`
	Origin   string         `json:"origin" doc:"What this node logs under now." example:"north.2"`
	Adopted  bool           `json:"adopted" doc:"This node vouches for everything that the export covers."`
	Expected string         `json:"manifest_digest" doc:"The digest of the state that was exported." pattern:"^[0-9a-f]{64}$"`
	Digest   string         `json:"digest" doc:"The digest of this node's state now." pattern:"^[0-9a-f]{64}$"`
	Equal    bool           `json:"equal" doc:"Whether the two are the same. A node that had memories of its own holds more."`
}

// ApprovalEvent says that somebody asks for approval, or has got an answer.
type ApprovalEvent struct {
	PendingID string  `json:"pending_id" doc:"The proposal." example:"0198c0de-0000-7000-8000-000000000001"`
	Pending   Pending `json:"pending" doc:"The proposal, as it stands now."`
}

// ErrorBody is an answer that says no. The members behind fields belong to single
// codes.
type ErrorBody struct {
	Error    string   `json:"error" doc:"What is wrong, for people." example:"title: must not be empty"`
	Code     Code     `json:"code" doc:"What is wrong, for programs."`
	Type     string   `json:"type" doc:"about:blank, as RFC 9457 has it." example:"about:blank"`
	Title    string   `json:"title" doc:"The words of the status." example:"Bad Request"`
	Status   int      `json:"status" doc:"The status." example:"400"`
	Detail   string   `json:"detail" doc:"What is wrong, for people; more than error where that is a fixed text." example:"title: must not be empty"`
	Fields   []string `json:"fields,omitempty" doc:"The fields or parameters that are to blame." example:"[\"title\"]"`
	Caller   string   `json:"caller,omitempty" doc:"Who asked." example:"alice"`
	Owner    string   `json:"owner,omitempty" doc:"Whose it is." example:"bob"`
	Existing string   `json:"existing_id,omitempty" doc:"The memory that has the title." example:"gate-code"`
	Offset   int      `json:"offset,omitempty" doc:"The byte where the body stops being JSON."`
	Line     int      `json:"line,omitempty" doc:"The line, from 1."`
	Column   int      `json:"column,omitempty" doc:"The column, from 0."`
	Got      string   `json:"got,omitempty" doc:"The relation that there is not." example:"likes"`
	Allowed  []string `json:"allowed,omitempty" doc:"Those that there are." example:"[\"related_to\"]"`
	Home     string   `json:"home,omitempty" doc:"The node to ask." example:"north"`
	Reason   string   `json:"reason,omitempty" doc:"Why a key is not taken." example:"agent_key_expired"`
	Needs    string   `json:"needs,omitempty" doc:"The right that the key lacks." example:"write"`
}

// QuorumMissed is the answer to a write that too few members hold in time: it is
// kept, and will arrive.
type QuorumMissed struct {
	Error    string   `json:"error" doc:"quorum_not_met." enum:"quorum_not_met"`
	Got      int      `json:"got" doc:"How many members hold it, this node included."`
	Needed   int      `json:"needed" doc:"How many were asked for."`
	Reason   string   `json:"reason" doc:"unreachable: no other member holds it; refused: nor wants to; timeout: some do." example:"unreachable"`
	Code     Code     `json:"code" doc:"What is wrong, for programs."`
	Message  string   `json:"message" doc:"What is wrong, for people." example:"held by 1 of 3 members (north), and 2 are wanted; missing: east unreachable, south unreachable. It is kept, and reaches the others by itself"`
	Members  []Absent `json:"missing_members" doc:"The members that do not hold it, and why each."`
	ID       string   `json:"id,omitempty" doc:"What was written." example:"gate-code"`
	Receipt  *Receipt `json:"receipt" doc:"Who holds the write on disk."`
	Archived []string `json:"archived,omitempty" doc:"What was archived." example:"[\"gate-code\"]"`
	Missing  []string `json:"missing,omitempty" doc:"What is unknown, not live, or not the caller's." example:"[]"`
}

// Absent is a member that is not known to hold a write.
type Absent struct {
	Member string `json:"member" doc:"Its name." example:"east"`
	Why    string `json:"why" doc:"unreachable: it does not answer; refused: it answers, and takes nothing of this node, or not this; behind: it has not got there." enum:"unreachable,refused,behind"`
	Owed   uint64 `json:"owed" doc:"How many ops of this node it lacks."`
	Error  string `json:"error,omitempty" doc:"What the last call said." example:"push to east: connection refused"`
}

// Shortfall is what the answer to a write says besides, if it missed its quorum and
// the caller takes it for a success that it is kept: when_short is local.
type Shortfall struct {
	Durability string   `json:"durability" doc:"It is on the disk of this node." enum:"local"`
	QuorumMet  bool     `json:"quorum_met" doc:"false"`
	Acks       int      `json:"acks" doc:"How many members hold it, this node included."`
	Needed     int      `json:"needed" doc:"How many were asked for."`
	Reason     string   `json:"reason" doc:"unreachable: no other member holds it; refused: nor wants to; timeout: some do." example:"unreachable"`
	Members    []Absent `json:"missing_members" doc:"The members that do not hold it, and why each."`
}

// VersionConflict is the answer to an edit of another version.
type VersionConflict struct {
	Error    string `json:"error" doc:"What is wrong, for people." example:"memory gate-code is at version 3, not 2"`
	Code     Code   `json:"code" doc:"What is wrong, for programs."`
	Status   string `json:"status" doc:"conflict." enum:"conflict"`
	ID       string `json:"id" doc:"The memory." example:"gate-code"`
	Expected int64  `json:"expected_version" doc:"The one that If-Match names."`
	Current  int64  `json:"current_version" doc:"The one there is."`
}
