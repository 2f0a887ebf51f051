package replicate

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// misses paces the warnings about writes that missed their quorum.
type misses struct {
	mu     sync.Mutex
	warned pace
	since  uint64 // that nobody was warned of
}

func newMisses() misses { return misses{warned: pace{}} }

// missed counts a write that too few members hold, and says who is missing and why.
func missed(ctx context.Context, r *Replicator, t Tally) *ShortError {
	r.Counters.MissedQuorum.Add(1)
	r.mu.Lock()
	absent := r.core.Absent(t.Dot)
	r.mu.Unlock()
	e := &ShortError{Tally: t, Needed: t.W, Reason: Timeout, Missing: absent}
	refused := !slices.ContainsFunc(absent, func(a core.Absent) bool { return a.Why != core.Refused })
	switch {
	case len(t.HeldBy) > 1:
	case refused:
		e.Reason = Refused
	default:
		e.Reason = Unreachable
	}
	names, whys := make([]memory.Node, len(absent)), make([]string, len(absent))
	for i, a := range absent {
		names[i], whys[i] = a.Member, fmt.Sprintf("%s: %s", a.Member, a.Why)
		if a.Err != nil {
			whys[i] += " (" + a.Err.Error() + ")"
		}
	}
	r.misses.mu.Lock()
	defer r.misses.mu.Unlock()
	if !r.misses.warned.due(fmt.Sprint(names), time.Now()) {
		r.misses.since++
		return e
	}
	r.log.WarnContext(ctx, "write missed its quorum; it is kept here, and owed",
		"dot", t.Dot, "w", t.W, "n", t.N, "held_by", t.HeldBy, "missing", whys, "more_since_last_warning", r.misses.since)
	r.misses.since = 0
	return e
}

// pace is when warnings were last given, by what they were about.
type pace map[string]time.Time

const (
	warnEvery = time.Minute // about the same set of members
	maxWarned = 256         // sets remembered
)

// due reports whether it is time for a warning, and notes that it is given.
func (p pace) due(about string, now time.Time) bool {
	if last, ok := p[about]; ok && now.Sub(last) < warnEvery {
		return false
	}
	if len(p) >= maxWarned {
		clear(p)
	}
	p[about] = now
	return true
}
