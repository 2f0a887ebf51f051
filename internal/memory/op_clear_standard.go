package memory

// KindClearStandard is the number of [ClearStandard].
const KindClearStandard Kind = 13

// ClearStandard takes the standard of a namespace away.
type ClearStandard struct {
	Namespace string `json:"namespace" cbor:"1,keyasint"`
}

func (*ClearStandard) isOp() {}

// Kind is [KindClearStandard].
func (*ClearStandard) Kind() Kind { return KindClearStandard }

// Subjects are the standard of the namespace.
func (o *ClearStandard) Subjects() []Key { return []Key{{Family: FamStandard, A: o.Namespace}} }

// Validate says what is wrong with the namespace.
func (o *ClearStandard) Validate() error { return validStandardNamespace(o.Namespace) }

// About is the namespace.
func (o *ClearStandard) About() About {
	return About{Event: EventStandardCleared, Namespace: o.Namespace}
}

func (*ClearStandard) hollow() Op { return nil }
