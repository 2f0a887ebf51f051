package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/book"
	"github.com/tallystick/tallystick/internal/book/feed"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/webhook"
	"github.com/tallystick/tallystick/internal/wire"
)

// node is a node with everything but HTTP towards clients.
type node struct {
	books *book.Books
	*feedBook
	*recordsBook
	*intake.Door
	t     testing.TB
	store *store.Store
	hooks *webhook.Runner
	halt  func() // stops it, once
}

// The books by names under which both can be embedded.
type (
	feedBook    = feed.Book
	recordsBook = records.Book
)

// setup says how a node is made.
type setup struct {
	name    memory.Node
	dir     string
	net     replicate.Transport
	members []memory.Node
	config  func(*webhook.Config)
	wrap    func(*store.Store) webhook.Store
}

func open(tb testing.TB, s setup) *node {
	tb.Helper()
	if s.name == "" {
		s.name = "a"
	}
	if s.dir == "" {
		s.dir = tb.TempDir()
	}
	log := slog.New(slog.DiscardHandler)
	n := &node{t: tb}
	var fed *replicate.Replicator
	ctx := context.WithoutCancel(tb.Context())
	clock := memory.NewClock(time.Now, memory.DefaultMaxSkew)
	st, err := store.Open(ctx, store.Config{
		Dir: s.dir, Node: s.name, Clock: clock, Codec: wire.Codec{}, Log: log,
		OnCommit: func(c memory.Committed) {
			fed.Committed(c)
			n.books.Committed(c)
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	n.store = st
	n.Door = intake.New(intake.Config{
		Node: s.name, Members: s.members, Decode: wire.DecodeEntry, Clock: clock, Log: log,
		Heard: func(from memory.Node, v memory.View, at time.Time) { fed.Heard(from, v, at) },
	}, st)
	if fed, err = replicate.New(ctx, replicate.Config{Self: s.name, Members: s.members, W: 1}, replicate.Storage{Log: st, Door: n.Door, Numbers: st, Cursors: st, Digests: st}, s.net, log); err != nil {
		tb.Fatal(err)
	}
	ec := book.Config{Node: s.name, Door: n.Door, Log: log}
	for _, m := range s.members {
		ec.Members = append(ec.Members, upkeep.Member{Name: m, URL: "http://" + string(m)})
	}
	n.books = book.New(ec, st, fed)
	n.feedBook, n.recordsBook = n.books.Feed, n.books.Records
	cfg := webhook.Config{Node: s.name, Log: log, Guard: guard(tb, "127.0.0.0/8"), Backoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond, Flush: 10 * time.Millisecond}
	if s.config != nil {
		s.config(&cfg)
	}
	var ws webhook.Store = st
	if s.wrap != nil {
		ws = s.wrap(st)
	}
	n.hooks = webhook.New(cfg, n.books.Feed, ws)
	n.run(fed)
	return n
}

// run starts the parts; halt stops them as a node does.
func (n *node) run(fed *replicate.Replicator) {
	storeCtx, stopStore := context.WithCancel(context.WithoutCancel(n.t.Context()))
	ctx, stop := context.WithCancel(context.WithoutCancel(n.t.Context()))
	storeDone, done := make(chan error, 1), make(chan error, 3)
	go func() { storeDone <- n.store.Run(storeCtx) }()
	for _, run := range []func(context.Context) error{fed.Run, n.books.Run, n.hooks.Run} {
		go func() { done <- run(ctx) }()
	}
	n.halt = sync.OnceFunc(func() {
		stop()
		err := errors.Join(<-done, <-done, <-done)
		stopStore()
		if err := errors.Join(err, <-storeDone, n.store.Close()); err != nil {
			n.t.Error(err)
		}
	})
	n.t.Cleanup(n.halt)
}

func guard(tb testing.TB, allow ...string) *webhook.Guard {
	tb.Helper()
	g, err := webhook.NewGuard(allow)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

const secret = "correct horse battery"

var (
	alice = engine.Caller{Agent: "alice"}
	bob   = engine.Caller{Agent: "bob"}
)

// subscribe makes a subscription of alice's and returns its id.
func (n *node) subscribe(url string, change ...func(*memory.Subscription)) string {
	n.t.Helper()
	s := memory.Subscription{URL: url, Key: memory.SecretKey(secret)}
	for _, f := range change {
		f(&s)
	}
	out, err := n.Subscribe(n.t.Context(), alice, s)
	if err != nil {
		n.t.Fatal(err)
	}
	return out.Record.ID
}

// create makes a memory that all may see.
func (n *node) create(c engine.Caller, title string, change ...func(*memory.Memory)) string {
	n.t.Helper()
	m := memory.Memory{Title: title, Content: "text of " + title, Namespace: "house", Metadata: memory.Object(`{"scope":"collective"}`)}
	for _, f := range change {
		f(&m)
	}
	out, err := n.Create(n.t.Context(), c, records.Draft{Memory: m})
	if err != nil {
		n.t.Fatal(err)
	}
	return out.Record.ID
}

// got is a delivery as a receiver saw it.
type got struct {
	memory.Notice
	header http.Header
	body   []byte
}

// title is what the memory is called that a delivery is about.
func (g got) title() string {
	s, _ := g.Details["title"].(string)
	return s
}

// receiver is an endpoint.
type receiver struct {
	*httptest.Server
	t  testing.TB
	mu sync.Mutex
	in []got
	// answer, if not nil, says the status of the nth delivery, from 1.
	answer func(n int, g got) int
	came   chan struct{}
}

func receive(tb testing.TB, answer func(n int, g got) int) *receiver {
	tb.Helper()
	r := &receiver{t: tb, answer: answer, came: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(r)
	tb.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})
	return r
}

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	g := got{header: req.Header, body: body}
	if err := errors.Join(err, json.Unmarshal(body, &g.Notice)); err != nil {
		r.t.Errorf("body %q: %v", body, err)
	}
	r.mu.Lock()
	r.in = append(r.in, g)
	n := len(r.in)
	r.mu.Unlock()
	select {
	case r.came <- struct{}{}:
	default:
	}
	if r.answer != nil {
		w.WriteHeader(r.answer(n, g))
	}
	_, _ = io.Copy(w, bytes.NewReader(make([]byte, 100)))
}

func (r *receiver) all() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.in)
}

// wait returns the deliveries when there are n of them, or more.
func (r *receiver) wait(n int) []got {
	r.t.Helper()
	late := time.NewTimer(15 * time.Second)
	defer late.Stop()
	for {
		if all := r.all(); len(all) >= n {
			return all
		}
		select {
		case <-r.came:
		case <-late.C:
			r.t.Fatalf("%d deliveries, want %d", len(r.all()), n)
		}
	}
}

func titles(list []got) []string {
	var out []string
	for _, g := range list {
		out = append(out, g.title())
	}
	return out
}

// eventually waits for something that comes about by itself.
func eventually(tb testing.TB, what string, cond func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(15 * time.Second)
	defer late.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-late.C:
			tb.Fatal("never came true: " + what)
		}
	}
}

// serve runs an endpoint and returns its URL.
func serve(tb testing.TB, f http.HandlerFunc) string {
	tb.Helper()
	s := httptest.NewServer(f)
	tb.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

// ruled is a rule that looks at the target only.
func ruled(f func(*url.URL) error) func(context.Context, *url.URL) error {
	return func(_ context.Context, u *url.URL) error { return f(u) }
}

// signature is what a receiver computes for itself.
func signature(secret string, g got) string {
	key := sha256.Sum256([]byte(secret))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(g.header.Get("x-ai-memory-timestamp")))
	mac.Write([]byte("."))
	mac.Write(g.body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func unixOf(tb testing.TB, g got) time.Time {
	tb.Helper()
	n, err := strconv.ParseInt(g.header.Get("x-ai-memory-timestamp"), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return time.Unix(n, 0)
}
