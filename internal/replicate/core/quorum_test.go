package core

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
)

func TestMajorityIsTheSmallestSizeOfGroupsThatAlwaysMeet(t *testing.T) {
	for n := 1; n <= 50; n++ {
		w := Majority(n)
		if 2*w <= n {
			t.Errorf("Majority(%d) = %d: two such groups fit side by side", n, w)
		}
		if smaller := w - 1; 2*smaller > n {
			t.Errorf("Majority(%d) = %d: %d would do", n, w, smaller)
		}
		if lost := n - w; lost >= w {
			t.Errorf("Majority(%d) = %d: losing the other %d can lose a whole group", n, w, lost)
		}
	}
}

// TestMajorityMeetsByEnumeration does not trust the arithmetic above.
func TestMajorityMeetsByEnumeration(t *testing.T) {
	for n := 1; n <= 8; n++ {
		w := Majority(n)
		for a := range 1 << n {
			for b := range 1 << n {
				if bits.OnesCount(uint(a)) == w && bits.OnesCount(uint(b)) == w && a&b == 0 {
					t.Fatalf("of %d members, %b and %b do not meet", n, a, b)
				}
			}
		}
	}
}

func TestQuorumOutOfRangeIsRefused(t *testing.T) {
	for n := 1; n <= 50; n++ {
		for w := -1; w <= n+2; w++ {
			if err, want := CheckQuorum(w, n), w >= 1 && w <= n; (err == nil) != want {
				t.Errorf("CheckQuorum(%d, %d) = %v", w, n, err)
			}
		}
	}
}

// seqs is a dumb twin of a head: the ops that are held, one by one.
type seqs map[uint64]bool

func (s seqs) add(h memory.Head) {
	for seq := uint64(1); seq <= h.Seq; seq++ {
		if !slices.Contains(h.Gaps, seq) {
			s[seq] = true
		}
	}
}

func anyHead(t *rapid.T, highest uint64) memory.Head {
	h := memory.Head{Seq: rapid.Uint64Range(0, highest).Draw(t, "seq")}
	for seq := uint64(1); seq <= h.Seq; seq++ {
		if rapid.IntRange(0, 9).Draw(t, "gap") == 0 {
			h.Gaps = append(h.Gaps, seq)
		}
	}
	return h
}

func TestUnionIsThatOfTheSetsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		twin := seqs{}
		var heads []memory.Head
		for range rapid.IntRange(1, 5).Draw(t, "readings") {
			h := anyHead(t, 12)
			heads = append(heads, h)
			twin.add(h)
		}
		for _, order := range [][]memory.Head{heads, rapid.Permutation(heads).Draw(t, "order")} {
			var got memory.Head
			for _, h := range order {
				got = union(got, h, rapid.Bool().Draw(t, "newer"))
			}
			sum := seqs{}
			sum.add(got)
			if !maps.Equal(sum, twin) {
				t.Fatalf("union of %v is %v, which holds %v; want %v", order, got, sum, twin)
			}
		}
	})
}

// twin is what a dumb observer knows of a member.
type twin struct {
	held seqs
	top  uint64 // as far as it has claimed to reach
	sure uint64 // as far as it is known to hold our entries, and no others
}

// hear takes a reading, which says all of what the member held if it is later than
// those before: here, if it reaches further.
func (w *twin) hear(h memory.Head, same bool) {
	if h.Seq > w.top {
		clear(w.held)
	}
	w.held.add(h)
	if w.top = max(w.top, h.Seq); same && h.Seq == w.top {
		w.sure = h.Seq
	}
}

func (w *twin) votes(seq uint64) bool { return w.held[seq] && seq <= w.sure }

// TestVotesAgreeWithCountingByHand plays random readings of random members to a
// core with random waits, and to a twin that counts on its fingers.
func TestVotesAgreeWithCountingByHand(t *testing.T) {
	const highest = 12
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "n")
		var others []memory.Node
		for i := range n - 1 {
			others = append(others, memory.Node(fmt.Sprintf("m%02d", i)))
		}
		now := time.Unix(1_800_000_000, 0)
		c := New(Config{Self: "a", Origin: self, Members: Static(others...)}, now)

		ev := Committed{View: memory.View{LSN: highest, Heads: memory.Heads{self: headOf(self, strconv.Itoa(highest))}}}
		for seq := uint64(1); seq <= highest; seq++ {
			ev.Own = append(ev.Own, memory.OwnEntry{Dot: memory.Dot{Origin: self, Seq: seq}, Chain: headOf(self, strconv.FormatUint(seq, 10)).Chain})
		}
		open := map[uint64]Wait{}
		for id := range uint64(6) {
			w := Wait{ID: id, Dot: memory.Dot{Origin: self, Seq: rapid.Uint64Range(1, highest).Draw(t, "dot")}, W: rapid.IntRange(1, n).Draw(t, "w")}
			open[id] = w
			ev.Waits = append(ev.Waits, w)
		}
		twins := map[memory.Node]*twin{}
		settled := func(effects []Effect) {
			for id, w := range open {
				want := []memory.Node{"a"}
				for _, m := range others {
					if twins[m] != nil && twins[m].votes(w.Dot.Seq) {
						want = append(want, m)
					}
				}
				var got *Tally
				for _, e := range effects {
					if r, ok := e.(Resolve); ok && r.ID == id {
						got = &r.Tally
					}
				}
				switch met := len(want) >= w.W; {
				case met && got == nil:
					t.Fatalf("%v is held by %v, and not resolved", w, want)
				case !met && got != nil:
					t.Fatalf("%v is held by %v alone, and resolved with %v", w, want, got)
				case met:
					if d := cmp.Diff(Tally{Dot: w.Dot, W: w.W, N: n, HeldBy: want}, *got); d != "" {
						t.Fatalf("tally: want -, got +\n%s", d)
					}
					delete(open, id)
				}
			}
		}
		settled(c.Step(now, ev))
		for range rapid.IntRange(0, 3*n).Draw(t, "readings") {
			if len(others) == 0 {
				break
			}
			m := rapid.SampledFrom(others).Draw(t, "member")
			h := anyHead(t, highest)
			same := rapid.IntRange(0, 3).Draw(t, "same entries") > 0
			if same {
				h.Chain = headOf(self, strconv.FormatUint(h.Seq, 10)).Chain
			} else if rapid.Bool().Draw(t, "other entries") {
				h.Chain = memory.Chain{1}
			}
			if twins[m] == nil {
				twins[m] = &twin{held: seqs{}}
			}
			twins[m].hear(h, same)
			settled(c.Step(now, Heard{Member: m, View: memory.View{LSN: h.Seq, Heads: memory.Heads{self: h}}}))
			known, is := Known(c, m)
			for seq := uint64(1); seq <= highest; seq++ {
				if got := known.Holds(memory.Dot{Origin: self, Seq: seq}); !is || got != twins[m].votes(seq) {
					t.Fatalf("%s is known to hold %d: %v, and its vote counts: %v", m, seq, got, twins[m].votes(seq))
				}
			}
		}
	})
}

func BenchmarkReply(b *testing.B) {
	for _, n := range []int{3, 25} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			var others []memory.Node
			for i := range n - 1 {
				others = append(others, memory.Node(fmt.Sprintf("m%02d", i)))
			}
			now := time.Unix(1_800_000_000, 0)
			c := New(Config{Self: "a", Origin: self, Members: Static(others...)}, now)
			heads := memory.Heads{self: {}}
			for _, m := range others {
				heads[memory.MakeOrigin(m, 1)] = memory.Head{Seq: 100}
			}
			seq := uint64(0)
			for b.Loop() {
				seq++
				mine := maps.Clone(heads)
				mine[self] = memory.Head{Seq: seq, Chain: mine[self].Chain.Next(memory.Digest{1})}
				heads[self] = mine[self]
				view := memory.View{LSN: seq, Heads: mine}
				own := []memory.OwnEntry{{Dot: memory.Dot{Origin: self, Seq: seq}, Chain: mine[self].Chain}}
				effects := c.Step(now, Committed{View: view, Own: own, Waits: []Wait{{ID: seq, Dot: memory.Dot{Origin: self, Seq: seq}, W: Majority(n)}}})
				for _, e := range effects {
					p, ok := e.(Push)
					if !ok {
						continue
					}
					c.Step(now, Loaded{Member: p.Member, ID: p.ID, Last: p.To})
					c.Step(now, Pushed{Member: p.Member, ID: p.ID, Reply: &memory.PushReply{From: p.Member, View: view}})
				}
			}
		})
	}
}

// A member has an entry of this node, then takes another one in its place, which it
// refuses: it holds neither.
func TestWhatHasMadeRoomIsNotHeld(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := New(Config{Self: "a", Origin: self, Members: Static("b"), Confirmed: true}, now)
	head := headOf(self, "2")
	c.Step(now, Heard{Member: "b", View: memory.View{LSN: 5, Heads: memory.Heads{self: {Seq: 2, Chain: memory.Chain{9}}}}})
	ev := Committed{View: memory.View{LSN: 2, Heads: memory.Heads{self: head}}}
	for seq := uint64(1); seq <= 2; seq++ {
		ev.Own = append(ev.Own, memory.OwnEntry{Dot: memory.Dot{Origin: self, Seq: seq}, Chain: headOf(self, strconv.FormatUint(seq, 10)).Chain})
	}
	ev.Waits = []Wait{{ID: 1, Dot: memory.Dot{Origin: self, Seq: 1}, W: 2}}
	c.Step(now, ev)
	now = now.Add(time.Millisecond)
	for _, e := range c.Step(now, Heard{Member: "b", View: memory.View{LSN: 7, Heads: memory.Heads{self: {Seq: 2, Gaps: []uint64{1}, Chain: head.Chain}}}}) {
		if r, is := e.(Resolve); is {
			t.Errorf("b refused it, and yet %+v", r.Tally)
		}
	}
	late := c.Step(now, Heard{Member: "b", View: memory.View{LSN: 8, Heads: memory.Heads{self: head}}})
	if !slices.ContainsFunc(late, func(e Effect) bool { _, is := e.(Resolve); return is }) {
		t.Error("b has taken it since, and it is not resolved")
	}
}

// What is missing here is what members have said that they hold, whoever has issued it.
func TestTheGapIsWhatMembersHaveAndThisNodeLacks(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := New(Config{Self: "a", Origin: self, Members: Static("b", "c"), View: memory.View{LSN: 3, Heads: memory.Heads{self: {Seq: 3}, "b.1": {Seq: 4}}}}, now)
	if held, known := Gap(c); held != 0 || known != 0 {
		t.Errorf("%d of %d, and nobody was heard", held, known)
	}
	c.Step(now, Heard{Member: "b", View: memory.View{LSN: 9, Heads: memory.Heads{self: {Seq: 2}, "b.1": {Seq: 10}}}})
	c.Step(now, Heard{Member: "c", View: memory.View{LSN: 9, Heads: memory.Heads{"b.1": {Seq: 7}, "c.1": {Seq: 5}}}})
	if held, known := Gap(c); held != 2+4 || known != 2+10+5 {
		t.Errorf("%d of %d, want 6 of 17", held, known)
	}
}
