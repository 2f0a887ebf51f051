package memory

import (
	"errors"
	"slices"
	"time"
)

// What members say to each other, as values. Package wire gives them bytes.

// Head says what a node holds of one origin: everything up to Seq but for Gaps.
// Gaps are ops that it has the bytes of, and has not taken (parked), ascending.
// Chain tells which entries they are up to Seq, gaps included.
type Head struct {
	Seq   uint64   `json:"seq" cbor:"1,keyasint"`
	Gaps  []uint64 `json:"gaps,omitempty" cbor:"2,keyasint,omitempty"`
	Chain Chain    `json:"chain,omitzero" cbor:"3,keyasint,omitzero"`
}

// Equal reports whether h says the same as the other head.
func (h Head) Equal(other Head) bool {
	return h.Seq == other.Seq && h.Chain == other.Chain && slices.Equal(h.Gaps, other.Gaps)
}

// Heads says what a node holds, by origin. Treat it as immutable.
type Heads map[Origin]Head

// Holds reports whether the op d is held, that is applied (or superseded) and fsynced.
func (h Heads) Holds(d Dot) bool {
	head := h[d.Origin]
	return d.Seq <= head.Seq && !slices.Contains(head.Gaps, d.Seq)
}

// Covers reports whether everything is held here that is held there.
func (h Heads) Covers(there Heads) bool {
	for origin, t := range there {
		own := h[origin]
		if own.Seq < t.Seq {
			return false
		}
		for _, gap := range own.Gaps {
			if gap <= t.Seq && !slices.Contains(t.Gaps, gap) {
				return false
			}
		}
	}
	return true
}

// Reach reports whether these heads reach at least as far as those, of each origin.
func (h Heads) Reach(those Heads) bool {
	for origin, t := range those {
		if h[origin].Seq < t.Seq {
			return false
		}
	}
	return true
}

// View is one consistent, durable reading of a node: what it holds, and the
// digest of the state that came of it.
type View struct {
	Heads Heads
	Root  Digest
	LSN   uint64 // local sequence: grows with every entry applied here
	// Epoch is that of the members by which the node went when it held this; 0: they are
	// configured, or it is not said.
	Epoch uint64
}

// Shipment is an entry as it travels: the exact bytes that its origin logged
// (or their hollow form), and an embedding if one is shipped beside.
type Shipment struct {
	Raw       []byte     `cbor:"1,keyasint"`
	Embedding *Embedding `cbor:"2,keyasint,omitempty"`
}

// Push carries entries to a member, or none: then it only exchanges heads.
type Push struct {
	From    Node
	To      Node
	Created time.Time
	Ops     []Shipment
	View    View
}

// Refusal says that one op was not taken, and why. Its bytes are kept.
type Refusal struct {
	Dot  Dot    `json:"dot" cbor:"1,keyasint"`
	Code string `json:"code" cbor:"2,keyasint"`
	Text string `json:"text" cbor:"3,keyasint"`
}

// Codes of refusals. They are persisted and go over the wire.
const (
	CodeUnknownKind = "unknown_kind"
	CodeInvalid     = "invalid"
	CodeSkew        = "clock_skew"
	CodeDotConflict = "dot_conflict"
	CodeForbidden   = "forbidden"
)

// RefusalCode is the code of the sentinel that err wraps.
func RefusalCode(err error) string {
	switch {
	case errors.Is(err, ErrUnknownKind):
		return CodeUnknownKind
	case errors.Is(err, ErrSkew):
		return CodeSkew
	case errors.Is(err, ErrDotConflict):
		return CodeDotConflict
	case errors.Is(err, ErrForbidden):
		return CodeForbidden
	}
	return CodeInvalid
}

// PushReply answers a push, after the fsync.
type PushReply struct {
	From    Node
	Refused []Refusal
	View    View // Heads include what the push brought
	Time    time.Time
}

// Range asks for the entries From ≤ seq ≤ To of one origin.
type Range struct {
	Origin Origin `cbor:"1,keyasint"`
	From   uint64 `cbor:"2,keyasint"`
	To     uint64 `cbor:"3,keyasint"`
}

// Concession is what a node knows once it has compared with a member what both still
// have of an origin, and nothing differed, though their chains do.
type Concession struct {
	Origin       Origin
	Ours, Theirs Head    // when they were compared; both reach equally far
	Gone         []Range // what the member no longer has
	// Outvoted: the member will not go by this node's chain, whichever is the lower one.
	Outvoted bool
}

// PullRequest asks a member for entries: ranges in order, then single dots.
type PullRequest struct {
	From   Node
	To     Node
	Ranges []Range
	Dots   []Dot
}

// PullReply brings a prefix of what was asked for, cut to the limits of a batch.
type PullReply struct {
	From Node
	Ops  []Shipment
	// Truncated names origins of which the member no longer has all that was
	// asked for: only a snapshot helps.
	Truncated []Origin
	View      View
}

// DigestRequest asks for the digests of all buckets, or for the registers of some.
type DigestRequest struct {
	From    Node
	To      Node
	Buckets []uint16 // empty: the sums of all buckets
}

// RegisterDigest is one register as it enters the digest.
type RegisterDigest struct {
	Key     string  `cbor:"1,keyasint"` // Key.String
	Version Version `cbor:"2,keyasint"`
	Digest  Digest  `cbor:"3,keyasint"` // of the entry that holds it
}

// DigestReply answers a DigestRequest. View is of the same instant as the rest.
type DigestReply struct {
	From      Node
	View      View
	Sums      []Digest // by bucket, when all were asked for
	Registers []RegisterDigest
}

// Fault is why a call to a member did not bring an answer that counts.
type Fault struct { //nolint:errname // the domain word; errors of this type only classify another
	Class      FaultClass
	RetryAfter time.Duration // as the member asked, or 0
	Answered   bool          // the member itself said no
	Err        error
}

// FaultClass says what a caller should do about a fault.
type FaultClass uint8

// Classes of faults.
const (
	FaultRetry    FaultClass = iota // network, 5xx, 429, a reply that is none: try again later
	FaultIdentity                   // 401 or 403: who we are is not believed; stop, and say so
)

func (f *Fault) Error() string { return f.Err.Error() }

func (f *Fault) Unwrap() error { return f.Err }
