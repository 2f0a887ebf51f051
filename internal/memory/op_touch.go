package memory

// KindTouch is the number of [Touch], and what it writes: what prolongs the life of
// a memory, and what ends that it has an end.
const (
	KindTouch Kind   = 14
	FamTouch  Family = 8 // A = memory id, B = "" or "kept"
)

// touchKept is the part of a key that says that the memory has been found often.
const touchKept = "kept"

// Touch says that a memory that is to expire was found by a recall: it stays for
// its tier's [Tier.Grace] from then on at least. It changes nothing else, so it
// cannot displace what somebody writes meanwhile; and what is written to the content
// afterwards is the last word on when it expires.
type Touch struct {
	ID   string `json:"id" cbor:"1,keyasint"`
	Keep bool   `json:"keep,omitempty" cbor:"2,keyasint,omitempty"` // it was found often: it stays for good
}

func (*Touch) isOp() {}

// Kind is [KindTouch].
func (*Touch) Kind() Kind { return KindTouch }

// Subjects are the register of its last touch, or the one that says that it is kept.
func (o *Touch) Subjects() []Key { return []Key{TouchKey(o.ID, o.Keep)} }

// TouchKey is the register of the touches of a memory, or of the one that keeps it.
func TouchKey(id string, keep bool) Key {
	k := Key{Family: FamTouch, A: id}
	if keep {
		k.B = touchKept
	}
	return k
}

// Validate says what is wrong with the id.
func (o *Touch) Validate() error { return ValidID(o.ID) }

// About is the memory. Nobody is told of it: a read is no event.
func (o *Touch) About() About { return About{Memories: []Ref{{ID: o.ID, Role: RoleFound}}} }

func (*Touch) hollow() Op { return nil }

// Touches are the last touches of a memory, by their stamps; 0 is none.
type Touches struct{ Last, Kept Stamp }

// Prolong returns when a memory expires that may have been touched, 0 for never: not
// before it would without. Touches before the last edit do not count. What was restored
// after its expiry stays.
func (t Touches) Prolong(m *Memory, content, life Stamp) Instant {
	switch {
	case m.ExpiresAt == 0 || stays(m.ExpiresAt, content, life) || t.Kept > content:
		return 0
	case t.Last > content:
		return max(m.ExpiresAt, t.Last.Instant()+Instant(m.Tier.Grace()))
	}
	return m.ExpiresAt
}
