package intake_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/policy"
	"github.com/tallystick/tallystick/internal/store"
)

// Whatever is wrong with an entry, and whichever way it comes: it is refused under
// one code, its bytes are kept if there is a place for them, and the entries around it are taken.
func TestEveryRouteRefusesAlike(t *testing.T) {
	faults := map[string]struct {
		code string
		bad  func(t *testing.T) memory.Shipment // under the dot b.1.2, or b.1.1 which is taken
		seq  uint64
	}{
		"forbidden namespace": {memory.CodeForbidden, func(t *testing.T) memory.Shipment { t.Helper(); return shipped(t, entry(2, put("bad", "closed")))[0] }, 2},
		"forbidden before":    {memory.CodeForbidden, func(t *testing.T) memory.Shipment { t.Helper(); return shipped(t, entry(2, put("theirs", "open")))[0] }, 2},
		"forbidden deletion": {memory.CodeForbidden, func(t *testing.T) memory.Shipment {
			t.Helper()
			return shipped(t, entry(2, &memory.Delete{ID: "theirs"}))[0]
		}, 2},
		"forbidden, and future": {memory.CodeForbidden, func(t *testing.T) memory.Shipment { t.Helper(); return future(t, put("bad", "closed")) }, 2},
		"far future":            {memory.CodeSkew, func(t *testing.T) memory.Shipment { t.Helper(); return future(t, put("bad", "open")) }, 2},
		"unknown kind":          {memory.CodeUnknownKind, unknownKind, 2},
		"invalid": {memory.CodeInvalid, func(t *testing.T) memory.Shipment {
			t.Helper()
			return shipped(t, entry(2, &memory.Delete{ID: "a/b"}))[0]
		}, 2},
		"second body": {memory.CodeDotConflict, func(t *testing.T) memory.Shipment { t.Helper(); return shipped(t, entry(1, put("bad", "open")))[0] }, 1},
	}
	for name, tt := range faults {
		for route := memory.RoutePush; route <= memory.RouteImport; route++ {
			t.Run(fmt.Sprintf("%s/%s", name, route), func(t *testing.T) {
				n := open(t)
				first := shipped(t, entry(1, put("first", "open")))[0]
				theirs := shipped(t, &memory.Entry{
					Dot: memory.Dot{Origin: "c.1", Seq: 1}, Stamp: memory.MakeStamp(time.Now()), Actor: "ai:x", Op: put("theirs", "closed"),
				})[0]
				if got, err := n.Accept(t.Context(), memory.Source{Route: memory.RouteImport}, []memory.Shipment{first, theirs}); err != nil || got.Applied != 2 {
					t.Fatal(got, err)
				}
				last := shipped(t, entry(3, put("last", "open")))[0]
				bad := tt.bad(t)
				refused, err := n.routes(t)[route]([]memory.Shipment{bad, last})
				if err != nil {
					t.Fatal(err)
				}
				dot, kept := memory.Dot{Origin: "b.1", Seq: tt.seq}, tt.code
				if kept == memory.CodeDotConflict {
					kept = "" // its place is taken: see Settle
				}
				if got := n.parked(t, dot); got != kept {
					t.Errorf("kept as %q, want %q", got, kept)
				}
				if told := len(refused) == 1 && refused[0].Dot == dot && refused[0].Code == tt.code; !told && route != memory.RouteSnapshot {
					t.Errorf("refused %+v, want %q", refused, tt.code)
				}
				if !n.has(t, "last") || n.has(t, "bad") {
					t.Errorf("the entry after it was taken: %v, it itself: %v", n.has(t, "last"), n.has(t, "bad"))
				}
				if rec, err := n.store.Record(t.Context(), "theirs"); err != nil || rec.Namespace != "closed" || rec.Life != memory.Live {
					t.Errorf("what was there is %+v, %v", rec, err)
				}
				if v := n.store.View(); v.Heads["b.1"].Seq != 3 && tt.seq == 2 {
					t.Errorf("heads %+v", v.Heads)
				}
			})
		}
	}
}

// For every kind and every route: a member to which only some namespaces are open
// changes nothing elsewhere, whatever it calls the change.
func TestNoKindGetsPastTheBoundsOfAMember(t *testing.T) {
	for _, k := range memory.Kinds() {
		t.Run(k.String(), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(k), 3))
			op := memorytest.RandomOp(rng, k)
			about := op.About()
			for route := memory.RoutePush; route <= memory.RouteImport; route++ {
				n := open(t)
				var theirs []*memory.Entry
				seq := uint64(0)
				log := func(op memory.Op) {
					seq++
					theirs = append(theirs, &memory.Entry{
						Dot: memory.Dot{Origin: "c.1", Seq: seq}, Stamp: memory.MakeStamp(time.Now()) - 1<<30 + memory.Stamp(seq), Actor: "ai:x", Op: op,
					})
				}
				for _, r := range about.Memories {
					log(put(r.ID, "closed"))
				}
				if about.Proposal != "" && !about.Proposed {
					log(&memory.Propose{
						ID: about.Proposal, Namespace: "closed", Requester: "ai:x", RequestedAt: 1, Approver: memory.Approver{Agent: "ai:x"},
						Action: &memory.Delete{ID: "m"},
					})
				}
				if len(theirs) > 0 {
					if got, err := n.Accept(t.Context(), memory.Source{Route: memory.RouteImport}, shipped(t, theirs...)); err != nil || got.Applied != len(theirs) {
						t.Fatal(got, err)
					}
				}
				if _, err := n.routes(t)[route](shipped(t, entry(1, op))); err != nil {
					t.Fatal(err)
				}
				if got := n.parked(t, memory.Dot{Origin: "b.1", Seq: 1}); got != memory.CodeForbidden {
					t.Errorf("%s: a %s of what is closed is kept as %q: %+v", route, k, got, op)
				}
			}
		})
	}
}

func future(t *testing.T, op memory.Op) memory.Shipment {
	t.Helper()
	e := entry(2, op)
	e.Stamp = memory.MakeStamp(time.Now().Add(time.Hour))
	return shipped(t, e)[0]
}

// unknownKind is an entry as a program of tomorrow writes it.
func unknownKind(t *testing.T) memory.Shipment {
	t.Helper()
	raw := shipped(t, entry(2, &memory.Delete{ID: "bad"}))[0].Raw
	var parts []cbor.RawMessage
	if err := cbor.Unmarshal(raw, &parts); err != nil {
		t.Fatal(err)
	}
	for i, p := range parts {
		var kind uint64
		if cbor.Unmarshal(p, &kind) == nil && memory.Kind(kind) == memory.KindDelete && len(p) == 1 && i > 3 {
			parts[i] = cbor.RawMessage{0x18, 200}
		}
	}
	raw, err := cbor.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	return memory.Shipment{Raw: raw}
}

// Who is no member brings nothing, and is told nothing.
func TestStrangersBringNothing(t *testing.T) {
	n := open(t)
	ops := shipped(t, entry(1, put("first", "open")))
	stranger := memory.Source{Member: "x"}
	calls := map[string]func() error{
		"push": func() error {
			_, err := n.AcceptPush(t.Context(), stranger, &memory.Push{From: "b", To: "a", Ops: ops}) // whatever the message says
			return err
		},
		"pull": func() error {
			_, err := n.AcceptPull(t.Context(), stranger, &memory.PullRequest{From: "b"})
			return err
		},
		"digest": func() error {
			_, err := n.AcceptDigest(t.Context(), stranger, &memory.DigestRequest{From: "b"})
			return err
		},
		"snapshot": func() error {
			_, err := n.AcceptSnapshot(t.Context(), stranger, func([]memory.Shipment) error { return nil })
			return err
		},
	}
	for r := memory.RoutePush; r <= memory.RouteImport; r++ {
		from := memory.Source{Member: "x", Route: r}
		calls["in by "+r.String()] = func() error { _, err := n.Accept(t.Context(), from, ops); return err }
		calls["whole by "+r.String()] = func() error {
			return n.AcceptWhole(t.Context(), from, func(yield func([]memory.Shipment) error) (memory.View, error) { return memory.View{}, yield(ops) })
		}
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, memory.ErrForbidden) || memory.RefusalCode(err) != memory.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n.has(t, "first") || len(n.store.View().Heads) > 1 {
		t.Errorf("heads %v", n.store.View().Heads)
	}
}

// One entry that nobody can read does not keep the others waiting. A state that has
// one is not vouched for.
func TestWhatCannotBeReadIsLeftOut(t *testing.T) {
	ops := shipped(t, entry(1, put("first", "open")), entry(2, put("second", "open")))
	ops = []memory.Shipment{ops[0], {Raw: []byte("no entry")}, ops[1]}
	for _, r := range []memory.Route{memory.RoutePush, memory.RoutePull, memory.RouteRepair} {
		n := open(t)
		got, err := n.Accept(t.Context(), memory.Source{Member: "b", Route: r}, ops)
		if err != nil || got.Applied != 2 || got.Unreadable != 1 {
			t.Errorf("%s: %+v, %v", r, got, err)
		}
	}
	n := open(t)
	whole := func(yield func([]memory.Shipment) error) (memory.View, error) {
		return memory.View{Heads: memory.Heads{"b.1": {Seq: 9}}}, yield(ops)
	}
	if err := n.AcceptWhole(t.Context(), memory.Source{Member: "b", Route: memory.RouteSnapshot}, whole); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("snapshot: %v", err)
	}
	if h := n.store.View().Heads["b.1"]; h.Seq != 2 || !n.has(t, "second") {
		t.Errorf("head %+v", h)
	}
	if _, err := n.AcceptDump(t.Context(), intake.Manifest{}, false, batches(ops)); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("import: %v", err)
	}
}

// What is hollow waits for what replaced it, however late that comes.
func TestASnapshotMayComeInAnyOrder(t *testing.T) {
	n := open(t)
	old := entry(1, put("m", "open"))
	now := entry(2, put("m", "open"))
	now.Prev = []memory.Dot{old.Dot}
	hollow, ok := old.Hollowed(now.Dot)
	if !ok {
		t.Fatal("no hollow form")
	}
	full := shipped(t, old)
	a, err := memory.OpenOne(n.cfg.Decode, full[0])
	if err != nil {
		t.Fatal(err)
	}
	hollow.Digest = a.Entry.Digest
	read := func(yield func([]memory.Shipment) error) (memory.View, error) {
		for _, e := range []*memory.Entry{hollow, now} {
			if err := yield(shipped(t, e)); err != nil {
				return memory.View{}, err
			}
		}
		return memory.View{Heads: memory.Heads{"b.1": {Seq: 7}, "c.1": {Seq: 5, Gaps: []uint64{3}}}}, nil
	}
	if err := n.AcceptWhole(t.Context(), memory.Source{Member: "b", Route: memory.RouteSnapshot}, read); err != nil {
		t.Fatal(err)
	}
	if h := n.store.View().Heads; h["b.1"].Seq != 7 || h["c.1"].Seq != 0 { // of c the gap is missing
		t.Errorf("heads %+v", h)
	}
}

// crowded is a store in which too much goes on for so many looks at a record.
type crowded struct {
	*store.Store
	why  error
	left atomic.Int64
}

func (s *crowded) Record(ctx context.Context, id string) (*memory.Record, error) {
	if s.left.Add(-1) >= 0 {
		return nil, fmt.Errorf("memory %s: %w", id, s.why)
	}
	return s.Store.Record(ctx, id)
}

// A snapshot waits while there is too much to do, be that writes or reads.
func TestASnapshotWaitsForItsTurn(t *testing.T) {
	for _, why := range []error{memory.ErrBusy, memory.ErrCrowded} {
		n := open(t)
		st := &crowded{Store: n.store, why: why}
		st.left.Store(2)
		err := intake.New(n.cfg, st).AcceptWhole(t.Context(), memory.Source{Member: "b", Route: memory.RouteSnapshot},
			func(yield func([]memory.Shipment) error) (memory.View, error) {
				return memory.View{}, yield(shipped(t, entry(1, put("m1", "open"))))
			})
		if err != nil || !n.has(t, "m1") || st.left.Load() >= 0 {
			t.Errorf("while %v, a snapshot: %v", why, err)
		}
	}
}

func TestASnapshotWithoutAPlaceIsNotVouchedFor(t *testing.T) {
	n := open(t)
	old := entry(1, put("m", "open"))
	hollow, _ := old.Hollowed(memory.Dot{Origin: "b.1", Seq: 2})
	hollow.Digest = memory.Digest{1}
	read := func(yield func([]memory.Shipment) error) (memory.View, error) {
		return memory.View{Heads: memory.Heads{"b.1": {Seq: 7}}}, yield(shipped(t, hollow))
	}
	if err := n.AcceptWhole(t.Context(), memory.Source{Member: "b", Route: memory.RouteSnapshot}, read); err == nil {
		t.Error("the heads were taken over")
	}
	if h := n.store.View().Heads["b.1"]; h.Seq != 0 {
		t.Errorf("head %+v", h)
	}
}

// A snapshot has another entry than this node under a number. The first of them has it,
// and the head that comes with the snapshot is taken over with its chain only if that is
// the snapshot's: else this node would vote for what it does not have.
func TestASnapshotBringsAnotherEntry(t *testing.T) {
	for _, first := range []bool{true, false} { // theirs
		n := open(t)
		theirs, ours := entry(2, put("theirs", "open")), entry(2, put("ours", "open"))
		if ours.Stamp = theirs.Stamp + 1; !first {
			theirs.Stamp = ours.Stamp + 1
		}
		if got, err := n.Accept(t.Context(), memory.Source{Member: "b", Route: memory.RoutePush}, shipped(t, ours)); err != nil || got.Applied != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		view := memory.View{Heads: memory.Heads{"b.1": {Seq: 3, Chain: memory.Chain{1}}}}
		ops := shipped(t, theirs, entry(3, put("last", "open")))
		err := n.AcceptWhole(t.Context(), memory.Source{Member: "b", Route: memory.RouteSnapshot}, func(yield func([]memory.Shipment) error) (memory.View, error) {
			return view, yield(ops)
		})
		if err != nil {
			t.Fatal(err)
		}
		h := n.store.View().Heads["b.1"]
		if h.Seq != 3 || (h.Chain == memory.Chain{1}) != first || h.Chain.IsZero() == first {
			t.Errorf("theirs was made first: %v; head %+v", first, h)
		}
		if n.has(t, "theirs") != first || !n.has(t, "ours") || !n.has(t, "last") {
			t.Errorf("theirs was made first: %v; theirs %v, ours %v, last %v", first, n.has(t, "theirs"), n.has(t, "ours"), n.has(t, "last"))
		}
		e, err := n.store.Entry(t.Context(), memory.Dot{Origin: "b.1", Seq: 2})
		if err != nil || (e.Stamp == theirs.Stamp) != first {
			t.Errorf("theirs was made first: %v; the number belongs to %+v (%v)", first, e, err)
		}
	}
}

// Every origin is named in every message: there is an end to them, well below what a
// message takes, and what lies beyond leaves nothing behind.
func TestOriginsAreBounded(t *testing.T) {
	n := open(t)
	var entries []*memory.Entry
	for i := range policy.MaxOriginsOfANode + 10 {
		e := entry(1, put(fmt.Sprintf("m-%d", i), "open"))
		e.Dot.Origin = memory.MakeOrigin("b", uint64(i+1))
		entries = append(entries, e)
	}
	got, err := n.Accept(t.Context(), memory.Source{Member: "b", Route: memory.RoutePush}, shipped(t, entries...))
	if err != nil || got.Applied != policy.MaxOriginsOfANode || len(got.Refused) != 10 || got.Refused[0].Code != memory.CodeForbidden {
		t.Fatalf("applied %d, refused %d, %v", got.Applied, len(got.Refused), err)
	}
	heads := memory.Heads{}
	for _, e := range entries {
		heads[e.Dot.Origin] = memory.Head{Seq: 4}
	}
	whole := func(func([]memory.Shipment) error) (memory.View, error) { return memory.View{Heads: heads}, nil }
	if err := n.AcceptWhole(t.Context(), memory.Source{Member: "b", Route: memory.RouteSnapshot}, whole); err != nil {
		t.Fatal(err)
	}
	of := 0
	for o, h := range n.store.View().Heads {
		if o.Node() == "b" {
			of++
			if h.Seq != 4 {
				t.Errorf("%s: head %+v", o, h)
			}
		}
	}
	if of != policy.MaxOriginsOfANode {
		t.Errorf("%d origins of b", of)
	}
	if list, err := n.store.Parked(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("parked: %v, %v", list, err)
	}
}

// What a bound forbade is not taken because somebody asks for it again, but when it
// comes in by the door and the bound is gone.
func TestWhatWasForbiddenComesInOnceItIsAllowed(t *testing.T) {
	n := open(t)
	ops := shipped(t, entry(1, put("bad", "closed")))
	from := memory.Source{Member: "b", Route: memory.RoutePull}
	if got, err := n.Accept(t.Context(), from, ops); err != nil || len(got.Refused) != 1 {
		t.Fatal(got, err)
	}
	dot := memory.Dot{Origin: "b.1", Seq: 1}
	if taken, err := n.store.RetryParked(t.Context(), []memory.Dot{dot}, time.Now()); err != nil || taken != 0 || n.has(t, "bad") {
		t.Errorf("taken %d, %v", taken, err)
	}
	from.Route = memory.RouteRepair
	if got, err := n.Accept(t.Context(), from, ops); err != nil || got.Applied != 0 || n.has(t, "bad") {
		t.Errorf("%+v, %v", got, err)
	}
	n.cfg.Bounds = nil
	n.Door = intake.New(n.cfg, n.store)
	if got, err := n.Accept(t.Context(), from, ops); err != nil || got.Applied != 1 || !n.has(t, "bad") || n.parked(t, dot) != "" {
		t.Errorf("%+v, %v", got, err)
	}
}
