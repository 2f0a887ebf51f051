package replicate

import (
	"context"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// partial watches writes that have their quorum until every member has them, or
// until their deadline. Only the loop touches it.
type partial struct {
	queue  []watched
	warned map[string]time.Time // by set of missing members
}

type watched struct {
	dot      memory.Dot
	kind     memory.Kind
	w        int
	deadline time.Time
}

const (
	warnEvery = time.Minute // about the same set of members
	maxWarned = 256         // sets remembered
)

func newPartial() partial { return partial{warned: map[string]time.Time{}} }

func (p *partial) add(own []memory.OwnEntry, deadline time.Time) {
	for _, e := range own {
		if t, ok := e.Tag.(*Ticket); ok {
			p.queue = append(p.queue, watched{dot: e.Dot, kind: e.Kind, w: t.w, deadline: deadline})
		}
	}
}

func (p *partial) due() (time.Time, bool) {
	if len(p.queue) == 0 {
		return time.Time{}, false
	}
	return p.queue[0].deadline, true
}

// reportPartial reports the writes whose deadline has passed, that have W
// votes, and that some members still lack.
func (r *Replicator) reportPartial(ctx context.Context) {
	now := time.Now()
	p := &r.partial
	for len(p.queue) > 0 && !now.Before(p.queue[0].deadline) {
		e := p.queue[0]
		p.queue = p.queue[1:]
		r.mu.Lock()
		missing, n := r.core.Missing(e.dot), r.core.N()
		r.mu.Unlock()
		if len(missing) == 0 || n-len(missing) < e.w {
			continue
		}
		r.Counters.partialKinds[e.kind].Add(1)
		if r.cfg.OnPartial != nil {
			r.cfg.OnPartial(e.kind, e.dot, missing)
		}
		if p.warn(fmt.Sprint(missing), now) {
			r.log.WarnContext(ctx, "write has its quorum, but members are missing",
				"kind", e.kind, "dot", e.dot, "w", e.w, "missing", missing)
		}
	}
	if len(p.queue) == 0 {
		p.queue = nil
	}
}

// warn reports whether it is time for a warning about a set of members.
func (p *partial) warn(set string, now time.Time) bool {
	if last, ok := p.warned[set]; ok && now.Sub(last) < warnEvery {
		return false
	}
	if len(p.warned) >= maxWarned {
		clear(p.warned)
	}
	p.warned[set] = now
	return true
}
