package core

import (
	"maps"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// pull fetches what is missing of one origin that is not our current one, from
// any member that has it. Most of the time the origin's own lane brings it
// anyway, so a pull waits a little before it starts, and starts over whenever
// our head moves by itself.
type pull struct {
	due     time.Time // nothing happens before
	seen    uint64    // our head when due was set
	flowing bool      // pulls bring us forward: no waiting between them
	tried   []memory.Node
	fails   int // rounds in which no holder could help
	flight  *pullFlight
}

type pullFlight struct {
	id     uint64
	member memory.Node
	from   uint64
	floor  floor
}

// maxStrange bounds the pulls of origins that this node has nothing of: for each
// member's own ones, and for those of all other nodes together. What somebody says
// of made-up ones must cost little, and keep no true one out.
const maxStrange = 32

// want notes that somebody holds o up to seq.
func (c *Core) want(o memory.Origin, seq uint64) {
	have := c.self.Heads[o].Seq
	if o == c.origin || seq <= have || c.pulls[o] != nil || have == 0 && !strange(c, o) {
		return
	}
	schedule(c, o, &pull{due: c.now.Add(c.patience(o)), seen: have})
}

// schedule sets the pull of o.
func schedule(c *Core, o memory.Origin, p *pull) {
	c.pulls[o] = p
	c.pullDue = earlier(c.pullDue, p.due)
}

// strange reports whether there is room for the pull of o, which this node has
// nothing of. The one of its kind that has failed most often makes room.
func strange(c *Core, o memory.Origin) bool {
	node := func(o memory.Origin) (n memory.Node) {
		if c.member(o.Node()) != nil {
			n = o.Node()
		}
		return n
	}
	n, worst, fails := 0, memory.Origin(""), 0
	for other, p := range c.pulls {
		if c.self.Heads[other].Seq > 0 || node(other) != node(o) {
			continue
		}
		n++
		if p.flight == nil && (p.fails > fails || p.fails == fails && other < worst) {
			worst, fails = other, p.fails
		}
	}
	if n >= maxStrange && fails > 0 {
		delete(c.pulls, worst)
		n--
	}
	return n < maxStrange
}

// patience is how long to leave delivery to the lane of o's node. It is none
// where that node has been silent.
func (c *Core) patience(o memory.Origin) time.Duration {
	m := c.member(o.Node())
	if m == nil || m.mute || m.lane.faults > 0 || m.lane.stopped || c.now.Sub(m.heardAt) > c.cfg.HeadsIdle+c.cfg.HeadsBusy {
		return 0
	}
	return 2 * c.cfg.HeadsBusy
}

// drivePulls starts the pulls that are due. It looks at them only when the first
// one is.
func (c *Core) drivePulls() {
	if c.now.Before(c.pullDue) {
		return
	}
	flying := 0
	for _, p := range c.pulls {
		if p.flight != nil {
			flying++
		}
	}
	for _, o := range slices.Sorted(maps.Keys(c.pulls)) {
		p := c.pulls[o]
		if p.flight != nil || c.now.Before(p.due) {
			continue
		}
		if flying >= c.cfg.MaxPulls || c.snap.running {
			p.due = c.now.Add(c.cfg.BackoffMin)
			continue
		}
		if c.drivePull(o, p) {
			flying++
		}
	}
	c.pullDue = c.now.Add(c.cfg.HeadsIdle)
	for _, p := range c.pulls {
		if p.flight == nil {
			c.pullDue = earlier(c.pullDue, p.due)
		}
	}
}

// drivePull reports whether it started one.
func (c *Core) drivePull(o memory.Origin, p *pull) bool {
	have := c.self.Heads[o].Seq
	holders := c.holders(o, have)
	if len(holders) == 0 {
		delete(c.pulls, o)
		return false
	}
	if have > p.seen && !p.flowing {
		*p = pull{due: c.now.Add(c.patience(o)), seen: have}
		if c.now.Before(p.due) {
			return false
		}
	}
	p.seen = have
	fresh := slices.DeleteFunc(holders, func(m *member) bool { return slices.Contains(p.tried, m.name) })
	if len(fresh) == 0 {
		p.rest(c)
		return false
	}
	m := fresh[c.rand.intn(len(fresh))]
	r := memory.Range{Origin: o, From: have + 1, To: m.heads[o].Seq}
	p.flight = &pullFlight{id: c.id(), member: m.name, from: r.From, floor: c.floor(m)}
	c.emit(Pull{Member: m.name, ID: p.flight.id, Range: r})
	return true
}

// rest ends a round in which no holder could help.
func (p *pull) rest(c *Core) {
	p.fails++
	p.tried, p.flowing = nil, false
	p.due = c.now.Add(c.backoff(p.fails))
}

// holders lists the members with more of o than have, those that answer first.
func (c *Core) holders(o memory.Origin, have uint64) []*member {
	var up, down []*member
	for _, m := range c.members {
		switch {
		case m.heads[o].Seq <= have || m.lane.stopped:
		case m.lane.faults > 0:
			down = append(down, m)
		default:
			up = append(up, m)
		}
	}
	if len(up) > 0 {
		return up
	}
	return down
}

func (c *Core) pulled(ev Pulled) {
	p := c.pulls[ev.Origin]
	if p == nil || p.flight == nil || p.flight.id != ev.ID {
		return
	}
	f := p.flight
	p.flight, p.due, c.pullDue = nil, c.now, c.now
	m := c.member(f.member)
	if m == nil || ev.Fault != nil {
		p.flowing, p.tried = false, append(p.tried, f.member)
		return
	}
	c.wentBack(m, f.floor, ev.View)
	c.learn(m, ev.View)
	c.settle(m)
	if have := c.self.Heads[ev.Origin].Seq; have >= f.from {
		if ev.Origin.Node() == m.name {
			m.mute = true                                    // until it calls
			m.lane.exchangedAt = c.now.Add(-c.cfg.HeadsIdle) // it hears at once that this node has them
		}
		*p = pull{due: c.now, seen: have, flowing: true}
		return
	}
	p.flowing, p.tried = false, append(p.tried, f.member)
	if ev.Truncated {
		c.startSnapshot(m)
	}
}

// snapshot is the transfer of a member's whole state; one at a time.
type snapshot struct {
	running bool
	id      uint64
	fails   int
	after   time.Time // no other before
}

func (c *Core) startSnapshot(m *member) {
	if c.snap.running || c.now.Before(c.snap.after) {
		return
	}
	c.snap.running, c.snap.id = true, c.id()
	c.emit(Snapshot{Member: m.name, ID: c.snap.id})
}

func (c *Core) snapshotted(ev Snapshotted) {
	if !c.snap.running || c.snap.id != ev.ID {
		return
	}
	c.snap.running = false
	if ev.Fault == nil {
		c.snap.fails = 0
	} else {
		c.snap.fails++
		c.snap.after = c.now.Add(c.backoff(c.snap.fails))
	}
	c.pullDue = c.now
	for _, p := range c.pulls {
		if p.flight == nil {
			p.due, p.tried = c.now, nil
		}
	}
}
