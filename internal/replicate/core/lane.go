package core

import (
	"errors"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// lane delivers this node's ops to one member: first delivery, retry, catching
// up after an outage and after a restart are all the same thing, entries from
// next on. Batches go out in order and are taken in any order; the member's head
// says up to where nothing is missing.
//
//	          fault                 401, 403
//	flowing ────────▶ backing off      │     probe succeeds
//	   ▲                  │            ▼  ────────────────▶ flowing
//	   └──── success ─────┘          stopped
type lane struct {
	next    uint64 // seq of the first entry not sent yet
	flights []flight
	loading bool // the last batch is being read from the log

	faults    int       // in a row; 0: flowing
	downAt    time.Time // of the first of them, or of the first that stopped it
	round     int       // grows with each counted fault
	retryAt   time.Time // nothing is sent before
	asked     bool      // the member asked for this wait
	stopped   bool      // our identity is not believed: only probes
	behind    bool      // our log no longer has what the member needs next
	stalls    int       // times that all was sent and accepted, and not held
	stallTill time.Time // no entries are sent before

	exchangedAt time.Time // when heads last went both ways, or were sent
	busyTill    time.Time // heads are exchanged more often until then
	phase       uint64    // jitter of the next exchange, 0 to 1023

	took    time.Duration // from when entries were last sent until the answer; 0: none was answered
	ackedAt time.Time     // when the member's head of our origin last moved
	faultAt time.Time
	err     error // of the last fault; nil after a success
}

// flight is a push on its way. From 0 carries heads only.
type flight struct {
	id    uint64
	from  uint64
	last  uint64 // 0 until it is loaded
	round int
	floor floor
	sent  time.Time
}

// maxRetryAfter bounds the wait that a member may ask for.
const maxRetryAfter = 5 * time.Minute

// restart sends again whatever the member's head does not cover. What is in
// flight lands unheard.
func (l *lane) restart() {
	l.next, l.flights, l.loading, l.behind = 0, nil, false, false
	l.stalls, l.stallTill = 0, time.Time{}
}

// wake makes the next exchanges come soon: there is news on either side.
func (l *lane) wake(c *Core) { l.busyTill = c.now.Add(c.cfg.HeadsIdle) }

// acked notes that the member's head moved.
func (l *lane) acked(now time.Time) {
	l.ackedAt, l.behind = now, false
	l.stalls, l.stallTill = 0, time.Time{}
}

// called notes that the member called us: heads were exchanged, and if we were
// backing off or had stopped, now is the time to try. A member that has called
// us may have been told by now who we are.
func (l *lane) called(c *Core) {
	c.exchanged(l)
	if !l.flows() && !l.asked {
		l.retryAt = earlier(l.retryAt, later(c.now, l.faultAt.Add(c.cfg.BackoffMin)))
	}
}

// manyMembers is how many members a node exchanges heads with in the least time.
const manyMembers = 8

func (c *Core) exchanged(l *lane) {
	l.exchangedAt, l.phase = c.now, c.rand.next()%1024
}

// exchangeDue is when heads are next exchanged, if nothing else carries them.
func (c *Core) exchangeDue(m *member) time.Time {
	l := &m.lane
	if l.exchangedAt.IsZero() {
		return c.now
	}
	every := c.cfg.HeadsIdle
	switch {
	case m.mute:
		every = c.cfg.HeadsBusy
	case c.now.Before(l.busyTill):
		// All members together exchange heads with all others. Among many each pair does
		// so more rarely, and what a node hears of them all stays the same.
		every = min(every, c.cfg.HeadsBusy*time.Duration(1+len(c.members)/manyMembers))
	}
	return l.exchangedAt.Add(every - time.Duration(l.phase)*(every/4096))
}

// drive sends what m's lane has to send.
func (c *Core) drive(m *member) {
	l := &m.lane
	if c.now.Before(l.retryAt) {
		return
	}
	for c.canPush(m) {
		c.push(m)
	}
	if len(l.flights) == 0 && (l.stopped || l.faults > 0 || !c.now.Before(c.exchangeDue(m))) {
		c.send(m, Push{Member: m.name, Origin: c.origin})
	}
}

// owes reports whether there are entries to be sent to m, now or later.
func (c *Core) owes(m *member) bool {
	m.lane.next = max(m.lane.next, m.acked+1)
	return m.lane.next <= c.company.released && !m.lane.behind && !m.lane.stopped
}

func (c *Core) canPush(m *member) bool {
	l := &m.lane
	return l.free(c) && c.owes(m) && !c.now.Before(l.stallTill) && !c.now.Before(c.gatherTill(m))
}

// gatherTill is until when entries wait for company while others are in flight:
// that saves both sides a message and an fsync. It pays as long as the wait is short
// beside what a push takes, so it is at most half of what the last one took, and not
// long, because answers from far away are late. Nothing waits once there is enough
// for a batch.
func (c *Core) gatherTill(m *member) time.Time {
	l := &m.lane
	if last(c)+1-l.next >= c.cfg.Company {
		return time.Time{}
	}
	var last time.Time
	for _, f := range l.flights {
		if f.from > 0 && f.sent.After(last) {
			last = f.sent
		}
	}
	if last.IsZero() {
		return last
	}
	return last.Add(min(gatherMost(c), l.took/2))
}

// free reports whether another batch may be on its way. After a fault there is
// one attempt at a time, whatever still hangs from before.
func (l *lane) free(c *Core) bool {
	if l.loading || len(l.flights) >= c.cfg.Window {
		return false
	}
	return l.faults == 0 || !slices.ContainsFunc(l.flights, func(f flight) bool { return f.round == l.round })
}

func (c *Core) push(m *member) {
	m.lane.loading = true
	c.send(m, Push{Member: m.name, Origin: c.origin, From: m.lane.next, To: last(c)})
}

func (c *Core) send(m *member, p Push) {
	p.ID = c.id()
	m.lane.flights = append(m.lane.flights, flight{id: p.ID, from: p.From, round: m.lane.round, floor: c.floor(m), sent: c.now})
	c.exchanged(&m.lane)
	c.emit(p)
}

// laneDeadline is when drive may have something to do, if nothing else happens.
func (c *Core) laneDeadline(m *member) time.Time {
	l := &m.lane
	due := c.now.Add(c.cfg.HeadsIdle)
	switch {
	case len(l.flights) > 0:
	case l.stopped || l.faults > 0:
		due = l.retryAt
	default:
		due = c.exchangeDue(m)
	}
	if l.free(c) && c.owes(m) {
		due = earlier(due, later(l.stallTill, c.gatherTill(m)))
	}
	if due.Before(l.retryAt) {
		return l.retryAt
	}
	return due
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// take removes and returns a flight.
func (l *lane) take(id uint64) (flight, bool) {
	for i, f := range l.flights {
		if f.id == id {
			l.flights = append(l.flights[:i:i], l.flights[i+1:]...)
			if f.from > 0 && f.last == 0 {
				l.loading = false
			}
			return f, true
		}
	}
	return flight{}, false
}

func (c *Core) loaded(ev Loaded) {
	m := c.member(ev.Member)
	if m == nil {
		return
	}
	l := &m.lane
	if ev.Truncated {
		if _, ok := l.take(ev.ID); ok {
			l.behind = true
			c.emit(Notice{Member: m.name, What: Behind})
		}
		return
	}
	for i := range l.flights {
		f := &l.flights[i]
		if f.id != ev.ID || ev.Last < f.from {
			continue
		}
		f.last, l.loading = ev.Last, false
		if l.next == f.from { // not rewound in between
			l.next = f.last + 1
		}
	}
}

func (c *Core) pushed(ev Pushed) {
	m := c.member(ev.Member)
	if m == nil {
		return
	}
	f, ok := m.lane.take(ev.ID)
	if !ok {
		return // of an earlier life of the lane
	}
	switch {
	case ev.Fault != nil:
		c.failed(m, f, ev.Fault)
	case ev.Reply == nil || ev.Reply.From != m.name:
		c.failed(m, f, &memory.Fault{Err: errors.New("reply of somebody else")})
	default:
		c.replied(m, f, ev.Reply)
	}
}

// failed goes back to the first entry that is in doubt, and waits. Pushes that
// were in flight together fail together, and count as one.
func (c *Core) failed(m *member, f flight, fault *memory.Fault) {
	l := &m.lane
	if f.from > 0 {
		l.next = min(l.next, f.from)
	}
	l.err, l.faultAt = fault, c.now
	if l.flows() {
		l.downAt = c.now
	}
	if fault.Class == memory.FaultIdentity && !unheard(c, m) || l.stopped {
		l.round++
		l.asked = false
		l.retryAt = c.now.Add(c.rand.jitter(c.cfg.Probe))
		if !l.stopped {
			l.stopped = true
			c.emit(Notice{Member: m.name, What: Stopped, Err: fault, Retry: l.retryAt.Sub(c.now)})
		}
		return
	}
	if f.round != l.round {
		return
	}
	l.round++
	l.faults++
	l.asked = fault.RetryAfter > 0
	wait := max(c.backoff(l.faults), min(fault.RetryAfter, maxRetryAfter))
	l.retryAt = c.now.Add(wait)
	if l.faults == 1 {
		c.emit(Notice{Member: m.name, What: Failing, Err: fault, Retry: wait})
	}
}

// hearing is how long a member may take to hear of a change of the members.
const hearing = 10 * time.Second

// unheard reports whether m may not know yet who the members are by which this node
// goes, and so who this node is.
func unheard(c *Core, m *member) bool {
	return m.epoch < c.epoch && c.now.Sub(c.changedAt) < hearing
}

func (c *Core) replied(m *member, f flight, r *memory.PushReply) {
	l := &m.lane
	if f.from > 0 {
		l.took = c.now.Sub(f.sent)
	}
	if f.round == l.round {
		l.recovered(c, m.name)
	}
	c.wentBack(m, f.floor, r.View)
	c.learn(m, r.View)
	// It has answered a question of this run: what came of an earlier one, it counts.
	m.vouches = !c.outruns(m) && !m.disputes(c, c.origin)
	c.exchanged(l)
	for _, no := range r.Refused {
		if no.Dot.Origin == c.origin && no.Dot.Seq >= f.from && no.Dot.Seq <= f.last && !m.refuse(no) {
			c.emit(Park{Member: m.name, Refusal: no})
		}
	}
	c.settle(m)
	c.checkStall(m)
}

// recovered ends a time of faults. Only a push sent after the last of them can
// do that: one from before says nothing of now.
func (l *lane) recovered(c *Core, m memory.Node) {
	if l.stopped || l.faults > 0 {
		c.emit(Notice{Member: m, What: Back})
	}
	l.stopped, l.faults, l.retryAt, l.err = false, 0, time.Time{}, nil
}

// checkStall handles a member that has accepted all there is and does not hold
// it: entries wait there for one of another origin, or it is not honest. All of
// it is sent again, ever less often.
func (c *Core) checkStall(m *member) {
	l := &m.lane
	acked := m.acked
	if len(l.flights) > 0 || l.next <= last(c) || acked >= last(c) {
		return
	}
	l.stalls++
	l.stallTill = c.now.Add(c.backoff(l.stalls))
	l.next = acked + 1
}

// splitmix is Steele, Lea and Flood's SplitMix64: enough randomness to keep
// nodes from marching in step, and repeatable.
type splitmix uint64

func (s *splitmix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn returns a number from 0 to n-1.
func (s *splitmix) intn(n int) int { return int(s.next() % uint64(n)) }

// jitter returns a duration between three quarters of d and d.
func (s *splitmix) jitter(d time.Duration) time.Duration {
	return d - time.Duration(s.next()%1024)*(d/4096)
}

// backoff returns how long to wait after the attempt-th failure in a row, from 1.
func (c *Core) backoff(attempt int) time.Duration {
	d := c.cfg.BackoffMin
	for range attempt - 1 {
		if d *= 2; d >= c.cfg.BackoffMax {
			d = c.cfg.BackoffMax
			break
		}
	}
	return c.rand.jitter(d)
}
