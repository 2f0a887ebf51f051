package core

import (
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// A member votes for an op by what it holds: its head covers the op, with no gap
// there, and what it holds up to some entry behind the op is what this node holds,
// by the chain of digests. A head alone is no vote: it counts numbers, and under a
// number a member may have another op.

// trail has the chains of this node's origin at its latest entries, because the
// readings of members are of some time ago.
type trail struct {
	first  uint64 // seq of chains[0]
	chains []memory.Chain
}

// maxTrail bounds a trail: a member that is further behind has a vote again when
// it has come nearer.
const maxTrail = 1 << 16

// restart begins at a head.
func (t *trail) restart(h memory.Head) { *t = trail{first: h.Seq, chains: []memory.Chain{h.Chain}} }

// add appends the next entry; what does not follow begins a new trail, but for what is in
// it already.
func (t *trail) add(seq uint64, chain memory.Chain) {
	if t.at(seq) == chain {
		return
	}
	if seq != t.first+uint64(len(t.chains)) {
		t.first, t.chains = seq, t.chains[:0]
	}
	t.chains = append(t.chains, chain)
	if over := len(t.chains) - 2*maxTrail; over >= 0 {
		t.first += maxTrail
		t.chains = slices.Clone(t.chains[maxTrail:])
	}
}

// at returns the chain at seq, zero if it is not known.
func (t *trail) at(seq uint64) memory.Chain {
	if i := seq - t.first; seq >= t.first && i < uint64(len(t.chains)) {
		return t.chains[i]
	}
	return memory.Chain{}
}

// chainAt returns the chain of what this node has of o up to seq; zero if it is
// not known, or nothing.
func (c *Core) chainAt(o memory.Origin, seq uint64) memory.Chain {
	if h := c.self.Heads[o]; h.Seq == seq {
		return h.Chain
	}
	if o == c.origin {
		return c.trail.at(seq)
	}
	return memory.Chain{}
}

// match compares what m holds of o with what this node holds, and notes where it
// is the same. It reports whether it is something else: not where that cannot be
// told yet.
func (c *Core) match(m *member, o memory.Origin) (other bool) {
	theirs := m.heads[o]
	ours := c.chainAt(o, theirs.Seq)
	if ours.IsZero() || theirs.Chain.IsZero() {
		return false
	}
	switch {
	case ours == theirs.Chain:
		m.same[o] = max(m.same[o], theirs.Seq)
	case o != c.origin:
		delete(m.same, o) // one of the two has given a number away since
	}
	return ours != theirs.Chain
}

// concession is what is known of an origin that was conceded: see [memory.Committed].
type concession struct {
	to   uint64                 // up to here chains prove nothing
	same map[memory.Node]uint64 // but what was known before
}

// concede keeps what members were known to hold of origins before this node went by the
// chains of others.
func concede(c *Core, list []memory.Dot) {
	for _, d := range list {
		x := c.conceded[d.Origin]
		if x.same == nil {
			x.same = map[memory.Node]uint64{}
			for _, m := range c.members {
				x.same[m.name] = m.same[d.Origin]
			}
		}
		x.to = max(x.to, d.Seq)
		c.conceded[d.Origin] = x
	}
}

// holds reports whether m has a vote for d.
func (c *Core) holds(m *member, d memory.Dot) bool {
	if m.epoch > c.epoch || !m.heads.Holds(d) {
		return false
	}
	if x := c.conceded[d.Origin]; d.Seq <= x.to {
		return d.Seq <= x.same[m.name]
	}
	if d.Seq > m.same[d.Origin] {
		c.match(m, d.Origin)
	}
	return d.Seq <= m.same[d.Origin]
}

// outruns reports whether m claims to hold ops of our origin that we do not know.
func (c *Core) outruns(m *member) bool { return m.acked > last(c) }

func (c *Core) committed(ev Committed) {
	// A member may have told of these entries before.
	late := slices.ContainsFunc(c.members, func(m *member) bool { return m.acked > c.head() }) ||
		slices.ContainsFunc(c.waits, func(w Wait) bool { return w.Dot.Origin != c.origin })
	follow(c, ev.Own)
	if ev.View.LSN >= c.self.LSN {
		c.look(ev.View)
	}
	fresh := c.moved(ev.Moved, ev.Waits)
	concede(c, ev.Conceded)
	if late {
		c.settle(nil)
	}
	for _, w := range fresh {
		c.watch(w)
	}
}

// wrote lets entries go out that are not durable yet.
func wrote(c *Core, ev Written) {
	follow(c, ev.Own)
	for _, e := range ev.Own {
		if e.Dot.Origin == c.origin {
			c.written = max(c.written, e.Dot.Seq)
		}
	}
}

// follow notes the chains of entries of this node.
func follow(c *Core, own []memory.OwnEntry) {
	for _, e := range own {
		if e.Dot.Origin == c.origin {
			c.trail.add(e.Dot.Seq, e.Chain)
		}
	}
}

func (c *Core) watch(w Wait) {
	w.majority = major(c, w.W)
	if c.resolve(w) {
		return
	}
	w.since = c.now
	c.waits = append(c.waits, w)
	knock(c)
}

// settle resolves the waits that have their votes. If m is not nil, only its
// votes are new.
func (c *Core) settle(m *member) {
	c.waits = slices.DeleteFunc(c.waits, func(w Wait) bool {
		if m != nil && !c.holds(m, w.Dot) {
			return false
		}
		return c.resolve(w)
	})
}

// resolve emits the resolution of w and reports true if it has its votes.
func (c *Core) resolve(w Wait) bool {
	want, former := wanted(c, w)
	if c.voters.holding(c, w.Dot) < want || c.change != nil && c.change.former.holding(c, w.Dot) < former {
		return false
	}
	switch {
	case !w.since.IsZero():
		c.company.answered(c.now.Sub(w.since))
	case want > 1: // its votes were here before its commit
		c.company.back++
	}
	c.emit(Resolve{ID: w.ID, Tally: tally(c, w)})
	return true
}

// major reports whether w of the present members, or of those before, are a majority.
func major(c *Core, w int) bool {
	return w >= Majority(c.voters.size()) || c.change != nil && w >= Majority(c.change.former.size())
}

// wanted is how many of the present members, and of those before, must hold what w
// waits for. Who has asked for a majority of one configuration gets one of each.
func wanted(c *Core, w Wait) (present, former int) {
	present = w.W
	if w.majority {
		present = max(present, Majority(c.voters.size()))
	}
	if c.change == nil {
		return present, 0
	}
	n := c.change.former.size()
	former = w.W
	if w.majority {
		former = max(former, Majority(n))
	}
	return present, min(former, n)
}

// Held says who holds d, as far as this node has heard, and how that compares with
// w votes asked for.
func (c *Core) Held(d memory.Dot, w int) Tally {
	return tally(c, Wait{Dot: d, W: w, majority: major(c, w)})
}

// Tally is who holds an op, as far as is known.
type Tally struct {
	Dot    memory.Dot
	Epoch  uint64        // of the members that W and N are of; 0: they are configured
	W      int           // members asked for
	N      int           // members there are that count
	HeldBy []memory.Node // those of them that hold it, sorted, each once
	Former Share         // what the members before hold of it, while a change is under way
}

// Share is how many of a group hold an op, and how many are asked for.
type Share struct{ Held, W int }

// Met reports whether as many hold the op as were asked for, of the present members
// and, while a change is under way, of those before.
func (t Tally) Met() bool { return len(t.HeldBy) >= t.W && t.Former.Held >= t.Former.W }

func tally(c *Core, w Wait) Tally {
	t := Tally{Dot: w.Dot, N: c.N(), Epoch: c.epoch}
	t.W, t.Former.W = wanted(c, w)
	if c.change != nil {
		t.Former.Held = c.change.former.holding(c, w.Dot)
	}
	if c.voters.self && c.self.Heads.Holds(w.Dot) {
		t.HeldBy = append(t.HeldBy, c.cfg.Self)
	}
	for _, m := range c.voters.others {
		if c.holds(m, w.Dot) {
			t.HeldBy = append(t.HeldBy, m.name)
		}
	}
	slices.Sort(t.HeldBy)
	return t
}

// A writer that waits for members which are away waits for nothing. A member is
// away if calls to it fail, and it does not call either. Before a writer is told so,
// the member is called once more: it may be back.

// callsWithin is how often a member is heard that cannot be called, and calls.
func callsWithin(c *Core) time.Duration { return 2 * c.cfg.HeadsIdle }

// flows reports whether calls succeed, or have not been tried yet.
func (l *lane) flows() bool { return l.faults == 0 && !l.stopped }

// knock has those members called now to which calls have failed, unless that was
// just tried, or they asked for time.
func knock(c *Core) {
	for _, m := range c.members {
		if l := &m.lane; !l.flows() && !l.asked && c.now.Sub(l.faultAt) >= c.cfg.BackoffMin {
			l.retryAt = earlier(l.retryAt, c.now)
		}
	}
}

// trying reports whether the attempt that tells whether the member is back is on
// its way.
func (l *lane) trying(c *Core) bool {
	return !c.now.Before(l.retryAt) || slices.ContainsFunc(l.flights, func(f flight) bool { return f.round == l.round })
}

// away reports whether m is known not to answer soon, to somebody who has waited
// since then.
func away(c *Core, m *member, since time.Time) bool {
	l := &m.lane
	switch {
	case near(c, m):
		return false
	case l.faults == 1 && !l.stopped && !l.downAt.Before(since):
		return false // a call may fail once
	case l.asked:
		return l.retryAt.Sub(c.now) >= c.cfg.Patience
	}
	return !l.faultAt.Before(since) || !l.trying(c) || c.now.Sub(since) >= c.cfg.Knock
}

// near reports whether m is away for nobody.
func near(c *Core, m *member) bool {
	l := &m.lane
	switch {
	case l.flows():
		return true
	case m.heardAt.IsZero():
		return !l.stopped && c.now.Sub(l.downAt) < c.cfg.BackoffMax // this node has just started: others may be starting, too
	}
	return m.heardAt.After(l.downAt) && c.now.Sub(m.heardAt) < callsWithin(c)
}

// declines reports whether m has refused d for a reason that stays.
func (m *member) declines(d memory.Dot) bool {
	no, refused := m.parked[d]
	return refused && no.Code != memory.CodeDotConflict // those are settled, and numbered anew
}

// doubtful reports whether some waits may be without hope.
func doubtful(c *Core) bool {
	return len(c.waits) > 0 && slices.ContainsFunc(c.members, func(m *member) bool { return !m.lane.flows() || len(m.parked) > 0 })
}

// giveUp emits a [Short] for each wait that cannot be met by the members that are
// not away. Those get a moment to answer, so that it can be said who holds the op.
func giveUp(c *Core) {
	if !doubtful(c) {
		return
	}
	well, formerWell := c.voters.well(c), 0
	if c.change != nil {
		formerWell = c.change.former.well(c)
	}
	c.waits = slices.DeleteFunc(c.waits, func(w Wait) bool {
		want, former := wanted(c, w)
		if well >= want && formerWell >= former {
			return false
		}
		lost, hope := c.voters.lost(c, w, want)
		if c.change != nil && !lost {
			lost, hope = c.change.former.lost(c, w, former)
		}
		short := lost && (hope == 0 || c.now.Sub(w.since) >= courtesy(c))
		if short {
			c.emit(Short{ID: w.ID})
		}
		return short
	})
}

// well is how many voters are away for nobody, and have refused nothing: no wait for
// as many, or fewer, is lost.
func (v council) well(c *Core) int {
	n := 0
	if v.self {
		n++
	}
	for _, m := range v.others {
		if len(m.parked) == 0 && near(c, m) && c.member(m.name) == m {
			n++
		}
	}
	return n
}

// lost reports whether the voters that are not away are too few for w, and how many
// there are of which more may be heard.
func (v council) lost(c *Core, w Wait, want int) (lost bool, hope int) {
	votes := 0
	if v.self {
		votes++
	}
	var there []*member
	for _, m := range v.others {
		switch {
		case c.member(m.name) == m && !away(c, m, w.since) && !m.declines(w.Dot):
			there = append(there, m)
		case c.holds(m, w.Dot):
			votes++
		}
	}
	if votes+len(there) >= want {
		return false, len(there)
	}
	for _, m := range there {
		if !c.holds(m, w.Dot) {
			hope++
		}
	}
	return true, hope
}

// knocksDue is when the next wait has given members their time.
func knocksDue(c *Core) (time.Time, bool) {
	if !doubtful(c) {
		return time.Time{}, false
	}
	var next time.Time
	for _, w := range c.waits { // the oldest first
		for _, wait := range []time.Duration{c.cfg.Knock, courtesy(c)} {
			if due := w.since.Add(wait); due.After(c.now) && (next.IsZero() || due.Before(next)) {
				next = due
			}
		}
		if c.now.Before(w.since.Add(c.cfg.Knock)) {
			break
		}
	}
	return next, !next.IsZero()
}

// courtesy is how long a writer without hope waits for those members that are there.
func courtesy(c *Core) time.Duration { return 5 * c.cfg.Knock }
