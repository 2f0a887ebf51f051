package core

import (
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
	Halted     State = "stopped"     // does not believe who we are: an operator must act
)

// Status is what is known of one member. Zero times are "never".
type Status struct {
	Member  memory.Node
	State   State
	Acked   uint64 // our ops: it holds all up to here, but for the parked ones
	Owed    uint64 // our ops above that
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
		acked := m.heads[c.origin].Seq
		list[i] = Status{
			Member: m.name, State: c.state(m), Acked: acked, Owed: c.head() - min(acked, c.head()),
			Parked: len(m.parked), HeardAt: m.heardAt, AckedAt: m.lane.ackedAt, EqualAt: m.equalAt, Err: m.lane.err,
		}
	}
	return list
}

// batch is what a lane may be behind and still count as delivering promptly.
const batch = 256

func (c *Core) state(m *member) State {
	switch {
	case m.lane.stopped:
		return Halted
	case m.lane.faults > 0:
		return BackingOff
	case m.heardAt.IsZero():
		return Unknown
	case m.heads[c.origin].Seq+batch < c.head():
		return CatchingUp
	}
	return OK
}
