package records

import (
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// OnConflict says what a create does when the title is taken in the namespace.
type OnConflict string

// What to do about a taken title.
const (
	ConflictFail    OnConflict = "error"   // the default: *engine.ConflictError
	ConflictMerge   OnConflict = "merge"   // becomes an edit of the record that is there
	ConflictVersion OnConflict = "version" // the title gets a suffix " (2)", " (3)" …
)

// Draft is a memory to be created. Zero fields take the defaults of the data model.
type Draft struct {
	Memory     memory.Memory // ID "" derives it; a given ID is used as it is
	TTL        time.Duration // 0: that of the tier; ignored if Memory.ExpiresAt is set
	OnConflict OnConflict
	Embedding  *memory.Embedding
	Signed     *Signed  // nil: nobody has signed it
	Confidence *float64 // stands for that of Memory, in which 0 is "not given"

	untagged bool // nothing is said of tags
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
	IfVersion  int64 // 0: any; else *engine.ConditionError unless it is the current one
	Live       bool  // who edits asks that the memory be live, also after an end that this node has not heard of
	Resolve    bool  // the edit has seen all conflicting versions and settles them
	Embedding  *memory.Embedding
}

// BulkResult is the outcome of one draft of a bulk create.
type BulkResult struct {
	Outcome engine.Outcome
	Err     error // nil, or as Create returns it
}

// Signed is what a caller has signed of a draft with a key of its own: what
// [memory.Signature.Message] says, as the caller, in the namespace and of the kind that
// the memory gets.
type Signed struct {
	Value []byte
	At    memory.Instant // created_at, within [memory.SignatureWindow]
}
