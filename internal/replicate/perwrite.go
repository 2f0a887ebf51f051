package replicate

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// perWrite is the control arm of the benchmark: one POST per entry and member,
// made at the commit, in place of the lanes. A reply that does not refuse the
// entry is a vote. It exists to be measured against.
type perWrite struct {
	r *Replicator

	mu    sync.Mutex
	votes map[memory.Dot]*tally
	owed  map[memory.Node][]memory.Dot // not taken yet, to be tried again
}

type tally struct {
	ticket *Ticket
	heldBy []memory.Node
}

func newPerWrite(r *Replicator) *perWrite {
	return &perWrite{r: r, votes: map[memory.Dot]*tally{}, owed: map[memory.Node][]memory.Dot{}}
}

// expect opens the poll on a write. This node holds it already.
func (p *perWrite) expect(t *Ticket) {
	p.mu.Lock()
	p.votes[t.dot] = &tally{ticket: t}
	p.mu.Unlock()
	p.vote(t.dot, p.r.cfg.Self)
}

func (p *perWrite) forget(t *Ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.votes, t.dot)
}

func (p *perWrite) vote(d memory.Dot, m memory.Node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.votes[d]
	if v == nil || slices.Contains(v.heldBy, m) {
		return
	}
	v.heldBy = append(v.heldBy, m)
	if len(v.heldBy) < v.ticket.w {
		return
	}
	slices.Sort(v.heldBy)
	delete(p.votes, d)
	p.r.tickets.resolve(v.ticket.id, Tally{Dot: d, W: v.ticket.w, N: len(p.r.cfg.Members) + 1, HeldBy: v.heldBy})
}

// addVotes adds what is known here to what the heads say.
func (p *perWrite) addVotes(t *Tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v := p.votes[t.Dot]; v != nil {
		t.HeldBy = append(t.HeldBy, v.heldBy...)
		slices.Sort(t.HeldBy)
		t.HeldBy = slices.Compact(t.HeldBy)
	}
}

// post sends each entry to each member, all at once.
func (p *perWrite) post(ctx context.Context, own []memory.OwnEntry) {
	for _, e := range own {
		for _, m := range p.r.cfg.Members {
			p.r.spawn(func() { p.deliver(ctx, m, e.Dot) })
		}
	}
}

func (p *perWrite) deliver(ctx context.Context, m memory.Node, d memory.Dot) {
	ctx, cancel := context.WithTimeout(ctx, p.r.cfg.CallTimeout)
	defer cancel()
	ops, _, err := p.r.store.Range(ctx, memory.Range{Origin: d.Origin, From: d.Seq, To: d.Seq}, 1, p.r.cfg.MaxBytes)
	var reply *memory.PushReply
	if err == nil {
		reply, err = p.r.send(ctx, m, ops)
	}
	if err != nil {
		p.mu.Lock()
		p.owed[m] = append(p.owed[m], d)
		p.mu.Unlock()
		return
	}
	p.r.box.hear(m, reply.View)
	if !slices.ContainsFunc(reply.Refused, func(no memory.Refusal) bool { return no.Dot == d }) {
		p.vote(d, m)
	}
}

// run tries again, every second, what a member has not taken.
func (p *perWrite) run(ctx context.Context) {
	var retries sync.WaitGroup
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
		for _, m := range p.r.cfg.Members {
			p.mu.Lock()
			again := p.owed[m]
			delete(p.owed, m)
			p.mu.Unlock()
			retries.Go(func() {
				for _, d := range again {
					p.deliver(ctx, m, d)
				}
			})
		}
		retries.Wait()
	}
}
