package memory

// Kind names a kind of op. The values are persisted and go over the wire: never
// renumber them, never reuse one.
type Kind uint8

// The kinds of op.
const (
	KindPut           Kind = 1
	KindDelete        Kind = 2
	KindErase         Kind = 3
	KindArchive       Kind = 4
	KindRestore       Kind = 5
	KindLink          Kind = 6
	KindUnlink        Kind = 7
	KindConsolidate   Kind = 8
	KindPropose       Kind = 9
	KindDecide        Kind = 10
	KindResolve       Kind = 11
	KindSetStandard   Kind = 12
	KindClearStandard Kind = 13
)

// Op is a change to the store, as a value. The types in this package are its
// only implementations; [New] makes an empty one of each kind.
type Op interface {
	Kind() Kind
	// Subjects are the registers that the op writes, in a fixed order and
	// without repetition. An op wins or loses each of them on its own.
	Subjects() []Key
	// Validate says why no node would accept the op, or nil. The error is [ErrInvalid].
	Validate() error
}

// Put writes the content of a memory as a whole. With Create it also makes the
// memory live; without, it is an edit and leaves the lifecycle alone.
type Put struct {
	Memory Memory `json:"memory" cbor:"1,keyasint"`
	Create bool   `json:"create,omitempty" cbor:"2,keyasint,omitempty"`
}

// Delete takes a memory out of the live set. Its history stays readable for as
// long as history is kept, and Restore brings it back.
type Delete struct {
	ID string `json:"id" cbor:"1,keyasint"`
}

// Erase is absolute: the payload goes on every node and the id is never used again.
type Erase struct {
	ID string `json:"id" cbor:"1,keyasint"`
}

// Archive takes a memory out of the live set and into the archive.
type Archive struct {
	ID     string `json:"id" cbor:"1,keyasint"`
	Reason string `json:"reason" cbor:"2,keyasint"`
}

// Restore makes an archived or deleted memory live again.
type Restore struct {
	ID string `json:"id" cbor:"1,keyasint"`
}

// Link draws a typed, directed edge between two memories.
type Link struct {
	Source      string  `json:"source_id" cbor:"1,keyasint"`
	Target      string  `json:"target_id" cbor:"2,keyasint"`
	Relation    string  `json:"relation" cbor:"3,keyasint"`
	CreatedAt   Instant `json:"created_at" cbor:"4,keyasint"`
	ValidFrom   Instant `json:"valid_from,omitzero" cbor:"5,keyasint,omitempty"`
	ValidUntil  Instant `json:"valid_until,omitzero" cbor:"6,keyasint,omitempty"`
	ObservedBy  string  `json:"observed_by,omitempty" cbor:"7,keyasint,omitempty"`
	AttestLevel string  `json:"attest_level,omitempty" cbor:"8,keyasint,omitempty"` // "" is unsigned
	Signature   []byte  `json:"signature,omitempty" cbor:"9,keyasint,omitempty"`
}

// Unlink removes the named edges from Source to Target.
type Unlink struct {
	Source    string   `json:"source_id" cbor:"1,keyasint"`
	Target    string   `json:"target_id" cbor:"2,keyasint"`
	Relations []string `json:"relations" cbor:"3,keyasint"`
}

// SourceVersion is a memory as a consolidation read it.
type SourceVersion struct {
	ID  string `json:"id" cbor:"1,keyasint"`
	Dot Dot    `json:"dot" cbor:"2,keyasint"` // of the content that was read
}

// ReasonConsolidated is the archive reason of the sources of a consolidation.
const ReasonConsolidated = "consolidated"

// Consolidate creates Into from Sources and archives the sources with reason
// "consolidated", as one op.
type Consolidate struct {
	Into    Memory          `json:"into" cbor:"1,keyasint"`
	Sources []SourceVersion `json:"sources" cbor:"2,keyasint"`
}

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

// Decide is one agent's vote on a proposal. A later vote of the same agent
// replaces an earlier one.
type Decide struct {
	ID      string  `json:"id" cbor:"1,keyasint"`
	Voter   AgentID `json:"voter" cbor:"2,keyasint"`
	Approve bool    `json:"approve" cbor:"3,keyasint"`
}

// Outcomes of a proposal.
const (
	OutcomeApproved = "approved" // and its action was executed in the same transaction
	OutcomeRejected = "rejected"
	OutcomeFailed   = "failed" // approved, but the action could not be executed any more
)

// Resolve closes a proposal. Only its home issues one, once, together with the
// action's own op.
type Resolve struct {
	ID      string `json:"id" cbor:"1,keyasint"`
	Outcome string `json:"outcome" cbor:"2,keyasint"`
	Detail  string `json:"detail,omitempty" cbor:"3,keyasint,omitempty"`
}

// SetStandard makes a memory state the rules of a namespace.
type SetStandard struct {
	Namespace  string `json:"namespace" cbor:"1,keyasint"`
	StandardID string `json:"standard_id" cbor:"2,keyasint"`
	Parent     string `json:"parent,omitempty" cbor:"3,keyasint,omitempty"` // "": the nearest ancestor with a standard
}

// ClearStandard takes the standard of a namespace away.
type ClearStandard struct {
	Namespace string `json:"namespace" cbor:"1,keyasint"`
}

// New returns a pointer to an empty op of kind k, or nil if this binary does not
// know k. It is the list of kinds: codecs, stores and tests go by it.
func New(k Kind) Op {
	switch k {
	case KindPut:
		return &Put{}
	case KindDelete:
		return &Delete{}
	case KindErase:
		return &Erase{}
	case KindArchive:
		return &Archive{}
	case KindRestore:
		return &Restore{}
	case KindLink:
		return &Link{}
	case KindUnlink:
		return &Unlink{}
	case KindConsolidate:
		return &Consolidate{}
	case KindPropose:
		return &Propose{}
	case KindDecide:
		return &Decide{}
	case KindResolve:
		return &Resolve{}
	case KindSetStandard:
		return &SetStandard{}
	case KindClearStandard:
		return &ClearStandard{}
	}
	return nil
}

// Kinds lists every kind, in order.
func Kinds() []Kind {
	var ks []Kind
	for k := KindPut; New(k) != nil; k++ {
		ks = append(ks, k)
	}
	return ks
}

// String names k as logs, metrics and the API do.
func (k Kind) String() string {
	names := [...]string{
		"unknown", "put", "delete", "erase", "archive", "restore", "link", "unlink", "consolidate",
		"propose", "decide", "resolve", "set_standard", "clear_standard",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// Kind implements [Op].
func (*Put) Kind() Kind { return KindPut }

// Kind implements [Op].
func (*Delete) Kind() Kind { return KindDelete }

// Kind implements [Op].
func (*Erase) Kind() Kind { return KindErase }

// Kind implements [Op].
func (*Archive) Kind() Kind { return KindArchive }

// Kind implements [Op].
func (*Restore) Kind() Kind { return KindRestore }

// Kind implements [Op].
func (*Link) Kind() Kind { return KindLink }

// Kind implements [Op].
func (*Unlink) Kind() Kind { return KindUnlink }

// Kind implements [Op].
func (*Consolidate) Kind() Kind { return KindConsolidate }

// Kind implements [Op].
func (*Propose) Kind() Kind { return KindPropose }

// Kind implements [Op].
func (*Decide) Kind() Kind { return KindDecide }

// Kind implements [Op].
func (*Resolve) Kind() Kind { return KindResolve }

// Kind implements [Op].
func (*SetStandard) Kind() Kind { return KindSetStandard }

// Kind implements [Op].
func (*ClearStandard) Kind() Kind { return KindClearStandard }

// Subjects implements [Op].
func (o *Put) Subjects() []Key {
	if o.Create {
		return []Key{ContentKey(o.Memory.ID), LifeKey(o.Memory.ID)}
	}
	return []Key{ContentKey(o.Memory.ID)}
}

// Subjects implements [Op].
func (o *Delete) Subjects() []Key { return []Key{LifeKey(o.ID)} }

// Subjects implements [Op].
func (o *Erase) Subjects() []Key { return []Key{ContentKey(o.ID), LifeKey(o.ID)} }

// Subjects implements [Op].
func (o *Archive) Subjects() []Key { return []Key{LifeKey(o.ID)} }

// Subjects implements [Op].
func (o *Restore) Subjects() []Key { return []Key{LifeKey(o.ID)} }

// Subjects implements [Op].
func (o *Link) Subjects() []Key {
	return []Key{{Family: FamLink, A: o.Source, B: o.Target, C: o.Relation}}
}

// Subjects implements [Op].
func (o *Unlink) Subjects() []Key {
	ks := make([]Key, len(o.Relations))
	for i, r := range o.Relations {
		ks[i] = Key{Family: FamLink, A: o.Source, B: o.Target, C: r}
	}
	return ks
}

// Subjects implements [Op].
func (o *Consolidate) Subjects() []Key {
	ks := []Key{ContentKey(o.Into.ID), LifeKey(o.Into.ID)}
	for _, s := range o.Sources {
		ks = append(ks, LifeKey(s.ID))
	}
	return ks
}

// Subjects implements [Op].
func (o *Propose) Subjects() []Key { return []Key{{Family: FamProposal, A: o.ID}} }

// Subjects implements [Op].
func (o *Decide) Subjects() []Key {
	return []Key{{Family: FamVote, A: o.ID, B: string(o.Voter)}}
}

// Subjects implements [Op].
func (o *Resolve) Subjects() []Key { return []Key{{Family: FamOutcome, A: o.ID}} }

// Subjects implements [Op].
func (o *SetStandard) Subjects() []Key { return []Key{{Family: FamStandard, A: o.Namespace}} }

// Subjects implements [Op].
func (o *ClearStandard) Subjects() []Key { return []Key{{Family: FamStandard, A: o.Namespace}} }
