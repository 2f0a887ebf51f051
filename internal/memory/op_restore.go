package memory //nolint:dupl // Delete, Erase and Restore differ by what they say

// KindRestore is the number of [Restore].
const KindRestore Kind = 5

// Restore makes an archived or deleted memory live again.
type Restore struct {
	ID string `json:"id" cbor:"1,keyasint"`
}

func (*Restore) isOp() {}

// Kind is [KindRestore].
func (*Restore) Kind() Kind { return KindRestore }

// Subjects are the lifecycle of the memory.
func (o *Restore) Subjects() []Key { return []Key{LifeKey(o.ID)} }

// Validate says what is wrong with the id.
func (o *Restore) Validate() error { return ValidID(o.ID) }

// About is the memory, in its new life.
func (o *Restore) About() About {
	return About{Event: EventRestore, Memories: []Ref{{ID: o.ID, Role: RoleLife, Life: Live}}}
}

func (*Restore) hollow() Op { return nil }
