package core

import "time"

// Among many members an entry costs as many messages as there are members, whether it
// goes alone or with others. So there entries wait, before they go to anybody, for those
// of writers that were answered since entries last went out, or are about to be: who is
// answered together writes again at about the same time. That lasts half of what an
// acknowledgement took, at most. One writer alone waits for nobody.

// company is what waits at this node before it is sent.
type company struct {
	released uint64        // entries up to here may be sent
	since    time.Time     // when there was the first one behind them; zero: there is none
	back     int           // writers that were answered since entries were released
	took     time.Duration // from the commit to the votes, of writers that waited, the last ones above all; 0: none has
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
	head := last(c)
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

// companyDue is when release has something to do, if nothing else happens.
func companyDue(c *Core) (time.Time, bool) {
	g := &c.company
	return g.till(c), !g.since.IsZero()
}
