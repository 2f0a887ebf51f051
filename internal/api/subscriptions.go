package api

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

func subscriptionRoutes() []route {
	const (
		all  = "/api/v1/subscriptions"
		one  = all + "/{id}"
		both = "The subscription."
	)
	return []route{
		{
			method: post, path: all, summary: "have events posted to a URL", handle: (*API).subscribe, mutates: true, body: bodyRequired, in: subscribeBody{},
			out: gives(http.StatusCreated, subscribedView{}).waits(), codes: []client.Code{client.CodeTooMany},
		},
		{method: get, path: all, summary: "list the caller's subscriptions", handle: (*API).subscriptions, out: gives(http.StatusOK, subscriptionsView{})},
		{
			method: del, path: all, summary: "end the subscription ?id=", handle: (*API).unsubscribe, mutates: true,
			query: []param{textParam("id", both).needed()}, out: gives(http.StatusOK, unsubscribedView{}).waits(), codes: []client.Code{client.CodeNotFound},
		},
		{method: del, path: one, summary: "end a subscription", handle: (*API).unsubscribe, mutates: true, out: gives(http.StatusOK, unsubscribedView{}).waits()},
		{
			method: post, path: one + "/adopt", summary: "deliver a subscription from this node, instead of its home", handle: (*API).adopt, mutates: true,
			out: gives(http.StatusOK, adoptedView{}).waits(),
		},
		{
			method: post, path: "/api/v1/memory_subscription_replay", summary: "read the events of a subscription again, or have them delivered again",
			handle: (*API).replaySubscription, mutates: true, body: bodyRequired, in: replayBody{}, need: []string{"subscription_id"},
			out: gives(http.StatusOK, replayedView{}).or(http.StatusAccepted, redeliveredView{}).waits(), codes: []client.Code{client.CodeNotFound},
		},
		{
			method: post, path: "/api/v1/memory_subscription_dlq_list", summary: "list the events of a subscription that could not be delivered",
			handle: (*API).deadLetters, body: bodyOptional, in: deadLettersBody{}, out: gives(http.StatusOK, deadLettersView{}), codes: []client.Code{client.CodeNotFound, client.CodeElsewhere},
		},
	}
}

// subscribeBody asks for events. The URL has the names that different clients use.
type subscribeBody struct {
	URL         string          `json:"url"`
	CallbackURL string          `json:"callback_url"`
	Events      json.RawMessage `json:"events"`      // "*", names with commas, or a list
	EventTypes  []string        `json:"event_types"` // the same as a list
	Secret      string          `json:"secret"`
	Namespace   string          `json:"namespace"`
	Filter      string          `json:"namespace_filter"`
	Agent       memory.AgentID  `json:"agent_filter"`
	AgentID     string          `json:"agent_id"`
}

const (
	minSecret = 8
	maxSecret = 1024 // bytes
)

func (b *subscribeBody) subscription() (memory.Subscription, error) {
	s := memory.Subscription{
		URL: first(b.URL, b.CallbackURL), Events: b.EventTypes, Namespace: first(b.Filter, b.Namespace), Agent: b.Agent,
	}
	if len(b.EventTypes) == 0 {
		s.Events = nil
	}
	switch kindOf(b.Events) {
	case 0, 'n':
	case '"', '[':
		if err := json.Unmarshal(b.Events, &s.Events); err != nil {
			return s, verb.BadField("events", "events: want \"*\", or names of events: %s", strings.Join(memory.Events(), ", "))
		}
	default:
		return s, verb.BadField("events", "events: want \"*\", or names of events: %s", strings.Join(memory.Events(), ", "))
	}
	for i, name := range s.Events {
		s.Events[i] = eventName(name)
	}
	switch {
	case s.URL == "" && s.Namespace == "":
		return s, verb.Missing("url")
	case b.Secret != "" && (len(b.Secret) < minSecret || len(b.Secret) > maxSecret):
		return s, verb.BadField("secret", "secret: want %d to %d bytes", minSecret, maxSecret)
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

// subscriptionView is a subscription, under the names that different clients use.
// It never has the secret.
type subscriptionView struct {
	ID          string         `json:"id"`
	URL         string         `json:"url"`
	CallbackURL string         `json:"callback_url"`
	Events      []string       `json:"events"`      // ["*"]: all of them
	EventTypes  []string       `json:"event_types"` // []: all of them
	Namespace   string         `json:"namespace_filter"`
	Agent       memory.AgentID `json:"agent_filter"`
	CreatedBy   memory.AgentID `json:"created_by"`
	CreatedAt   memory.Instant `json:"created_at"`
	Home        memory.Node    `json:"home"`  // the node that delivers
	State       string         `json:"state"` // active, retrying, unpushed (without a URL), elsewhere, invalid
	Detail      string         `json:"detail,omitempty"`
	Dispatched  int64          `json:"dispatch_count"`
	Failed      int64          `json:"failure_count"`
	LastAt      memory.Instant `json:"last_dispatched_at,omitzero"`
	LastError   string         `json:"last_error,omitempty"`
	NextAttempt memory.Instant `json:"next_attempt_at,omitzero"`
	LSN         uint64         `json:"delivered_through,omitempty"` // local sequence number of the home
}

// States of a subscription.
const (
	stateActive    = "active"
	stateRetrying  = "retrying"
	stateUnpushed  = "unpushed"
	stateElsewhere = "elsewhere" // ask its home
	stateInvalid   = "invalid"
)

func subscriptionOf(id string, s *memory.Subscription, created memory.Instant, home memory.Node) subscriptionView {
	v := subscriptionView{
		ID: id, URL: s.URL, CallbackURL: s.URL, Events: []string{"*"}, EventTypes: []string{}, Namespace: s.Namespace, Agent: s.Agent, CreatedBy: s.CreatedBy,
		CreatedAt: created, Home: home, State: stateActive,
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
func (v subscriptionView) withDelivery(s *engine.Subscribed) subscriptionView {
	d := s.Delivery
	switch {
	case s.Invalid != "":
		v.State, v.Detail = stateInvalid, s.Invalid
	case v.State == stateUnpushed:
	case d == nil && !s.Here:
		v.State = stateElsewhere
	case d != nil:
		if v.Dispatched, v.Failed, v.LastAt, v.LastError, v.LSN = d.Delivered, d.Failed, d.LastAt, d.LastError, d.LSN; d.Attempts > 0 {
			v.State, v.NextAttempt = stateRetrying, d.Next
		}
	}
	return v
}

type subscribedView struct {
	subscriptionView

	// Secret is shown once, and only if the node made it up.
	Secret  string          `json:"secret,omitempty"`
	Warning string          `json:"warning,omitempty"`
	Receipt *engine.Receipt `json:"receipt"`
}

// subscribe makes a subscription. Without a secret it gets one: what is posted
// is always signed.
func (a *API) subscribe(q *request) (reply, error) {
	var b subscribeBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if err := q.claims(b.AgentID); err != nil {
		return reply{}, err
	}
	s, err := b.subscription()
	if err != nil {
		return reply{}, err
	}
	var fresh string
	if b.Secret == "" && s.URL != "" {
		fresh = rand.Text()
	}
	if s.URL != "" {
		s.Key = memory.SecretKey(cmp.Or(b.Secret, fresh))
	}
	out, err := a.engine.Subscribe(q.Context(), q.caller(), s)
	return written(out, err, http.StatusCreated, func() any {
		v := subscribedView{Receipt: receiptOf(out.Receipt), Secret: fresh}
		if out.Replayed {
			v.Secret = "" // the first answer had another
		}
		if strings.HasPrefix(strings.ToLower(s.URL), "http:") {
			v.Warning = "the url is not https: what is posted can be read on its way, and is signed only"
		}
		s.CreatedBy = q.agent
		v.subscriptionView = subscriptionOf(verb.Subject(out), &s, 0, out.Entry.Dot.Origin.Node())
		if out.Record != nil {
			v.CreatedAt = out.Record.CreatedAt
		}
		return v
	})
}

type subscriptionsView struct {
	Count         int                `json:"count"`
	Subscriptions []subscriptionView `json:"subscriptions"`
}

func (a *API) subscriptions(q *request) (reply, error) {
	found, err := a.engine.Subscriptions(q.Context(), q.agent)
	if err != nil {
		return reply{}, err
	}
	v := subscriptionsView{Count: len(found), Subscriptions: make([]subscriptionView, len(found))}
	for i := range found {
		f := &found[i]
		v.Subscriptions[i] = subscriptionOf(f.Record.ID, &f.Asks, f.Record.CreatedAt, f.Home).withDelivery(f)
	}
	return ok(v)
}

type unsubscribedView struct {
	Removed bool            `json:"removed"`
	Deleted bool            `json:"deleted"`
	ID      string          `json:"id"`
	Receipt *engine.Receipt `json:"receipt"`
}

func (a *API) unsubscribe(q *request) (reply, error) {
	id := first(q.PathValue("id"), q.text("id"))
	if id == "" {
		return reply{}, verb.Missing("id")
	}
	if err := memory.ValidID(id); err != nil {
		return reply{}, err
	}
	out, err := a.engine.Unsubscribe(q.Context(), q.caller(), id)
	return written(out, err, http.StatusOK, func() any {
		return unsubscribedView{Removed: true, Deleted: true, ID: id, Receipt: receiptOf(out.Receipt)}
	})
}

type adoptedView struct {
	Adopted bool            `json:"adopted"`
	ID      string          `json:"id"`
	Home    memory.Node     `json:"home"`
	Receipt *engine.Receipt `json:"receipt"`
}

func (a *API) adopt(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	out, err := a.engine.Adopt(q.Context(), q.caller(), id)
	return written(out, err, http.StatusOK, func() any {
		return adoptedView{Adopted: true, ID: id, Home: out.Entry.Dot.Origin.Node(), Receipt: receiptOf(out.Receipt)}
	})
}

// replayBody asks for past events: to be read, or to be delivered again.
type replayBody struct {
	Subscription string         `json:"subscription_id"`
	ID           string         `json:"id"` // the same
	Since        memory.Instant `json:"since"`
	After        uint64         `json:"after"` // the next of the part before
	Limit        *int           `json:"limit"`
	Redeliver    bool           `json:"redeliver"`
	DeadLetters  bool           `json:"dead_letters"` // deliver those again
}

type replayedView struct {
	Subscription string           `json:"subscription_id"`
	Since        memory.Instant   `json:"since,omitzero"`
	Count        int              `json:"count"`
	Events       []replayedNotice `json:"events"`
	Next         uint64           `json:"next,omitempty"`
}

// replayedNotice is an event, and once more as the text of what is posted.
type replayedNotice struct {
	Subscription  string         `json:"subscription_id"`
	CorrelationID string         `json:"correlation_id"`
	EventType     string         `json:"event_type"`
	Payload       string         `json:"payload"`
	Notice        memory.Notice  `json:"event"`
	LSN           uint64         `json:"id"`
	At            memory.Instant `json:"at"`
}

type redeliveredView struct {
	Subscription string          `json:"subscription_id"`
	Queued       bool            `json:"queued"`
	Since        memory.Instant  `json:"since,omitzero"`
	DeadLetters  bool            `json:"dead_letters"`
	Receipt      *engine.Receipt `json:"receipt"`
}

func (a *API) replaySubscription(q *request) (reply, error) {
	var b replayBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	id := first(b.Subscription, b.ID)
	if id == "" {
		return reply{}, verb.Missing("subscription_id")
	}
	if err := memory.ValidID(id); err != nil {
		return reply{}, err
	}
	if b.Redeliver || b.DeadLetters {
		return a.redeliver(q, id, memory.Redelivery{Since: b.Since, DeadLetters: b.DeadLetters})
	}
	limit, err := within("limit", b.Limit, defaultReplay, maxList)
	if err != nil {
		return reply{}, err
	}
	found, err := a.engine.Replay(q.Context(), q.agent, id, b.Since, b.After, limit)
	if err != nil {
		return reply{}, err
	}
	v := replayedView{Subscription: id, Since: b.Since, Count: len(found.Events), Events: make([]replayedNotice, len(found.Events)), Next: found.Next}
	for i, n := range found.Events {
		payload, err := json.Marshal(n)
		if err != nil {
			return reply{}, err
		}
		v.Events[i] = replayedNotice{
			Subscription: id, CorrelationID: n.CorrelationID, EventType: n.Event, Payload: string(payload), Notice: n, LSN: n.LSN, At: n.At,
		}
	}
	return ok(v)
}

const defaultReplay = 100

func (a *API) redeliver(q *request, id string, ask memory.Redelivery) (reply, error) {
	out, err := a.engine.Redeliver(q.Context(), q.caller(), id, ask)
	return written(out, err, http.StatusAccepted, func() any {
		return redeliveredView{Subscription: id, Queued: true, Since: ask.Since, DeadLetters: ask.DeadLetters, Receipt: receiptOf(out.Receipt)}
	})
}

type deadLettersBody struct {
	Subscription string `json:"subscription_id"` // "": of all
	Limit        *int   `json:"limit"`
}

type deadLettersView struct {
	Count        int              `json:"count"`
	Subscription *string          `json:"subscription_id"`
	Limit        int              `json:"limit"`
	Entries      []deadLetterView `json:"entries"`
}

type deadLetterView struct {
	Number        int64          `json:"id"`
	Subscription  string         `json:"subscription_id"`
	CorrelationID string         `json:"correlation_id"`
	EventType     string         `json:"event_type"`
	Payload       string         `json:"payload"`
	Attempts      int            `json:"retry_count"`
	LastError     string         `json:"last_error"`
	FirstAt       memory.Instant `json:"first_failed_at"`
	LastAt        memory.Instant `json:"last_failed_at"`
	Queued        bool           `json:"queued"` // it is to be delivered again
}

func (a *API) deadLetters(q *request) (reply, error) {
	var b deadLettersBody
	if len(q.body) > 0 {
		if err := decode(q.body, &b); err != nil {
			return reply{}, err
		}
	}
	limit, err := within("limit", b.Limit, defaultReplay, maxList)
	if err != nil {
		return reply{}, err
	}
	v := deadLettersView{Limit: limit, Entries: []deadLetterView{}}
	ids := []string{b.Subscription}
	if b.Subscription != "" {
		v.Subscription = &b.Subscription
	} else {
		found, err := a.engine.Subscriptions(q.Context(), q.agent)
		if err != nil {
			return reply{}, err
		}
		ids = nil
		for i := range found {
			ids = append(ids, found[i].Record.ID)
		}
	}
	for _, id := range ids {
		if err := a.addLetters(q, id, &v); err != nil {
			return reply{}, err
		}
	}
	v.Count = len(v.Entries)
	return ok(v)
}

func (a *API) addLetters(q *request, id string, v *deadLettersView) error {
	room := v.Limit - len(v.Entries)
	if room <= 0 {
		return nil
	}
	letters, home, err := a.engine.DeadLetters(q.Context(), q.agent, id, room)
	if err != nil {
		return err
	}
	if len(letters) == 0 && v.Subscription != nil && home != "" {
		return &verb.Problem{
			Code: client.CodeElsewhere, Text: "node " + string(home) + " delivers this subscription: ask there, or adopt it",
			Extra: map[string]any{"home": home},
		}
	}
	for _, l := range letters {
		v.Entries = append(v.Entries, deadLetterView{
			Number: l.Number, Subscription: id, CorrelationID: l.CorrelationID, EventType: l.Event, Payload: string(l.Body), Attempts: l.Attempts,
			LastError: l.Error, FirstAt: l.FirstAt, LastAt: l.LastAt, Queued: l.Queued,
		})
	}
	return nil
}
