package memory

// The numbers of [Link], and of the register that it writes.
const (
	KindLink Kind   = 6
	FamLink  Family = 3 // A = source, B = target, C = relation
)

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

func (*Link) isOp() {}

// Kind is [KindLink].
func (*Link) Kind() Kind { return KindLink }

// Subjects are the edge.
func (o *Link) Subjects() []Key {
	return []Key{{Family: FamLink, A: o.Source, B: o.Target, C: o.Relation}}
}

// Validate says what is wrong with the edge, its times or its attestation.
func (o *Link) Validate() error {
	if err := validEdge(o.Source, o.Target, o.Relation); err != nil {
		return err
	}
	switch {
	case o.CreatedAt <= 0:
		return invalid("link: created_at is missing")
	case o.AttestLevel != "" && !oneOf(AttestLevels(), o.AttestLevel):
		return enum("attest_level", o.AttestLevel, AttestLevels())
	case len(o.Signature) != 0 && len(o.Signature) != 64:
		return invalid("link: signature of %d bytes, want 64", len(o.Signature))
	case o.ValidFrom < 0 || o.ValidUntil < 0:
		return invalid("link: validity before 1970")
	case len(o.ObservedBy) > MaxID:
		return invalid("observed_by: %d bytes, limit %d", len(o.ObservedBy), MaxID)
	}
	return nil
}

// About are both ends. An edge with an end of its validity is one that is over.
func (o *Link) About() About {
	a := About{Event: EventLinkCreated, Memories: ends(o.Source, o.Target)}
	if o.ValidUntil != 0 {
		a.Event = EventLinkInvalidated
	}
	return a
}

func (*Link) hollow() Op { return nil }

func ends(source, target string) []Ref {
	return []Ref{{ID: source, Role: RoleSource}, {ID: target, Role: RoleTarget}}
}

func validEdge(source, target, relation string) error {
	if err := ValidID(source); err != nil {
		return err
	}
	if err := ValidID(target); err != nil {
		return err
	}
	if source == target {
		return invalid("link from %s to itself", source)
	}
	return enum("relation", relation, Relations())
}

// Details is what subscribers are told beside what the op is about.
func (o *Link) Details() map[string]any {
	return map[string]any{"relation": o.Relation}
}
