package engine

import (
	"crypto/sha256"
	"encoding/hex"

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
	// Operator: the caller has shown the key of this node's operator, and asks for what is
	// the operator's.
	Operator bool
	// Idempotency, if not nil, makes a repetition of the request return the first outcome.
	Idempotency *memory.Idempotency
	// If is what the memory that the operation is about must be like; it is a
	// *ConditionError if it is not.
	If Condition
	// DryRun does everything but the writing. The outcome is what would become of
	// the operation, without a receipt.
	DryRun bool
	// Kept, if not nil, makes a success of a write that misses its quorum, and takes
	// note of it.
	Kept *Kept
}

// Part is the caller for one write of a request that makes several, see [Begin]: its
// idempotency key is derived, so that each write is repeated on its own.
func (c Caller) Part(what, name string) Caller {
	if c.Idempotency != nil {
		sum := sha256.Sum256([]byte(what + "\x00" + c.Idempotency.Key + "\x00" + name))
		c.Idempotency = &memory.Idempotency{Key: what + ":" + hex.EncodeToString(sum[:]), Hash: c.Idempotency.Hash}
	}
	return c
}

// Named returns c with the anonymous agent in place of none.
func (c Caller) Named() Caller {
	if c.Agent == "" {
		c.Agent = memory.Anonymous
	}
	return c
}
