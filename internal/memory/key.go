package memory

import (
	"fmt"
	"slices"
	"strings"
)

// Family is a kind of register. The values are persisted: never renumber them.
type Family uint8

// The families of a memory's own registers. Each other stands in the file of the op
// that writes it, and all of them in the list of kinds.
const (
	FamContent Family = 1 // A = memory id
	FamLife    Family = 2 // A = memory id
)

// families yields all families, in the order of the kinds that write them.
func families(yield func(familyRow) bool) {
	for row := range kindTable {
		for _, f := range row.writes {
			if f.family != 0 && !yield(f) {
				return
			}
		}
	}
}

// Families lists all families, in order.
func Families() []Family {
	var fs []Family
	for f := range families {
		fs = append(fs, f.family)
	}
	slices.Sort(fs)
	return fs
}

// String names f as the API does.
func (f Family) String() string {
	for row := range families {
		if row.family == f {
			return row.name
		}
	}
	return fmt.Sprintf("family %d", uint8(f))
}

func (f Family) known() bool {
	for row := range families {
		if row.family == f {
			return true
		}
	}
	return false
}

// OfMemory reports whether f is a register of the memory itself, in which it has a
// history or a life. All others are alike: what was written last is what there is.
func (f Family) OfMemory() bool { return f == FamContent || f == FamLife }

// Key names one register.
type Key struct {
	Family  Family
	A, B, C string
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
	if !f.known() {
		return Key{}, false
	}
	return Key{Family: f, A: p[1], B: p[2], C: p[3]}, true
}

// Name names k for people: its family and its parts, "link SOURCE TARGET
// RELATION". No part holds a space.
func (k Key) Name() string {
	return strings.TrimRight(strings.Join([]string{k.Family.String(), k.A, k.B, k.C}, " "), " ")
}

// ContentKey is the register of a memory's content.
func ContentKey(id string) Key { return Key{Family: FamContent, A: id} }

// LifeKey is the register of a memory's lifecycle.
func LifeKey(id string) Key { return Key{Family: FamLife, A: id} }
