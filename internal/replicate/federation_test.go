package replicate_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// federation is a few nodes with real replicators in one synctest bubble.
type federation struct {
	t     *testing.T
	net   *fakenet.Net
	lib   *memlog.Library
	names []memory.Node
	nodes map[memory.Node]*node
	tune  func(*replicate.Config)
}

type node struct {
	*memlog.Store
	fed  *replicate.Replicator
	logs *logs
	stop func()
}

// AcceptPush answers a push as an engine does.
func (n *node) AcceptPush(ctx context.Context, from memory.Source, p *memory.Push) (*memory.PushReply, error) {
	n.fed.Heard(from.Member, p.View, time.Now())
	reply, err := n.Store.AcceptPush(ctx, from, p)
	if err == nil {
		reply.View = n.fed.View()
	}
	return reply, err
}

// inFederation runs a test with n nodes, a, b, c …, in a bubble in which time
// passes when everybody waits. All nodes are stopped at its end; a goroutine that
// is left then fails the test.
func inFederation(t *testing.T, n int, tune func(*replicate.Config), test func(f *federation)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &federation{t: t, net: fakenet.New(), lib: memlog.NewLibrary(), nodes: map[memory.Node]*node{}, tune: tune}
		for i := range n {
			f.names = append(f.names, memory.Node('a'+rune(i)))
		}
		for _, name := range f.names {
			f.start(name, memlog.New(f.lib, name, 1, memory.NewClock(time.Now, memory.DefaultMaxSkew)))
		}
		defer func() {
			for _, n := range f.nodes {
				n.stop()
			}
		}()
		time.Sleep(time.Second) // those that started first have found the others
		test(f)
	})
}

// start runs a node on a store. What ran under its name before must be stopped.
func (f *federation) start(name memory.Node, st *memlog.Store) *node {
	f.t.Helper()
	cfg := replicate.Config{Self: name, Seed: uint64(name[0])}
	for _, m := range f.names {
		if m != name {
			cfg.Members = append(cfg.Members, m)
		}
	}
	if f.tune != nil {
		f.tune(&cfg)
	}
	n := &node{Store: st, logs: &logs{}}
	log := slog.New(slog.NewTextHandler(n.logs, nil))
	fed, err := replicate.New(f.t.Context(), cfg, replicate.Storage{Log: st, Door: st, Numbers: st, Cursors: st, Digests: st}, f.net.Of(name), log)
	if err != nil {
		f.t.Fatal(err)
	}
	n.fed = fed
	st.OnCommit(fed.Committed)
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan error, 1)
	go func() { done <- fed.Run(ctx) }()
	n.stop = sync.OnceFunc(func() {
		f.net.Join(name, nil)
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("%s: %v", name, err)
		}
	})
	f.net.Join(name, n)
	f.nodes[name] = n
	return n
}

// write submits a put at node a and waits until w members hold it.
func (f *federation) write(title string, w int) (replicate.Tally, error) {
	n := f.nodes["a"]
	ticket := n.fed.Expect(w)
	n.Submit(ticket, put(title))
	return ticket.Wait(f.t.Context(), time.Now().Add(2*time.Second))
}

func put(title string) memory.Op {
	return &memory.Put{Create: true, Memory: memory.Memory{ID: memory.DerivedID("test", title), Title: title}}
}

// settle waits until all nodes have the same heads and state.
func (f *federation) settle(within time.Duration) {
	f.t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		diff := f.difference()
		if diff == "" {
			return
		}
		if time.Now().After(end) {
			f.t.Fatalf("after %s: %s", within, diff)
		}
	}
}

func (f *federation) difference() string {
	first := f.nodes[f.names[0]].View()
	for _, name := range f.names {
		v := f.nodes[name].View()
		if v.Root != first.Root || fmt.Sprint(v.Heads) != fmt.Sprint(first.Heads) {
			return fmt.Sprintf("%s has %v, %s has %v", f.names[0], first.Heads, name, v.Heads)
		}
	}
	return ""
}

// isolate cuts a node from all others.
func (f *federation) isolate(name memory.Node) { f.each(name, f.net.Cut) }

// join heals all links of a node.
func (f *federation) join(name memory.Node) { f.each(name, f.net.Heal) }

func (f *federation) each(name memory.Node, do func(a, b memory.Node)) {
	for _, other := range f.names {
		if other != name {
			do(name, other)
		}
	}
}

func (n *node) status(t *testing.T, of memory.Node) replicate.PeerStatus {
	t.Helper()
	for _, s := range n.fed.Status() {
		if s.Member == of {
			return s
		}
	}
	t.Fatalf("no status of %s", of)
	return replicate.PeerStatus{}
}

// logs keeps log lines.
type logs struct {
	mu    sync.Mutex
	lines []string
}

// Write implements io.Writer.
func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(p))
	return len(p), nil
}

func (l *logs) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(l.lines), func(s string) bool { return !strings.Contains(s, text) }))
}

// pass lets time pass in the bubble of the federation.
func (f *federation) pass(d time.Duration) { time.Sleep(d) }
