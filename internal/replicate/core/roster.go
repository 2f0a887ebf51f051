package core

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Seat is a node's place in the federation. Who takes it over under the same name,
// on an empty disk, has a later Since: what was known of the one before is void.
type Seat struct {
	Node  memory.Node
	Since uint64 // the epoch from which on it is there; 0: it is configured
}

// Seats are seats of nodes that are configured.
func Seats(nodes ...memory.Node) []Seat {
	out := make([]Seat, len(nodes))
	for i, n := range nodes {
		out[i] = Seat{Node: n}
	}
	return out
}

// Roster is who the members are, from an epoch on.
type Roster struct {
	Epoch  uint64 // 0: they are configured, and stay
	Others []Seat // all members but this node
	// Voters are those that count, this node among them if it does; nil is all members.
	// Who else is a member gets everything, and holds it, and does not count.
	Voters []Seat
	// Former are the voters of the epoch before, while the change is under way: what
	// is acknowledged must satisfy them as well. nil: no change is.
	Former []Seat
}

// Static is a roster of members that are configured.
func Static(others ...memory.Node) Roster { return Roster{Others: Seats(others...)} }

// council is the voters of one configuration.
type council struct {
	self   bool
	others []*member
}

func (v council) size() int {
	if v.self {
		return len(v.others) + 1
	}
	return len(v.others)
}

// holding counts those that hold d.
func (v council) holding(c *Core, d memory.Dot) int {
	n := 0
	if v.self && c.self.Heads.Holds(d) {
		n++
	}
	for _, m := range v.others {
		if c.holds(m, d) {
			n++
		}
	}
	return n
}

// change is a change of voters that is under way.
type change struct {
	former council
	// owed is what the former voters may have acknowledged among themselves; nil until
	// it is known: see [conclude].
	owed memory.Heads
}

// meets reports whether those that named says, and this node, include one of every w
// voters; w 0 is a majority.
func (v council) meets(w int, named func(memory.Node) bool) bool {
	if w == 0 {
		w = Majority(v.size())
	}
	n := 0
	if v.self {
		n++
	}
	for _, m := range v.others {
		if named(m.name) {
			n++
		}
	}
	return n > v.size()-min(w, v.size())
}

// Meets reports whether the node of c and those that named says include one of every w
// voters, and, while a change is under way, of every w of those before; w 0 is a majority.
func Meets(c *Core, w int, named func(memory.Node) bool) bool {
	return c.voters.meets(w, named) && (c.change == nil || c.change.former.meets(w, named))
}

// setMembers keeps what is known of members that stay.
func setMembers(c *Core, r Roster) {
	bench := bench{c: c, at: map[Seat]*member{}}
	next := bench.members(r.Others)
	voters := council{self: true, others: next}
	if r.Voters != nil {
		voters = bench.council(r.Voters)
	}
	var under *change
	if r.Former != nil {
		under = &change{former: bench.council(r.Former)}
	}
	c.members, c.voters, c.change = next, voters, under
	for _, m := range c.members { // who was away may have missed a new origin
		m.reckon(c)
	}
	for i, w := range c.waits {
		c.waits[i].majority = w.majority || major(c, w.W)
	}
	if r.Epoch == c.epoch {
		return
	}
	c.epoch, c.changedAt = r.Epoch, c.now
	for _, m := range c.members {
		m.lane.wake(c)
		m.lane.exchangedAt = c.now.Add(-c.cfg.HeadsIdle) // the others learn of it now
	}
}

// bench finds who sits where: one member for each seat.
type bench struct {
	c  *Core
	at map[Seat]*member
}

func (b bench) seat(s Seat) *member {
	m := b.at[s]
	if m == nil {
		m = knew(b.c, s)
	}
	if m == nil {
		m = &member{name: s.Node, since: s.Since, heads: memory.Heads{}, same: map[memory.Origin]uint64{}, parked: map[memory.Dot]memory.Refusal{}}
	}
	b.at[s] = m
	return m
}

// members are those of the seats, this node left out, by name and each once.
func (b bench) members(seats []Seat) []*member {
	var out []*member
	for _, s := range seats {
		if s.Node != b.c.cfg.Self {
			out = append(out, b.seat(s))
		}
	}
	slices.SortFunc(out, func(x, y *member) int { return strings.Compare(string(x.name), string(y.name)) })
	return slices.CompactFunc(out, func(x, y *member) bool { return x.name == y.name })
}

func (b bench) council(seats []Seat) council {
	self := slices.ContainsFunc(seats, func(s Seat) bool { return s.Node == b.c.cfg.Self })
	return council{self: self, others: b.members(seats)}
}

// knew returns what was known of who sits there, or sat there.
func knew(c *Core, s Seat) *member {
	if m := c.member(s.Node); m != nil && m.since == s.Since {
		return m
	}
	if c.change == nil {
		return nil
	}
	for _, m := range c.change.former.others {
		if m.name == s.Node && m.since == s.Since {
			return m
		}
	}
	return nil
}

// N is the number of members that count, this node among them if it does.
func (c *Core) N() int { return c.voters.size() }

// UnderWay returns the epoch of the members by which this node counts, and whether the
// change to them has not ended, as far as this node knows.
func (c *Core) UnderWay() (epoch uint64, is bool) { return c.epoch, c.change != nil }

// Majority is the smallest number of n members such that any two groups of that
// size have a member in common: losing any smaller group loses nothing that one
// of them held.
func Majority(n int) int { return n/2 + 1 }

// CheckQuorum says why w cannot be asked of n members, or nil.
func CheckQuorum(w, n int) error {
	if w < 1 || w > n {
		return fmt.Errorf("quorum of %d out of %d members: want 1 to %d: %w", w, n, n, memory.ErrInvalid)
	}
	return nil
}

// Meeting is the smallest number of n members such that any so many of them include
// one of every majority.
func Meeting(n int) int { return n - Majority(n) + 1 }

// conclude ends a change that is under way as soon as nothing can come of the former
// voters that the present ones do not keep:
//
//   - So many former voters go by the new epoch that those which do not are too few
//     for a quorum among themselves. What any of them acknowledged before is in the
//     readings of those that moved: a reading of the new epoch was made after the move.
//   - A majority of the present voters holds all of it, and so what was acknowledged
//     is as if they had acknowledged it.
//
// Both stay true once they are, so every node may find them for itself.
func conclude(c *Core) {
	if c.change == nil {
		return
	}
	f := c.change
	if f.owed == nil {
		var moved []memory.Heads
		if f.former.self {
			moved = append(moved, c.self.Heads)
		}
		for _, m := range f.former.others {
			if m.epoch >= c.epoch {
				moved = append(moved, m.heads)
			}
		}
		if len(moved) < Meeting(f.former.size()) {
			return
		}
		f.owed = together(moved)
	}
	holders := 0
	if c.voters.self && reaches(c.self.Heads, f.owed) {
		holders++
	}
	for _, m := range c.voters.others {
		if m.epoch >= c.epoch && reaches(m.heads, f.owed) {
			holders++
		}
	}
	if holders < Majority(c.voters.size()) {
		return
	}
	c.change = nil
	c.emit(Ended{Epoch: c.epoch})
	c.settle(nil)
}

// together is what any of the heads hold.
func together(all []memory.Heads) memory.Heads {
	out := memory.Heads{}
	for _, heads := range all {
		for o, h := range heads {
			if was, known := out[o]; known {
				h = union(was, h, true)
			}
			out[o] = h
		}
	}
	return out
}

// reaches reports whether all that is owed is held.
func reaches(heads, owed memory.Heads) bool {
	for o, h := range owed {
		held := heads[o]
		if held.Seq < h.Seq || slices.ContainsFunc(held.Gaps, func(g uint64) bool { return g <= h.Seq && !slices.Contains(h.Gaps, g) }) {
			return false
		}
	}
	return true
}

// overtaken notes by which members somebody goes. Until this node goes by them, too,
// nothing that the other holds counts: it may have acknowledged as one of a
// configuration that is not known here.
func overtaken(c *Core, m *member, epoch uint64) {
	if epoch > max(m.epoch, c.epoch) {
		c.emit(Overtaken{Member: m.name, Epoch: epoch})
	}
	m.epoch = max(m.epoch, epoch)
}
