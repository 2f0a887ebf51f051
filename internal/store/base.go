package store

import (
	"sync"
	"sync/atomic"

	"github.com/tallystick/tallystick/internal/memory"
)

// base is what all parts of a store share.
type base struct {
	cfg     Config
	dialect *dialect
	view    atomic.Pointer[memory.View]
	current atomic.Pointer[memory.Origin]
	names   sync.Map // origins.id → memory.Origin
	ids     sync.Map // and back; after a rollback there may be more

	numbering numbering
	boot      boot
	damage    damage
	room      room
	absent    *absence
	census    *census
	births    births
	cache     *cache
}

// View returns the durable reading of this node. The caller must not change it.
func (s *base) View() memory.View { return *s.view.Load() }

// Origin returns the current incarnation of this node.
func (s *base) Origin() memory.Origin { return *s.current.Load() }

func (s *base) now() memory.Instant { return memory.InstantOf(s.cfg.Clock.Wall()) }

// nameOrigin notes the name of an origins.id.
func (s *base) nameOrigin(id int64, name memory.Origin) {
	s.names.Store(id, name)
	s.ids.Store(name, id)
}

// originID returns the origins.id of a name. It is not asked of the row: where that is
// garbled the entries are there all the same.
func (s *base) originID(name memory.Origin) (id int64, found bool) {
	if v, ok := s.ids.Load(name); ok {
		id = v.(int64)
	}
	return id, id != 0 && s.originName(id) == name
}

// originName returns the name of an origins.id, which never changes.
func (s *base) originName(id int64) memory.Origin {
	if v, ok := s.names.Load(id); ok {
		return v.(memory.Origin)
	}
	return ""
}

// ref points from a register to the entry that holds it.
type ref struct{ lsn, stamp, origin, seq int64 }

// columns are its values, in the order in which tables have them.
func (r ref) columns() []any { return []any{r.lsn, r.stamp, r.origin, r.seq} }

func (s *base) version(r ref, final bool) memory.Version {
	if r.lsn == 0 {
		return memory.Version{}
	}
	return memory.Version{Final: final, Stamp: memory.Stamp(r.stamp), Dot: s.dot(r.origin, r.seq)}
}

func (s *base) dot(origin, seq int64) memory.Dot {
	return memory.Dot{Origin: s.originName(origin), Seq: uint64(seq)}
}
