package memory

// KindPut is the number of [Put].
const KindPut Kind = 1

// Put writes the content of a memory as a whole. With Create it also makes the
// memory live; without, it is an edit and leaves the lifecycle alone.
type Put struct {
	Memory Memory `json:"memory" cbor:"1,keyasint"`
	Create bool   `json:"create,omitempty" cbor:"2,keyasint,omitempty"`
}

func (*Put) isOp() {}

// Kind is [KindPut].
func (*Put) Kind() Kind { return KindPut }

// Subjects are the content, and at a creation the lifecycle too.
func (o *Put) Subjects() []Key {
	if o.Create {
		return []Key{ContentKey(o.Memory.ID), LifeKey(o.Memory.ID)}
	}
	return []Key{ContentKey(o.Memory.ID)}
}

// Validate says what is wrong with the memory.
func (o *Put) Validate() error { return o.Memory.Validate() }

// About is the memory that is written.
func (o *Put) About() About {
	a := About{
		Event:    EventUpdate,
		Memories: []Ref{{ID: o.Memory.ID, Role: RoleContent}},
		Content:  &o.Memory,
	}
	if o.Create {
		a.Event, a.Memories[0].Life = EventStore, Live
	}
	return a
}

func (o *Put) hollow() Op { return &Put{Memory: Memory{ID: o.Memory.ID}, Create: o.Create} }
