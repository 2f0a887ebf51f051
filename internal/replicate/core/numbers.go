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
	till    time.Time // how long silent members are waited for
	askedAt time.Time // when a new incarnation was last asked for
}

// renewPause is between two requests for a new incarnation, if one was not met.
const renewPause = time.Second

// Numbering says whether ops may be numbered at present.
func (c *Core) Numbering() Numbering { return c.numbers.state }

// vouched notes an answer of m to a question that this run has asked. What m has
// received of an earlier run by then, it counts.
func (c *Core) vouched(m *member) {
	m.vouches = !c.outruns(m)
}

// number moves the state on, after anything that was learnt.
func (c *Core) number() {
	n := &c.numbers
	if n.fresh {
		return
	}
	ahead := slices.IndexFunc(c.members, c.outruns)
	switch {
	case ahead >= 0:
		m := c.members[ahead]
		c.renew(m.name, m.heads[c.origin].Seq)
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
	c.emit(TakeIncarnation{Member: m, Head: memory.Dot{Origin: c.origin, Seq: seq}})
}

// numbersDue is when number may have something to do, if nothing else happens.
func (c *Core) numbersDue() (due time.Time, ok bool) {
	n := &c.numbers
	switch {
	case n.fresh || n.state == NumbersConfirmed:
		return time.Time{}, false
	case n.state == NumbersOutrun:
		return n.askedAt.Add(renewPause), true
	}
	return n.till, true
}
