package memory

// KindErase is the number of [Erase].
const KindErase Kind = 3

// Erase is absolute: the payload goes on every node and the id is never used again.
type Erase struct {
	ID string `json:"id" cbor:"1,keyasint"`
}

func (*Erase) isOp() {}

// Kind is [KindErase].
func (*Erase) Kind() Kind { return KindErase }

// Subjects are the lifecycle of the memory and its content.
func (o *Erase) Subjects() []Key { return []Key{ContentKey(o.ID), LifeKey(o.ID)} }

// Validate says what is wrong with the id.
func (o *Erase) Validate() error { return ValidID(o.ID) }

// About is the memory, in its new life.
func (o *Erase) About() About {
	return About{Event: EventDelete, Memories: []Ref{{ID: o.ID, Role: RoleLife, Life: Erased}}}
}

func (*Erase) hollow() Op { return nil }
