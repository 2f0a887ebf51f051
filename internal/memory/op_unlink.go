package memory

import "slices"

// KindUnlink is the number of [Unlink].
const KindUnlink Kind = 7

// Unlink removes the named edges from Source to Target.
type Unlink struct {
	Source    string   `json:"source_id" cbor:"1,keyasint"`
	Target    string   `json:"target_id" cbor:"2,keyasint"`
	Relations []string `json:"relations" cbor:"3,keyasint"`
}

func (*Unlink) isOp() {}

// Kind is [KindUnlink].
func (*Unlink) Kind() Kind { return KindUnlink }

// Subjects are the edges, one for each relation.
func (o *Unlink) Subjects() []Key {
	ks := make([]Key, len(o.Relations))
	for i, r := range o.Relations {
		ks[i] = Key{Family: FamLink, A: o.Source, B: o.Target, C: r}
	}
	return ks
}

// Validate says what is wrong with one of the edges.
func (o *Unlink) Validate() error {
	if len(o.Relations) == 0 || len(o.Relations) > len(Relations()) {
		return invalid("unlink: want 1 to %d relations", len(Relations()))
	}
	for i, r := range o.Relations {
		if err := validEdge(o.Source, o.Target, r); err != nil {
			return err
		}
		if slices.Contains(o.Relations[:i], r) {
			return invalid("unlink: relation %s twice", r)
		}
	}
	return nil
}

// About are both ends.
func (o *Unlink) About() About {
	return About{Event: EventLinkDeleted, Memories: ends(o.Source, o.Target)}
}

func (*Unlink) hollow() Op { return nil }

// Details is what subscribers are told beside what the op is about.
func (o *Unlink) Details() map[string]any {
	return map[string]any{"relations": o.Relations}
}
