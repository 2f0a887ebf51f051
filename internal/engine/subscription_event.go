package engine

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// happening is an entry on its way to become a notice.
type happening struct {
	id        string // of the memory or the proposal it is about
	namespace string
	seen      bool // the subscriber may know of it
	anywhere  bool // nothing is left to tell its namespace by
	details   map[string]any
}

// Notice returns an event as the subscription rec, which says sub, is told of
// it: nil if it does not want it, or its owner may not know of it.
func (e *Engine) Notice(ctx context.Context, rec *memory.Record, sub *memory.Subscription, ev memory.Event) (*memory.Notice, error) {
	entry := ev.Entry
	name, err := e.eventName(ctx, entry)
	if err != nil || name == "" || !sub.Wants(name, entry.Actor) {
		return nil, err
	}
	viewer := rec.Access().Owner
	if viewer == "" {
		viewer = memory.Anonymous
	}
	h, err := e.happened(ctx, viewer, entry)
	if err != nil || !h.seen || h.namespace == memory.SubscriptionNamespace || !h.anywhere && !sub.Covers(h.namespace) {
		return nil, err
	}
	return &memory.Notice{
		Event: name, MemoryID: h.id, Namespace: h.namespace, Agent: entry.Actor, CorrelationID: memory.CorrelationID(rec.ID, entry.Dot),
		Details: h.details, LSN: ev.LSN, Dot: entry.Dot, Kind: entry.Op.Kind().String(), At: entry.Stamp.Instant(),
	}, nil
}

// eventName is what an entry is called, "" for one that nobody can be told of.
func (e *Engine) eventName(ctx context.Context, entry *memory.Entry) (string, error) {
	switch op := entry.Op.(type) {
	case *memory.Put:
		return e.putName(ctx, entry, op)
	case *memory.Delete, *memory.Erase:
		return memory.EventDelete, nil
	case *memory.Archive:
		return memory.EventArchive, nil
	case *memory.Restore:
		return memory.EventRestore, nil
	case *memory.Consolidate:
		return memory.EventConsolidated, nil
	case *memory.Link:
		if op.ValidUntil != 0 {
			return memory.EventLinkInvalidated, nil
		}
		return memory.EventLinkCreated, nil
	case *memory.Unlink:
		return memory.EventLinkDeleted, nil
	}
	return map[memory.Kind]string{
		memory.KindPropose: memory.EventAskApproval, memory.KindDecide: memory.EventVoted, memory.KindResolve: memory.EventDecided,
		memory.KindSetStandard: memory.EventStandardSet, memory.KindClearStandard: memory.EventStandardCleared,
	}[kindOf(entry)], nil
}

func kindOf(entry *memory.Entry) memory.Kind {
	if entry.Op == nil {
		return 0
	}
	return entry.Op.Kind()
}

// putName tells creations, edits and promotions apart.
func (e *Engine) putName(ctx context.Context, entry *memory.Entry, op *memory.Put) (string, error) {
	switch {
	case op.Create:
		return memory.EventStore, nil
	case op.Memory.Tier != memory.Long || len(entry.Prev) == 0:
		return memory.EventUpdate, nil
	}
	before, err := e.store.Entry(ctx, entry.Prev[0])
	if errors.Is(err, memory.ErrNotFound) {
		return memory.EventUpdate, nil
	}
	if err != nil {
		return "", err
	}
	if m, has := before.Content(); has && m.Tier != memory.Long {
		return memory.EventPromote, nil
	}
	return memory.EventUpdate, nil
}

// happened says what an entry is about, and whether viewer may know of it.
func (e *Engine) happened(ctx context.Context, viewer memory.AgentID, entry *memory.Entry) (happening, error) {
	switch op := entry.Op.(type) {
	case *memory.Put, *memory.Consolidate:
		return e.wrote(ctx, viewer, entry)
	case *memory.Erase:
		// Nothing but the id is left, and whoever keeps a copy must hear of it.
		return happening{id: op.ID, seen: true, anywhere: true}, nil
	case *memory.Link:
		return e.linked(ctx, viewer, op.Source, op.Target, map[string]any{"relation": op.Relation})
	case *memory.Unlink:
		return e.linked(ctx, viewer, op.Source, op.Target, map[string]any{"relations": op.Relations})
	case *memory.Propose:
		return e.proposed(ctx, viewer, op.ID, nil)
	case *memory.Decide:
		return e.proposed(ctx, viewer, op.ID, map[string]any{"approved": op.Approve})
	case *memory.Resolve:
		return e.proposed(ctx, viewer, op.ID, map[string]any{"outcome": op.Outcome})
	case *memory.SetStandard:
		seen, err := e.MaySee(ctx, viewer, op.StandardID)
		return happening{id: op.StandardID, namespace: op.Namespace, seen: seen}, err
	case *memory.ClearStandard:
		return happening{namespace: op.Namespace, seen: true}, nil
	case *memory.Archive:
		h, err := e.touched(ctx, viewer, op.ID)
		h.details = map[string]any{"reason": op.Reason}
		return h, err
	}
	return e.touched(ctx, viewer, memoryOf(entry.Op))
}

// wrote is what became of the content of a memory.
func (e *Engine) wrote(ctx context.Context, viewer memory.AgentID, entry *memory.Entry) (happening, error) {
	m, has := entry.Content()
	if !has {
		return e.touched(ctx, viewer, memoryOf(entry.Op))
	}
	h := happening{id: m.ID, namespace: m.Namespace, seen: m.Access().VisibleTo(viewer), details: map[string]any{
		"title": m.Title, "tier": m.Tier, "version": m.Version,
	}}
	if len(m.Tags) > 0 {
		h.details["tags"] = m.Tags
	}
	op, is := entry.Op.(*memory.Consolidate)
	if !is || !h.seen {
		return h, nil
	}
	sources := []string{}
	for _, s := range op.Sources {
		seen, err := e.MaySee(ctx, viewer, s.ID)
		if err != nil {
			return h, err
		}
		if seen {
			sources = append(sources, s.ID)
		}
	}
	h.details["sources"] = sources
	return h, nil
}

// touched is what became of a memory otherwise.
func (e *Engine) touched(ctx context.Context, viewer memory.AgentID, id string) (happening, error) {
	rec, err := e.store.Record(ctx, id)
	if errors.Is(err, memory.ErrNotFound) {
		return happening{}, nil
	}
	if err != nil {
		return happening{}, err
	}
	return happening{id: id, namespace: rec.Namespace, seen: rec.Access().VisibleTo(viewer)}, nil
}

func (e *Engine) linked(ctx context.Context, viewer memory.AgentID, source, target string, details map[string]any) (happening, error) {
	h, err := e.touched(ctx, viewer, source)
	if err != nil || !h.seen {
		return h, err
	}
	details["source_id"], details["target_id"] = source, target
	h.details = details
	h.seen, err = e.MaySee(ctx, viewer, target)
	return h, err
}

// proposed is what became of a proposal.
func (e *Engine) proposed(ctx context.Context, viewer memory.AgentID, id string, details map[string]any) (happening, error) {
	p, err := e.Pending(ctx, viewer, id)
	if errors.Is(err, memory.ErrNotFound) {
		return happening{}, nil
	}
	if err != nil {
		return happening{}, err
	}
	if details == nil {
		details = map[string]any{}
	}
	details["pending_id"], details["requested_by"] = id, p.Requester
	h := happening{namespace: p.Namespace, seen: true, details: details}
	if p.Action != nil {
		details["action"] = p.Action.Kind().String()
		h.id = memoryOf(p.Action)
	}
	return h, nil
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
func (e *Engine) Replay(ctx context.Context, agent memory.AgentID, id string, since memory.Instant, after uint64, limit int) (Replayed, error) {
	rec, sub, err := e.subscription(ctx, agent, id)
	if err != nil {
		return Replayed{}, err
	}
	if after == 0 {
		if after, err = e.store.LSNBefore(ctx, since); err != nil {
			return Replayed{}, err
		}
	}
	limit = min(max(limit, 1), maxPage)
	out := Replayed{Events: []memory.Notice{}}
	for range maxReplayed / replayBatch {
		evs, err := e.store.Events(ctx, after, replayBatch)
		if err != nil {
			return Replayed{}, err
		}
		for _, ev := range evs {
			if len(out.Events) == limit {
				out.Next = after
				return out, nil
			}
			after = ev.LSN
			if err := e.replayed(ctx, &out, rec, sub, since, ev); err != nil {
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
func (e *Engine) replayed(ctx context.Context, out *Replayed, rec *memory.Record, sub *memory.Subscription, since memory.Instant, ev memory.Event) error {
	if ev.Entry.Stamp.Instant() < since {
		return nil
	}
	n, err := e.Notice(ctx, rec, sub, ev)
	if n != nil {
		out.Events = append(out.Events, *n)
	}
	return err
}
