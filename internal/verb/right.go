package verb

import (
	"slices"

	"github.com/tallystick/tallystick/client"
)

// Right is a family of verbs, as keys of agents are for.
type Right string

// The rights. None implies another, but MayAdmin implies all, and who may propose
// may ask for what others write: it becomes a proposal.
const (
	MayRead    Right = "read"
	MayWrite   Right = "write"
	MayPropose Right = "propose"
	MayApprove Right = "approve"
	MayAdmin   Right = "admin"
)

// Rights are those of a caller's key. Nil is that of who needs none: all.
type Rights []Right

// May reports whether r has a right.
func (r Rights) May(want Right) bool {
	return r == nil || slices.Contains(r, want) || slices.Contains(r, MayAdmin) || want == MayWrite && slices.Contains(r, MayPropose)
}

// Proposes reports whether what r changes is a proposal.
func (r Rights) Proposes() bool {
	return slices.Contains(r, MayPropose) && !slices.Contains(r, MayWrite) && !slices.Contains(r, MayAdmin)
}

// Check returns the refusal of what needs a right that r does not have; what says
// what that is.
func (r Rights) Check(want Right, what string) error {
	if r.May(want) {
		return nil
	}
	return &Problem{
		Code: client.CodeOutOfScope, Text: what + " needs the right to " + string(want) + ", and the key is not for that",
		Extra: map[string]any{"needs": string(want)},
	}
}

// Needs is the right that a verb asks for. Reading is what most do; what changes
// memories is writing; the rest is said here.
func (v *Verb) Needs() Right {
	switch v.Name {
	case "memory_pending_approve", "memory_pending_reject", "memory_pending_decide":
		return MayApprove
	case "memory_namespace_set_standard", "memory_namespace_clear_standard", "memory_gc", "node_parked", "node_diff":
		return MayAdmin
	}
	switch v.Access {
	case Change:
		return MayWrite
	case Operator:
		return MayAdmin
	case Read:
	}
	return MayRead
}
