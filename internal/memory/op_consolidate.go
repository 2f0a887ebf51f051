package memory

// KindConsolidate is the number of [Consolidate].
const KindConsolidate Kind = 8

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

func (*Consolidate) isOp() {}

// Kind is [KindConsolidate].
func (*Consolidate) Kind() Kind { return KindConsolidate }

// Subjects are content and lifecycle of what is made, and the lifecycle of each source.
func (o *Consolidate) Subjects() []Key {
	ks := []Key{ContentKey(o.Into.ID), LifeKey(o.Into.ID)}
	for _, s := range o.Sources {
		ks = append(ks, LifeKey(s.ID))
	}
	return ks
}

// Validate says what is wrong with what is made, or with the list of sources.
func (o *Consolidate) Validate() error {
	if err := o.Into.Validate(); err != nil {
		return err
	}
	if len(o.Sources) < MinSources || len(o.Sources) > MaxSources {
		return invalid("consolidate: %d sources, want %d to %d", len(o.Sources), MinSources, MaxSources)
	}
	seen := map[string]bool{o.Into.ID: true}
	for _, s := range o.Sources {
		if err := ValidID(s.ID); err != nil {
			return err
		}
		if seen[s.ID] {
			return invalid("consolidate: %s is named twice", s.ID)
		}
		seen[s.ID] = true
	}
	return nil
}

// About are the memory that is made, and its sources.
func (o *Consolidate) About() About {
	a := About{
		Event:    EventConsolidated,
		Memories: []Ref{{ID: o.Into.ID, Role: RoleContent, Life: Live}},
		Content:  &o.Into,
	}
	for _, s := range o.Sources {
		a.Memories = append(a.Memories, Ref{ID: s.ID, Role: RolePart, Life: Archived, Reason: ReasonConsolidated})
	}
	return a
}

func (o *Consolidate) hollow() Op {
	return &Consolidate{Into: Memory{ID: o.Into.ID}, Sources: o.Sources}
}
