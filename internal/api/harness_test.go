package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/book"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/rehearsal"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

// node is an API over a real engine, store and replicator.
type node struct {
	t      testing.TB
	url    string
	api    *api.API
	books  *book.Books
	store  *store.Store
	logs   *logs
	ahead  *atomic.Int64 // how far the clock of the test is ahead
	always []string      // headers of every call
}

func (n *node) now() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

// options of a node.
type options struct {
	api     func(*api.Config)
	store   func(*store.Config)
	server  func(*httptest.Server)
	commit  func() // called at each commit, by the writer
	members []memory.Node
	net     replicate.Transport
	patient bool                          // writes wait for members for as long as their requests may last
	signers func(memory.AgentID) [][]byte // who may sign with what; nil: nobody
}

// handy is what a node does for itself, always with the same outcome.
type handy struct{}

func (handy) Check(*client.Status) []client.Finding {
	return []client.Finding{{Check: "disk", State: client.FindingWarn, Text: "0.5 GiB free", Next: "make room"}}
}

func (handy) Backups() client.Backups {
	return client.Backups{Dir: "/backups", Files: []client.BackupFile{}, Running: &client.BackupJob{What: "back_up"}, Verified: &client.BackupOutcome{OK: true, Files: 1}}
}
func (handy) BackUp(bool)   {}
func (handy) VerifyBackup() {}
func (handy) Measured() client.Measurements {
	return client.Measurements{Last: &client.Measurement{Version: "test", Syncs: 10, SyncP50: 0.5}}
}

func (h handy) Measure(context.Context, int64) (client.Measurements, error) { return h.Measured(), nil }

// deaf is a network in which nobody answers.
type deaf struct{ replicate.Transport }

// silent are members that do not answer in time.
type silent struct{ deaf }

func (silent) Push(ctx context.Context, _ memory.Node, _ *memory.Push) (*memory.PushReply, error) {
	<-ctx.Done()
	return nil, &memory.Fault{Err: ctx.Err()}
}

func (deaf) Push(context.Context, memory.Node, *memory.Push) (*memory.PushReply, error) {
	return nil, &memory.Fault{Err: io.ErrUnexpectedEOF}
}

func (deaf) Digest(context.Context, memory.Node, *memory.DigestRequest) (*memory.DigestReply, error) {
	return nil, &memory.Fault{Err: io.ErrUnexpectedEOF}
}

func (deaf) Pull(context.Context, memory.Node, *memory.PullRequest) (*memory.PullReply, error) {
	return nil, &memory.Fault{Err: io.ErrUnexpectedEOF}
}

func open(tb testing.TB, o options) *node {
	tb.Helper()
	n := &node{t: tb, logs: &logs{}, ahead: &atomic.Int64{}}
	log := slog.New(slog.NewTextHandler(n.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var fed *replicate.Replicator
	sc := store.Config{
		Dir: tb.TempDir(), Node: "a", Clock: memory.NewClock(n.now, memory.DefaultMaxSkew), Codec: wire.Codec{}, Log: log,
		OnCommit: func(c memory.Committed) {
			if o.commit != nil {
				o.commit()
			}
			fed.Committed(c)
			n.books.Committed(c)
		},
	}
	if o.store != nil {
		o.store(&sc)
	}
	st, err := store.Open(tb.Context(), sc)
	if err != nil {
		tb.Fatal(err)
	}
	n.store = st
	rc := replicate.Config{Self: "a", Members: o.members}
	ec := book.Config{Node: "a", QuorumTimeout: 100 * time.Millisecond, Now: n.now, Log: log, Version: "test", DefaultTier: memory.Mid, Signers: o.signers}
	if o.patient {
		ec.QuorumTimeout = time.Hour
	}
	for _, m := range o.members {
		ec.Members = append(ec.Members, upkeep.Member{Name: m, URL: "http://" + string(m) + ".invalid"})
	}
	door := intake.New(intake.Config{
		Node: "a", Members: o.members, Decode: wire.DecodeEntry, Clock: sc.Clock, Log: log,
		Heard: func(from memory.Node, v memory.View, at time.Time) { fed.Heard(from, v, at) },
	}, st)
	ec.Door = door
	if fed, err = replicate.New(tb.Context(), rc, replicate.Storage{Log: st, Door: door, Numbers: st, Cursors: st, Digests: st}, o.net, log); err != nil {
		tb.Fatal(err)
	}
	n.books = book.New(ec, st, fed)
	ac := api.Config{Books: n.books, Log: log, Metrics: prometheus.NewRegistry(), Version: "test", Now: n.now, Federated: len(o.members) > 0, OperatorKey: operatorKey, OperatorKeyFile: "/data/operator.key"}
	if ac.Rehearsal, err = rehearsal.New(rehearsal.Config{Dir: filepath.Join(sc.Dir, "rehearsal"), Log: log}); err != nil {
		tb.Fatal(err)
	}
	if ac.KeyRing, err = agentkey.Open(identity.List[agentkey.Record]{Path: filepath.Join(sc.Dir, "agents.json")}); err != nil {
		tb.Fatal(err)
	}
	ac.Care = handy{}
	if o.api != nil {
		o.api(&ac)
	}
	n.api = api.New(ac)
	ctx, cancel := context.WithCancel(context.Background())
	runs := []func(context.Context) error{st.Run, fed.Run, n.books.Run}
	done := make(chan error, len(runs))
	for _, run := range runs {
		go func() { done <- run(ctx) }()
	}
	srv := httptest.NewUnstartedServer(n.api.Gate(n.api))
	if o.server != nil {
		o.server(srv)
	}
	srv.Start()
	n.url = srv.URL
	tb.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
		cancel()
		for range runs {
			if err := <-done; err != nil {
				tb.Errorf("run: %v", err)
			}
		}
		if err := st.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return n
}

func alone(t *testing.T) *node {
	t.Helper()
	return open(t, options{})
}

// logs collects what was logged.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// answer is a response that was read to its end.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	raw    string
	body   map[string]any // nil if it is no JSON object
}

// operatorKey is that of every node of these tests.
const operatorKey = "tallyop_of-these-tests"

// operated is n as whoever runs the node calls it.
func (n *node) operated() *node {
	as := *n
	as.always = []string{"Authorization", "Bearer " + operatorKey}
	return &as
}

// call sends a request. Headers come as pairs. What is no read is JSON unless a
// header says otherwise.
func (n *node) call(method, path, body string, headers ...string) answer {
	n.t.Helper()
	// A stream that should have been refused would go on for ever.
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.url+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if method != http.MethodGet && method != http.MethodHead {
		req.Header.Set("Content-Type", "application/json")
	}
	headers = append(slices.Clone(n.always), headers...)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	a := answer{t: n.t, status: res.StatusCode, header: res.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body)
	a.known()
	theDocument().conforms(n.t, method, path, body, a)
	return a
}

// known fails the test if the answer has an error code that is not in the table
// of codes, or not with this status.
func (a answer) known() {
	a.t.Helper()
	code, is := a.body["code"].(string)
	if !is || a.status < http.StatusBadRequest {
		return
	}
	if !slices.ContainsFunc(client.Codes(), func(c client.CodeRow) bool { return string(c.Code) == code && c.Status == a.status }) {
		a.t.Errorf("the table of codes has no %s with status %d", code, a.status)
	}
}

// want fails the test unless the status is status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %.600s", a.status, status, a.raw)
	}
	return a
}

// at walks into the body: keys of objects, numbers for places in arrays.
func (a answer) at(path ...any) any {
	a.t.Helper()
	var v any = a.body
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, is := v.(map[string]any)
			if !is {
				a.t.Fatalf("%v: no object at %q in %.600s", path, key, a.raw)
			}
			v = m[key]
		case int:
			l, is := v.([]any)
			if !is || key >= len(l) {
				a.t.Fatalf("%v: no element %d in %.600s", path, key, a.raw)
			}
			v = l[key]
		}
	}
	return v
}

func (a answer) text(path ...any) string {
	a.t.Helper()
	s, is := a.at(path...).(string)
	if !is {
		a.t.Fatalf("%v is no text in %.600s", path, a.raw)
	}
	return s
}

func (a answer) number(path ...any) int {
	a.t.Helper()
	f, is := a.at(path...).(float64)
	if !is {
		a.t.Fatalf("%v is no number in %.600s", path, a.raw)
	}
	return int(f)
}

// is fails the test unless the value at path is want.
func (a answer) is(want any, path ...any) answer {
	a.t.Helper()
	if got := a.at(path...); got != want {
		a.t.Errorf("%v = %v, want %v, in %.600s", path, got, want, a.raw)
	}
	return a
}

// receipt fails the test unless the answer has a receipt of that durability.
func (a answer) receipt(durability string) answer {
	a.t.Helper()
	a.is(durability, "receipt", "durability").is("a", "receipt", "held_by", 0)
	if dot := a.text("receipt", "dot"); !strings.HasPrefix(dot, "a.") || len(a.text("receipt", "digest")) != 64 {
		a.t.Errorf("receipt %v", a.at("receipt"))
	}
	return a
}

// create makes a memory and returns its id.
func (n *node) create(title string, headers ...string) string {
	n.t.Helper()
	return n.call("POST", "/api/v1/memories", `{"title":"`+title+`","content":"content of `+title+`"}`, headers...).want(http.StatusCreated).text("id")
}

func agent(name string) []string { return []string{"X-Agent-Id", name} }
