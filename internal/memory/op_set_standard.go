package memory

// The numbers of [SetStandard], and of the register that it writes.
const (
	KindSetStandard Kind   = 12
	FamStandard     Family = 4 // A = namespace
)

// SetStandard makes a memory state the rules of a namespace.
type SetStandard struct {
	Namespace  string `json:"namespace" cbor:"1,keyasint"`
	StandardID string `json:"standard_id" cbor:"2,keyasint"`
	Parent     string `json:"parent,omitempty" cbor:"3,keyasint,omitempty"` // "": the nearest ancestor with a standard
}

func (*SetStandard) isOp() {}

// Kind is [KindSetStandard].
func (*SetStandard) Kind() Kind { return KindSetStandard }

// Subjects are the standard of the namespace.
func (o *SetStandard) Subjects() []Key { return []Key{{Family: FamStandard, A: o.Namespace}} }

// Validate says what is wrong with the namespace, its parent or the id.
func (o *SetStandard) Validate() error {
	if err := validStandardNamespace(o.Namespace); err != nil {
		return err
	}
	if o.Parent != "" {
		if err := validStandardNamespace(o.Parent); err != nil {
			return err
		}
		if o.Parent == o.Namespace {
			return invalid("namespace %s cannot be its own parent", o.Namespace)
		}
	}
	return ValidID(o.StandardID)
}

// About are the namespace and the memory that states its rules.
func (o *SetStandard) About() About {
	return About{Event: EventStandardSet, Namespace: o.Namespace, Memories: []Ref{{ID: o.StandardID, Role: RoleStandard}}}
}

func (*SetStandard) hollow() Op { return nil }

func validStandardNamespace(ns string) error {
	if ns == RootNamespace {
		return nil
	}
	return ValidNamespace(ns)
}
