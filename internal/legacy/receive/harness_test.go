package receive_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/receive"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

// sender is the node that made the captures.
const sender = "region/nyc/node-1"

// captured is when, a little later.
func captured() time.Time { return time.Date(2026, 11, 25, 18, 30, 0, 0, time.UTC) }

// node is a receiver with a store of its own.
type node struct {
	*receive.Receiver
	t     *testing.T
	store *store.Store
	door  *intake.Door
	clock *memory.Clock
	cfg   receive.Config
	dir   string
	ahead atomic.Int64 // of the time of the captures, in nanoseconds
	voted []string
	asks  int // of peers, soon
	stale []receive.Stale
	stop  func()
}

// setClock sets the time of the node.
func (n *node) setClock(at time.Time) { n.ahead.Store(int64(at.Sub(captured()))) }

// open starts a node that knows the peers, at the time of the captures.
func open(t *testing.T, name memory.Node, dir string, peers ...config.Peer) *node {
	t.Helper()
	n := &node{t: t, dir: dir}
	begin := time.Now()
	now := func() time.Time { return captured().Add(time.Duration(n.ahead.Load()) + time.Since(begin)) }
	clock := memory.NewClock(now, memory.DefaultMaxSkew)
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.Context(), store.Config{Dir: dir, Node: name, Clock: clock, Codec: wire.Codec{}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- st.Run(ctx) }()
	n.store, n.clock = st, clock
	n.door = intake.New(intake.Config{
		Node: name, Members: []memory.Node{"a", "b", "c"}, Decode: wire.DecodeEntry, Clock: clock, Log: log, Heard: func(memory.Node, memory.View, time.Time) {},
	}, st)
	n.cfg = receive.Config{
		Node: name, Peers: func() []config.Peer { return peers }, Now: now, Lead: 15 * time.Second, NonceFile: filepath.Join(dir, "legacy.nonces"),
		Told: func([]*memory.Entry) {}, Voted: n.resolve, Stale: func(s receive.Stale) { n.stale = append(n.stale, s) },
		Ahead: func() { n.asks++ },
	}
	if n.Receiver, err = receive.New(n.cfg, n.door, st, log); err != nil {
		t.Fatal(err)
	}
	stopped := false
	n.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-done, st.Close(), n.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(n.stop)
	return n
}

// resolve is what the engine does with a vote that settles a proposal.
func (n *node) resolve(ctx context.Context, id string) {
	n.voted = append(n.voted, id)
	if p, err := n.store.Pending(ctx, id); err != nil || p.Verdict != "" {
		return
	}
	op := memory.NewOp{Op: &memory.Resolve{ID: id, Verdict: memory.VerdictApproved}}
	if _, err := n.store.Submit(ctx, &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{op}}); err != nil {
		n.t.Error(err)
	}
}

// sync brings what the others have logged to n, as replication does.
func (n *node) sync(others ...*node) {
	n.t.Helper()
	for _, o := range others {
		for origin, head := range o.store.View().Heads {
			if head.Seq == 0 {
				continue
			}
			ops, _, err := o.store.Range(n.t.Context(), memory.Range{Origin: origin, From: 1, To: head.Seq}, 1<<20, 1<<30)
			if err != nil {
				n.t.Fatal(err)
			}
			got, err := n.door.Accept(n.t.Context(), memory.Source{Member: o.cfg.Node, Route: memory.RoutePull}, ops)
			if err != nil || len(got.Refused) > 0 {
				n.t.Fatalf("%+v, %v", got.Refused, err)
			}
		}
	}
}

// exchange is a captured request, and what a real node answered.
type exchange struct {
	name   string
	method string
	target string
	header http.Header
	body   []byte
	status int
	answer []byte
	cut    bool // the file has not all of the body
}

const vectors = "../../../../shared/vectors"

// captures reads the exchanges of a folder, by the order of their names.
func captures(tb testing.TB, pattern string) []exchange {
	tb.Helper()
	if _, err := os.Stat(vectors); err != nil {
		tb.Skipf("no captured pushes at %s", vectors)
	}
	names, err := filepath.Glob(filepath.Join(vectors, pattern))
	if err != nil || len(names) == 0 {
		tb.Fatalf("%s: %d files, %v", pattern, len(names), err)
	}
	slices.Sort(names)
	out := make([]exchange, len(names))
	for i, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		out[i] = parse(tb, name, data)
	}
	return out
}

func parse(tb testing.TB, name string, data []byte) exchange {
	tb.Helper()
	x := exchange{name: filepath.Base(name), header: http.Header{}}
	request, answer, answered := bytes.Cut(data, []byte("\r\n"+strings.Repeat("-", 40)+"\r\n"))
	if !answered {
		request, answer, answered = bytes.Cut(data, []byte("\n"+strings.Repeat("-", 40)+"\n"))
	}
	head, body, ok := bytes.Cut(request, []byte("\r\n\r\n"))
	if !ok {
		tb.Fatalf("%s: no end of the headers", name)
	}
	lines := strings.Split(string(head), "\r\n")
	first := strings.Fields(lines[0])
	x.method, x.target = first[0], first[1]
	for _, line := range lines[1:] {
		k, v, _ := strings.Cut(line, ": ")
		x.header.Add(k, v)
	}
	x.body = body
	x.cut = bytes.Contains(body, []byte("[... body cut"))
	if answered {
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(bytes.TrimLeft(answer, "\r\n"))), nil)
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		x.status = res.StatusCode
		if x.answer, err = io.ReadAll(res.Body); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		_ = res.Body.Close()
	}
	return x
}

// play sends a captured request.
func (n *node) play(x exchange) (int, []byte) {
	n.t.Helper()
	q := httptest.NewRequestWithContext(n.t.Context(), x.method, x.target, bytes.NewReader(x.body))
	q.Header = x.header.Clone()
	w := httptest.NewRecorder()
	n.ServeHTTP(w, q)
	return w.Code, w.Body.Bytes()
}

// counters are those of a reply that are not 0.
func counters(tb testing.TB, body []byte) map[string]int {
	tb.Helper()
	var all map[string]any
	if err := json.Unmarshal(body, &all); err != nil {
		tb.Fatalf("%s: %v", body, err)
	}
	out := map[string]int{}
	for k, v := range all {
		if f, ok := v.(float64); ok && f != 0 {
			out[k] = int(f)
		}
	}
	return out
}

// keys are the throw-away keys of the captures.
type keys struct {
	sender, root string
	domain       string
	apiKey       string
}

func capturedKeys(tb testing.TB) keys {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(vectors, "keys", "keys.json"))
	if err != nil {
		tb.Skipf("no captured keys at %s", vectors)
	}
	type pair struct {
		Public string `json:"public_hex"`
	}
	var file struct {
		Sender pair   `json:"sender region/nyc/node-1"`
		Root   pair   `json:"issuer root"`
		Domain string `json:"trust_domain"`
		APIKey string `json:"api_key"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatal(err)
	}
	if b, err := hex.DecodeString(file.Sender.Public); err != nil || len(b) != 32 {
		tb.Fatalf("sender's key: %v", err)
	}
	return keys{sender: file.Sender.Public, root: file.Root.Public, domain: file.Domain, apiKey: file.APIKey}
}
