package receive

import (
	"context"
	"errors"
	"time"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// Apply takes in a push of a peer that has proved to be it, in the order of the
// lanes, and says what became of it. When it returns without an error, what it has
// not skipped is fsynced here. Errors are the store's: the push may come again.
func (r *Receiver) Apply(ctx context.Context, peer *config.Peer, push *wire.Push, marks ...memory.NewOp) (*wire.Reply, error) {
	return r.apply(ctx, peer, push, 0, marks)
}

// Shown takes in rows that a peer shows, asked at an instant: these it has then, while
// those of a push it had when that was made. Errors are the store's.
func (r *Receiver) Shown(ctx context.Context, peer *config.Peer, asked time.Time, rows []wire.Memory) error {
	_, err := r.apply(ctx, peer, &wire.Push{Sender: peer.Name, Memories: rows}, memory.MakeStamp(asked), nil)
	return err
}

func (r *Receiver) apply(ctx context.Context, peer *config.Peer, push *wire.Push, shown memory.Stamp, marks []memory.NewOp) (*wire.Reply, error) {
	p := &plan{
		shown: shown,
		peer:  peer, state: r.state, clock: clock{r.cfg.Now, r.cfg.Lead}, log: r.log, quota: r.quotaOf(peer), vectors: vectors(push.Embeddings),
		reply: &wire.Reply{DryRun: push.DryRun, ReceiverAgent: string(r.cfg.Node)},
	}
	if push.DryRun {
		for _, l := range wire.Lanes() {
			p.reply.Noop += push.Items(l)
		}
		p.reply.ReceiverClock = r.heard(push.Sender, newest(p.clock, push))
		return p.reply, nil
	}
	if err := r.own(ctx, marks); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return p.memories(ctx, push.Memories) },
		func(ctx context.Context) error { return p.deletions(ctx, push.Deletions) },
		func(ctx context.Context) error { return p.archives(ctx, push.Archives) },
		func(ctx context.Context) error { return p.restores(ctx, push.Restores) },
		func(ctx context.Context) error { return p.links(ctx, push.Links) },
		func(ctx context.Context) error { return p.pendings(ctx, push.Pendings) },
		func(ctx context.Context) error { return p.decisions(ctx, push.Decisions) },
		func(ctx context.Context) error { return p.standards(ctx, push.Standards) },
		func(ctx context.Context) error { return p.clears(ctx, push.Clears) },
	} {
		err := step(ctx)
		over, full := errors.AsType[*quotaError](err)
		if err != nil && !full {
			return nil, err
		}
		if err := r.commit(ctx, p); err != nil {
			return nil, err
		}
		if full {
			over.applied = p.reply.Applied
			return nil, over
		}
	}
	for _, s := range p.stale {
		r.Counters.Undone.Add(1)
		r.cfg.Stale(s)
	}
	if p.ahead {
		r.cfg.Ahead()
	}
	for _, id := range p.decided {
		r.cfg.Voted(ctx, id)
	}
	p.reply.ReceiverClock = r.heard(push.Sender, p.newest)
	r.count(p.reply)
	return p.reply, nil
}

// commit hands what is planned to the door.
func (r *Receiver) commit(ctx context.Context, p *plan) error {
	if len(p.ops) == 0 {
		return nil
	}
	done, err := r.door.AcceptForeign(ctx, intake.Foreign{Actor: p.peer.Actor(), Open: p.peer.Allows, Told: r.cfg.Told}, p.ops)
	if err != nil {
		return err
	}
	p.settle(done.Refused)
	return nil
}

// own logs what this node does of its own accord.
func (r *Receiver) own(ctx context.Context, ops []memory.NewOp) error {
	if len(ops) == 0 {
		return nil
	}
	everywhere := func(string) bool { return true }
	_, err := r.door.AcceptForeign(ctx, intake.Foreign{Actor: memory.AgentID(r.cfg.Node), Open: everywhere, Told: r.cfg.Told}, ops)
	return err
}

// vectors are the usable embeddings of a push, by memory.
func vectors(list []wire.Embedding) map[string]*memory.Embedding {
	out := map[string]*memory.Embedding{}
	for _, e := range list {
		if e.Dim != len(e.Vector) {
			continue
		}
		v := &memory.Embedding{Model: e.Model}
		for _, f := range e.Vector {
			v.Vector = append(v.Vector, float32(f))
		}
		out[e.MemoryID] = v
	}
	return out
}

func newest(c clock, push *wire.Push) string {
	var at string
	for i := range push.Memories {
		at = c.later(at, push.Memories[i].UpdatedAt)
	}
	return at
}
