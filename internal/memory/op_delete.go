package memory //nolint:dupl // Delete, Erase and Restore differ by what they say

// KindDelete is the number of [Delete].
const KindDelete Kind = 2

// Delete takes a memory out of the live set. Its history stays readable for as
// long as history is kept, and Restore brings it back.
type Delete struct {
	ID string `json:"id" cbor:"1,keyasint"`
}

func (*Delete) isOp() {}

// Kind is [KindDelete].
func (*Delete) Kind() Kind { return KindDelete }

// Subjects are the lifecycle of the memory.
func (o *Delete) Subjects() []Key { return []Key{LifeKey(o.ID)} }

// Validate says what is wrong with the id.
func (o *Delete) Validate() error { return ValidID(o.ID) }

// About is the memory, in its new life.
func (o *Delete) About() About {
	return About{Event: EventDelete, Memories: []Ref{{ID: o.ID, Role: RoleLife, Life: Deleted}}}
}

func (*Delete) hollow() Op { return nil }
