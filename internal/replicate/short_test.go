package replicate_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/replicate/core"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
)

func TestWriteReturnsWhenItsQuorumHoldsIt(t *testing.T) {
	const rtt = 20 * time.Millisecond
	slow, cut, silent := fakenet.Link{Delay: time.Second}, fakenet.Link{Cut: true}, fakenet.Link{Delay: time.Hour}
	const once = 250 * time.Millisecond // at most: a call that failed is repeated
	for name, tc := range map[string]struct {
		b, c   fakenet.Link
		w      int
		heldBy []memory.Node
		reason string // of the *ShortError
		took   time.Duration
	}{
		"alone":                       {w: 1, heldBy: []memory.Node{"a"}},
		"majority":                    {w: 0, b: fakenet.Link{Delay: rtt / 2}, c: slow, heldBy: []memory.Node{"a", "b"}, took: rtt},
		"all":                         {w: 3, b: fakenet.Link{Delay: rtt / 2}, c: fakenet.Link{Delay: rtt}, heldBy: []memory.Node{"a", "b", "c"}, took: 2 * rtt},
		"a cut member is not waited":  {w: 2, b: fakenet.Link{Delay: rtt / 2}, c: cut, heldBy: []memory.Node{"a", "b"}, took: rtt},
		"all, and one is cut":         {w: 3, c: cut, heldBy: []memory.Node{"a", "b"}, reason: replicate.Timeout, took: once},
		"majority, and both are cut":  {w: 2, b: cut, c: cut, heldBy: []memory.Node{"a"}, reason: replicate.Unreachable, took: once},
		"all, and one is silent":      {w: 3, c: silent, heldBy: []memory.Node{"a", "b"}, reason: replicate.Timeout, took: 2 * time.Second},
		"more than members there are": {w: 4, heldBy: []memory.Node{"a", "b", "c"}, reason: replicate.Timeout, took: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inFederation(t, 3, nil, func(f *federation) {
				t := f.t
				for m, link := range map[memory.Node]fakenet.Link{"b": tc.b, "c": tc.c} {
					f.net.Set("a", m, link)
					f.net.Set(m, "a", link)
				}
				start := time.Now()
				tally, err := f.write("hello", tc.w)
				took := time.Since(start)

				var short *replicate.ShortError
				switch {
				case tc.reason == "" && err != nil:
					t.Fatal(err)
				case tc.reason != "" && (!errors.As(err, &short) || short.Reason != tc.reason || short.Needed != tally.W):
					t.Fatalf("got error %v, want %s", err, tc.reason)
				}
				if d := cmp.Diff(tc.heldBy, tally.HeldBy); d != "" {
					t.Errorf("held by: want -, got +\n%s", d)
				}
				if took != tc.took && (tc.took != once || took > once) {
					t.Errorf("took %s, want %s", took, tc.took)
				}
			})
		})
	}
}

// TestAMissedQuorumIsToldAtOnceWithNamesAndReasons has one member that is away, one
// that refuses this node, and one that does not get on.
func TestAMissedQuorumIsToldAtOnceWithNamesAndReasons(t *testing.T) {
	inFederation(t, 4, nil, func(f *federation) {
		t := f.t
		f.isolate("b")
		f.net.Set("a", "c", fakenet.Link{Fault: func() error { return &memory.Fault{Class: memory.FaultIdentity, Answered: true, Err: errStranger} }})
		f.net.Set("c", "a", fakenet.Link{Cut: true}) // a member that calls could fetch the write
		f.net.Set("a", "d", fakenet.Link{Delay: 400 * time.Millisecond})
		f.net.Set("d", "a", fakenet.Link{Delay: 400 * time.Millisecond})
		f.pass(10 * time.Second)
		start := time.Now()
		_, err := f.write("hello", 3)
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("told after %s", took)
		}
		short, is := errors.AsType[*replicate.ShortError](err)
		if !is {
			t.Fatal(err)
		}
		var got []string
		for _, m := range short.Missing {
			got = append(got, fmt.Sprintf("%s %s %d", m.Member, m.Why, m.Owed))
		}
		if d := cmp.Diff([]string{"b unreachable 1", "c refused 1", "d behind 1"}, got); d != "" {
			t.Errorf("missing: want -, got +\n%s", d)
		}
		a := f.nodes["a"]
		if n := a.fed.Counters.MissedQuorum.Load(); n != 1 {
			t.Errorf("counted %d", n)
		}
		if _, err := f.write("again", 3); err == nil {
			t.Error("acknowledged")
		}
		if n := a.logs.count("write missed its quorum"); n != 1 {
			t.Errorf("%d warnings", n)
		}

		// It is told the truth as soon as one is back.
		f.join("b")
		f.pass(40 * time.Second)
		if _, err := f.write("hello again", 3); err != nil {
			t.Error(err)
		}
	})
}

var errStranger = errors.New("who is a?")

// A member whose disk is full answers, and fetches nothing: it is not one that is reached
// by its own calls, as one behind a router is.
func TestAMemberThatSaysNoIsNotReachedByItsCalls(t *testing.T) {
	errNo := errors.New("disk full")
	for answered, want := range map[bool]core.State{true: core.BackingOff, false: core.OwnCalls} {
		inFederation(t, 2, nil, func(f *federation) {
			t := f.t
			f.net.Set("a", "b", fakenet.Link{Fault: func() error { return &memory.Fault{Answered: answered, Err: errNo} }})
			if _, err := f.write("hello", 1); err != nil { // which makes it call, whoever else does
				t.Fatal(err)
			}
			f.pass(20 * time.Second)
			if s := f.nodes["a"].status(t, "b"); s.State != want {
				t.Errorf("answered %v: %s, want %s", answered, s.State, want)
			}
		})
	}
}

// One that could be called, and has ended, was heard a moment ago: that it calls now
// nobody has heard.
func TestAMemberThatHasEndedIsNotReachedByItsCalls(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		if _, err := f.write("hello", 3); err != nil {
			t.Fatal(err)
		}
		f.pass(20 * time.Second)
		f.isolate("b")
		if _, err := f.write("hello again", 2); err != nil {
			t.Fatal(err)
		}
		f.pass(time.Second)
		if s := f.nodes["a"].status(t, "b"); s.State != core.BackingOff {
			t.Errorf("%s, want %s", s.State, core.BackingOff)
		}
	})
}
