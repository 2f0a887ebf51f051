package replicate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/replicate/core"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

func TestWhatIsMissedIsDeliveredAfterTheOutage(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		silent := func() int { return f.nodes["a"].logs.count("member does not answer") }
		caught := func() int { return f.nodes["a"].logs.count("have all of each other\" member=c") }
		before, met := silent(), caught()
		f.isolate("c")
		for i := range 1000 {
			if _, err := f.write(fmt.Sprint("a", i), 2); err != nil {
				t.Fatal(err)
			}
		}
		if s := f.nodes["a"].status(t, "c"); s.Owed != 1000 {
			t.Errorf("a owes c %d ops, want 1000", s.Owed)
		}
		time.Sleep(time.Hour)
		f.join("c")
		f.settle(35 * time.Second)
		time.Sleep(31 * time.Second) // a's own backoff
		if s := f.nodes["a"].status(t, "c"); s.State != core.OK || s.Owed != 0 || s.EqualAt.IsZero() {
			t.Errorf("status %+v", s)
		}
		if got := silent() - before; got != 1 {
			t.Errorf("the outage was reported %d times", got)
		}
		if got := caught() - met; got != 1 {
			t.Errorf("the end of catching up was reported %d times", got)
		}
	})
}

func TestDeadMinorityDoesNotSlowWrites(t *testing.T) {
	inFederation(t, 5, nil, func(f *federation) {
		t := f.t
		hang := func() bool { return true }
		f.net.Set("a", "b", fakenet.Link{Drop: hang})
		f.net.Set("a", "c", fakenet.Link{Delay: time.Second})
		f.net.Set("a", "d", fakenet.Link{Delay: time.Millisecond})
		f.net.Set("a", "e", fakenet.Link{Delay: time.Millisecond})
		start := time.Now()
		for i := range 1000 {
			if _, err := f.write(strconv.Itoa(i), 3); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("1000 writes took %s, want at most 2 ms each", took)
		}
	})
}

func TestOpsOfADeadOriginSpread(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		f.net.Cut("a", "c")
		if _, err := f.write("last words", 2); err != nil {
			t.Fatal(err)
		}
		f.isolate("a")
		time.Sleep(15 * time.Second)
		if !f.nodes["c"].Has(memory.Dot{Origin: "a.1", Seq: 1}) {
			t.Error("c did not get from b what a can no longer send")
		}
	})
}

func TestLiesAreNoVotes(t *testing.T) {
	for name, lie := range map[string]func(*memory.PushReply) *memory.PushReply{
		"reply of somebody else": func(r *memory.PushReply) *memory.PushReply {
			return &memory.PushReply{From: "x", View: r.View}
		},
		"heads of another origin": func(r *memory.PushReply) *memory.PushReply {
			return &memory.PushReply{From: r.From, View: memory.View{Heads: memory.Heads{"b.1": {Seq: 1}}}}
		},
		"no heads": func(r *memory.PushReply) *memory.PushReply { return &memory.PushReply{From: r.From} },
		"no reply": func(*memory.PushReply) *memory.PushReply { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			inFederation(t, 2, nil, func(f *federation) {
				t := f.t
				f.nodes["b"].Submit(nil, put("b has ops too"))
				f.settle(time.Second)
				f.net.Set("a", "b", fakenet.Link{Lie: lie})
				f.net.Set("b", "a", fakenet.Link{Cut: true})
				if tally, err := f.write("x", 2); err == nil {
					t.Errorf("acknowledged as held by %v", tally.HeldBy)
				}
			})
		})
	}
}

func TestLossyNetworkConverges(t *testing.T) {
	inFederation(t, 4, nil, func(f *federation) {
		rng := rand.New(rand.NewPCG(1, 2))
		often := func(p float64) func() bool {
			threshold := atomic.Uint64{}
			return func() bool { // a fixed pattern: callers are concurrent
				return threshold.Add(uint64(p*1000))%1000 < uint64(p*1000)
			}
		}
		for _, from := range f.names {
			for _, to := range f.names {
				f.net.Set(from, to, fakenet.Link{
					Delay: time.Duration(rng.IntN(50)) * time.Millisecond,
					Drop:  often(0.1), LoseBack: often(0.13), Repeat: often(0.2),
				})
			}
		}
		for i := range 200 {
			f.nodes[f.names[i%4]].Submit(nil, put(strconv.Itoa(i%50)))
			time.Sleep(10 * time.Millisecond)
		}
		f.settle(2 * time.Minute)
	})
}

func TestPartialQuorumIsReportedOnceWithNames(t *testing.T) {
	var partial []string
	tune := func(c *replicate.Config) {
		c.OnPartial = func(k memory.Kind, d memory.Dot, missing []memory.Node) {
			partial = append(partial, fmt.Sprint(k, " ", d, " ", missing))
		}
	}
	inFederation(t, 3, tune, func(f *federation) {
		t := f.t
		n := f.nodes["a"]
		if _, err := f.write("reaches all", 2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		f.isolate("c")
		ops := []memory.Op{put("x"), &memory.Delete{ID: "x"}, &memory.Archive{ID: "x"}}
		for _, op := range ops {
			n.Submit(n.fed.Expect(2), op)
		}
		n.Submit(n.fed.Expect(3), put("has no quorum"))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		want := []string{"put a.1.2 [c]", "delete a.1.3 [c]", "archive a.1.4 [c]"}
		if d := cmp.Diff(want, partial); d != "" {
			t.Errorf("want -, got +\n%s", d)
		}
		if got := n.logs.count("members are missing"); got != 1 {
			t.Errorf("%d warnings, want 1", got)
		}
		if got := n.fed.Counters.Partial(memory.KindDelete); got != 1 {
			t.Errorf("counted %d, want 1", got)
		}
	})
}

func TestMemberThatDoesNotBelieveUsStopsTheLane(t *testing.T) {
	inFederation(t, 2, nil, func(f *federation) {
		t := f.t
		var calls atomic.Int64
		f.net.Set("a", "b", fakenet.Link{Fault: func() error {
			calls.Add(1)
			return fmt.Errorf("push: %w", &memory.Fault{Class: memory.FaultIdentity, Err: errors.New("403")})
		}})
		f.net.Set("b", "a", fakenet.Link{Cut: true})
		if _, err := f.write("x", 2); err == nil {
			t.Fatal("acknowledged")
		}
		before := calls.Load()
		time.Sleep(5 * time.Minute)
		if got := calls.Load() - before; got < 9 || got > 14 {
			t.Errorf("%d probes in 5 minutes", got)
		}
		n := f.nodes["a"]
		if s := n.status(t, "b"); s.State != core.Halted || s.Err == nil {
			t.Errorf("status %+v", s)
		}
		if got := n.logs.count("level=ERROR"); got != 1 {
			t.Errorf("%d errors logged, want 1", got)
		}
		f.join("b")
		f.settle(31 * time.Second)
	})
}

func TestRefusedOpIsListedUntilTheMemberTakesIt(t *testing.T) {
	inFederation(t, 2, nil, func(f *federation) {
		t := f.t
		a, b := f.nodes["a"], f.nodes["b"]
		b.Refuse(func(e *memory.Entry) error {
			if e.Op.Kind() == memory.KindErase {
				return fmt.Errorf("erase: %w", memory.ErrUnknownKind)
			}
			return nil
		})
		a.Submit(nil, put("x"), &memory.Erase{ID: "x"}, put("y"))
		time.Sleep(time.Second)
		if got := a.fed.Held(memory.Dot{Origin: "a.1", Seq: 2}, 1).HeldBy; len(got) != 1 {
			t.Errorf("the refused op counts as held by %v", got)
		}
		if got := a.fed.Held(memory.Dot{Origin: "a.1", Seq: 3}, 1).HeldBy; len(got) != 2 {
			t.Errorf("the op behind it is held by %v", got)
		}
		parked, err := a.Parked(t.Context())
		if err != nil || len(parked) != 1 || parked[0].Member != "b" || parked[0].Code != memory.CodeUnknownKind || parked[0].Since == 0 {
			t.Fatalf("parked: %+v, %v", parked, err)
		}
		b.Refuse(nil)
		b.RetryRefused()
		f.settle(10 * time.Second)
		time.Sleep(6 * time.Second)
		if parked, _ := a.Parked(t.Context()); len(parked) != 0 {
			t.Errorf("still parked: %+v", parked)
		}
	})
}

func TestRestartGoesOnFromTheCursor(t *testing.T) {
	inFederation(t, 2, nil, func(f *federation) {
		t := f.t
		for i := range 600 {
			f.nodes["a"].Submit(nil, put(strconv.Itoa(i)))
		}
		f.settle(time.Second)
		f.nodes["a"].stop()
		if got, _ := f.nodes["a"].Cursors(t.Context(), "a.1"); got["b"] != 600 {
			t.Errorf("the cursor saved at shutdown is %d, want 600", got["b"])
		}
		before := f.net.Pushes("a", "b")
		n := f.start("a", f.nodes["a"].Store)
		<-n.fed.Greeted()
		if _, err := f.write("after", 2); err != nil {
			t.Fatal(err)
		}
		if got := f.net.Pushes("a", "b") - before; got != 1 {
			t.Errorf("%d pushes after the restart, want 1", got)
		}
	})
}

func TestRestoredBackupTakesANewIncarnation(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		a.Submit(nil, put("before"))
		f.settle(time.Second)
		backup := a.Clone()
		a.Submit(nil, put("after"))
		f.settle(time.Second)
		a.stop()

		a = f.start("a", backup)
		<-a.fed.Greeted()
		time.Sleep(time.Second)
		if got := a.Origin(); got == "a.1" {
			t.Fatalf("origin is still %s", got)
		}
		if _, err := f.write("new life", 3); err != nil {
			t.Fatal(err)
		}
		f.settle(10 * time.Second)
		if !a.Has(memory.Dot{Origin: "a.1", Seq: 2}) {
			t.Error("a did not get back what its backup lacked")
		}
	})
}

func TestLostDiskIsFilledAgain(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		for i := range 300 {
			if _, err := f.write(strconv.Itoa(i), 3); err != nil {
				t.Fatal(err)
			}
		}
		f.nodes["c"].stop()
		for _, m := range []memory.Node{"a", "b"} {
			f.net.Set(m, "c", fakenet.Link{Delay: 5 * time.Millisecond})
			f.net.Set("c", m, fakenet.Link{Delay: 5 * time.Millisecond})
		}
		f.start("c", memlog.New(f.lib, "c", 2, memory.NewClock(time.Now, memory.DefaultMaxSkew)))
		f.settle(20 * time.Second)
		if f.nodes["a"].fed.Counters.WentBack.Load() != 1 {
			t.Error("a did not notice that c had lost its disk")
		}
	})
}

func TestMemberBehindTheTruncationTakesASnapshot(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		f.isolate("c")
		for range 300 {
			f.nodes["a"].Submit(nil, put("again and again"))
		}
		time.Sleep(time.Second)
		for _, name := range []memory.Node{"a", "b"} {
			memlog.Thin(f.nodes[name].Store, func(string) bool { return true })
			f.nodes[name].Truncate("a.1", 200, func(uint64) bool { return true })
		}
		f.join("c")
		f.settle(time.Minute)
		if f.nodes["c"].fed.Counters.Snapshots.Load() != 1 {
			t.Error("c has taken no snapshot")
		}
		if _, err := f.write("and on", 3); err != nil {
			t.Error(err)
		}
	})
}

func TestDivergedStateIsFoundListedAndRepaired(t *testing.T) {
	inFederation(t, 2, nil, func(f *federation) {
		t := f.t
		a, b := f.nodes["a"], f.nodes["b"]
		op := put("x")
		a.Submit(nil, put("w"), op, put("y"))
		f.settle(time.Second)
		b.Spoil(op.Subjects()[0])

		c, err := b.fed.Compare(t.Context(), "a")
		if err != nil || c.Equal || len(c.Differences) != 1 {
			t.Fatalf("%+v, %v", c, err)
		}
		want := replicate.Difference{Key: op.Subjects()[0], There: memory.Version{Stamp: c.Differences[0].There.Stamp, Dot: memory.Dot{Origin: "a.1", Seq: 2}}}
		if d := cmp.Diff(want, c.Differences[0]); d != "" {
			t.Errorf("difference: want -, got +\n%s", d)
		}
		f.settle(30 * time.Second)
		if a.logs.count("differs") == 0 && b.logs.count("differs") == 0 {
			t.Error("no alarm was logged")
		}
		if c, err := a.fed.Compare(t.Context(), "b"); err != nil || !c.Equal || len(c.Differences) > 0 {
			t.Errorf("after the repair: %+v, %v", c, err)
		}
	})
}

func TestWaitEndsWithItsContextAndWithTheReplicator(t *testing.T) {
	inFederation(t, 2, nil, func(f *federation) {
		t := f.t
		f.isolate("b")
		a := f.nodes["a"]
		ticket := a.fed.Expect(2)
		a.Submit(ticket, put("x"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		tally, err := ticket.Wait(ctx, time.Now().Add(time.Minute))
		if !errors.Is(err, context.DeadlineExceeded) || len(tally.HeldBy) != 1 {
			t.Errorf("%v, %v", tally, err)
		}

		ticket = a.fed.Expect(2)
		a.Submit(ticket, put("y"))
		go a.stop()
		start := time.Now()
		if _, err := ticket.Wait(t.Context(), time.Now().Add(time.Minute)); err == nil || time.Since(start) > time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestFollowWaitsForAnOlderWrite(t *testing.T) {
	inFederation(t, 2, nil, func(f *federation) {
		t := f.t
		f.isolate("b")
		if _, err := f.write("x", 2); err == nil {
			t.Fatal("acknowledged")
		}
		f.join("b")
		time.Sleep(time.Second)
		d := memory.Dot{Origin: "a.1", Seq: 1}
		for range 2 { // the second is met at once
			if tally, err := f.nodes["a"].fed.Follow(d, 2).Wait(t.Context(), time.Now().Add(10*time.Second)); err != nil || tally.Dot != d {
				t.Errorf("%v, %v", tally, err)
			}
		}
	})
}

func TestCommitsAreTakenWhileNothingRuns(t *testing.T) {
	net, lib := fakenet.New(), memlog.NewLibrary()
	st := memlog.New(lib, "a", 1, memory.NewClock(time.Now, memory.DefaultMaxSkew))
	r, err := replicate.New(t.Context(), replicate.Config{Self: "a", Members: []memory.Node{"b"}},
		replicate.Storage{Log: st, Door: st, Numbers: st, Cursors: st, Digests: st}, net.Of("a"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	st.OnCommit(r.Committed)
	for i := range 10_000 { // would block for good if the hook waited for the loop
		st.Submit(r.Expect(1), put(strconv.Itoa(i%10)))
		r.Heard("b", st.View(), time.Now())
	}
}

func TestMembersComeAndGo(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		a.fed.SetMembers(replicate.Static("b"))
		synctest.Wait()
		if w, n := a.fed.Quorum(); w != 2 || n != 2 {
			t.Errorf("quorum %d of %d, want 2 of 2", w, n)
		}
		if tally, err := f.write("x", 2); err != nil || tally.N != 2 {
			t.Errorf("%v, %v", tally, err)
		}
		a.fed.SetMembers(replicate.Static("b", "c"))
		synctest.Wait()
		if tally, err := f.write("y", 3); err != nil || tally.N != 3 {
			t.Errorf("%v, %v", tally, err)
		}
	})
}

// TestAChangeOfMembersEnds has one of three replaced, of which another is cut off:
// nothing is acknowledged that the voters before would not have acknowledged, and the
// cursor of the one that went stays.
func TestAChangeOfMembersEnds(t *testing.T) {
	var ended []uint64
	tune := func(c *replicate.Config) {
		if c.Self == "a" {
			c.OnEnded = func(epoch uint64) { ended = append(ended, epoch) }
		}
		c.Roster = &replicate.Roster{Epoch: 1}
		for _, n := range []memory.Node{"a", "b", "c", "d"} {
			if n != c.Self {
				c.Roster.Others = append(c.Roster.Others, replicate.Seat{Node: n})
			}
			if n != "d" {
				c.Roster.Voters = append(c.Roster.Voters, replicate.Seat{Node: n})
			}
		}
	}
	inFederation(t, 4, tune, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		if tally, err := f.write("all", 3); err != nil || tally.N != 3 || tally.Epoch != 1 || slices.Contains(tally.HeldBy, "d") {
			t.Fatalf("%+v, %v", tally, err)
		}
		f.isolate("b")
		voters := []replicate.Seat{{Node: "a"}, {Node: "b"}, {Node: "d"}}
		roster := replicate.Roster{Epoch: 2, Others: voters[1:], Voters: voters, Former: []replicate.Seat{{Node: "a"}, {Node: "b"}, {Node: "c"}}}
		a.fed.SetMembers(roster)
		// a and d are two of the three now, and a is one of the three before.
		if tally, err := f.write("too early", 2); err == nil || len(tally.HeldBy) != 2 || tally.Former.Held != 1 || tally.Met() {
			t.Errorf("%+v, %v", tally, err)
		}
		if epoch, under := a.fed.UnderWay(); epoch != 2 || !under {
			t.Errorf("epoch %d, under way: %v", epoch, under)
		}
		f.join("b")
		for _, name := range []memory.Node{"b", "d"} {
			its := roster
			its.Others = []replicate.Seat{{Node: "a"}, {Node: map[memory.Node]memory.Node{"b": "d", "d": "b"}[name]}}
			f.nodes[name].fed.SetMembers(its)
		}
		f.pass(10 * time.Second)
		if tally, err := f.write("after", 2); err != nil || tally.Epoch != 2 || tally.Former.W != 0 {
			t.Errorf("%+v, %v", tally, err)
		}
		if _, under := a.fed.UnderWay(); under || !slices.Equal(ended, []uint64{2}) {
			t.Errorf("under way: %v, ended: %v", under, ended)
		}
		if kept, err := a.Cursors(t.Context(), a.Origin()); err != nil || kept["c"] != 1 {
			t.Errorf("the cursor of who went: %v, %v", kept, err)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg replicate.Config
		ok  bool
	}{
		"alone":             {replicate.Config{Self: "a"}, true},
		"W of N":            {replicate.Config{Self: "a", Members: []memory.Node{"b", "c"}, W: 3}, true},
		"W above N":         {replicate.Config{Self: "a", Members: []memory.Node{"b", "c"}, W: 4}, false},
		"W below 0":         {replicate.Config{Self: "a", W: -1}, false},
		"names itself":      {replicate.Config{Self: "a", Members: []memory.Node{"a"}}, false},
		"names one twice":   {replicate.Config{Self: "a", Members: []memory.Node{"b", "b"}}, false},
		"no name":           {replicate.Config{}, false},
		"a name with a dot": {replicate.Config{Self: "a", Members: []memory.Node{"b.c"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.cfg.Validate(); (err == nil) != tc.ok || err != nil && !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}
