package memory

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Entry is an op that a node has logged: the unit of merge and of replication.
// It never changes.
type Entry struct {
	Dot   Dot
	Stamp Stamp
	Actor AgentID
	// Prev are the content versions that this op has seen and replaces. What is
	// named by no other entry is concurrent with it: a conflict.
	Prev []Dot
	Op   Op
	// Hollow is set when the content of a superseded Put or Consolidate is gone, or
	// of one in a Propose: Op then holds what [Entry.Hollowed] leaves, and Hollow
	// names the entry that replaced it.
	Hollow Dot
	// Digest is SHA-256 of the canonical encoding of all the above, as the
	// origin logged it; a hollow entry keeps the digest of the full one.
	Digest Digest
}

// Version is the version that e writes to its subjects.
func (e *Entry) Version() Version {
	return Version{Final: e.Op.Kind() == KindErase, Stamp: e.Stamp, Dot: e.Dot}
}

// Validate says why no node would take e, or nil.
func (e *Entry) Validate() error {
	if err := e.Dot.Valid(); err != nil {
		return fmt.Errorf("entry: %w", err)
	}
	switch {
	case e.Op == nil:
		return fmt.Errorf("entry %s: no op: %w", e.Dot, ErrInvalid)
	case len(e.Prev) > maxPrev:
		return fmt.Errorf("entry %s: %d previous versions, limit %d: %w", e.Dot, len(e.Prev), maxPrev, ErrInvalid)
	}
	if err := e.Actor.Valid(); err != nil {
		return fmt.Errorf("entry %s: %w", e.Dot, err)
	}
	for _, d := range e.Prev {
		if err := d.Valid(); err != nil {
			return fmt.Errorf("entry %s: previous version: %w", e.Dot, err)
		}
	}
	check := e.Op.Validate
	if !e.Hollow.IsZero() {
		check = e.validateHollow
	}
	if err := check(); err != nil {
		return fmt.Errorf("entry %s: %w", e.Dot, err)
	}
	return nil
}

func (e *Entry) validateHollow() error {
	if err := e.Hollow.Valid(); err != nil {
		return err
	}
	if _, ok := e.Hollowed(e.Hollow); !ok {
		return fmt.Errorf("a %s has no hollow form: %w", e.Op.Kind(), ErrInvalid)
	}
	subjects := e.Op.Subjects()
	for _, r := range e.Op.About().Memories {
		subjects = append(subjects, ContentKey(r.ID))
	}
	for _, k := range subjects {
		if err := ValidID(k.A); err != nil {
			return err
		}
	}
	return nil
}

// Hollowed returns the hollow form of e, in which the content that the entry by
// replaced is gone, and whether there is one: only of what has content. A hollow
// entry comes back equal.
func (e *Entry) Hollowed(by Dot) (*Entry, bool) {
	h := *e
	h.Hollow = by
	h.Op = e.Op.hollow()
	if h.Op == nil {
		return nil, false
	}
	return &h, true
}

// Precedes decides between two entries under one dot, of a node whose directory
// was set back and that has numbered anew: every node keeps the one that was made
// first, and issues the other one again (see [Entry.Reissued]).
func (e *Entry) Precedes(other *Entry) bool {
	return cmp.Or(cmp.Compare(e.Stamp, other.Stamp), bytes.Compare(e.Digest[:], other.Digest[:])) < 0
}

// Reissued returns e as it is logged again under a dot of its own, because its
// dot belongs to another entry: what it wrote it writes again, a moment later, so
// that it takes the place of e where e was merged, and of nothing that came after. A
// hollow e stays so: see [Entry.Remnants].
func (e *Entry) Reissued(d Dot) *Entry {
	again := &Entry{Dot: d, Stamp: e.Stamp + 1, Actor: e.Actor, Prev: e.Prev, Op: e.Op, Hollow: e.Hollow}
	if len(e.Prev) < maxPrev {
		again.Prev = append(slices.Clone(e.Prev), e.Dot)
	}
	return again
}

const maxPrev = 64

// Content returns the memory that e writes, if it writes one and still has it.
func (e *Entry) Content() (Memory, bool) {
	if !e.Hollow.IsZero() {
		return Memory{}, false
	}
	if a := e.Op.About(); a.Content != nil && !a.Proposed {
		return *a.Content, true
	}
	return Memory{}, false
}

// Payload returns the id of the memory that e, or the action that it proposes, has
// content of; "" if there is none.
func (e *Entry) Payload() string {
	if !e.Hollow.IsZero() {
		return ""
	}
	if m := e.Op.About().Content; m != nil {
		return m.ID
	}
	return ""
}

// Life is where a memory stands.
type Life uint8

// The lifecycle of a memory. The values are persisted: never renumber them.
const (
	Unborn   Life = 0 // an edit arrived before the creation
	Live     Life = 1
	Archived Life = 2
	Deleted  Life = 3
	Erased   Life = 4
)

// String names l.
func (l Life) String() string {
	return [...]string{"unborn", "live", "archived", "deleted", "erased"}[min(l, Erased)]
}

// ReasonExpired is the archive reason of a memory past its expiry. No op archives it.
const ReasonExpired = "ttl_expired"

// stays reports whether an expiry means nothing any more: the lifecycle was written when
// it had passed, by a restore. That lasts. An expiry that was written with the lifecycle
// or behind it holds, however far the stamps are ahead of the clock that it is judged by.
func stays(expires Instant, content, life Stamp) bool {
	return life.Instant() >= expires && content < life
}
