package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// ErrTooMany says that no more subscriptions are taken.
var ErrTooMany = errors.New("too many subscriptions")

const (
	maxSubscriptions     = 1000 // live ones of a federation
	maxSubscriptionsEach = 100  // of one agent
)

// Subscribed is a subscription as its owner sees it. It never has the key.
type Subscribed struct {
	Record  memory.Record
	Asks    memory.Subscription
	Invalid string // why it is not one, "" if it is
	Home    memory.Node
	Here    bool // this node is the home
	// Delivery is how far this node has got; nil if it has not begun.
	Delivery *memory.Delivery
}

// Subscribe makes a subscription of the caller. It is delivered by this node
// from then on: what is applied here after it.
func (b *Book) Subscribe(ctx context.Context, c engine.Caller, s memory.Subscription) (engine.Outcome, error) {
	c = c.Named()
	if out, again, err := engine.Again(ctx, b.core, c); again || err != nil {
		return out, err
	}
	s.CreatedBy, s.Redelivery, s.Within = c.Agent, nil, engine.BoundsOf(ctx).Within
	if err := s.Validate(); err != nil {
		return engine.Outcome{}, err
	}
	if s.URL != "" && b.check != nil {
		if err := b.check(s.URL); err != nil {
			return engine.Outcome{}, err
		}
	}
	if err := b.roomFor(ctx, c.Agent); err != nil {
		return engine.Outcome{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("new id: %w", err)
	}
	m := memory.Memory{
		ID: id.String(), Tier: memory.Long, Namespace: memory.SubscriptionNamespace, Title: "subscription " + id.String(),
	}
	if m.Content, err = contentOf(&s); err != nil {
		return engine.Outcome{}, err
	}
	return b.records.CreateReserved(ctx, c, records.Draft{Memory: m})
}

// roomFor says whether agent may have one more subscription. What is kept beside
// them and is none does not count.
func (b *Book) roomFor(ctx context.Context, agent memory.AgentID) error {
	subs, err := b.store.Subscribers(ctx)
	if err != nil {
		return err
	}
	all, own := 0, 0
	for i := range subs {
		if _, err := memory.SubscriptionOf(subs[i].Memory); err != nil {
			continue
		}
		all++
		if owns(agent, &subs[i].Record) {
			own++
		}
	}
	switch {
	case own >= maxSubscriptionsEach:
		return fmt.Errorf("agent %s has %d subscriptions: %w", agent, own, ErrTooMany)
	case all >= maxSubscriptions:
		return fmt.Errorf("there are %d subscriptions: %w", all, ErrTooMany)
	}
	return nil
}

func contentOf(s *memory.Subscription) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// Subscriptions lists the subscriptions of an agent, by id.
func (b *Book) Subscriptions(ctx context.Context, agent memory.AgentID) ([]Subscribed, error) {
	all, err := b.store.Subscribers(ctx)
	if err != nil {
		return nil, err
	}
	deliveries, err := b.store.Deliveries(ctx)
	if err != nil {
		return nil, err
	}
	var out []Subscribed
	for i := range all {
		if !owns(agent, &all[i].Record) {
			continue
		}
		s := Subscribed{Record: all[i].Record, Home: all[i].Home()}
		s.Here = s.Home == b.core.Node()
		if sub, err := memory.SubscriptionOf(s.Record.Memory); err != nil {
			s.Invalid = err.Error()
		} else {
			s.Asks = *sub
			s.Asks.Key = ""
		}
		if d, ok := deliveries[s.Record.ID]; ok && s.Here && d.Born == all[i].Born {
			s.Delivery = &d
		}
		out = append(out, s)
	}
	return out, nil
}

// owns reports whether a record is the agent's: one without an owner is every agent's.
func owns(agent memory.AgentID, rec *memory.Record) bool {
	owner := rec.Access().Owner
	return owner == agent || owner == "" && agent.Unowned()
}

// subscription returns a live subscription of the agent; anything else is
// [memory.ErrNotFound].
func (b *Book) subscription(ctx context.Context, agent memory.AgentID, id string) (*memory.Record, *memory.Subscription, error) {
	rec, err := b.core.Visible(ctx, agent, id, memory.Live)
	if err != nil {
		return nil, nil, err
	}
	if rec.Namespace != memory.SubscriptionNamespace || !owns(agent, rec) {
		return nil, nil, fmt.Errorf("subscription %.140s: %w", id, memory.ErrNotFound)
	}
	sub, err := memory.SubscriptionOf(rec.Memory)
	return rec, sub, err
}

// Unsubscribe ends a subscription. No delivery begins after it is known to its home.
func (b *Book) Unsubscribe(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error) {
	c = c.Named()
	if out, again, err := engine.Again(ctx, b.core, c); again || err != nil {
		return out, err
	}
	rec, err := b.store.Record(ctx, id)
	if err == nil && rec.Namespace != memory.SubscriptionNamespace {
		err = memory.ErrNotFound
	}
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("subscription %.140s: %w", id, err)
	}
	return b.records.Delete(ctx, c, id)
}

// Adopt makes this node the home of a subscription of the caller: it delivers
// what is applied here from then on. It is for when the home is gone.
func (b *Book) Adopt(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error) {
	c = c.Named()
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) {
		rec, sub, err := b.subscription(ctx, c.Agent, id)
		if err != nil {
			return nil, err
		}
		if rec.Home() == b.core.Node() {
			entry, err := b.store.Entry(ctx, rec.LifeAt.Dot)
			return &engine.Intent{Existing: entry}, err
		}
		// What the old home was asked for is not for the new one to repeat.
		sub.Redelivery = nil
		in, err := b.rewrite(rec, sub)
		if err != nil {
			return nil, err
		}
		// As a creation it also takes the lifecycle, whose origin is the home.
		in.Ops[0].Op.(*memory.Put).Create = true
		return in, nil
	})
}

// Redeliver asks the home of a subscription of the caller to deliver again, from
// whichever node.
func (b *Book) Redeliver(ctx context.Context, c engine.Caller, id string, r memory.Redelivery) (engine.Outcome, error) {
	c = c.Named()
	if r.Since == 0 && !r.DeadLetters {
		return engine.Outcome{}, fmt.Errorf("redeliver: want a time, or the dead letters: %w", memory.ErrInvalid)
	}
	fresh, err := uuid.NewV7()
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("new id: %w", err)
	}
	r.ID = fresh.String()
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) {
		rec, sub, err := b.subscription(ctx, c.Agent, id)
		if err != nil {
			return nil, err
		}
		if sub.URL == "" {
			return nil, fmt.Errorf("subscription %s has no url to deliver to: %w", id, memory.ErrInvalid)
		}
		ask := r
		if err := b.joinPending(ctx, rec, sub.Redelivery, &ask); err != nil {
			return nil, err
		}
		sub.Redelivery = &ask
		return b.rewrite(rec, sub)
	})
}

// joinPending adds to ask what was asked for before and is not carried out yet,
// as far as this node can tell, so that it is not forgotten for the new one.
func (b *Book) joinPending(ctx context.Context, rec *memory.Record, before, ask *memory.Redelivery) error {
	if before == nil || rec.Home() != b.core.Node() {
		return nil
	}
	done, err := b.store.Deliveries(ctx)
	if err != nil || done[rec.ID].Redelivery == before.ID {
		return err
	}
	ask.DeadLetters = ask.DeadLetters || before.DeadLetters
	if before.Since != 0 && (ask.Since == 0 || before.Since < ask.Since) {
		ask.Since = before.Since
	}
	return nil
}

// rewrite is the intent to make sub the content of rec.
func (b *Book) rewrite(rec *memory.Record, sub *memory.Subscription) (*engine.Intent, error) {
	m := rec.Memory
	var err error
	if m.Content, err = contentOf(sub); err != nil {
		return nil, err
	}
	m.Version = memory.NextVersion(m.Version)
	return records.Editing(rec, m, engine.Seen(rec)), nil
}

// DeadLetters returns what this node gave up for a subscription of the agent,
// oldest first, and the home of the subscription if that is another node.
func (b *Book) DeadLetters(ctx context.Context, agent memory.AgentID, id string, limit int) ([]memory.DeadLetter, memory.Node, error) {
	rec, _, err := b.subscription(ctx, agent, id)
	if err != nil {
		return nil, "", err
	}
	letters, err := b.store.DeadLetters(ctx, id, false, min(max(limit, 1), engine.MaxPage))
	if home := rec.Home(); home != b.core.Node() {
		return letters, home, err
	}
	return letters, "", err
}
