package replicate

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// inStep watches which members have all that this node has, so that the end of
// catching up is told once. Only the loop touches it.
type inStep struct {
	since map[memory.Node]time.Time // when it fell out of step; zero: it is in step
	next  time.Time                 // look no earlier
}

// lookEvery bounds what looking costs while ops come.
const lookEvery = time.Second

func newInStep(members []memory.Node, now time.Time) inStep {
	s := inStep{since: map[memory.Node]time.Time{}}
	for _, m := range members {
		s.since[m] = now
	}
	return s
}

// look returns the members that have caught up since the last time.
func (s *inStep) look(list []core.Status, now time.Time) (caught []memory.Node) {
	for _, m := range list {
		away := m.State == core.BackingOff || m.State == core.Halted
		switch fell, known := s.since[m.Member]; {
		case away && (!known || fell.IsZero()):
			s.since[m.Member] = now
		case !away && (!known || !fell.IsZero()) && m.Owed == 0 && m.EqualAt.After(fell):
			s.since[m.Member] = time.Time{}
			caught = append(caught, m.Member)
		}
	}
	return caught
}

// report logs which members have caught up.
func (s *inStep) report(ctx context.Context, r *Replicator) {
	now := time.Now()
	if now.Before(s.next) {
		return
	}
	s.next = now.Add(lookEvery)
	r.mu.Lock()
	list := r.core.Status()
	r.mu.Unlock()
	for _, m := range s.look(list, now) {
		r.log.InfoContext(ctx, "member and this node have all of each other", "member", m)
	}
}
