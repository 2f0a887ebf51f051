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
	warned pace // by set of missing members
}

type watched struct {
	dot      memory.Dot
	kind     memory.Kind
	w        int
	deadline time.Time
}

func newPartial() partial { return partial{warned: pace{}} }

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
		absent, n := r.core.Absent(e.dot), r.core.N()
		r.mu.Unlock()
		missing := make([]memory.Node, len(absent))
		for i, a := range absent {
			missing[i] = a.Member
		}
		if len(missing) == 0 || n-len(missing) < e.w {
			continue
		}
		r.Counters.partialKinds[e.kind].Add(1)
		if r.cfg.OnPartial != nil {
			r.cfg.OnPartial(e.kind, e.dot, missing)
		}
		// A W of 1 says that members may be away.
		if e.w > 1 && p.warned.due(fmt.Sprint(missing), now) {
			r.log.WarnContext(ctx, "write has its quorum, but members are missing",
				"kind", e.kind, "dot", e.dot, "w", e.w, "missing", missing)
		}
	}
	if len(p.queue) == 0 {
		p.queue = nil
	}
}
