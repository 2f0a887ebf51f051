package book_test

import (
	"crypto/sha256"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/store"
)

// dump is a complete export in memory.
type dump struct {
	manifest upkeep.Manifest
	batches  [][]memory.Shipment
}

func (n *node) dump(t *testing.T) *dump {
	t.Helper()
	d := &dump{}
	err := n.Dump(t.Context(), 0, func(m upkeep.Manifest) error {
		d.manifest = m
		return nil
	}, func(list []upkeep.Logged) error {
		var ops []memory.Shipment
		for _, l := range list {
			ops = append(ops, l.Shipment)
		}
		d.batches = append(d.batches, ops)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// each yields the batches, and then err if there is one.
func (d *dump) each(err error) iter.Seq2[[]memory.Shipment, error] {
	return func(yield func([]memory.Shipment, error) bool) {
		for _, b := range d.batches {
			if !yield(b, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func (n *node) load(t *testing.T, d *dump, dry bool) upkeep.Loaded {
	t.Helper()
	out, err := n.Load(t.Context(), d.manifest, dry, d.each(nil))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func encoded(t *testing.T, e *memory.Entry) memory.Shipment {
	t.Helper()
	raw, err := codec.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return memory.Shipment{Raw: raw}
}

// digestOf is the digest of an entry as the codec encodes it.
func digestOf(e *memory.Entry) memory.Digest {
	raw, err := codec.Encode(e)
	if err != nil {
		panic(err)
	}
	return sha256.Sum256(raw)
}

func TestADumpMakesAnotherNodeEqual(t *testing.T) {
	tests := map[string]func(t *testing.T, a *node){
		"as it is": func(*testing.T, *node) {},
		"with hollow entries": func(t *testing.T, a *node) {
			t.Helper()
			if n, err := a.store.Compact(t.Context(), memory.InstantOf(time.Now().Add(time.Hour)), 1, nil); err != nil || n == 0 {
				t.Fatalf("compacted %d, %v", n, err)
			}
		},
		"with a truncated log": func(t *testing.T, a *node) {
			t.Helper()
			stable := map[memory.Origin]uint64{}
			for o := range a.store.View().Heads {
				stable[o] = 1 << 60
			}
			for range 2 {
				if _, err := a.store.Compact(t.Context(), memory.InstantOf(time.Now().Add(time.Hour)), 1, stable); err != nil {
					t.Fatal(err)
				}
			}
		},
		"with an entry that it refused": func(t *testing.T, a *node) {
			t.Helper()
			e := &memory.Entry{
				Dot: memory.Dot{Origin: "future.1", Seq: 1}, Actor: "alice", Op: &memory.Delete{ID: "x"},
				Stamp: memory.MakeStamp(time.Now().Add(24 * time.Hour)),
			}
			if got, err := a.Accept(t.Context(), imported, []memory.Shipment{encoded(t, e)}); err != nil || len(got.Refused) != 1 {
				t.Fatal(got, err)
			}
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			a := alone(t)
			var ops []memory.Shipment
			for _, e := range memorytest.History(rand.New(rand.NewPCG(7, 11)), 3, 500, digestOf) {
				ops = append(ops, encoded(t, e))
			}
			if got, err := a.Accept(t.Context(), imported, ops); err != nil || len(got.Refused) > 0 {
				t.Fatal(got, err)
			}
			own := a.create(t, alice, draft("of its own"))
			for _, text := range []string{"second", "third", "fourth"} { // versions to be compacted away
				ok(t)(a.Update(t.Context(), alice, own.ID, records.Patch{Content: new(text)}))
			}
			prepare(t, a)
			d := a.dump(t)

			b := open(t, "b", nil, 1)
			before := b.store.View().Root
			dry := b.load(t, d, true)
			if dry.Entries != d.manifest.Entries || dry.Applied+dry.Refused != dry.Entries || b.store.View().Root != before || dry.Adopted {
				t.Errorf("dry run: %+v of %d", dry, d.manifest.Entries)
			}
			got := b.load(t, d, false)
			if !got.Equal || !got.Adopted || got.Deferred > 0 || got.Digest != a.store.View().Root {
				t.Errorf("%+v, want the digest %s", got, a.store.View().Root)
			}
			here, there := maps.Clone(b.store.View().Heads), a.store.View().Heads // they belong to others, too
			delete(here, b.store.Origin())
			if diff := cmp.Diff(there, here); diff != "" {
				t.Error(diff)
			}
			again := b.load(t, d, false)
			if again.Applied != 0 || again.Known+again.Refused != again.Entries || !again.Equal {
				t.Errorf("again: %+v", again)
			}
			for kind, n := range b.dump(t).manifest.Kinds {
				if n != d.manifest.Kinds[kind] {
					t.Errorf("%d entries of kind %v, want %d", n, kind, d.manifest.Kinds[kind])
				}
			}
		})
	}
}

func TestADumpThatIsNotWholeOrLiesMovesNoHeads(t *testing.T) {
	a := alone(t)
	for i := range 3 {
		a.create(t, alice, draft(title(i)))
	}
	cut := errors.New("cut off")
	tests := map[string]struct {
		change func(d *dump)
		end    error
		want   error
	}{
		"cut off":       {func(*dump) {}, cut, cut},
		"another root":  {func(d *dump) { d.manifest.View.Root[0]++ }, nil, memory.ErrInvalid},
		"one is absent": {func(d *dump) { d.batches[0] = d.batches[0][1:] }, nil, memory.ErrInvalid},
		"damaged": {func(d *dump) {
			raw := append([]byte(nil), d.batches[0][0].Raw...)
			raw[len(raw)-1] ^= 1
			d.batches[0][0].Raw = raw[:len(raw)-1]
		}, nil, memory.ErrInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := a.dump(t)
			tt.change(d)
			b := open(t, "b", nil, 1)
			for _, dry := range []bool{true, false} {
				out, err := b.Load(t.Context(), d.manifest, dry, d.each(tt.end))
				wantErr(t, err, tt.want)
				if out.Adopted {
					t.Error("heads were adopted")
				}
			}
			if n := b.store.View().Heads[a.store.Origin()].Seq; name == "one is absent" && n != 0 {
				t.Errorf("head %d, beyond a hole", n)
			}
			// The whole dump goes on where that one ended.
			if name == "cut off" {
				if got := b.load(t, a.dump(t), false); got.Applied != 0 || !got.Equal {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}

// A node that was restored from an old copy of its directory learns from a dump
// that it has used more numbers than it knows of.
func TestADumpWithOpsThatANodeForgotMakesItCountAnew(t *testing.T) {
	dir := t.TempDir()
	earlier, err := store.Open(t.Context(), store.Config{
		Dir: dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: codec, Log: slog.New(slog.DiscardHandler),
	})
	if err := errors.Join(err, earlier.Close()); err != nil {
		t.Fatal(err)
	}
	a := openIn(t, dir, "a", nil, 1)
	a.create(t, alice, draft("known"))
	old := a.store.Origin()
	forgot := &memory.Entry{
		Dot: memory.Dot{Origin: old, Seq: 2}, Stamp: memory.MakeStamp(time.Now()), Actor: "alice",
		Op: &memory.Archive{ID: memory.DerivedID("global", "known"), Reason: "winter"},
	}
	d := a.dump(t)
	state := memory.NewState()
	d.batches = append(d.batches, []memory.Shipment{encoded(t, forgot)})
	for _, b := range d.batches {
		for _, op := range b {
			e, err := codec.Decode(op.Raw)
			if err != nil {
				t.Fatal(err)
			}
			state.Apply(e)
		}
	}
	d.manifest.View.Root = state.Root().Digest()
	d.manifest.View.Heads[old] = memory.Head{Seq: 2}

	got := a.load(t, d, false)
	if got.Applied != 1 || got.Known != 1 || !got.Equal || got.Origin == old || got.Origin != a.store.Origin() {
		t.Errorf("%+v, the origin was %s", got, old)
	}
	next := ok(t)(a.Create(t.Context(), alice, draft("new")))
	if dot := next.Receipt.Dot; dot.Origin == old || dot.Seq != 1 {
		t.Errorf("the next op is %s", dot)
	}
}

// Heads say "I have all that": a dump gets them adopted only if it made this
// node's state what it says, and for the origins that it has entries of.
func TestTheHeadsOfADumpAreTakenOnlyWithItsState(t *testing.T) {
	a := alone(t)
	a.create(t, alice, draft("one"))
	d := a.dump(t)
	d.manifest.View.Heads = maps.Clone(d.manifest.View.Heads)
	for i := range 100 {
		d.manifest.View.Heads[memory.MakeOrigin("x", uint64(i))] = memory.Head{Seq: 7}
	}
	empty, full := alone(t), alone(t)
	if got := empty.load(t, d, false); !got.Adopted || !got.Equal || len(empty.store.View().Heads) != 2 {
		t.Errorf("%+v, heads %v", got, empty.store.View().Heads)
	}
	full.create(t, alice, draft("two"))
	if got := full.load(t, d, false); got.Adopted || got.Equal || got.Applied != 1 || len(full.store.View().Heads) != 2 {
		t.Errorf("%+v, heads %v", got, full.store.View().Heads)
	}
}

// The home of a proposal carries it out, also when it has lost its directory and
// knows of the proposal by a dump.
func TestAProposalThatCameByADumpIsCarriedOut(t *testing.T) {
	lost := alone(t)
	lost.register(t, "alice", "bob")
	lost.govern(t, "guarded", `{"write":"approve","approver":{"consensus":2}}`)
	p := lost.propose(t, carol, in("guarded", draft("asked")))
	lost.approve(t, alice, p.ID)
	d := lost.dump(t)

	a := alone(t)
	a.load(t, d, false)
	a.approve(t, bob, p.ID)
	a.eventually(t, "the memory is there", func() bool {
		_, err := a.store.ByTitle(t.Context(), "carol", "guarded", "asked")
		return err == nil
	})
}
