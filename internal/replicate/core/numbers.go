package core

import (
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Numbering says whether this node may number ops under its origin. A file cannot
// tell: it may be a copy that is older than what the node once sent, and then
// others hold ops under the numbers that come next.
//
//	          every member: no more than you have
//	unknown ─────────────────────────────────────▶ confirmed
//	   │ a member: more than you have                  │ a member: more than
//	   │ or some were silent for too long              │ you have
//	   │ or the machine failed while ops were sent     │
//	   ▼                                               │
//	outrun ◀───────────────────────────────────────────┘
//	   │ a new incarnation is taken
//	   ▼
//	confirmed, for good: nobody else can have numbered under an origin of this run
type Numbering uint8

// What is known of the numbers of this node's origin.
const (
	NumbersUnknown   Numbering = iota // after a start: nothing may be numbered
	NumbersConfirmed                  // they are ours
	NumbersOutrun                     // others may hold ops under them that we do not know
)

// String names n as logs do.
func (n Numbering) String() string { return [...]string{"unknown", "confirmed", "outrun"}[n] }

// numbers is the state of this node's numbers.
type numbers struct {
	state   Numbering
	opened  bool      // ops are numbered
	fresh   bool      // the origin is of this run: what others claim of it is false
	lost    bool      // what was sent may have been lost since, so that no member need know it
	till    time.Time // how long silent members are waited for
	askedAt time.Time // when a new incarnation was last asked for
}

// renewPause is between two requests for a new incarnation, if one was not met.
const renewPause = time.Second

// Numbering says whether ops may be numbered at present.
func (c *Core) Numbering() Numbering { return c.numbers.state }

// number moves the state on, after anything that was learnt.
func (c *Core) number() {
	n := &c.numbers
	if n.fresh {
		return
	}
	ahead := slices.IndexFunc(c.members, c.outruns)
	other := slices.IndexFunc(c.members, func(m *member) bool { return m.disputes(c, c.origin) })
	switch {
	case n.lost:
		c.renew("", c.head()+1)
	case ahead >= 0:
		m := c.members[ahead]
		c.renew(m.name, m.heads[c.origin].Seq)
	case other >= 0:
		c.renew(c.members[other].name, 0)
	case n.state == NumbersOutrun && n.opened:
		n.state = NumbersConfirmed // what a member knew had crossed a commit of ours
	case n.opened:
	case !slices.ContainsFunc(c.members, func(m *member) bool { return !m.vouches }):
		n.state, n.opened = NumbersConfirmed, true
		c.emit(Confirm{Origin: c.origin})
	case !c.now.Before(n.till):
		c.renew("", c.head()+1)
	}
}

// renew asks for a new incarnation, because the number seq may be in use.
func (c *Core) renew(m memory.Node, seq uint64) {
	n := &c.numbers
	n.state = NumbersOutrun
	if !n.askedAt.IsZero() && c.now.Sub(n.askedAt) < renewPause {
		return
	}
	n.askedAt = c.now
	c.emit(TakeIncarnation{Member: m, Head: memory.Dot{Origin: c.origin, Seq: seq}, Lost: n.lost})
}

// due is when [Core.number] may have something to do, if nothing else happens.
func (n *numbers) due() (due time.Time, ok bool) {
	switch {
	case n.fresh || n.state == NumbersConfirmed:
		return time.Time{}, false
	case n.state == NumbersOutrun:
		return n.askedAt.Add(renewPause), true
	}
	return n.till, true
}

// Two nodes can have different entries under one dot, if the dot's node was set
// back to an older file and has numbered again before it knew. Chains of digests
// show it. Each of the two then fetches what the other has, keeps the entry that
// was made first, and issues the other one again under a number of its own. So
// all get to the same log, and nothing that was written is lost. Where one of them
// has dropped the entries in question, the other gives way.

// settlement of disputes with one member, paced.
type settlement struct {
	running bool
	origin  memory.Origin
	fails   int
	after   time.Time // no other before
}

// disputes reports whether m has other entries of o than this node.
func (m *member) disputes(c *Core, o memory.Origin) bool {
	return c.match(m, o)
}

// checkDisputes looks for origins of which m has other entries than we. Those of
// our current origin are for [Core.number] to see.
func (c *Core) checkDisputes(m *member, v memory.View) {
	d := &m.settle
	if d.running || c.now.Before(d.after) {
		return
	}
	for o, h := range v.Heads {
		if o != c.origin && differ(c.self.Heads[o], h) && (!d.running || o < d.origin) {
			d.running, d.origin = true, o
		}
	}
	if d.running {
		c.emit(Notice{Member: m.name, What: Disputed})
		ours, theirs := c.self.Heads[d.origin], v.Heads[d.origin]
		may, outvoted := mayConcede(c, m, d.origin, ours, theirs)
		c.emit(Settle{
			Member: m.name, Origin: d.origin, To: theirs.Seq, Ours: ours.Chain, Theirs: theirs.Chain,
			Concede: may, Outvoted: outvoted,
		})
	}
}

// mayConcede reports whether this node may go by the chain that m has of o, if nothing
// differs that both still have: at least as many members have that chain as have ours,
// and the node of o, where it has been heard, is not one of those that have ours, and
// has not numbered on. So one member alone changes no log that another one agrees with.
// It is outvoted if by this very rule m may not go by ours.
func mayConcede(c *Core, m *member, o memory.Origin, ours, theirs memory.Head) (may, outvoted bool) {
	with, against := 1, 1
	for _, x := range c.members {
		if x == m {
			continue
		}
		h := x.heads[o]
		here, there := h.Seq == ours.Seq && h.Chain == ours.Chain, h.Seq == theirs.Seq && h.Chain == theirs.Chain
		if x.name == o.Node() && !x.heardAt.IsZero() {
			if here || h.Seq > ours.Seq {
				return false, false
			}
			outvoted = there
		}
		if there {
			with++
		}
		if here {
			against++
		}
	}
	return with >= against, with > against || with == against && outvoted
}

// settled ends a comparison, if m is still a member.
func (m *member) settled(c *Core, ev Settled) {
	if m == nil {
		return
	}
	d := &m.settle
	d.running = false
	if d.fails++; ev.Fault == nil {
		d.fails = 1
	}
	d.after = c.now.Add(c.backoff(d.fails))
	m.lane.exchangedAt = time.Time{} // what is left of it shows in the next reading
}

// moved follows entries to their new dots, also for fresh, waits that came with the
// moves. A wait for an entry that was not issued again ends without an acknowledgement:
// what members hold under its dot is another one.
func (c *Core) moved(list []memory.Move, fresh []Wait) []Wait {
	if len(list) == 0 {
		return fresh
	}
	to := map[memory.Dot]memory.Dot{}
	for _, mv := range list {
		to[mv.From] = mv.To
		for _, m := range c.members {
			before := mv.From.Seq - 1
			if m.same[mv.From.Origin] > before {
				m.same[mv.From.Origin] = before
			}
			if same := c.conceded[mv.From.Origin].same; same[m.name] > before {
				same[m.name] = before
			}
		}
	}
	follow := func(waits []Wait) []Wait {
		left := make([]Wait, 0, len(waits))
		for _, w := range waits {
			switch d, is := to[w.Dot]; {
			case is && d.IsZero():
				c.emit(Short{ID: w.ID})
				continue
			case is:
				w.Dot = d
			}
			left = append(left, w)
		}
		return left
	}
	c.waits = follow(c.waits)
	return follow(fresh)
}
