package memory

import "fmt"

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
	ops := []Op{e.Op}
	if p, ok := e.Op.(*Propose); ok {
		ops = append(ops, p.Action)
	}
	for _, op := range ops {
		for _, k := range op.Subjects() {
			if err := ValidID(k.A); err != nil {
				return err
			}
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
	h.Op = hollowOp(e.Op)
	if h.Op == nil {
		return nil, false
	}
	return &h, true
}

// hollowOp returns op without its content, or nil if it has none.
func hollowOp(op Op) Op {
	switch o := op.(type) {
	case *Put:
		return &Put{Memory: Memory{ID: o.Memory.ID}, Create: o.Create}
	case *Consolidate:
		return &Consolidate{Into: Memory{ID: o.Into.ID}, Sources: o.Sources}
	case *Propose:
		if action := hollowOp(o.Action); action != nil {
			p := *o
			p.Action = action
			return &p
		}
	}
	return nil
}

const maxPrev = 64

// Content returns the memory that e writes, if it writes one and still has it.
func (e *Entry) Content() (Memory, bool) {
	if !e.Hollow.IsZero() {
		return Memory{}, false
	}
	switch op := e.Op.(type) {
	case *Put:
		return op.Memory, true
	case *Consolidate:
		return op.Into, true
	}
	return Memory{}, false
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

// LifeOf returns what op says of the lifecycle of id, given that it has id's
// lifecycle among its subjects, and the reason of an archive.
func LifeOf(op Op, id string) (life Life, reason string) {
	switch o := op.(type) {
	case *Put, *Restore:
		return Live, ""
	case *Consolidate:
		if o.Into.ID == id {
			return Live, ""
		}
		return Archived, ReasonConsolidated
	case *Archive:
		return Archived, o.Reason
	case *Delete:
		return Deleted, ""
	case *Erase:
		return Erased, ""
	}
	return Unborn, ""
}

// ReasonExpired is the archive reason of a memory past its expiry.
const ReasonExpired = "ttl_expired"

// Expired is the predicate that archives a memory without any op: its expiry
// has passed, and its lifecycle was last written before that. A restore after
// the expiry therefore lasts.
func Expired(expires Instant, life Stamp, now Instant) bool {
	return expires != 0 && expires <= now && life.Instant() < expires
}
