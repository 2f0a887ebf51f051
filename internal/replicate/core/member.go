package core

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// member is what is known of one other node.
type member struct {
	name  memory.Node
	since uint64       // see [Seat]
	epoch uint64       // of the members by which it goes, the highest it has said
	heads memory.Heads // union of all it has said; owned
	acked uint64       // of heads, that of this node's origin: see [member.reckon]
	lsn   uint64       // highest it has said
	// recalled: what is known of our origin is its cursor only, of an earlier run. That
	// does not say what it has refused below.
	recalled bool
	lane     lane
	// same says, by origin, up to where it is known to hold what this node holds.
	same map[memory.Origin]uint64
	// parked are our ops that it refused, and that are listed as such.
	parked map[memory.Dot]memory.Refusal

	vouches  bool      // it has said, in this run, that it holds no more of our origin than we do
	calledAt time.Time // when it last called; zero: never in this run
	// mute: it does not send its own ops, they have to be fetched: it cannot call us.
	mute    bool
	heardAt time.Time // of the last reading; zero: never in this run
	equalAt time.Time // when its state was last proven equal to ours
	suspect *suspicion
	repairs repairs
	looked  int // how often it was asked for what refused ops may wait for, since heads were equal

	settle settlement
}

// suspicion are readings with equal heads and unequal roots. That is no proof yet:
// what came beyond a hole is in the root, and heads do not tell of it. But then it is
// not the same for long. Roots are sums, so what both take meanwhile is in neither's
// difference.
type suspicion struct {
	difference memory.Sum
	alike      bool // the heads, also in what was refused
	since      time.Time
}

// repairs of one member, paced.
type repairs struct {
	running bool
	after   time.Time // no other before
}

const repairPause = 30 * time.Second

// refusedPause is how long states are left alone at first that differ where some was
// refused.
const refusedPause = time.Minute

// refuse notes that the member said no to an op. If it claims to hold it all the
// same, the claim does not count until it is made again.
func (m *member) refuse(no memory.Refusal) (known bool) {
	d := no.Dot
	_, known = m.parked[d]
	m.parked[d] = no
	if h := m.heads[d.Origin]; m.heads.Holds(d) {
		i, _ := slices.BinarySearch(h.Gaps, d.Seq)
		h.Gaps = slices.Insert(slices.Clone(h.Gaps), i, d.Seq)
		m.heads[d.Origin] = h
	}
	return known
}

// unpark forgets and returns the refused ops that m holds after all. Of an origin of which
// one of the two knows no chain its own word is all that there will ever be: no vote, but
// no refusal either, unless it had another op under the dot.
func (c *Core) unpark(m *member) []memory.Dot {
	var taken []memory.Dot
	for d, no := range m.parked {
		silent := m.heads[d.Origin].Chain.IsZero() || c.self.Heads[d.Origin].Chain.IsZero()
		if c.holds(m, d) || silent && no.Code != memory.CodeDotConflict && m.heads.Holds(d) {
			taken = append(taken, d)
			delete(m.parked, d)
		}
	}
	slices.SortFunc(taken, func(a, b memory.Dot) int {
		return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Seq, b.Seq))
	})
	return taken
}

// maxHeads bounds the origins that a member is believed to hold something of.
const maxHeads = 4096

// learn takes a reading of m that just arrived.
func (c *Core) learn(m *member, v memory.View) {
	m.heardAt = c.now
	overtaken(c, m, v.Epoch)
	acked, same := m.acked, m.same[c.origin]
	newer, later := v.LSN >= m.lsn, v.LSN > m.lsn
	if v.LSN != m.lsn {
		m.lane.wake(c)
	}
	g := glanceAt(c, m, v.Heads)
	if later && m.lsn > 0 && g.less {
		m.lost(c, v)
		g.news = slices.AppendSeq(g.news[:0], maps.Keys(v.Heads))
	}
	m.lsn = max(m.lsn, v.LSN)
	for _, o := range g.news {
		learnOf(c, m, o, v.Heads[o], newer, later)
	}
	c.news = g.news[:0]
	m.reckon(c)
	if m.acked > acked {
		m.lane.acked(c.now)
	}
	if c.match(m, c.origin); m.same[c.origin] > same {
		c.emit(SaveCursor{Member: m.name, Origin: c.origin, Seq: m.same[c.origin]})
	}
	if taken := c.unpark(m); len(taken) > 0 {
		c.emit(Unpark{Member: m.name, Dots: taken})
	}
	if g.equal {
		c.prove(m, v, !g.refused)
	}
	if g.disputed {
		c.checkDisputes(m, v)
	}
}

// learnOf takes what a reading of m says of one origin.
func learnOf(c *Core, m *member, o memory.Origin, h memory.Head, newer, later bool) {
	was, known := m.heads[o]
	if m.recalled && o == c.origin && h.Seq >= was.Seq {
		m.recalled, m.heads[o] = false, h
		c.want(o, h.Seq)
		return
	}
	if !known && len(m.heads) >= maxHeads && o != c.origin {
		return
	}
	switch {
	case known && identical(was, h):
	case later && h.Seq >= was.Seq:
		// It says all of what m holds: an entry that m held before can have made room
		// for another one since, which m has refused.
		m.heads[o] = h
	default:
		m.heads[o] = union(was, h, newer)
	}
	if o != c.origin {
		c.match(m, o) // as long as both reach equally far: of others' origins no trail is kept
	}
	c.want(o, h.Seq)
}

// identical reports whether a and b are the same, and nothing was refused.
func identical(a, b memory.Head) bool {
	return a.Seq == b.Seq && a.Chain == b.Chain && len(a.Gaps) == 0 && len(b.Gaps) == 0
}

// reckon notes how far m holds the ops of this node, when its heads have changed, or the
// origin of this node has. Every step asks that of every member.
func (m *member) reckon(c *Core) { m.acked = m.heads[c.origin].Seq }

// glance is what a reading of a member says at first sight: it names all origins, of most
// of which there is nothing new.
type glance struct {
	news     []memory.Origin // of which there may be something to learn
	less     bool            // of some origin the member held more before
	equal    bool            // it and this node reach equally far, by the same entries as far as is known
	refused  bool            // something of what either holds was refused
	disputed bool            // of some origin but this node's, both reach equally far by other entries
}

// glanceAt looks at each origin once.
func glanceAt(c *Core, m *member, theirs memory.Heads) glance {
	g := glance{news: c.news[:0], equal: true}
	before, here := 0, 0 // origins of theirs that m has named before, and that are known here
	for o, h := range theirs {
		was, known := m.heads[o]
		ours, is := c.self.Heads[o]
		before, here = count(before, known), count(here, is)
		other := differ(ours, h)
		g.less = g.less || h.Seq < was.Seq
		g.equal = g.equal && ours.Seq == h.Seq && !other
		g.refused = g.refused || len(h.Gaps) > 0 || len(ours.Gaps) > 0
		g.disputed = g.disputed || other && o != c.origin
		if !known || !identical(was, h) || h.Seq > ours.Seq || unmatched(c, m, o, ours, h) {
			g.news = append(g.news, o)
		}
	}
	// What theirs does not name it has nothing of.
	if before < len(m.heads) {
		g.less = g.less || !theirs.Reach(m.heads)
	}
	if g.equal && here < len(c.self.Heads) {
		g.equal = theirs.Reach(c.self.Heads)
		g.refused = g.refused || refusedAny(c.self.Heads)
	}
	return g
}

func count(n int, more bool) int {
	if more {
		n++
	}
	return n
}

// refusedAny reports whether something of what is held was refused.
func refusedAny(heads memory.Heads) bool {
	for _, h := range heads {
		if len(h.Gaps) > 0 {
			return true
		}
	}
	return false
}

// unmatched reports whether there is anything to note of o, of which m is known to hold h,
// and this node holds ours: see [Core.match].
func unmatched(c *Core, m *member, o memory.Origin, ours, h memory.Head) bool {
	if o == c.origin {
		return m.recalled
	}
	return ours.Seq == h.Seq && !ours.Chain.IsZero() && !h.Chain.IsZero() && (ours.Chain != h.Chain || m.same[o] < h.Seq)
}

// prove compares a reading of m with ours. Equal heads and roots prove that the
// states are equal; equal heads with unequal roots, by the same each time and for longer
// than a hole lasts that is being filled, prove that they are not.
//
// Where some was refused, on either side, unequal roots prove nothing. But what was
// refused may wait for an entry that a member has beyond a hole, which no head shows. So
// if that lasts it is looked, too, ever less often, whether m has what is lacking here.
//
// The heads are equal here; alike says that nothing was refused of them.
func (c *Core) prove(m *member, v memory.View, alike bool) {
	difference := memory.SumOf(c.self.Root)
	difference.Sub(memory.SumOf(v.Root))
	switch {
	case difference.IsZero() && !alike:
	case difference.IsZero():
		m.suspect, m.equalAt, m.looked = nil, c.now, 0
	case m.suspect == nil || m.suspect.difference != difference || m.suspect.alike != alike:
		m.suspect = &suspicion{difference, alike, c.now}
		if alike {
			m.lane.wake(c)
		}
	case !alike && c.now.Sub(m.suspect.since) < refusedPause<<min(m.looked, 8):
	case !alike && !m.repairs.running && !c.now.Before(m.repairs.after):
		m.suspect, m.repairs.running = nil, true
		m.looked++
		c.emit(Compare{Member: m.name, Refused: true})
	case !alike:
	case c.now.Sub(m.suspect.since) < c.cfg.HeadsIdle:
		m.lane.wake(c)
	case !m.repairs.running && !c.now.Before(m.repairs.after):
		m.suspect, m.repairs.running = nil, true
		c.emit(Notice{Member: m.name, What: Diverged})
		c.emit(Compare{Member: m.name})
	}
}

func (c *Core) compared(ev Compared) {
	if m := c.member(ev.Member); m != nil {
		m.repairs = repairs{after: c.now.Add(repairPause)}
	}
}

// wentBack notices that m, in a reading it made after another one that we
// know of, holds less of ours than it said then, or has less behind it. One that has
// more behind it, and holds less of others', [Core.learn] sees. What it said is void: it counts for no
// further vote, and the lane starts again from what is left.
func (c *Core) wentBack(m *member, floor floor, v memory.View) {
	if left := v.Heads[c.origin]; v.LSN < floor.lsn || left.Seq < floor.acked {
		m.lost(c, v)
	}
}

// lost notes that m has lost its disk, or was set back, and what is left.
func (m *member) lost(c *Core, v memory.View) {
	m.heads, m.lsn, m.same = memory.Heads{c.origin: v.Heads[c.origin]}, v.LSN, map[memory.Origin]uint64{}
	m.reckon(c)
	m.lane.restart()
	c.emit(Notice{Member: m.name, What: WentBack})
	c.match(m, c.origin)
	c.emit(SaveCursor{Member: m.name, Origin: c.origin, Seq: m.same[c.origin]})
}

// floor is what a member has said by the time a request to it was made. A
// reply to the request cannot honestly say less.
type floor struct{ lsn, acked uint64 }

func (c *Core) floor(m *member) floor { return floor{m.lsn, m.acked} }

// union merges two readings of what one node holds of one origin. A node that
// holds an op keeps it, so the union is right in whatever order readings come. Of
// two readings that reach equally far the newer one says which entries they are.
func union(a, b memory.Head, newer bool) memory.Head {
	if a.Seq < b.Seq || a.Seq == b.Seq && newer {
		a, b = b, a
	}
	if len(a.Gaps) == 0 {
		return a
	}
	gaps := make([]uint64, 0, len(a.Gaps))
	for _, g := range a.Gaps {
		if g > b.Seq || slices.Contains(b.Gaps, g) {
			gaps = append(gaps, g)
		}
	}
	if len(gaps) == 0 {
		gaps = nil
	}
	return memory.Head{Seq: a.Seq, Gaps: gaps, Chain: a.Chain}
}

// differ reports whether a and b reach equally far by other entries.
func differ(a, b memory.Head) bool {
	return a.Seq == b.Seq && a.Chain != b.Chain && !a.Chain.IsZero() && !b.Chain.IsZero()
}
