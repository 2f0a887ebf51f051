package verb

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/feed"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	shortSecret   = 8    // bytes: less can be guessed
	maxSecret     = 1024 // bytes
	defaultReplay = 100
)

type subscriptions struct{ *deps }

// subscriptionVerbs are those on subscriptions, and what is owed to them.
func subscriptionVerbs(of *deps) []Verb {
	d := subscriptions{of}
	return []Verb{
		Of(Verb{
			Name: "memory_subscribe", Family: familyOther, Summary: "have events posted to a URL", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.Subscribed{}, client.Gone{})}, Codes: []client.Code{client.CodeTooMany},
		}, d.subscribe),
		Of(Verb{
			Name: "memory_list_subscriptions", Family: familyOther, Summary: "list the caller's subscriptions",
			Answers: []Answer{Gives(Fine, client.Subscriptions{})},
		}, d.subscriptions),
		Of(Verb{
			Name: "memory_unsubscribe", Family: familyOther, Summary: "end a subscription", Access: Change, Waits: true,
			Answers: []Answer{Gives(Fine, client.Unsubscribed{})}, Codes: []client.Code{client.CodeNotFound},
		}, d.unsubscribe),
		Of(Verb{
			Name: "memory_subscription_adopt", Family: familyOther, Summary: "deliver a subscription from this node, instead of its home",
			Access: Change, Waits: true, Answers: []Answer{Gives(Fine, client.Adopted{})},
		}, d.adopt),
		Of(Verb{
			Name: "memory_subscription_replay", Family: familyOther, Access: Change, Waits: true,
			Summary: "read the events of a subscription again, or have them delivered again",
			Answers: []Answer{Gives(Fine, client.Replayed{}), Gives(Accepted, client.Redelivered{})}, Codes: []client.Code{client.CodeNotFound},
		}, d.replay),
		Of(Verb{
			Name: "memory_subscription_dlq_list", Family: familyOther, Summary: "list the events of a subscription that could not be delivered",
			Answers: []Answer{Gives(Fine, client.DeadLetterList{})}, Codes: []client.Code{client.CodeNotFound, client.CodeElsewhere},
		}, d.deadLetters),
	}
}

func subscriptionOf(in *client.SubscribeInput, given map[string]bool) (memory.Subscription, error) {
	s := memory.Subscription{URL: in.URL, Events: in.EventTypes, Namespace: in.Namespace, Agent: memory.AgentID(in.Agent)}
	if len(in.EventTypes) == 0 {
		s.Events = nil
	}
	if given["events"] {
		raw, err := json.Marshal([]string(in.Events))
		if err == nil && len(in.Events) == 1 {
			raw, err = json.Marshal(in.Events[0]) // "*", or names with commas
		}
		if err != nil || json.Unmarshal(raw, &s.Events) != nil {
			return s, BadField("events", "events: want \"*\", or names of events: %s", strings.Join(memory.Events(), ", "))
		}
	}
	for i, name := range s.Events {
		s.Events[i] = eventName(name)
	}
	switch {
	case s.URL == "" && s.Namespace == "":
		return s, Missing("url")
	case len(in.Secret) > maxSecret:
		return s, BadField("secret", "secret: want at most %d bytes", maxSecret)
	}
	return s, nil
}

// eventName is our name of an event that the SDKs of ai-memory call otherwise,
// such as memory.stored.
func eventName(name string) string {
	verb, dotted := strings.CutPrefix(name, "memory.")
	switch {
	case !dotted:
		return name
	case verb == "stored", verb == "created":
		return memory.EventStore
	case verb == "consolidated":
		return memory.EventConsolidated
	}
	return "memory_" + strings.TrimSuffix(verb, "d") // updated, deleted, archived …
}

// States of a subscription.
const (
	stateActive    = "active"
	stateRetrying  = "retrying"
	stateUnpushed  = "unpushed"
	stateElsewhere = "elsewhere" // ask its home
	stateInvalid   = "invalid"
)

func showSubscription(id string, s *memory.Subscription, created memory.Instant, home memory.Node) client.Subscription {
	v := client.Subscription{
		ID: id, URL: s.URL, CallbackURL: s.URL, Events: []string{"*"}, EventTypes: []string{}, Namespace: s.Namespace, Agent: string(s.Agent),
		CreatedBy: string(s.CreatedBy), AgentID: string(s.CreatedBy), CreatedAt: timeOf(created), Home: string(home), State: stateActive,
	}
	if s.Events != nil {
		v.Events, v.EventTypes = s.Events, s.Events
	}
	if s.URL == "" {
		v.State = stateUnpushed
	}
	return v
}

// withDelivery adds how far delivery has got, as far as this node can tell.
func withDelivery(v client.Subscription, s *feed.Subscribed) client.Subscription {
	d := s.Delivery
	switch {
	case s.Invalid != "":
		v.State, v.Detail = stateInvalid, s.Invalid
	case v.State == stateUnpushed:
	case d == nil && !s.Here:
		v.State = stateElsewhere
	case d != nil:
		if v.Dispatched, v.Failed, v.LastAt, v.LastError, v.LSN = d.Delivered, d.Failed, timeOf(d.LastAt), d.LastError, d.LSN; d.Attempts > 0 {
			v.State, v.NextAttempt = stateRetrying, timeOf(d.Next)
		}
	}
	return v
}

// subscribe makes a subscription. Without a secret it gets one: what is posted
// is always signed.
func (d subscriptions) subscribe(ctx context.Context, c *Call, in *client.SubscribeInput) (Done, error) {
	s, err := subscriptionOf(in, c.Given)
	if err != nil {
		return Done{}, err
	}
	var fresh string
	if in.Secret == "" && s.URL != "" {
		fresh = rand.Text()
	}
	if s.URL != "" {
		s.Key = memory.SecretKey(cmp.Or(in.Secret, fresh))
	}
	out, err := d.books.Feed.Subscribe(ctx, c.Caller, s)
	return shown(out, err, Created, func() any {
		v := client.Subscribed{Receipt: ShowReceipt(out.Receipt), Secret: fresh}
		if out.Replayed {
			v.Secret = "" // the first answer had another
		}
		v.Warning = warningOf(s.URL, in.Secret)
		s.CreatedBy = c.Agent
		v.Subscription = showSubscription(Subject(out), &s, 0, out.Entry.Dot.Origin.Node())
		if out.Record != nil {
			v.CreatedAt = timeOf(out.Record.CreatedAt)
		}
		return v
	})
}

// warningOf says what to mind about a subscription, "" if there is nothing.
func warningOf(url, secret string) string {
	var out []string
	if strings.HasPrefix(strings.ToLower(url), "http:") {
		out = append(out, "the url is not https: what is posted can be read on its way, and is signed only")
	}
	if url != "" && secret != "" && len(secret) < shortSecret {
		out = append(out, fmt.Sprintf("a secret of less than %d bytes can be guessed: leave it out, and the node makes one up", shortSecret))
	}
	return strings.Join(out, "; ")
}

func (d subscriptions) subscriptions(ctx context.Context, c *Call, _ *client.NoInput) (Done, error) {
	found, err := d.books.Feed.Subscriptions(ctx, c.Agent)
	if err != nil {
		return Done{}, err
	}
	v := client.Subscriptions{Count: len(found), Subscriptions: make([]client.Subscription, len(found))}
	for i := range found {
		f := &found[i]
		v.Subscriptions[i] = withDelivery(showSubscription(f.Record.ID, &f.Asks, f.Record.CreatedAt, f.Home), f)
	}
	return Done{Body: v}, nil
}

func (d subscriptions) unsubscribe(ctx context.Context, c *Call, in *client.UnsubscribeInput) (Done, error) {
	if err := memory.ValidID(in.ID); err != nil {
		return Done{}, err
	}
	out, err := d.books.Feed.Unsubscribe(ctx, c.Caller, in.ID)
	return written(out, err, Fine, func() any {
		return client.Unsubscribed{Removed: true, Deleted: true, ID: in.ID, Receipt: ShowReceipt(out.Receipt)}
	})
}

func (d subscriptions) adopt(ctx context.Context, c *Call, in *client.SubscriptionInput) (Done, error) {
	if err := memory.ValidID(in.ID); err != nil {
		return Done{}, err
	}
	out, err := d.books.Feed.Adopt(ctx, c.Caller, in.ID)
	return written(out, err, Fine, func() any {
		return client.Adopted{Adopted: true, ID: in.ID, Home: string(out.Entry.Dot.Origin.Node()), Receipt: ShowReceipt(out.Receipt)}
	})
}

func showNotice(n *memory.Notice) client.Notice {
	return client.Notice{
		Event: n.Event, MemoryID: n.MemoryID, Namespace: n.Namespace, Agent: string(n.Agent), DeliveredAt: timeOf(n.DeliveredAt),
		CorrelationID: n.CorrelationID, Details: n.Details, LSN: n.LSN, Dot: n.Dot.String(), Kind: n.Kind, At: timeOf(n.At),
	}
}

func (d subscriptions) replay(ctx context.Context, c *Call, in *client.ReplayInput) (Done, error) {
	id := in.Subscription
	if err := memory.ValidID(id); err != nil {
		return Done{}, err
	}
	since, err := instantOf("since", in.Since)
	if err != nil {
		return Done{}, err
	}
	if in.Redeliver || in.DeadLetters {
		out, err := d.books.Feed.Redeliver(ctx, c.Caller, id, memory.Redelivery{Since: since, DeadLetters: in.DeadLetters})
		v := client.Redelivered{Subscription: id, Queued: true, Since: in.Since, DeadLetters: in.DeadLetters}
		if err == nil && in.DryRun {
			err = d.foretell(ctx, c, since, &v)
		}
		return written(out, err, Accepted, func() any {
			v.Receipt = ShowReceipt(out.Receipt)
			return v
		})
	}
	found, err := d.books.Feed.Replay(ctx, c.Agent, id, since, in.After, cmp.Or(in.Limit, defaultReplay))
	if err != nil {
		return Done{}, err
	}
	v := client.Replayed{Subscription: id, Since: in.Since, Count: len(found.Events), Events: make([]client.ReplayedNotice, len(found.Events)), Next: found.Next}
	for i := range found.Events {
		n := &found.Events[i]
		text, err := json.Marshal(n)
		if err != nil {
			return Done{}, err
		}
		v.Events[i] = client.ReplayedNotice{
			Subscription: id, CorrelationID: n.CorrelationID, EventType: n.Event, Payload: string(text), Notice: showNotice(n), LSN: n.LSN, At: timeOf(n.At),
		}
	}
	return Done{Body: v}, nil
}

// foretell says how much the home of a subscription would post again.
func (d subscriptions) foretell(ctx context.Context, c *Call, since memory.Instant, v *client.Redelivered) error {
	if since != 0 {
		v.Events = new(int)
		for after := uint64(0); *v.Events < engine.MaxPage; {
			found, err := d.books.Feed.Replay(ctx, c.Agent, v.Subscription, since, after, engine.MaxPage-*v.Events)
			if err != nil {
				return err
			}
			*v.Events += len(found.Events)
			if after = found.Next; after == 0 {
				break
			}
		}
	}
	letters, home, err := d.books.Feed.DeadLetters(ctx, c.Agent, v.Subscription, engine.MaxPage)
	v.Home = string(cmp.Or(home, d.books.Core.Node()))
	if n := len(letters); v.DeadLetters && home == "" {
		v.Letters = &n
	}
	return err
}

func (d subscriptions) deadLetters(ctx context.Context, c *Call, in *client.DeadLettersInput) (Done, error) {
	v := client.DeadLetterList{Limit: cmp.Or(in.Limit, defaultReplay), Entries: []client.DeadLetter{}, Subscription: orNull(in.Subscription)}
	ids := []string{in.Subscription}
	if v.Subscription == nil {
		found, err := d.books.Feed.Subscriptions(ctx, c.Agent)
		if err != nil {
			return Done{}, err
		}
		ids = nil
		for i := range found {
			ids = append(ids, found[i].Record.ID)
		}
	}
	for _, id := range ids {
		if err := d.addLetters(ctx, c, id, &v); err != nil {
			return Done{}, err
		}
	}
	v.Count = len(v.Entries)
	return Done{Body: v}, nil
}

func (d subscriptions) addLetters(ctx context.Context, c *Call, id string, v *client.DeadLetterList) error {
	room := v.Limit - len(v.Entries)
	if room <= 0 {
		return nil
	}
	letters, home, err := d.books.Feed.DeadLetters(ctx, c.Agent, id, room)
	if err != nil {
		return err
	}
	if len(letters) == 0 && v.Subscription != nil && home != "" {
		return &Problem{
			Code: client.CodeElsewhere, Text: "node " + string(home) + " delivers this subscription: ask there, or adopt it",
			Extra: map[string]any{"home": home},
		}
	}
	for _, l := range letters {
		v.Entries = append(v.Entries, showLetter(id, &l))
	}
	return nil
}

func showLetter(subscription string, l *memory.DeadLetter) client.DeadLetter {
	return client.DeadLetter{
		Number: l.Number, Subscription: subscription, CorrelationID: l.CorrelationID, Event: l.Event, Payload: string(l.Body), Attempts: l.Attempts,
		LastError: l.Error, FirstAt: timeOf(l.FirstAt), LastAt: timeOf(l.LastAt), Queued: l.Queued,
	}
}
