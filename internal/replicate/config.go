package replicate

import (
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// Config of a Replicator.
type Config struct {
	Self    memory.Node
	Members []memory.Node // all others, each once
	// Roster, if set, says in the place of Members who the members are at first, and
	// which of them count.
	Roster *Roster
	// OnEnded, if set, is told of every change of members that has ended, as far as
	// this node knows; OnOvertaken of every member that goes by members that this node
	// does not know yet. They must not block.
	OnEnded     func(epoch uint64)
	OnOvertaken func(member memory.Node, epoch uint64)

	// W is how many members, this one included, must hold a write that asks for
	// nothing else: 1 to the number of members; 0 is a majority. Of a Roster it may be
	// more than there are: then it is all of them.
	W int
	// QuorumTimeout is how long after its commit a write may take to reach all
	// members before those that are missing are reported; 0 is 2 s.
	QuorumTimeout time.Duration
	// CallTimeout bounds one call to a member; 0 is 10 s. Snapshots have no bound
	// but the transport's own.
	CallTimeout time.Duration
	// Now is the wall clock that others' are compared with; nil is [time.Now]. If it is
	// ahead of most others by more than Lead (0 is 15 s), a warning is logged.
	Now  func() time.Time
	Lead time.Duration
	// Greeting is how long, at the start, members are waited for that say what they
	// hold of this node; 0 is 500 ms.
	Greeting time.Duration
	// MaxOps and MaxBytes bound a batch; 0 is 256 and 1 MiB.
	MaxOps, MaxBytes int
	// Window is how many batches may be in flight to a member; 0 is 4.
	Window int
	// Seed makes jitter repeatable. Nodes should have different ones.
	Seed uint64
	// OnPartial, if set, is told of every write that reached W members and not all
	// by its quorum deadline. It must not block.
	OnPartial func(kind memory.Kind, d memory.Dot, missing []memory.Node)
}

// Validate reports the first setting that makes no sense.
func (c Config) Validate() error {
	if err := c.Self.Valid(); err != nil {
		return err
	}
	for i, m := range c.Members {
		if err := m.Valid(); err != nil {
			return err
		}
		if m == c.Self || slices.Contains(c.Members[:i], m) {
			return fmt.Errorf("member %s is listed twice: %w", m, memory.ErrInvalid)
		}
	}
	if c.W != 0 && c.Roster == nil {
		return core.CheckQuorum(c.W, len(c.Members)+1)
	}
	return nil
}

func (c *Config) defaults() {
	set(&c.QuorumTimeout, 2*time.Second)
	set(&c.CallTimeout, 10*time.Second)
	set(&c.MaxOps, 256)
	set(&c.Lead, 15*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	set(&c.MaxBytes, 1<<20)
}

func set[T comparable](field *T, def T) {
	var zero T
	if *field == zero {
		*field = def
	}
}

// Majority is the smallest number of n members such that any two groups of that
// size share one.
func Majority(n int) int { return core.Majority(n) }

// Roster is who the members are.
type Roster = core.Roster

// Static is a roster of members that are configured.
func Static(others ...memory.Node) Roster { return core.Static(others...) }

// Seat is a node's place among the members.
type Seat = core.Seat

// Share is how many of a group hold an op.
type Share = core.Share

// Tally is who holds an op, as far as this node has heard.
type Tally = core.Tally

// Absent is a member that is not known to hold an op, and why.
type Absent = core.Absent
