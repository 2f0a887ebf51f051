// Package api is the HTTP/JSON door for clients: the routes and bodies of
// ai-memory 0.7, and what Tallystick adds to them. It turns requests into calls
// of the engine and outcomes into bodies; it decides nothing itself.
//
// Every route is a value in a table ([Routes]), so that tests, metrics and
// documents can enumerate them, and what all of them have in common – keys,
// limits, identities, errors, timeouts – is written once.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book"
	"github.com/tallystick/tallystick/internal/console"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/spool"
	"github.com/tallystick/tallystick/internal/verb"
)

// Config says what a handler serves and within which bounds. Books, Log and
// Metrics are required; zero bounds take the defaults named here.
type Config struct {
	Books   *book.Books
	Log     *slog.Logger
	Metrics *prometheus.Registry // gets the collectors of this package, and is what /metrics shows
	Version string               // of the program

	APIKey string // "": no key is asked for
	Keys   Keys   // of agents; nil: there are none
	// Exposed is set if callers from beyond this machine can reach the node: then each
	// needs a key.
	Exposed bool
	Hosts   []string // names, beside addresses and localhost, by which clients may call the node; ".example.org" is all below

	// OperatorKey makes a caller that sends it the operator of the node; "" makes
	// nobody one. OperatorKeyFile is where it lies, for those on the same machine.
	OperatorKey     string
	OperatorKeyFile string

	Federated bool // the node has other members

	// Full reports whether the disk has no room for writes; nil never does.
	Full func() bool

	// Occurred is told of callers that are refused, and of exports of everything, and
	// does not block; nil: nobody is.
	Occurred func(Occurrence)

	// KeyRing makes and ends the keys of agents; nil does not.
	KeyRing KeyRing

	// Members is the list of members; nil: they have no identity.
	Members Members

	// Rehearsal runs federations to practise on; nil does not.
	Rehearsal Rehearsal

	// Journal keeps what agents were shown in briefings; nil keeps nothing.
	Journal verb.Journal
	// Readers keeps who has read what; nil keeps nothing.
	Readers verb.Readers
	// Care is what the node does for itself; nil does nothing.
	Care verb.Care

	// Audit reads the audit log; nil: there is none.
	Audit Audit
	// Settings are those that the node runs with, without secrets.
	Settings []client.Setting

	// KeepShort makes a success of a write that misses its quorum, where the request
	// does not say: it is kept and owed all the same.
	KeepShort bool

	// Agents makes the surface for agents of the verbs; nil has none.
	Agents func([]verb.Verb) http.Handler

	// Spool takes what the readers of complete exports do not take in time; nil has them
	// keep the log of the database from beginning anew.
	Spool *spool.Room

	MaxBody        int64         // bytes of a request body; 2 MiB
	RequestTimeout time.Duration // for everything but streams; 60 s
	Heartbeat      time.Duration // between comments on a silent event stream; 15 s
	MaxStreams     int           // event streams open at once; 256

	// Quit is closed when the node stops: event streams then end, which would not
	// end by themselves. Nil never is.
	Quit <-chan struct{}

	Now func() time.Time // time.Now
}

// API serves the routes. It is safe for concurrent use.
type API struct {
	pools

	cfg     Config
	books   *book.Books
	log     *slog.Logger
	cross   *http.CrossOriginProtection
	metrics *metrics
	verbs   []verb.Verb
	routes  []route
	agents  http.Handler // nil: there is no surface for agents
	console *console.Console
	mux     *http.ServeMux
	streams chan struct{} // one slot for each open event stream
	room    room
	watch   watch

	signedOut watch // streams by the session of a browser

	apiKey, operatorKey secret

	document func() ([]byte, error) // OpenAPI
	docs     func() (docsPage, error)
}

// Members is the list of members of a federation with identities. It is safe for
// concurrent use.
type Members interface {
	List(ctx context.Context) (client.Membership, error)
	// Invite makes a token with which one node can join.
	Invite(ctx context.Context, ttl time.Duration, observer bool) (client.JoinToken, error)
	Cancel(ctx context.Context, token string) error
	SetRole(ctx context.Context, node, role string) error
	Remove(ctx context.Context, node string, force bool) error
}

// KeyRing is where the keys of agents are made and ended, such as an [agentkey.Book].
// It is safe for concurrent use.
type KeyRing interface {
	Records() []agentkey.Record
	Add(agent memory.AgentID, scope agentkey.Scope, ttl time.Duration, now time.Time) (string, agentkey.Record, error)
	Rotate(id string, overlap time.Duration, now time.Time) (string, agentkey.Record, error)
	Revoke(agentOrID string, now time.Time) ([]agentkey.Record, error)
}

// Rehearsal runs a federation to practise on, one at a time. It is safe for concurrent
// use.
type Rehearsal interface {
	Begin(ctx context.Context) error
	Show(ctx context.Context) client.Rehearsal
	// Cut cuts a node off from the others; "" heals.
	Cut(ctx context.Context, node string) error
	Write(ctx context.Context, node string, count int) error
	Edit(ctx context.Context) error
	End(ctx context.Context) error
}
