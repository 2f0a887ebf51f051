package memory

import "errors"

// The numbers of [Decide], and of the register that it writes.
const (
	KindDecide Kind   = 10
	FamVote    Family = 6 // A = pending id, B = voter
)

// Decide is one agent's vote on a proposal. A later vote of the same agent
// replaces an earlier one.
type Decide struct {
	ID      string  `json:"id" cbor:"1,keyasint"`
	Voter   AgentID `json:"voter" cbor:"2,keyasint"`
	Approve bool    `json:"approve" cbor:"3,keyasint"`
}

func (*Decide) isOp() {}

// Kind is [KindDecide].
func (*Decide) Kind() Kind { return KindDecide }

// Subjects are the vote of this voter.
func (o *Decide) Subjects() []Key {
	return []Key{{Family: FamVote, A: o.ID, B: string(o.Voter)}}
}

// Validate says what is wrong with the id or the voter.
func (o *Decide) Validate() error { return errors.Join(ValidID(o.ID), o.Voter.Valid()) }

// About is the proposal.
func (o *Decide) About() About { return About{Event: EventVoted, Proposal: o.ID} }

func (*Decide) hollow() Op { return nil }

// Details is what subscribers are told beside what the op is about.
func (o *Decide) Details() map[string]any {
	return map[string]any{"approved": o.Approve}
}
