package memory

import "errors"

// KindArchive is the number of [Archive].
const KindArchive Kind = 4

// Archive takes a memory out of the live set and into the archive.
type Archive struct {
	ID     string `json:"id" cbor:"1,keyasint"`
	Reason string `json:"reason" cbor:"2,keyasint"`
}

func (*Archive) isOp() {}

// Kind is [KindArchive].
func (*Archive) Kind() Kind { return KindArchive }

// Subjects are the lifecycle of the memory.
func (o *Archive) Subjects() []Key { return []Key{LifeKey(o.ID)} }

// Validate says what is wrong with the id or the reason.
func (o *Archive) Validate() error {
	if len(o.Reason) > MaxReason {
		return invalid("reason: %d bytes, limit %d", len(o.Reason), MaxReason)
	}
	return errors.Join(ValidID(o.ID), text("reason", o.Reason, false))
}

// About is the memory, in its new life.
func (o *Archive) About() About {
	return About{Event: EventArchive, Memories: []Ref{{ID: o.ID, Role: RoleLife, Life: Archived, Reason: o.Reason}}}
}

func (*Archive) hollow() Op { return nil }
