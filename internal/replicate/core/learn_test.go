package core

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
)

// plainLearn is [Core.learn] without a glance before: each step looks at all heads.
func plainLearn(c *Core, m *member, v memory.View) {
	m.heardAt = c.now
	overtaken(c, m, v.Epoch)
	acked, same := m.heads[c.origin].Seq, m.same[c.origin]
	newer, later := v.LSN >= m.lsn, v.LSN > m.lsn
	if v.LSN != m.lsn {
		m.lane.wake(c)
	}
	if later && m.lsn > 0 && !v.Heads.Reach(m.heads) {
		m.lost(c, v)
	}
	m.lsn = max(m.lsn, v.LSN)
	for o, h := range v.Heads {
		learnOf(c, m, o, h, newer, later)
	}
	m.reckon(c)
	if m.heads[c.origin].Seq > acked {
		m.lane.acked(c.now)
	}
	if c.match(m, c.origin); m.same[c.origin] > same {
		c.emit(SaveCursor{Member: m.name, Origin: c.origin, Seq: m.same[c.origin]})
	}
	if taken := c.unpark(m); len(taken) > 0 {
		c.emit(Unpark{Member: m.name, Dots: taken})
	}
	if reachSame(c.self.Heads, v.Heads) && reachSame(v.Heads, c.self.Heads) {
		c.prove(m, v, !refusedAny(c.self.Heads) && !refusedAny(v.Heads))
	}
	c.checkDisputes(m, v)
}

// reachSame reports whether a reaches as far as b, by the same entries as far as that is
// known, whatever was refused of them.
func reachSame(a, b memory.Heads) bool {
	for o, h := range b {
		if a[o].Seq < h.Seq || differ(a[o], h) {
			return false
		}
	}
	return true
}

// Whatever members say, of what was known before and of what was not: who glances at a
// reading first learns and does what he does who looks at all of it each time.
func TestAGlanceMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_700_000_000, 0)
		own := anyHeads(t, "own")
		glancing, plain := newPair(now, own), newPair(now, own)
		lsn := map[memory.Node]uint64{}
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 70_000).Draw(t, "ms")) * time.Millisecond)
			name := rapid.SampledFrom([]memory.Node{"b", "c"}).Draw(t, "member")
			lsn[name] += uint64(rapid.IntRange(0, 2).Draw(t, "lsn"))
			v := memory.View{Heads: anyHeads(t, "heads"), LSN: lsn[name] - min(lsn[name], uint64(rapid.IntRange(0, 1).Draw(t, "late"))), Root: memory.Digest{rapid.ByteRange(0, 2).Draw(t, "root")}}
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0:
				lsn["a"]++
				v.LSN = lsn["a"]
				glancing.Step(now, Committed{View: v})
				plain.Step(now, Committed{View: v})
			case 1:
				no := memory.Refusal{Dot: memory.Dot{Origin: "a.1", Seq: 1}, Code: memory.CodeSkew}
				glancing.member(name).refuse(no)
				plain.member(name).refuse(no)
			case 2:
				floor := floor{lsn: lsn[name], acked: uint64(rapid.IntRange(0, 2).Draw(t, "floor"))}
				for _, c := range []*Core{glancing, plain} {
					c.now, c.out = now, nil
					c.wentBack(c.member(name), floor, v)
				}
				glancing.learn(glancing.member(name), v)
				plainLearn(plain, plain.member(name), v)
			default:
				for _, c := range []*Core{glancing, plain} {
					c.now, c.out = now, nil
				}
				glancing.learn(glancing.member(name), v)
				plainLearn(plain, plain.member(name), v)
			}
			same(t, glancing, plain)
		}
	})
}

func newPair(now time.Time, own memory.Heads) *Core {
	return New(Config{
		Self: "a", Origin: "a.1", View: memory.View{Heads: own}, Members: Static("b", "c"), Cursors: map[memory.Node]uint64{"b": 1},
	}, now)
}

func same(t *rapid.T, a, b *Core) {
	t.Helper()
	a.news, b.news = nil, nil
	for _, m := range a.members {
		if m.acked != m.heads[a.origin].Seq {
			t.Fatalf("%s: acked %d of %v", m.name, m.acked, m.heads)
		}
	}
	if !slices.EqualFunc(a.out, b.out, func(x, y Effect) bool { return reflect.DeepEqual(x, y) }) {
		t.Fatalf("it does %+v, want %+v", a.out, b.out)
	}
	if !reflect.DeepEqual(a, b) {
		for i := range a.members {
			t.Logf("%+v\n%+v", a.members[i], b.members[i])
		}
		t.Fatalf("%s", fmt.Sprintf("it is %+v, want %+v", a, b))
	}
}

// anyHeads are of few origins, with few numbers and chains, so that many are alike.
func anyHeads(t *rapid.T, label string) memory.Heads {
	heads := memory.Heads{}
	for _, o := range []memory.Origin{"a.1", "b.1", "c.1", "d.1"} {
		if rapid.IntRange(0, 4).Draw(t, label+" lacks "+string(o)) == 0 {
			continue
		}
		h := memory.Head{Seq: rapid.SampledFrom([]uint64{0, 1, 1, 2}).Draw(t, label+" seq")}
		if h.Seq > 0 {
			h.Chain = memory.Chain{rapid.SampledFrom([]byte{0, 1, 1, 1, 2}).Draw(t, label+" chain")}
			if rapid.IntRange(0, 6).Draw(t, label+" gap") == 0 {
				h.Gaps = []uint64{1}
			}
		}
		heads[o] = h
	}
	return heads
}

// What a reading costs among 50 nodes that all write, of which two have since the last one.
func BenchmarkLearn(b *testing.B) {
	for name, learn := range map[string]func(*Core, *member, memory.View){"glance": (*Core).learn, "plain": plainLearn} {
		b.Run(name, func(b *testing.B) {
			const nodes = 50
			own, theirs := memory.Heads{}, memory.Heads{}
			var others []memory.Node
			for i := range nodes {
				n := memory.Node(fmt.Sprintf("node-%02d", i))
				if i > 0 {
					others = append(others, n)
				}
				own[memory.MakeOrigin(n, 1<<40)] = memory.Head{Seq: 1000, Chain: memory.Chain{1}}
				theirs[memory.MakeOrigin(n, 1<<40)] = memory.Head{Seq: 1000, Chain: memory.Chain{1}}
			}
			c := New(Config{
				Self: "node-00", Origin: memory.MakeOrigin("node-00", 1<<40), View: memory.View{Heads: own}, Confirmed: true, Members: Static(others...),
			}, time.Unix(1_700_000_000, 0))
			moving := [2]memory.Origin{memory.MakeOrigin("node-07", 1<<40), memory.MakeOrigin("node-31", 1<<40)}
			b.ReportAllocs()
			for lsn := uint64(1); b.Loop(); lsn++ {
				for _, o := range moving {
					h := theirs[o]
					theirs[o], own[o] = memory.Head{Seq: h.Seq + 1, Chain: h.Chain}, h
				}
				c.out = c.out[:0]
				learn(c, c.members[int(lsn)%len(c.members)], memory.View{Heads: theirs, LSN: lsn})
			}
		})
	}
}
