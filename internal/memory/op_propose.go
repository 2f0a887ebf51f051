package memory

import "math"

// The numbers of [Propose], and of the register that it writes.
const (
	KindPropose Kind   = 9
	FamProposal Family = 5 // A = pending id
)

// Propose asks for approval of Action. The node of the entry's origin is the
// proposal's home: it alone resolves it.
type Propose struct {
	ID          string   `json:"id" cbor:"1,keyasint"`
	Namespace   string   `json:"namespace" cbor:"2,keyasint"`
	Requester   AgentID  `json:"requester" cbor:"3,keyasint"`
	RequestedAt Instant  `json:"requested_at" cbor:"4,keyasint"`
	Approver    Approver `json:"approver" cbor:"5,keyasint"`
	Action      Op       `json:"action" cbor:"-"` // the codec writes it as kind and body
}

// Approver says who must approve: anybody (the zero value), one agent, or a
// number of agents.
type Approver struct {
	Agent     AgentID `json:"agent,omitempty" cbor:"1,keyasint,omitempty"`
	Consensus int32   `json:"consensus,omitempty" cbor:"2,keyasint,omitempty"`
}

func (*Propose) isOp() {}

// Kind is [KindPropose].
func (*Propose) Kind() Kind { return KindPropose }

// Subjects are the proposal.
func (o *Propose) Subjects() []Key { return []Key{{Family: FamProposal, A: o.ID}} }

// Validate says what is wrong with the proposal or with what it proposes.
func (o *Propose) Validate() error {
	if err := ValidID(o.ID); err != nil {
		return err
	}
	if err := validStandardNamespace(o.Namespace); err != nil {
		return err
	}
	if err := o.Requester.Valid(); err != nil {
		return err
	}
	if o.RequestedAt <= 0 {
		return invalid("proposal: requested_at is missing")
	}
	if o.Approver.Consensus < 0 || o.Approver.Consensus > math.MaxInt16 {
		return invalid("proposal: consensus of %d", o.Approver.Consensus)
	}
	if o.Action == nil {
		return invalid("proposal: no action")
	}
	if o.Action.About().Proposal != "" {
		return invalid("proposal: a %s cannot be proposed", o.Action.Kind())
	}
	return o.Action.Validate()
}

// About is what the action is about, as a proposal: nothing of it has happened yet.
func (o *Propose) About() About {
	var a About
	if o.Action != nil {
		a = o.Action.About()
	}
	for i := range a.Memories {
		a.Memories[i].Life, a.Memories[i].Reason = Unborn, ""
	}
	a.Event, a.Namespace, a.Proposal, a.Proposed = EventAskApproval, o.Namespace, o.ID, true
	return a
}

func (o *Propose) hollow() Op {
	if o.Action == nil {
		return nil
	}
	action := o.Action.hollow()
	if action == nil {
		return nil
	}
	p := *o
	p.Action = action
	return &p
}
