package memory

import (
	"errors"
	"fmt"
)

// Sentinels of writing and reading, which stores return and callers branch on.
var (
	// ErrNotFound: there is no such record, or the caller may not see it.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous: an id prefix fits more than one record.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrStale: a register has another version than the write expected.
	ErrStale = errors.New("changed in between")
	// ErrBusy: the writer's queue is full; nothing was written.
	ErrBusy = errors.New("too many writes are queued")
	// ErrCrowded: what was to be read would have waited for too long behind other reads.
	ErrCrowded = errors.New("too many reads are going on")
	// ErrFull: the disk is full; nothing was written, reads go on.
	ErrFull = errors.New("disk full")
	// ErrStorage: the disk has failed, or what is on it is gone. What a write has become is
	// known when the node has started again.
	ErrStorage = errors.New("storage failed")
	// ErrKeyReused: the idempotency key was used with another request.
	ErrKeyReused = errors.New("idempotency key was used for another request")
	// ErrUnchanged: the request with this idempotency key found nothing to change.
	ErrUnchanged = errors.New("an earlier request with this idempotency key found nothing to change")
	// ErrClosed: the node is shutting down; nothing was written.
	ErrClosed = errors.New("shutting down")
)

// PutOff returns ErrBusy or ErrCrowded if err is one of them: there is too much to do at the
// moment, and what was asked for was not done, but can be soon. Else it is nil.
func PutOff(err error) error {
	for _, is := range []error{ErrBusy, ErrCrowded} {
		if errors.Is(err, is) {
			return is
		}
	}
	return nil
}

// BegunError says that the idempotency key is that of a request of several writes, which
// has begun: each of them has a key of its own.
type BegunError struct{ At Stamp }

func (e *BegunError) Error() string {
	return fmt.Sprintf("an earlier request with this idempotency key has begun at %s", e.At.Instant())
}

// Write is a request to log ops under this node's origin: all of them, in
// order, in one transaction, or none. One of no ops and with a key keeps that the request
// found nothing to change: to repeat it is [ErrUnchanged]. If it Begins, it keeps that the
// request has begun, and will make writes with other keys: to repeat it is a *[BegunError].
type Write struct {
	Actor  AgentID
	Ops    []NewOp
	Begins bool // with no ops
	Expect []Expect
	// Idempotency makes a repeated write return the entries of the first one.
	Idempotency *Idempotency
	// Tag is handed to the commit hook as it is.
	Tag any
}

// NewOp is an op to be logged.
type NewOp struct {
	Op        Op
	Prev      []Dot
	Embedding *Embedding
	// At, if not zero, is the stamp of the op: the time of something that happened
	// outside the federation and is only reported here. It may be older than what the
	// op would replace: then it replaces nothing. 0 is the time of logging. Only what is
	// reported may have one.
	At Stamp
}

// Expect is a condition of a write: the register Key still has Version (zero:
// was never written). If not, the write fails with [ErrStale].
type Expect struct {
	Key     Key
	Version Version
}

// Idempotency identifies a request of an actor.
type Idempotency struct {
	Key  string // as the client sent it, at most 255 bytes
	Hash Digest // of the request: method, path and body
}

// Written is what became of a write.
type Written struct {
	Entries  []*Entry // one for each op
	Replayed bool     // the entries are those of an earlier, equal request
}

// Committed is what a store reports after each commit, in commit order, before
// it answers the writers. View is the reading after it.
type Committed struct {
	Own   []OwnEntry // logged under this node's origin, ascending by seq
	Other int        // entries of other origins that were applied
	Moved []Move     // dots that belong to another entry from now on
	// Conceded are the last dots of origins of which this node goes by the chain of a member
	// from now on, and keeps entries that the member may never have had: that chains are equal
	// proves nothing of what they cover.
	Conceded []Dot
	View     View
}

// Move says that From is the dot of another entry from now on. The one that had it
// was issued again, all of it, up to To. To is zero if it was not: it was never applied,
// or later entries have taken its place, or a part of it.
type Move struct{ From, To Dot }

// OwnEntry is a committed entry of this node.
type OwnEntry struct {
	Dot   Dot
	Kind  Kind
	Size  int   // bytes on the wire
	Chain Chain // of its origin, up to it
	// Tag is the tag of the write, on the last entry of each write only.
	Tag any
}

// Accepted is what became of a push of another member's entries. Everything in
// View is fsynced.
type Accepted struct {
	Applied int // entries that were new here
	// Deferred counts hollow entries that were left out, because the entry that
	// replaced them is not held yet. They must come again, with it.
	Deferred int
	Refused  []Refusal
	// Unreadable counts what did not even tell its dot: it was left out.
	Unreadable int
	View       View
}
