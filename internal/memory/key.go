package memory

import "strings"

// Family is a kind of register. The values are persisted: never renumber them.
type Family uint8

// The families of registers.
const (
	FamContent  Family = 1 // A = memory id
	FamLife     Family = 2 // A = memory id
	FamLink     Family = 3 // A = source, B = target, C = relation
	FamStandard Family = 4 // A = namespace
	FamProposal Family = 5 // A = pending id
	FamVote     Family = 6 // A = pending id, B = voter
	FamOutcome  Family = 7 // A = pending id
)

// Key names one register.
type Key struct {
	Family  Family
	A, B, C string
}

// Families lists all families, in order.
func Families() []Family {
	return []Family{FamContent, FamLife, FamLink, FamStandard, FamProposal, FamVote, FamOutcome}
}

// String renders k unambiguously, for maps, indexes and digests: no part of a
// key holds a NUL.
func (k Key) String() string {
	return string(rune('a'-1+k.Family)) + "\x00" + k.A + "\x00" + k.B + "\x00" + k.C
}

// ParseKey is the inverse of [Key.String] and reports whether s is one.
func ParseKey(s string) (Key, bool) {
	p := strings.Split(s, "\x00")
	if len(p) != 4 || len(p[0]) != 1 {
		return Key{}, false
	}
	f := Family(p[0][0] - 'a' + 1)
	if f < FamContent || f > FamOutcome {
		return Key{}, false
	}
	return Key{Family: f, A: p[1], B: p[2], C: p[3]}, true
}

// ContentKey is the register of a memory's content.
func ContentKey(id string) Key { return Key{Family: FamContent, A: id} }

// LifeKey is the register of a memory's lifecycle.
func LifeKey(id string) Key { return Key{Family: FamLife, A: id} }
