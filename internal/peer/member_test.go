package peer_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/wire"
)

// member is a node as far as the protocol goes: it holds what it is sent, in
// memory.
type member struct {
	between func() // is called behind each part of a snapshot

	name memory.Node

	mu       sync.Mutex
	pushes   []*memory.Push
	pulls    []*memory.PullRequest
	held     []memory.Shipment
	heads    memory.Heads
	refusals []memory.Refusal
	err      error // the answer to everything, if set
}

func newMember(name memory.Node) *member { return &member{name: name, heads: memory.Heads{}} }

func (m *member) view() memory.View {
	return memory.View{Heads: m.heads, Root: memory.Digest{1}, LSN: uint64(len(m.held))}
}

func (m *member) AcceptPush(_ context.Context, _ memory.Source, p *memory.Push) (*memory.PushReply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pushes = append(m.pushes, p)
	if m.err != nil {
		return nil, m.err
	}
	for _, op := range p.Ops {
		dot, err := wire.DotOf(op.Raw)
		if err != nil {
			return nil, err
		}
		m.held = append(m.held, op)
		m.heads[dot.Origin] = memory.Head{Seq: dot.Seq}
	}
	return &memory.PushReply{From: m.name, Refused: m.refusals, View: m.view(), Time: time.Unix(5, 6).UTC()}, nil
}

func (m *member) AcceptPull(_ context.Context, _ memory.Source, r *memory.PullRequest) (*memory.PullReply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pulls = append(m.pulls, r)
	return &memory.PullReply{From: m.name, Ops: m.held, View: m.view()}, m.err
}

func (m *member) AcceptDigest(_ context.Context, _ memory.Source, r *memory.DigestRequest) (*memory.DigestReply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	reply := &memory.DigestReply{From: m.name, View: m.view()}
	if len(r.Buckets) == 0 {
		reply.Sums = make([]memory.Digest, memory.Buckets)
		return reply, m.err
	}
	reply.Registers = []memory.RegisterDigest{register("m")}
	return reply, m.err
}

func register(id string) memory.RegisterDigest {
	return memory.RegisterDigest{
		Key: memory.ContentKey(id).String(), Version: memory.Version{Stamp: 1, Dot: memory.Dot{Origin: "a.1", Seq: 1}},
	}
}

func bucketOf(id string) uint16 { return uint16(memory.Bucket(memory.ContentKey(id))) }

func (m *member) AcceptSnapshot(_ context.Context, _ memory.Source, yield func([]memory.Shipment) error) (memory.View, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for op := range slices.Chunk(m.held, 2) {
		if err := yield(op); err != nil {
			return memory.View{}, err
		}
		if m.between != nil {
			m.between()
		}
	}
	return m.view(), m.err
}

// entries returns n entries of an origin.
func entries(t *testing.T, n int) []memory.Shipment {
	t.Helper()
	out := make([]memory.Shipment, n)
	for i := range out {
		raw, err := wire.EncodeEntry(&memory.Entry{
			Dot: memory.Dot{Origin: "a.1", Seq: uint64(i + 1)}, Stamp: 9, Actor: "x", Op: &memory.Delete{ID: "m"},
		})
		if err != nil {
			t.Fatal(err)
		}
		out[i].Raw = raw
	}
	return out
}

// server serves h and counts the connections that are made to it.
func server(t *testing.T, h http.Handler) (url string, connections *atomic.Int64, s *httptest.Server) {
	t.Helper()
	connections = &atomic.Int64{}
	s = httptest.NewUnstartedServer(h)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, connections, s
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// serve serves the member b to the member a.
func serve(t *testing.T, b peer.Acceptor) (url string, connections *atomic.Int64) {
	t.Helper()
	url, connections, _ = server(t, peer.NewHandler(configOfB(), b, quiet()))
	return url, connections
}

func configOfB() peer.Config {
	return peer.Config{
		Self: "b", Members: map[memory.Node]string{"a": "http://127.0.0.1:1", "c": "http://127.0.0.1:2"},
		Origin:  func() memory.Origin { return "b.1z" },
		Timeout: 5 * time.Second,
	}
}

// client is the node a, which knows b under url.
func client(t *testing.T, url string, change ...func(*peer.Config)) *peer.Client {
	t.Helper()
	cfg := peer.Config{Self: "a", Members: map[memory.Node]string{"b": url}, Timeout: 5 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	c := peer.NewClient(cfg)
	t.Cleanup(c.Close)
	return c
}

// checkFault checks that err is a fault of a class that names the member and says want.
func checkFault(t *testing.T, err error, class memory.FaultClass, want string) {
	t.Helper()
	f, ok := errors.AsType[*memory.Fault](err)
	if !ok {
		t.Fatalf("got %v, want a fault", err)
	}
	if f.Class != class {
		t.Errorf("%v: class %d, want %d", err, f.Class, class)
	}
	if !strings.Contains(err.Error(), "to b: ") || !strings.Contains(err.Error(), want) {
		t.Errorf("got %q, want the member and something about %q", err, want)
	}
}

// checkRetryAfter checks how long a fault asks to wait.
func checkRetryAfter(t *testing.T, err error, want time.Duration) {
	t.Helper()
	if f, ok := errors.AsType[*memory.Fault](err); !ok || f.RetryAfter != want {
		t.Errorf("got %#v, want to retry after %s", err, want)
	}
}

// slowly is a member that takes longer for a push than the handler waits for a body.
type slowly struct{ *member }

func (s slowly) AcceptPush(ctx context.Context, from memory.Source, p *memory.Push) (*memory.PushReply, error) {
	select {
	case <-time.After(80 * time.Millisecond):
		return s.member.AcceptPush(ctx, from, p)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
