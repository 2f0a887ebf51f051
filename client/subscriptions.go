package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// NewSubscription asks a node to post events to a URL.
type NewSubscription struct {
	URL string `json:"url,omitempty"`
	// Events are names such as memory_store; none is all of them.
	Events []string `json:"event_types,omitempty"`
	// Secret, at most 1024 bytes, is what receivers check signatures with; "" lets
	// the node make one up.
	Secret string `json:"secret,omitempty"`
	// Namespace takes events of one namespace, "name/**" also of all below; "" is any.
	Namespace string `json:"namespace_filter,omitempty"`
	Agent     string `json:"agent_filter,omitempty"` // only what this agent did; "" is anybody
}

// SubscriptionsAPI is who is told of events, and what they were told.
type SubscriptionsAPI struct{ c *Client }

// Subscriptions is who is told of events.
func (c *Client) Subscriptions() SubscriptionsAPI { return SubscriptionsAPI{c} }

// Add has events posted to a URL, by the node that is asked.
func (s SubscriptionsAPI) Add(ctx context.Context, n NewSubscription, with ...With) (*Subscribed, *Outcome, error) {
	made := &Subscribed{}
	out, err := write(ctx, s.c, call{method: http.MethodPost, path: "/subscriptions", body: n, with: one(with)}, made)
	return made, out, err
}

// List returns the agent's subscriptions.
func (s SubscriptionsAPI) List(ctx context.Context) ([]Subscription, error) {
	var b struct {
		Subscriptions []Subscription `json:"subscriptions"`
	}
	err := s.c.do(ctx, call{method: http.MethodGet, path: "/subscriptions"}, &b)
	return b.Subscriptions, err
}

// Remove ends a subscription.
func (s SubscriptionsAPI) Remove(ctx context.Context, id string, with ...With) (*Outcome, error) {
	return write(ctx, s.c, call{method: http.MethodDelete, path: "/subscriptions" + seg(id), with: one(with)}, nil)
}

// Adopt makes the node the home of a subscription: it delivers what
// it applies from then on. It is for when the home is gone.
func (s SubscriptionsAPI) Adopt(ctx context.Context, id string, with ...With) (*Outcome, error) {
	return write(ctx, s.c, call{method: http.MethodPost, path: "/subscriptions" + seg(id) + "/adopt", with: one(with)}, nil)
}

type replay struct {
	Subscription string     `json:"subscription_id"`
	Since        *time.Time `json:"since,omitempty"`
	After        uint64     `json:"after,omitempty"`
	Limit        int        `json:"limit,omitempty"`
	Redeliver    bool       `json:"redeliver,omitempty"`
	DeadLetters  bool       `json:"dead_letters,omitempty"`
	DryRun       bool       `json:"dry_run,omitempty"`
}

// Replay reads the events of a subscription since a time, oldest
// first: at most limit, behind the position after, which is 0 at first. next is
// the position to go on from, 0 at the end.
func (s SubscriptionsAPI) Replay(ctx context.Context, id string, since time.Time, after uint64, limit int) (events []Notice, next uint64, err error) {
	var b struct {
		Events []struct {
			Payload string `json:"payload"`
		} `json:"events"`
		Next uint64 `json:"next"`
	}
	body := replay{Subscription: id, Since: timeOf(since), After: after, Limit: limit}
	k := call{method: http.MethodPost, path: "/memory_subscription_replay", body: body}
	if err := s.c.do(ctx, k, &b); err != nil {
		return nil, 0, err
	}
	events = make([]Notice, len(b.Events))
	for i, e := range b.Events {
		if err := json.Unmarshal([]byte(e.Payload), &events[i]); err != nil {
			return nil, 0, notOurs(k, err)
		}
	}
	return events, b.Next, nil
}

// Redeliver has the home of a subscription post again what happened since a time
// (none if it is zero), and what it had given up.
func (s SubscriptionsAPI) Redeliver(ctx context.Context, id string, since time.Time, deadLetters bool, with ...With) (*Outcome, error) {
	body := replay{Subscription: id, Since: timeOf(since), Redeliver: true, DeadLetters: deadLetters}
	return write(ctx, s.c, call{method: http.MethodPost, path: "/memory_subscription_replay", body: body, with: one(with)}, nil)
}

// TryRedeliver says what Redeliver would have posted again, and has nothing posted.
func (s SubscriptionsAPI) TryRedeliver(ctx context.Context, id string, since time.Time, deadLetters bool) (*Redelivered, error) {
	out := &Redelivered{}
	body := replay{Subscription: id, Since: timeOf(since), Redeliver: true, DeadLetters: deadLetters, DryRun: true}
	return out, s.c.do(ctx, call{method: http.MethodPost, path: "/memory_subscription_replay", body: body}, out)
}

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// DeadLetters returns what the node could not deliver, oldest first, at most
// limit: for one subscription, or for all of the agent's if id is "".
func (s SubscriptionsAPI) DeadLetters(ctx context.Context, id string, limit int) ([]DeadLetter, error) {
	body := struct {
		Subscription string `json:"subscription_id,omitempty"`
		Limit        int    `json:"limit,omitempty"`
	}{id, limit}
	var b struct {
		Entries []DeadLetter `json:"entries"`
	}
	err := s.c.do(ctx, call{method: http.MethodPost, path: "/memory_subscription_dlq_list", body: body}, &b)
	return b.Entries, err
}
