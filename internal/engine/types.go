package engine

import (
	"errors"
	"fmt"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// ErrChanged says that a proposal was made of a version that is no longer there.
var ErrChanged = errors.New("changed since it was proposed")

// ErrNothing says that there is nothing to write.
var ErrNothing = errors.New("nothing to do")

// Receipt is what a write returns: which op it became and who holds it.
type Receipt struct {
	Dot        memory.Dot    `json:"dot"`
	Digest     memory.Digest `json:"digest"`
	Durability Durability    `json:"durability"` // reached: local, quorum or all
	Epoch      uint64        `json:"epoch"`      // of the members that W and N are of; 0: they are configured
	W          int           `json:"w"`          // members asked for
	N          int           `json:"n"`          // members there are that count
	HeldBy     []memory.Node `json:"held_by"`    // those of them that hold it, sorted
}

// Outcome is what became of an operation.
type Outcome struct {
	Entry    *memory.Entry   // the last entry logged for it
	Record   *memory.Record  // the memory after the write, where the operation is about one
	Receipt  Receipt         // of Entry
	Pending  *memory.Pending // set: the operation waits for approval, nothing else happened
	Replayed bool            // an earlier request with the same idempotency key did it
	Gone     bool            // the memory is erased: a Record of it shows nothing
	Masked   []string        // kinds of secrets that were found in it, and masked
}

// QuorumError says that a write is committed here and owed to the others, and
// that fewer members than asked for held it at the deadline.
type QuorumError struct {
	Outcome Outcome // with the receipt as it stands
	Got     int
	Needed  int
	Reason  string             // "unreachable": no other member holds it; "refused": nor wants to; "timeout": some do
	Missing []replicate.Absent // the members that are not known to hold it, by name
}

// Kept takes note of a write that missed its quorum, for a caller to whom that is a
// success: the write is kept here, and owed. The zero value is ready, and safe for
// concurrent use.
type Kept struct {
	mu    sync.Mutex
	first *QuorumError
}

// Missed returns the first write that missed its quorum, or nil.
func (k *Kept) Missed() *QuorumError {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.first
}

func (k *Kept) note(e *QuorumError) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.first == nil {
		k.first = e
	}
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
