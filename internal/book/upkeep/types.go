package upkeep

import (
	"github.com/tallystick/tallystick/internal/memory"
)

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
	OldestOwedAt  memory.Instant `json:"oldest_owed_at,omitzero"` // when the oldest of those owed was logged
	LastAckAt     memory.Instant `json:"last_ack_at,omitzero"`
	ProvenEqualAt memory.Instant `json:"proven_equal_at,omitzero"`
	LastError     string         `json:"last_error,omitempty"`
	ClockSkewMS   int64          `json:"clock_skew_ms"`
}

// Model is a model of a node, and how far its vectors are.
type Model struct {
	Name    string
	State   string // ready, embedding or failed
	Vectors int
	Unread  int   // memories that say nothing to it, or that it does not take
	Behind  int   // entries of the log that it has not looked at
	Bytes   int64 // of memory, for the vectors
	Problem string
	Plain   string // what anybody may be told of the problem
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
	Legacy      []LegacyStatus  `json:"legacy_peers"`
	Parked      []memory.Parked `json:"parked"`
	Counts      memory.Counts   `json:"counts"`
	Counting    bool            `json:"counting"` // after a start: there are no counts yet
	IndexLag    int             `json:"index_lag"`
	Models      []Model         `json:"models"`
	Damaged     int             `json:"damaged"` // entries on the disk, and not mended yet
	Version     string          `json:"version"`
	StartedAt   memory.Instant  `json:"started_at"`
	Time        memory.Instant  `json:"time"`
	Warnings    []string        `json:"warnings"`
}
