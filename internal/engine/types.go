package engine

import (
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Durability is how far a caller waits.
type Durability string

// Levels of durability. Whatever the level, the write is owed to all members.
const (
	DurableLocal  Durability = "local"  // fsynced on this node
	DurableQuorum Durability = "quorum" // fsynced on W members, this node included: the default
	DurableAll    Durability = "all"    // fsynced on all N members
)

// Caller says on whose behalf, and how, an operation runs.
type Caller struct {
	Agent      memory.AgentID
	Durability Durability // "": quorum
	// Idempotency, if not nil, makes a repetition of the request return the first outcome.
	Idempotency *memory.Idempotency
	// If is what the memory that the operation is about must be like; it is a
	// *ConditionError if it is not.
	If Condition
	// DryRun does everything but the writing. The outcome is what would become of
	// the operation, without a receipt.
	DryRun bool
}

// Receipt is what a write returns: which op it became and who holds it.
type Receipt struct {
	Dot        memory.Dot    `json:"dot"`
	Digest     memory.Digest `json:"digest"`
	Durability Durability    `json:"durability"` // reached: local, quorum or all
	W          int           `json:"w"`          // members asked for
	N          int           `json:"n"`          // members there are
	HeldBy     []memory.Node `json:"held_by"`    // sorted; this node included
}

// Outcome is what became of an operation.
type Outcome struct {
	Entry    *memory.Entry   // the last entry logged for it
	Record   *memory.Record  // the memory after the write, where the operation is about one
	Receipt  Receipt         // of Entry
	Pending  *memory.Pending // set: the operation waits for approval, nothing else happened
	Replayed bool            // an earlier request with the same idempotency key did it
}

// QuorumError says that a write is committed here and owed to the others, and
// that fewer members than asked for held it at the deadline.
type QuorumError struct {
	Outcome Outcome // with the receipt as it stands
	Got     int
	Needed  int
	Reason  string // "unreachable": no member answered; "timeout": some did
}

func (e *QuorumError) Error() string {
	return fmt.Sprintf("quorum not met: %d of %d members hold %s (%s)", e.Got, e.Needed, e.Outcome.Receipt.Dot, e.Reason)
}

// ConflictError says that a create or an edit met another record of its title.
type ConflictError struct {
	ID      string // of the record that is in the way
	Current int64  // version there is
}

func (e *ConflictError) Error() string {
	return "a memory with this title exists in the namespace: " + e.ID
}

// ForbiddenError says which rule refused an operation.
type ForbiddenError struct {
	Reason string
	Owner  memory.AgentID // of the record, where that is the rule
}

func (e *ForbiddenError) Error() string { return e.Reason }

// OnConflict says what a create does when the title is taken in the namespace.
type OnConflict string

// What to do about a taken title.
const (
	ConflictFail    OnConflict = "error"   // the default: *ConflictError
	ConflictMerge   OnConflict = "merge"   // becomes an edit of the record that is there
	ConflictVersion OnConflict = "version" // the title gets a suffix " (2)", " (3)" …
)

// Draft is a memory to be created. Zero fields take the defaults of the data model.
type Draft struct {
	Memory     memory.Memory // ID "" derives it; a given ID is used as it is
	TTL        time.Duration // 0: that of the tier; ignored if Memory.ExpiresAt is set
	OnConflict OnConflict
	Embedding  *memory.Embedding
	Confidence *float64 // stands for that of Memory, in which 0 is "not given"

	own bool // by one of the requests that write into reserved namespaces
}

// Patch is an edit: nil fields stay as they are.
type Patch struct {
	Title      *string
	Content    *string
	Tier       *memory.Tier
	Namespace  *string
	Tags       *[]string
	Priority   *int32
	Confidence *float64
	ExpiresAt  *memory.Instant // 0 clears
	Metadata   *memory.Object  // replaces; the owner stays
	SourceURI  *string
	IfVersion  int64 // 0: any; else *ConditionError unless it is the current one
	Resolve    bool  // the edit has seen all conflicting versions and settles them
	Embedding  *memory.Embedding
}

// BulkResult is the outcome of one draft of a bulk create.
type BulkResult struct {
	Outcome Outcome
	Err     error // nil, or as Create returns it
}

// Page selects part of a list: at most Limit rows, from after Cursor ("" is the
// start) or after Offset rows.
type Page struct {
	Limit  int
	Offset int
	Cursor string
	Order  memory.Order
}

// RecallQuery is a question in words.
type RecallQuery struct {
	Text   string
	Filter memory.Filter
	Limit  int  // 1 to 50; 0 is 10
	All    bool // all words must occur (search); otherwise any (recall)
}

// Scored is a record with its rank value, higher is better.
type Scored struct {
	memory.Record
	Score float64
}

// Recalled is an answer to a RecallQuery.
type Recalled struct {
	Hits []Scored
	// IndexLag counts entries that are stored and not yet in the text index.
	IndexLag int
}

// Difference is a register in which this node and a member differ.
type Difference struct {
	Key    string         `json:"key"`
	Here   memory.Version `json:"here,omitzero"`
	There  memory.Version `json:"there,omitzero"`
	Family string         `json:"family"`
}

// Diff is a comparison with a member.
type Diff struct {
	Member      memory.Node   `json:"member"`
	Equal       bool          `json:"equal"`
	Here        memory.Digest `json:"here"`
	There       memory.Digest `json:"there"`
	Differences []Difference  `json:"differences"`
	Truncated   bool          `json:"truncated,omitempty"` // more than the limit
}

// MemberStatus is what a node knows of one member.
type MemberStatus struct {
	Name          memory.Node    `json:"name"`
	URL           string         `json:"url"`
	State         string         `json:"state"` // ok, catching_up, backoff, stopped, unknown
	Acked         uint64         `json:"acked"` // our ops it holds, up to this seq
	Owed          uint64         `json:"owed"`  // our ops it has not acknowledged
	Parked        int            `json:"parked"`
	LastAckAt     memory.Instant `json:"last_ack_at,omitzero"`
	ProvenEqualAt memory.Instant `json:"proven_equal_at,omitzero"`
	LastError     string         `json:"last_error,omitempty"`
	ClockSkewMS   int64          `json:"clock_skew_ms"`
}

// Status is a node's account of itself and of the members.
type Status struct {
	Node        memory.Node     `json:"node"`
	Incarnation string          `json:"incarnation"`
	Digest      memory.Digest   `json:"digest"`
	Heads       memory.Heads    `json:"heads"`
	LSN         uint64          `json:"lsn"`
	W           int             `json:"w"`
	N           int             `json:"n"`
	Members     []MemberStatus  `json:"members"`
	Parked      []memory.Parked `json:"parked"`
	Counts      memory.Counts   `json:"counts"`
	IndexLag    int             `json:"index_lag"`
	Damaged     int             `json:"damaged"` // entries on the disk, and not mended yet
	Version     string          `json:"version"`
	StartedAt   memory.Instant  `json:"started_at"`
	Time        memory.Instant  `json:"time"`
	Warnings    []string        `json:"warnings"`
}
