package memory

import "slices"

// Record is a memory as a node knows it: the content and the lifecycle that won,
// and what the node keeps beside them. Its expiry is the one that holds: that of the
// content, or what recalls have made of it since ([Touch]).
type Record struct {
	Memory
	Content Version // of the content; its stamp is the time of the last edit
	Life    Life
	Reason  string // of an archive
	LifeAt  Version
	// Conflicts counts the content versions that no later edit has seen, the
	// winner not among them. They are in the history.
	Conflicts int
	// AccessCount and AccessedAt are this node's own: reads are not replicated.
	AccessCount int64
	AccessedAt  Instant
}

// Stands returns the lifecycle of r at the instant now, expiry included.
func (r *Record) Stands(now Instant) (Life, string) {
	if r.Life == Live && r.ExpiresAt != 0 && r.ExpiresAt <= now && !stays(r.ExpiresAt, r.Content.Stamp, r.LifeAt.Stamp) {
		return Archived, ReasonExpired
	}
	return r.Life, r.Reason
}

// ArchivedAt is when an archived record left the live set, by expiry or by op.
func (r *Record) ArchivedAt() Instant {
	if r.Life == Live {
		return r.ExpiresAt
	}
	return r.LifeAt.Stamp.Instant()
}

// Revision is one entry in the history of a memory's content.
type Revision struct {
	Entry    *Entry
	LSN      uint64 // where the log of this node has it
	Winner   bool   // the current content
	Conflict bool   // lost, and no later edit has seen it
}

// Vote is a decision of one agent.
type Vote struct {
	Voter   AgentID
	Approve bool
	At      Instant
}

// Pending is a proposal with its votes and its verdict.
type Pending struct {
	Propose
	Home    Node
	Votes   []Vote // by voter
	Verdict string // "" while it is open
	Detail  string
	By      AgentID // who resolved it
	At      Instant // when it was resolved
}

// isOp has another form than that of [Op]: a proposal with its votes is none,
// though it embeds one.
func (*Pending) isOp(notAnOp) {}

// Standard is the standard set for a namespace.
type Standard struct {
	SetStandard
	At Instant
}

// isOp has another form than that of [Op]: see [Pending].
func (*Standard) isOp(notAnOp) {}

type notAnOp struct{}

// Filter selects records. The zero value selects every live record that an
// anonymous caller may see. Conditions are ANDed.
type Filter struct {
	Viewer      AgentID   // rows that this agent may not see are left out, before any limit
	Mates       []AgentID // who is in a team with Viewer: for the index of words, which knows no teams
	All         bool      // no visibility check: for export, replication tools and operators
	Within      Within    // rows in other namespaces are left out, before any limit; nil: none are
	Namespace   string    // "" is any
	Subtree     bool      // Namespace and all below
	Tier        Tier
	Tags        []string // all of them
	Kinds       []string // any of them
	Owner       AgentID
	MinPriority int32
	Since       Instant // created_at ≥
	Until       Instant // created_at ≤
	Title       string  // exact
	SourceURI   string  // prefix
	Life        Life    // 0 is Live; Archived includes the expired
	Now         Instant // the time at which expiry is judged; required
	EditedAfter Stamp   // last edit >
	Conflicting bool    // with versions that nobody has settled
	Expiry      Expiry
	Presence    []Presence // all of them
}

// Presence selects records by whether somebody is known to hold them as they are here:
// the entry of their content, and that of their lifecycle.
type Presence struct {
	Heads   Heads // what it is known to hold
	All     bool  // it holds everything, whatever Heads say
	Missing bool  // those that it is not known to hold, instead
}

// Fits reports whether a record is selected.
func (p *Presence) Fits(r *Record) bool {
	missing := !p.All && slices.ContainsFunc([]Version{r.Content, r.LifeAt}, func(v Version) bool {
		return !v.IsZero() && !p.Heads.Holds(v.Dot)
	})
	return missing == p.Missing
}

// Expiry is whether a memory has an end.
type Expiry uint8

// Values of [Expiry] in a filter.
const (
	AnyExpiry    Expiry = iota
	WillExpire          // it has one
	NeverExpires        // it has none
)

// Order says how a list is sorted.
type Order uint8

// Orders of a list. Each is total: ties are broken by id.
const (
	ByPriority Order = iota // priority, then last edit, both descending
	ByID                    // ascending: stable under writes, for exports
	ByEdit                  // last edit, ascending: for those who ask what is new
	ByNewest                // last edit, descending
)

// Counts of a node's records.
type Counts struct {
	Live, Archived, Deleted, Erased int64
	Links                           int64
	ByTier                          map[Tier]int64
	ByNamespace                     map[string]int64
	Bytes                           int64 // size of the database files
	ExpiringSoon                    int64 // live now, and not in an hour
	Conflicts                       int64 // live ones with versions in conflict
}

// Parked is an op that somebody has not taken.
type Parked struct {
	Refusal
	Member Node    `json:"member"` // who refused it; this node's own name if it refused one
	Since  Instant `json:"since"`
	Retry  Instant `json:"retry,omitzero"` // when it is tried again by itself; 0: on request only
}

// Event is an entry as it was applied here. LSN grows by the order of applying
// on this node only; it has holes.
type Event struct {
	LSN   uint64
	Entry *Entry
}
