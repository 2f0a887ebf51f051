package memlog

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// Restart makes s what a store is after a start of its node: nothing may be
// numbered before [Store.Confirm] or [Store.NewIncarnation].
func (s *Store) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken, s.numbered = "", false
}

// Numbering implements replicate.Numbers.
func (s *Store) Numbering() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.numbered
}

// Lose makes of s what a store is after its machine has failed while entries were sent that
// were not durable.
func Lose(s *Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outrun = true
}

// Outrun implements replicate.Numbers.
func (s *Store) Outrun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outrun
}

// Confirm implements replicate.Numbers.
func (s *Store) Confirm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbered = s.numbered || !s.outrun
}

// NewIncarnation implements replicate.Numbers.
func (s *Store) NewIncarnation(_ context.Context, old memory.Dot) (memory.Origin, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old.Origin == s.origin && (old.Seq == 0 || old.Seq > s.log(s.origin).head) {
		s.incarnate()
	}
	return s.origin, nil
}

// incarnate does nothing in a run that has taken its origin itself.
func (s *Store) incarnate() {
	if s.origin == s.taken {
		return
	}
	s.origin = memory.MakeOrigin(s.node, s.lib.incarnation())
	s.taken, s.numbered, s.outrun = s.origin, true, false
}

// claim hears that somebody has d. If that is of this node's origin, and not in its
// log, the node takes a new incarnation; or, in a run that has done so already, it
// reports that the op is forged.
func (s *Store) claim(d memory.Dot) (forged bool) {
	if d.Origin == s.origin && d.Seq > s.log(s.origin).head {
		s.incarnate()
	}
	return d.Origin == s.origin && d.Seq > s.log(s.origin).head
}
