package memory

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// SubscriptionNamespace is where subscriptions are kept: each is a memory, whose
// content is a [Subscription] as JSON. So it replicates as every memory does.
const SubscriptionNamespace = "_subscriptions"

// Subscription asks for events to be posted to a URL.
type Subscription struct {
	URL       string     `json:"url,omitempty"` // "": nothing is posted, events are only read
	Events    EventNames `json:"events"`        // nil: all
	Namespace string     `json:"namespace_filter,omitempty"`
	Agent     AgentID    `json:"agent_filter,omitempty"`
	CreatedBy AgentID    `json:"created_by"`
	// Within is what the key was for with which it was asked for; nil: everything.
	Within Within `json:"within,omitempty"`
	// Key is SHA-256 of the secret in hex, which is the key of the signatures. It is
	// as good as the secret: no surface may show it.
	Key        string      `json:"secret_hash,omitempty"`
	Redelivery *Redelivery `json:"redelivery,omitempty"` // the last one asked for
}

// Redelivery asks the home of a subscription to deliver again.
type Redelivery struct {
	ID          string  `json:"id"`
	Since       Instant `json:"since,omitzero"`         // everything from then on
	DeadLetters bool    `json:"dead_letters,omitempty"` // what was given up
}

// EventNames are names of events; nil is all of them, "*" in JSON.
type EventNames []string

// MarshalJSON implements [json.Marshaler].
func (n EventNames) MarshalJSON() ([]byte, error) {
	if n == nil {
		return []byte(`"*"`), nil
	}
	return json.Marshal([]string(n))
}

// UnmarshalJSON reads a list of names, or a text of them with commas.
func (n *EventNames) UnmarshalJSON(b []byte) error {
	var list []string
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		list = strings.Split(s, ",")
	} else if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*n = nil
	for _, name := range list {
		if name = strings.TrimSpace(name); name == "*" {
			*n = nil
			return nil
		}
		if name != "" {
			*n = append(*n, name)
		}
	}
	return nil
}

// MaxURL bounds the URL of a subscription, in bytes.
const MaxURL = 2048

// Validate says what is wrong with s, or nil.
func (s *Subscription) Validate() error {
	if s.URL != "" {
		if err := validHookURL(s.URL); err != nil {
			return err
		}
		if key, err := hex.DecodeString(s.Key); err != nil || len(key) != sha256.Size {
			return invalid("subscription: want the SHA-256 of a secret in hex")
		}
	}
	for _, e := range s.Events {
		if err := enum("event", e, Events()); err != nil {
			return err
		}
	}
	if err := validNamespaceFilter(s.Namespace); err != nil {
		return err
	}
	if s.Agent != "" {
		return s.Agent.Valid()
	}
	return nil
}

func validHookURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil, len(raw) > MaxURL:
		return invalid("url: want an http or https URL of at most %d bytes", MaxURL)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		return invalid("url %.200q: want https://HOST/PATH or http://HOST/PATH", raw)
	case u.User != nil:
		return invalid("url: must not hold a user name or a password")
	case u.Fragment != "":
		return invalid("url: must not have a fragment")
	}
	return nil
}

func validNamespaceFilter(f string) error {
	if f == "" || f == "*" || f == "**" {
		return nil
	}
	return ValidNamespace(strings.TrimSuffix(f, "/**"))
}

// Covers reports whether the namespace filter takes ns: a name takes itself,
// "name/**" also all below. What it is not within it does not take.
func (s *Subscription) Covers(ns string) bool {
	if !s.Within.Covers(ns) {
		return false
	}
	switch f := s.Namespace; f {
	case "", "*", "**":
		return true
	default:
		base, below := strings.CutSuffix(f, "/**")
		return ns == base || below && strings.HasPrefix(ns, base+"/")
	}
}

// Wants reports whether the filters on the name of an event and on its actor take it.
func (s *Subscription) Wants(event string, actor AgentID) bool {
	return (s.Events == nil || slices.Contains(s.Events, event)) && (s.Agent == "" || s.Agent == actor)
}

// SecretKey is the key of a secret, as [Subscription.Key] has it.
func SecretKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Sign returns what proves to a receiver that a body was sent, at a time in Unix
// seconds, by somebody who knows the secret: HMAC-SHA-256 over "time.body", in hex.
func (s *Subscription) Sign(unix string, body []byte) (string, error) {
	key, err := hex.DecodeString(s.Key)
	if err != nil || len(key) != sha256.Size {
		return "", invalid("subscription: has no key to sign with")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(unix + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// SubscriptionOf reads the subscription that a memory is.
func SubscriptionOf(m Memory) (*Subscription, error) {
	if m.Namespace != SubscriptionNamespace {
		return nil, fmt.Errorf("memory %.140s is no subscription: %w", m.ID, ErrNotFound)
	}
	s := &Subscription{}
	if err := json.Unmarshal([]byte(m.Content), s); err != nil {
		return nil, invalid("subscription %.140s: %v", m.ID, err)
	}
	return s, s.Validate()
}

// Redacted returns m without what no surface may show: the key of a
// subscription. Other memories come back as they are.
func (m Memory) Redacted() Memory {
	if m.Namespace != SubscriptionNamespace {
		return m
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(m.Content), &fields) != nil {
		m.Content = "{}" // it may be anything
		return m
	}
	// Whatever the case of the letters: a decoder does not look at it.
	for name := range fields {
		if strings.EqualFold(name, "secret_hash") {
			delete(fields, name)
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		b = []byte("{}")
	}
	m.Content = string(b)
	return m
}

// Notice is an event as a subscriber is told of it.
type Notice struct {
	Event         string         `json:"event"`
	MemoryID      string         `json:"memory_id"`
	Namespace     string         `json:"namespace"`
	Agent         AgentID        `json:"agent_id"`
	DeliveredAt   Instant        `json:"delivered_at,omitzero"`
	CorrelationID string         `json:"correlation_id"` // the same each time it is delivered
	Details       map[string]any `json:"details,omitempty"`
	LSN           uint64         `json:"lsn"`
	Dot           Dot            `json:"dot"`
	Kind          string         `json:"kind"`
	At            Instant        `json:"at"`
}

// CorrelationID is that of the event d as it is delivered for a subscription: a
// UUIDv8, so that a receiver can tell what it has had already.
func CorrelationID(subscription string, d Dot) string {
	sum := sha256.Sum256([]byte("tallystick event\x00" + subscription + "\x00" + d.String()))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return formatUUID(u)
}

// Subscriber is a live subscription, as a node's store has it.
type Subscriber struct {
	Record
	Born uint64 // local sequence number from which on it is one here
}

// Home is the node that delivers: where the subscription was made, restored or
// adopted last. One node, so that each event is delivered by one.
func (s *Record) Home() Node { return s.LifeAt.Dot.Origin.Node() }

// Delivery is how far the events of a subscription were delivered by this node.
type Delivery struct {
	ID         string
	Born       uint64 // [Subscriber.Born] that LSN belongs to
	LSN        uint64 // everything up to here was delivered, given up or not wanted
	Attempts   int    // so far, of what comes next
	Next       Instant
	Delivered  int64
	Failed     int64
	LastAt     Instant // of the last attempt
	LastError  string  // of the last attempt, "" if it succeeded
	Redelivery string  // id of the last one carried out
}

// DeadLetter is an event whose delivery was given up.
type DeadLetter struct {
	Number        int64  // in order of giving up
	Subscription  string // id
	LSN           uint64
	Event         string
	CorrelationID string
	Attempts      int
	Error         string
	FirstAt       Instant // of the first failure
	LastAt        Instant
	Queued        bool // it is to be tried again
	Body          []byte
}
