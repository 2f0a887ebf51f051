package core

import (
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Config is what a core starts from.
type Config struct {
	Self    memory.Node
	Origin  memory.Origin // under which this node numbers its ops
	View    memory.View   // what this node holds
	Members Roster
	// Confirmed: Origin was taken by this run, so that its numbers are this node's.
	Confirmed bool
	// Outrun: entries that View does not have may have been sent under numbers of Origin,
	// whatever members say of it.
	Outrun bool
	// Cursors are up to where members are known to hold Origin, from earlier runs.
	Cursors map[memory.Node]uint64
	// Parked are the refusals of members from an earlier run.
	Parked []memory.Parked
	// Seed makes the jitter repeatable; two nodes should not share one.
	Seed uint64

	Window     int           // batches in flight per lane; 0 is 4
	Company    uint64        // entries that need not wait for the answer to others; 0 is 64
	Gather     time.Duration // how long fewer wait for it, at most, where there are few members; 0 is 10 ms
	BackoffMin time.Duration // after the first failure; 0 is 250 ms
	BackoffMax time.Duration // at most; 0 is 30 s
	Probe      time.Duration // between attempts of a stopped lane; 0 is 30 s
	HeadsBusy  time.Duration // between exchanges while something changes; 0 is 1 s
	HeadsIdle  time.Duration // between exchanges otherwise; 0 is 5 s
	MaxPulls   int           // in flight at once; 0 is 4
	Knock      time.Duration // how long a wait gives members that are away to answer; 0 is 100 ms
	Patience   time.Duration // how long writers wait at most, about; 0 is 2 s
	Greeting   time.Duration // how long members are waited for that say nothing of our numbers; 0 is 500 ms
}

func (c *Config) defaults() {
	set(&c.Window, 4)
	set(&c.Company, 64)
	set(&c.Gather, 10*time.Millisecond)
	set(&c.MaxPulls, 4)
	set(&c.Knock, 100*time.Millisecond)
	set(&c.Patience, 2*time.Second)
	set(&c.Greeting, 500*time.Millisecond)
	set(&c.BackoffMin, 250*time.Millisecond)
	set(&c.BackoffMax, 30*time.Second)
	set(&c.Probe, 30*time.Second)
	set(&c.HeadsBusy, time.Second)
	set(&c.HeadsIdle, 5*time.Second)
}

func set[T comparable](field *T, def T) {
	var zero T
	if *field == zero {
		*field = def
	}
}

// Core is the replication state of one node. It is not safe for concurrent use.
type Core struct {
	cfg  Config
	rand splitmix

	origin  memory.Origin
	self    memory.View
	members []*member // sorted by name
	epoch   uint64    // of the members
	voters  council
	change  *change // of the voters; nil: none is under way
	waits   []Wait  // unresolved, in the order of registration
	trail   trail   // of our origin
	// conceded are the origins of which chains do not say what is held.
	conceded map[memory.Origin]concession
	written  uint64 // seq of the last entry of our origin that was written; 0: not known
	pulls    map[memory.Origin]*pull
	pullDue  time.Time // when the first of them is due, or before
	snap     snapshot
	numbers  numbers
	company  company
	lastID   uint64

	changedAt time.Time       // when this node came to go by its epoch
	news      []memory.Origin // room for those of a [glance]
	now       time.Time       // of the current step
	out       []Effect        // of the current step
}

// New returns a core at the given time. Nothing happens before the first Step.
func New(cfg Config, now time.Time) *Core {
	cfg.defaults()
	c := &Core{
		cfg: cfg, rand: splitmix(cfg.Seed), origin: cfg.Origin, self: cfg.View,
		pulls: map[memory.Origin]*pull{}, conceded: map[memory.Origin]concession{}, now: now,
	}
	setMembers(c, cfg.Members)
	c.trail.restart(c.self.Heads[c.origin])
	c.company.released = c.head()
	c.numbers.till = now.Add(cfg.Greeting)
	if cfg.Outrun {
		c.numbers.state, c.numbers.lost = NumbersOutrun, true
	}
	if cfg.Confirmed {
		c.numbers = numbers{state: NumbersConfirmed, opened: true, fresh: true}
	}
	for name, seq := range cfg.Cursors {
		if m := c.member(name); m != nil {
			m.heads[c.origin], m.recalled = memory.Head{Seq: seq}, true
			m.same[c.origin] = seq
			m.reckon(c)
		}
	}
	for _, p := range cfg.Parked {
		if m := c.member(p.Member); m != nil && p.Dot.Origin.Node() == c.cfg.Self {
			m.refuse(p.Refusal)
		}
	}
	return c
}

// Step takes one event and returns what must follow. The caller owns the
// result; the core keeps references to the event's heads, which are immutable.
// Times must not decrease from step to step.
func (c *Core) Step(now time.Time, ev Event) []Effect {
	c.now, c.out = now, nil
	switch ev := ev.(type) {
	case Committed:
		c.committed(ev)
	case Written:
		wrote(c, ev)
	case Watched:
		c.watch(ev.Wait)
	case Forgotten:
		c.waits = slices.DeleteFunc(c.waits, func(w Wait) bool { return w.ID == ev.ID })
	case Loaded:
		c.loaded(ev)
	case Pushed:
		c.pushed(ev)
	case Heard:
		c.heard(ev)
	case Pulled:
		c.pulled(ev)
	case Snapshotted:
		c.snapshotted(ev)
	case Compared:
		c.compared(ev)
	case Settled:
		c.member(ev.Member).settled(c, ev)
	case Reborn:
		c.reborn(ev)
	case MembersChanged:
		membersChanged(c, ev)
	case Tick:
	}
	conclude(c)
	c.number()
	giveUp(c) // who waits no more is no company
	release(c)
	for _, m := range c.members {
		c.drive(m)
	}
	c.drivePulls()
	return c.out
}

// Deadline is when a [Tick] is due at the latest. Ticks before do no harm.
func (c *Core) Deadline() time.Time {
	next := c.now.Add(c.cfg.HeadsIdle)
	for _, m := range c.members {
		if t := c.laneDeadline(m); t.Before(next) {
			next = t
		}
	}
	if t, ok := c.numbers.due(); ok && t.Before(next) {
		next = t
	}
	if t, ok := knocksDue(c); ok && t.Before(next) {
		next = t
	}
	if t, ok := companyDue(c); ok && t.Before(next) {
		next = t
	}
	return earlier(next, c.pullDue)
}

func (c *Core) emit(e Effect) { c.out = append(c.out, e) }

func (c *Core) id() uint64 {
	c.lastID++
	return c.lastID
}

// head is the seq of this node's latest op that is durable.
func (c *Core) head() uint64 { return c.self.Heads[c.origin].Seq }

// last is the seq of this node's latest op that may be sent, and that others may have.
func last(c *Core) uint64 { return max(c.head(), c.written) }

// look takes a new reading of this node.
func (c *Core) look(v memory.View) {
	changed := v.LSN != c.self.LSN || v.Root != c.self.Root
	c.self = v
	if !changed {
		return
	}
	for _, m := range c.members {
		m.lane.wake(c)
	}
}

// reborn starts all lanes anew, under another origin. Ops of the old one are
// spread by pulls, and those of it that only others have are pulled.
func (c *Core) reborn(ev Reborn) {
	c.origin, c.written = ev.Origin, 0
	c.trail.restart(ev.View.Heads[c.origin])
	c.numbers = numbers{state: NumbersConfirmed, opened: true, fresh: true}
	c.look(ev.View)
	c.company = company{released: c.head()}
	for _, m := range c.members {
		m.reckon(c)
		m.lane.restart()
		for o, h := range m.heads {
			c.want(o, h.Seq)
		}
	}
}

func (c *Core) heard(ev Heard) {
	m := c.member(ev.Member)
	if m == nil {
		return
	}
	m.calledAt, m.mute = c.now, false
	less := ev.View.LSN < m.lsn
	c.learn(m, ev.View)
	m.lane.called(c)
	if less {
		// An old reading, or one of a member that has lost its disk. The reply to a
		// question asked now will tell.
		m.lane.exchangedAt = time.Time{}
	}
	c.settle(m)
}

func (c *Core) member(name memory.Node) *member {
	i, ok := slices.BinarySearchFunc(c.members, name, func(m *member, n memory.Node) int {
		return strings.Compare(string(m.name), string(n))
	})
	if !ok {
		return nil
	}
	return c.members[i]
}

func membersChanged(c *Core, ev MembersChanged) {
	if ev.View.LSN >= c.self.LSN && ev.View.Heads != nil {
		c.look(ev.View)
	}
	setMembers(c, ev.Members)
	c.settle(nil)
}
