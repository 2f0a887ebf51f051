package engine

import (
	"fmt"
	"slices"
)

// AnyVersion stands in a [Condition] for whichever version there is.
const AnyVersion = -1

// Condition is what a caller wants of the memory that a write is about, before
// it: the conditional requests of RFC 9110. The zero value wants nothing.
type Condition struct {
	Match []int64 // one of these versions must be there; nil: no matter. Empty is never so
	None  []int64 // none of these versions may be there
}

func (c *Condition) isZero() bool { return c.Match == nil && c.None == nil }

// holds reports whether a memory at version, 0 for none, is as c wants.
func (c *Condition) holds(version int64) bool {
	is := func(list []int64) bool {
		return version != 0 && (slices.Contains(list, version) || slices.Contains(list, AnyVersion))
	}
	return (c.Match == nil || is(c.Match)) && !is(c.None)
}

// ConditionError says that a memory is not as a [Condition] wants it.
type ConditionError struct {
	ID      string
	Current int64 // its version; 0: there is no such memory
	Wanted  int64 // the version that was asked for, where it was a single one; else 0
}

func (e *ConditionError) Error() string {
	switch {
	case e.Current == 0:
		return "the memory that the condition is about is not there"
	case e.Wanted != 0:
		return fmt.Sprintf("memory %s is at version %d, not %d", e.ID, e.Current, e.Wanted)
	}
	return fmt.Sprintf("memory %s is at version %d, which the condition rules out", e.ID, e.Current)
}
