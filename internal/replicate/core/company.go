package core

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Among many members an entry costs as many messages as there are members, whether it
// goes alone or with others. So there entries wait for company where nobody waits for
// them, or not much longer:
//
//   - Before they go to anybody, for those of writers that were answered since entries
//     last went out, or are about to be: who is answered together writes again at about
//     the same time. That lasts half of what an acknowledgement took, at most. One writer
//     alone waits for nobody.
//   - Lanes that are not expected to make the quorum gather for longer, up to where it
//     would be late without them. If an expected one fails, all lanes send at once.

// company is what waits at this node before it is sent.
type company struct {
	released uint64        // entries up to here may be sent
	since    time.Time     // when there was the first one behind them; zero: there is none
	back     int           // writers that were answered since entries were released
	took     time.Duration // from the commit to the votes, of writers that waited, the last ones above all; 0: none has
	hurried  bool          // no lane gathers until entries are released again
}

// fewMembers is up to how many other members nothing waits for company but that of the
// batch before.
const fewMembers = 4

func many(c *Core) bool { return len(c.members) > fewMembers }

// gatherMost is how long entries wait for company at most. What a batch costs grows
// with the members.
func gatherMost(c *Core) time.Duration {
	if !many(c) {
		return c.cfg.Gather
	}
	return min(c.cfg.Gather*time.Duration(len(c.members)), c.cfg.Patience/8)
}

// answered notes that a writer who has waited has its votes.
func (g *company) answered(took time.Duration) {
	g.back++
	if g.took == 0 {
		g.took = took
	}
	g.took = (3*g.took + took) / 4
}

// release lets entries go that have company enough, or have waited for it.
func release(c *Core) {
	g := &c.company
	head := c.head()
	if head <= g.released {
		g.released, g.since = head, time.Time{}
		return
	}
	if g.since.IsZero() {
		g.since = c.now
	}
	if n := head - g.released; many(c) && n < min(c.cfg.Company, returning(c)) && c.now.Before(g.till(c)) {
		return
	}
	*g = company{released: head, took: g.took}
	expect(c)
}

// returning is how many writers may soon be here again: those that were answered since
// entries were released, and those that should be answered any moment.
func returning(c *Core) uint64 {
	g := &c.company
	n := uint64(g.back)
	for _, w := range c.waits { // the oldest first
		if c.now.Sub(w.since) < g.took*3/4 {
			break
		}
		n++
	}
	return n
}

// till is how long what is not released may wait.
func (g *company) till(c *Core) time.Time { return g.since.Add(min(gatherMost(c), g.took/2)) }

// hurry has all lanes send what they have.
func hurry(c *Core) { c.company.hurried = true }

// expect chooses the lanes that are to make the quorum of what was released: as many as
// it takes and an eighth more, of those that are not much slower than that. Each node
// begins with those that follow it by name, so that all have equal parts in it.
func expect(c *Core) {
	for _, m := range c.members {
		m.lane.expected = false
	}
	if !many(c) || c.change != nil {
		hurry(c)
		return
	}
	need := 0
	for _, w := range c.waits {
		want, _ := wanted(c, w)
		need = max(need, want)
	}
	if c.voters.self {
		need--
	}
	if need <= 0 {
		return
	}
	able := ring(c, slices.DeleteFunc(slices.Clone(c.voters.others), func(m *member) bool { return !m.prompt(c) }))
	enough := need + 1 + need/8
	if len(able) <= enough {
		hurry(c)
		return
	}
	limit := nthTook(able, need) * 9 / 8
	slices.SortStableFunc(able, func(a, b *member) int { return cmp.Compare(max(a.lane.took, limit), max(b.lane.took, limit)) })
	for _, m := range able[:enough] {
		m.lane.expected = true
	}
}

// prompt reports whether m may be expected to take and hold what it is sent.
func (m *member) prompt(c *Core) bool {
	l := &m.lane
	usual := 2 * max(l.took, c.company.took)
	if slices.ContainsFunc(l.flights, func(f flight) bool { return f.from > 0 && c.now.Sub(f.sent) > usual }) {
		return false
	}
	return l.flows() && !l.behind && l.stalls == 0 && len(m.parked) == 0 && m.epoch <= c.epoch && c.member(m.name) == m
}

// ring turns a list so that it begins behind this node.
func ring(c *Core, list []*member) []*member {
	i, _ := slices.BinarySearchFunc(list, c.cfg.Self, func(m *member, self memory.Node) int { return strings.Compare(string(m.name), string(self)) })
	return slices.Concat(list[i:], list[:i])
}

// nthTook is what the n-th quickest of the lanes takes to answer.
func nthTook(list []*member, n int) time.Duration {
	took := make([]time.Duration, len(list))
	for i, m := range list {
		took[i] = m.lane.took
	}
	slices.Sort(took)
	return took[n-1]
}

// patient reports whether the lane of m may gather for longer.
func patient(c *Core, m *member) bool {
	return many(c) && !m.lane.expected && !c.company.hurried && m.lane.flows()
}

// patientTill is until when an entry may wait that m's lane had nothing else to send
// with: for two acknowledgements. By then the others have made the quorum, or it is late,
// and needs the rest.
func patientTill(c *Core, m *member) time.Time {
	if c.head()+1-m.lane.next >= c.cfg.Company {
		return time.Time{}
	}
	return m.lane.owedSince.Add(min(2*gatherMost(c), 2*c.company.took))
}

// companyDue is when release has something to do, if nothing else happens.
func companyDue(c *Core) (time.Time, bool) {
	g := &c.company
	return g.till(c), !g.since.IsZero()
}
