package replicate_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// A copy has numbered on without asking, under numbers of which the others have dropped
// some entries, with holes in what they still have.
func TestWhatOthersHaveDroppedIsConceded(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		for i := range 3 {
			a.Submit(nil, put(strconv.Itoa(i)))
		}
		f.settle(time.Second)
		backup := a.Clone()
		for range 400 { // of which only the last one holds anything
			a.Submit(nil, put("again and again"))
		}
		f.settle(5 * time.Second)
		for _, name := range []memory.Node{"b", "c"} {
			memlog.Thin(f.nodes[name].Store, func(string) bool { return true })
			f.nodes[name].Truncate("a.1", 60, func(seq uint64) bool { return seq <= 5 || seq >= 50 && name == "b" || seq >= 55 })
		}
		a.stop()
		f.isolate("a")
		a = f.start("a", backup)
		backup.Confirm()
		op := put("only here")
		backup.Submit(nil, op, put("and this"))
		f.join("a")
		f.settle(2 * time.Minute)
		for _, name := range f.names {
			e, want := f.nodes[name].Winner(op.Subjects()[0]), a.Winner(op.Subjects()[0])
			if e == nil || e.Digest != want.Digest {
				t.Errorf("%s has %+v, a has %+v", name, e, want)
			}
			if here, there := f.nodes[name].View().Heads["a.1"], a.View().Heads["a.1"]; here.Seq != there.Seq || here.Chain != there.Chain {
				t.Errorf("%s goes by %+v, a by %+v", name, here, there)
			}
		}
		f.pass(time.Minute)
		if n := a.logs.count("were compared"); n > 20 {
			t.Errorf("compared %d times: it does not end", n)
		}
	})
}

// Somebody waits for an entry that makes room when another one has taken its place. What
// members hold under its number is no vote for it.
func TestAnEntryThatIsReplacedAndMakesRoomIsNotAcknowledged(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		a.Submit(nil, put("known to all"))
		f.settle(time.Second)
		backup := a.Clone()
		a.Submit(nil, put("first"))
		a.Submit(nil, put("second"))
		f.settle(time.Second)
		a.stop()
		for _, m := range []memory.Node{"b", "c"} { // no answer, and no error
			f.net.Set("a", m, fakenet.Link{Delay: time.Hour})
			f.net.Set(m, "a", fakenet.Link{Delay: time.Hour})
		}
		a = f.start("a", backup)
		backup.Confirm()
		op := put("only here")
		ticket := a.fed.Expect(2)
		gone := backup.Submit(ticket, op)[0]
		backup.Submit(nil, &memory.Erase{ID: op.Subjects()[0].A})
		f.join("a")
		tally, err := ticket.Wait(t.Context(), time.Now().Add(time.Minute))
		var short *replicate.ShortError
		if !errors.As(err, &short) || short.Reason != replicate.Refused || len(tally.HeldBy) != 0 || tally.Dot != gone.Dot {
			t.Errorf("%+v (%v), want nobody to hold %s", tally, err, gone.Dot)
		}
		f.settle(2 * time.Minute)
		if e := f.nodes["b"].Winner(op.Subjects()[0]); e == nil || e.Op.Kind() != memory.KindErase {
			t.Errorf("b has %+v, want it erased", e)
		}
	})
}

// An entry moves after it was looked up, and before the loop hears of who waits for it.
// What members hold under its old number is no vote for it.
func TestAnEntryThatMovesIsFollowedFromTheStart(t *testing.T) {
	for name, to := range map[string]memory.Dot{"to another number": {Origin: "a.1", Seq: 2}, "to none": {}} {
		t.Run(name, func(t *testing.T) {
			st := memlog.New(memlog.NewLibrary(), "a", 1, memory.NewClock(time.Now, memory.DefaultMaxSkew))
			r, err := replicate.New(t.Context(), replicate.Config{Self: "a"}, replicate.Storage{Log: st, Door: st, Numbers: st, Cursors: st, Digests: st},
				fakenet.New().Of("a"), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			st.OnCommit(r.Committed)
			st.Confirm()
			from := st.Submit(nil, put("moves"))[0].Dot
			st.Submit(nil, put("again"))
			ticket := r.Follow(from, 1)
			r.Committed(memory.Committed{View: st.View(), Moved: []memory.Move{{From: from, To: to}}})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- r.Run(ctx) }()
			tally, err := ticket.Wait(t.Context(), time.Now().Add(10*time.Second))
			var short *replicate.ShortError
			switch {
			case to.IsZero() && (!errors.As(err, &short) || short.Reason != replicate.Refused || len(tally.HeldBy) > 0):
				t.Errorf("%+v (%v), want nobody to hold it", tally, err)
			case !to.IsZero() && (err != nil || tally.Dot != to):
				t.Errorf("%+v (%v), want %s to be held", tally, err, to)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// Two nodes have other entries under a number of somebody who is gone, and know no chains
// of his. What the first one wrote was replaced since, so nothing of it is missed at the
// other one, whose entry has to make room all the same.
func TestARepairFindsWhoHasTheNumber(t *testing.T) {
	inFederation(t, 2, nil, func(f *federation) {
		a, b := f.nodes["a"], f.nodes["b"]
		lib := f.lib
		gone := memlog.New(lib, "o", 1, memory.NewClock(time.Now, memory.DefaultMaxSkew))
		gone.Confirm()
		gone.Submit(nil, put("known to all"))
		copied := gone.Clone()
		copied.Confirm()
		link := &memory.Link{Source: memory.DerivedID("test", "x"), Target: memory.DerivedID("test", "y"), Relation: "related_to"}
		gone.Submit(nil, link)
		f.pass(time.Second)
		copied.Submit(nil, put("makes room"))
		a.Submit(nil, link)
		f.settle(time.Second)
		for n, has := range map[*node]*memlog.Store{a: gone, b: copied} {
			err := n.AcceptWhole(f.t.Context(), memory.Source{}, func(yield func([]memory.Shipment) error) (memory.View, error) {
				v := has.View()
				h := v.Heads["o.1"]
				return memory.View{Heads: memory.Heads{"o.1": {Seq: h.Seq}}}, yield(has.Entries("o.1", 2)[1:])
			})
			if err != nil {
				f.t.Fatal(err)
			}
		}
		f.settle(2 * time.Minute)
		for _, n := range []*node{a, b} {
			if e := n.Winner(memory.ContentKey(put("makes room").Subjects()[0].A)); e == nil || e.Dot.Origin.Node() != "b" {
				f.t.Errorf("%+v, want what made room, issued again by b", e)
			}
		}
	})
}
