package feed

import (
	"context"
	"maps"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Changed returns a channel that is closed at the next commit, of whatever
// origin. Take a new one each time.
func (b *Book) Changed() <-chan struct{} { return b.core.Changed() }

// Events returns what was applied here after a local sequence number, in order.
func (b *Book) Events(ctx context.Context, after uint64, limit int) ([]memory.Event, error) {
	return b.shared.read(ctx, after, limit, b.store.Events)
}

// Committed is the book's part of the store's commit hook. It does not block, and comes
// before anybody is told by [Book.Changed].
func (b *Book) Committed() { b.shared.committed() }

// Notice returns an event as the subscription rec, which says sub, is told of
// it: nil if it does not want it, or its owner may not know of it.
func (b *Book) Notice(ctx context.Context, rec *memory.Record, sub *memory.Subscription, ev memory.Event) (*memory.Notice, error) {
	entry := ev.Entry
	name, err := b.eventName(ctx, entry)
	if err != nil || name == "" || !sub.Wants(name, entry.Actor) {
		return nil, err
	}
	viewer := rec.Access().Owner
	if viewer == "" {
		viewer = memory.Anonymous
	}
	s, err := b.core.Sight(ctx, viewer, entry)
	if err != nil || !s.Seen || s.Namespace == memory.SubscriptionNamespace || s.Namespace != "" && !sub.Covers(s.Namespace) {
		return nil, err
	}
	n := &memory.Notice{
		Event: name, Namespace: s.Namespace, Agent: entry.Actor, CorrelationID: memory.CorrelationID(rec.ID, entry.Dot),
		Details: details(entry, s), LSN: ev.LSN, Dot: entry.Dot, Kind: entry.Op.Kind().String(), At: entry.Stamp.Instant(),
	}
	switch {
	case s.Proposal != nil && s.Proposal.Action != nil:
		n.MemoryID = s.Proposal.Action.About().Main()
	case len(s.About.Memories) > 0:
		n.MemoryID = s.About.Memories[0].ID
	}
	return n, nil
}

// eventName is what an entry is called, "" for one that nobody can be told of.
// An edit that makes a memory last is a promotion.
func (b *Book) eventName(ctx context.Context, entry *memory.Entry) (string, error) {
	if entry.Op == nil {
		return "", nil
	}
	name := entry.Op.About().Event
	m, has := entry.Content()
	if name != memory.EventUpdate || !has || m.Tier != memory.Long || len(entry.Prev) == 0 {
		return name, nil
	}
	before, err := b.store.Entry(ctx, entry.Prev[0])
	if err != nil {
		return name, memory.Unread(ctx, entry.Prev[0].String(), err)
	}
	if m, has := before.Content(); has && m.Tier != memory.Long {
		return memory.EventPromote, nil
	}
	return name, nil
}

// details is what a subscriber is told of an entry beside what it is about. It
// takes from the entry only what the sight of it leaves.
func details(entry *memory.Entry, s engine.Sight) map[string]any {
	d := map[string]any{}
	if m, has := entry.Content(); has {
		d["title"], d["tier"], d["version"] = m.Title, m.Tier, m.Version
		if len(m.Tags) > 0 {
			d["tags"] = m.Tags
		}
	}
	sources := []string{}
	for _, r := range s.About.Memories {
		switch r.Role {
		case memory.RolePart:
			sources = append(sources, r.ID)
		case memory.RoleSource:
			d["source_id"] = r.ID
		case memory.RoleTarget:
			d["target_id"] = r.ID
		case memory.RoleLife:
			if r.Reason != "" {
				d["reason"] = r.Reason
			}
		case memory.RoleContent, memory.RoleStandard, memory.RoleFound:
		}
	}
	if p := s.Proposal; p != nil {
		clear(d)
		d["pending_id"], d["requested_by"] = p.ID, p.Requester
		if p.Action != nil {
			d["action"] = p.Action.Kind().String()
		}
	}
	if op, is := entry.Op.(interface{ Details() map[string]any }); is {
		maps.Copy(d, op.Details())
	}
	if entry.Op.Kind() == memory.KindConsolidate {
		d["sources"] = sources
	}
	if len(d) == 0 {
		return nil
	}
	return d
}

// Replayed is a part of the events of a subscription.
type Replayed struct {
	Events []memory.Notice
	// Next is the local sequence number behind which to go on; 0 at the end.
	Next uint64
}

const (
	replayBatch = 256
	// maxReplayed bounds how many events of the log one Replay looks at.
	maxReplayed = 20_000
)

// Replay returns the events of a subscription of the agent from an instant on,
// as this node applied them, behind the local sequence number after. Any node
// can do so: it reads the log.
func (b *Book) Replay(ctx context.Context, agent memory.AgentID, id string, since memory.Instant, after uint64, limit int) (Replayed, error) {
	rec, sub, err := b.subscription(ctx, agent, id)
	if err != nil {
		return Replayed{}, err
	}
	if after == 0 {
		if after, err = b.store.LSNBefore(ctx, since); err != nil {
			return Replayed{}, err
		}
	}
	limit = min(max(limit, 1), engine.MaxPage)
	out := Replayed{Events: []memory.Notice{}}
	for range maxReplayed / replayBatch {
		evs, err := b.store.Events(ctx, after, replayBatch)
		if err != nil {
			return Replayed{}, err
		}
		for _, ev := range evs {
			if len(out.Events) == limit {
				out.Next = after
				return out, nil
			}
			after = ev.LSN
			if err := b.replayed(ctx, &out, rec, sub, since, ev); err != nil {
				return Replayed{}, err
			}
		}
		if len(evs) < replayBatch {
			return out, nil
		}
	}
	out.Next = after
	return out, nil
}

// replayed adds an event to out, if it is one of the subscription since then.
func (b *Book) replayed(ctx context.Context, out *Replayed, rec *memory.Record, sub *memory.Subscription, since memory.Instant, ev memory.Event) error {
	if ev.Entry.Stamp.Instant() < since {
		return nil
	}
	n, err := b.Notice(ctx, rec, sub, ev)
	if n != nil {
		out.Events = append(out.Events, *n)
	}
	return err
}
