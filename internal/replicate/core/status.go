package core

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// State says how a lane is doing.
type State string

// States of a lane.
const (
	Unknown    State = "unknown"     // never reached in this run
	OK         State = "ok"          // delivers as fast as ops come
	CatchingUp State = "catching_up" // delivers, and is more than a batch behind
	BackingOff State = "backoff"     // calls fail; it tries again
	OwnCalls   State = "own_calls"   // calls fail, and it calls by itself: what it is owed it fetches
	Halted     State = "stopped"     // does not believe who we are: an operator must act
)

// Status is what is known of one member. Zero times are "never".
type Status struct {
	Member  memory.Node
	State   State
	Acked   uint64 // our ops: it holds all up to here, but for the parked ones
	Same    uint64 // our ops: it is known to hold all up to here as they are here
	Owed    uint64 // our ops above Acked
	Parked  int    // our ops that it refused
	HeardAt time.Time
	AckedAt time.Time // when Acked last moved
	EqualAt time.Time // when our states were last proven equal
	Err     error     // of the last call, if it failed
}

// Status lists all members but this node, by name.
func (c *Core) Status() []Status {
	list := make([]Status, len(c.members))
	for i, m := range c.members {
		acked := m.acked
		list[i] = Status{
			Member: m.name, State: c.state(m), Acked: acked, Same: min(m.same[c.origin], acked), Owed: c.head() - min(acked, c.head()),
			Parked: len(m.parked), HeardAt: m.heardAt, AckedAt: m.lane.ackedAt, EqualAt: m.equalAt, Err: m.lane.err,
		}
	}
	return list
}

// Gap says how many ops of all origins this node knows of, by what members have said
// that they hold, and how many of them it holds; both are 0 until one has said so.
func Gap(c *Core) (held, known uint64) {
	most := map[memory.Origin]uint64{}
	for _, m := range c.members {
		if m.heardAt.IsZero() {
			continue
		}
		for o, h := range m.heads {
			most[o] = max(most[o], h.Seq)
		}
	}
	for o, seq := range most {
		known += seq
		held += min(seq, c.self.Heads[o].Seq)
	}
	return held, known
}

// Known is what a member is known to hold as this node holds it: d is among it if
// [Core.Held] counts the member for d. It is false if there is no such member.
func Known(c *Core, name memory.Node) (memory.Heads, bool) {
	m := c.member(name)
	if m == nil {
		return nil, false
	}
	out := memory.Heads{}
	for o, h := range m.heads {
		if c.match(m, o); m.epoch <= c.epoch {
			out[o] = memory.Head{Seq: min(h.Seq, m.same[o]), Gaps: h.Gaps}
		}
	}
	return out, true
}

// batch is what a lane may be behind and still count as delivering promptly.
const batch = 256

func (c *Core) state(m *member) State {
	switch {
	case m.lane.stopped:
		return Halted
	case m.lane.faults > 0 && !m.lane.answered() && m.calledAt.After(m.lane.downAt) && c.now.Sub(m.calledAt) < callsWithin(c):
		return OwnCalls
	case m.lane.faults > 0:
		return BackingOff
	case m.heardAt.IsZero():
		return Unknown
	case m.acked+batch < c.head():
		return CatchingUp
	}
	return OK
}

// answered reports whether the member itself has answered the last call, with a fault.
func (l *lane) answered() bool {
	fault, is := errors.AsType[*memory.Fault](l.err)
	return is && fault.Answered
}

// Why a member does not hold an op.
type Why string

// The reasons that there are.
const (
	Unreachable Why = "unreachable" // it does not answer
	Refused     Why = "refused"     // it answers, and takes nothing, or not this op
	Lagging     Why = "behind"      // it answers, and has not got there
)

// Absent is a member that is not known to hold an op.
type Absent struct {
	Member memory.Node
	Why    Why
	Owed   uint64 // ops of this node that it lacks
	Err    error  // that says more, or nil
}

// slow is how long an answer takes that is no longer expected.
const slow = time.Second

// Absent lists the members that are not known to hold d, by name.
func (c *Core) Absent(d memory.Dot) []Absent {
	var list []Absent
	for _, m := range c.members {
		if !c.holds(m, d) {
			list = append(list, absent(c, m, d))
		}
	}
	return list
}

func absent(c *Core, m *member, d memory.Dot) Absent {
	l := &m.lane
	a := Absent{Member: m.name, Why: Lagging, Owed: c.head() - min(m.acked, c.head())}
	no, refused := m.parked[d]
	switch {
	case refused:
		a.Why, a.Err = Refused, fmt.Errorf("%s: %s", no.Code, no.Text)
	case !l.flows():
		a.Why, a.Err = Unreachable, l.err
		if l.stopped || l.answered() {
			a.Why = Refused
		}
	case slices.ContainsFunc(l.flights, func(f flight) bool { return c.now.Sub(f.sent) >= slow }):
		a.Why, a.Err = Unreachable, errSilent
	case m.heardAt.IsZero():
		a.Why = Unreachable
	}
	return a
}

var errSilent = errors.New("it was called, and has not answered yet")
