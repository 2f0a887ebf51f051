package memory

import "errors"

// Verdicts on a proposal.
const (
	VerdictApproved = "approved" // and its action was executed in the same transaction
	VerdictRejected = "rejected"
	VerdictFailed   = "failed" // approved, but the action could not be executed any more
)

// The numbers of [Resolve], and of the register that it writes.
const (
	KindResolve Kind   = 11
	FamVerdict  Family = 7 // A = pending id
)

// Resolve closes a proposal. Only its home issues one, once, together with the
// action's own op.
type Resolve struct {
	ID      string `json:"id" cbor:"1,keyasint"`
	Verdict string `json:"verdict" cbor:"2,keyasint"`
	Detail  string `json:"detail,omitempty" cbor:"3,keyasint,omitempty"`
}

func (*Resolve) isOp() {}

// Kind is [KindResolve].
func (*Resolve) Kind() Kind { return KindResolve }

// Subjects are the verdict of the proposal.
func (o *Resolve) Subjects() []Key { return []Key{{Family: FamVerdict, A: o.ID}} }

// Validate says what is wrong with the id, the verdict or the detail.
func (o *Resolve) Validate() error {
	if len(o.Detail) > MaxContent {
		return invalid("detail: %d bytes, limit %d", len(o.Detail), MaxContent)
	}
	return errors.Join(ValidID(o.ID), enum("verdict", o.Verdict, []string{VerdictApproved, VerdictRejected, VerdictFailed}))
}

// About is the proposal.
func (o *Resolve) About() About { return About{Event: EventDecided, Proposal: o.ID} }

func (*Resolve) hollow() Op { return nil }

// Details is what subscribers are told beside what the op is about.
func (o *Resolve) Details() map[string]any {
	return map[string]any{"verdict": o.Verdict}
}
