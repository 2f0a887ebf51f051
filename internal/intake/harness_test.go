package intake_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

// node is a door to a store of its own: node a, with the member b, which is bound to
// the namespace open.
type node struct {
	*intake.Door
	store *store.Store
	cfg   intake.Config
}

func open(t *testing.T) *node {
	t.Helper()
	clock := memory.NewClock(time.Now, memory.DefaultMaxSkew)
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Node: "a", Clock: clock, Codec: wire.Codec{}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- st.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, st.Close()); err != nil {
			t.Error(err)
		}
	})
	n := &node{store: st, cfg: intake.Config{
		Node: "a", Members: []memory.Node{"b"}, Bounds: map[memory.Node][]string{"b": {"open"}}, Decode: wire.DecodeEntry,
		Clock: clock, Log: log, Heard: func(memory.Node, memory.View, time.Time) {},
	}}
	n.Door = intake.New(n.cfg, st)
	return n
}

// entry is one that node b logged.
func entry(seq uint64, op memory.Op) *memory.Entry {
	return &memory.Entry{
		Dot: memory.Dot{Origin: memory.MakeOrigin("b", 1), Seq: seq}, Stamp: memory.MakeStamp(time.Now()) + memory.Stamp(seq), Actor: "ai:x", Op: op,
	}
}

func put(id, namespace string) *memory.Put {
	m := memorytest.Memory().Example(1)
	m.ID, m.Namespace, m.Metadata = id, namespace, nil
	return &memory.Put{Memory: m, Create: true}
}

func shipped(t *testing.T, entries ...*memory.Entry) []memory.Shipment {
	t.Helper()
	var out []memory.Shipment
	for _, e := range entries {
		raw, err := wire.EncodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, memory.Shipment{Raw: raw})
	}
	return out
}

// routes are all ways in.
func (n *node) routes(t *testing.T) map[memory.Route]func(ops []memory.Shipment) ([]memory.Refusal, error) {
	t.Helper()
	accept := func(r memory.Route) func([]memory.Shipment) ([]memory.Refusal, error) {
		return func(ops []memory.Shipment) ([]memory.Refusal, error) {
			got, err := n.Accept(t.Context(), memory.Source{Member: "b", Route: r}, ops)
			return got.Refused, err
		}
	}
	return map[memory.Route]func([]memory.Shipment) ([]memory.Refusal, error){
		memory.RoutePush: func(ops []memory.Shipment) ([]memory.Refusal, error) {
			from := memory.Source{Member: "b", Route: memory.RoutePush}
			reply, err := n.AcceptPush(t.Context(), from, &memory.Push{From: "b", To: "a", Ops: ops})
			if err != nil {
				return nil, err
			}
			return reply.Refused, nil
		},
		memory.RoutePull:   accept(memory.RoutePull),
		memory.RouteRepair: accept(memory.RouteRepair),
		memory.RouteSnapshot: func(ops []memory.Shipment) ([]memory.Refusal, error) {
			return nil, n.AcceptWhole(t.Context(), memory.Source{Member: "b", Route: memory.RouteSnapshot},
				func(yield func([]memory.Shipment) error) (memory.View, error) { return memory.View{}, yield(ops) })
		},
		memory.RouteImport: func(ops []memory.Shipment) ([]memory.Refusal, error) {
			got, err := n.AcceptDump(t.Context(), manifest(ops), false, batches(ops))
			return got.Refusals, err
		},
	}
}

// manifest is what a dump of these entries says that they add up to.
func manifest(ops []memory.Shipment) intake.Manifest {
	state := memory.NewState()
	for _, op := range ops {
		if a, err := memory.OpenOne(wire.DecodeEntry, op); err == nil && a.Refused == nil {
			state.Apply(a.Entry)
		}
	}
	var m intake.Manifest
	m.View.Root = state.Root().Digest()
	return m
}

func batches(ops []memory.Shipment) iter.Seq2[[]memory.Shipment, error] {
	return func(yield func([]memory.Shipment, error) bool) { yield(ops, nil) }
}

// parked is the code under which the node keeps what it refused, "" if it did not.
func (n *node) parked(t *testing.T, d memory.Dot) string {
	t.Helper()
	list, err := n.store.Parked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Dot == d && p.Member == "a" {
			return p.Code
		}
	}
	return ""
}

func (n *node) has(t *testing.T, id string) bool {
	t.Helper()
	_, err := n.store.Record(t.Context(), id)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}
