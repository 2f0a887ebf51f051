package memory

// About says what an op is about. Whoever wants to know that derives it from
// here: who may hear of the op, which quorum counts for it, what its answer shows.
type About struct {
	// Memories are all that the op names, the main one first.
	Memories []Ref
	// Namespace is the one that the op names itself; "" is that of its memories.
	Namespace string
	// Proposal is the id of the proposal that the op makes, votes on or closes, or "".
	Proposal string
	// Proposed is set of a proposal: what Memories and Content say is asked for, and
	// has not happened.
	Proposed bool
	// Content is the memory that the op writes, nil if it writes none. The caller
	// must not change it.
	Content *Memory
	// Event is what subscribers are told that it is.
	Event string
}

// Ref is a memory that an op names.
type Ref struct {
	ID   string
	Role Role
	// Life is where the op puts the memory, with the reason of an archive; Unborn
	// if it leaves the lifecycle alone.
	Life   Life
	Reason string
}

// Role is what a memory is to an op that names it.
type Role uint8

// The roles of memories in ops.
const (
	RoleContent  Role = iota + 1 // its content is written
	RoleLife                     // it goes to another life
	RolePart                     // it goes into another one
	RoleSource                   // it is the source of an edge
	RoleTarget                   // it is the target of an edge
	RoleStandard                 // it states the rules of a namespace
	RoleFound                    // a recall has found it
)

// Main is the id of the one memory that the op is about, "" if there is none or
// if it is about two alike, as an edge is.
func (a About) Main() string {
	if len(a.Memories) == 0 || a.Memories[0].Role == RoleSource {
		return ""
	}
	return a.Memories[0].ID
}

// Changed is the id of the first memory that the op writes or moves, "" if there is none.
func (a About) Changed() string {
	for _, r := range a.Memories {
		if r.Role == RoleContent || r.Role == RoleLife {
			return r.ID
		}
	}
	return ""
}

// LifeOf returns what op says of the lifecycle of id, given that it has id's
// lifecycle among its subjects, and the reason of an archive.
func LifeOf(op Op, id string) (life Life, reason string) {
	for _, r := range op.About().Memories {
		if r.ID == id {
			return r.Life, r.Reason
		}
	}
	return Unborn, ""
}
