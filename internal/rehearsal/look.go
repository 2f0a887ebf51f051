package rehearsal

import (
	"context"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
)

// answering is how long a node has to say how it stands.
const answering = 2 * time.Second

// look asks all nodes how they stand.
func (p *play) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	now := make([]client.RehearsalNode, len(p.actors))
	var all sync.WaitGroup
	for i, a := range p.actors {
		all.Go(func() {
			now[i] = client.RehearsalNode{Name: a.Name, URL: a.URL(), Written: p.writtenBy(a), Members: []client.RehearsalLink{}}
			s, err := a.c.Status(ctx)
			if err != nil {
				now[i].Error = err.Error()
				return
			}
			now[i].Digest, now[i].Live, now[i].Conflicts, now[i].W, now[i].N = s.Digest, s.Counts.Live, s.Counts.Conflicts, s.W, s.N
			for _, m := range s.Members {
				now[i].Members = append(now[i].Members, client.RehearsalLink{Name: m.Name, State: m.State, Owed: m.Owed})
			}
		})
	}
	all.Wait()
	if ctx.Err() == nil {
		p.see(now)
	}
}

func (p *play) writtenBy(a *actor) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return a.written
}

// see goes by how the nodes stand, and notes when they come apart and meet.
func (p *play) see(now []client.RehearsalNode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	equal := true
	for _, n := range now {
		equal = equal && n.Error == "" && n.Digest == now[0].Digest
	}
	if equal != p.equal || p.nodes == nil {
		what := "apart"
		if equal {
			what = "equal"
		}
		at := time.Now()
		p.add(client.RehearsalNote{At: client.TimeOf(at.UTC()), What: what, AfterMS: at.Sub(p.since).Milliseconds()})
	}
	p.equal, p.nodes = equal, now
}
