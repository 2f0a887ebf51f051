package sim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// document is who the members are, as an operator at the first node has signed it.
type document struct {
	epoch  uint64 // 0: they are configured, and stay
	seats  []core.Seat
	voters []core.Seat
	former []core.Seat // nil: the voters are the same as before
}

// roster is what a node's core goes by.
func (n *node) roster() core.Roster {
	r := core.Roster{Epoch: n.doc.epoch}
	for _, s := range n.doc.seats {
		if s.Node != n.name {
			r.Others = append(r.Others, s)
		}
	}
	if n.doc.epoch == 0 {
		return r
	}
	if r.Voters = n.doc.voters; n.ended < n.doc.epoch {
		r.Former = n.doc.former
	}
	return r
}

// view is a reading of the node, with the epoch by which it goes.
func (n *node) view() memory.View {
	v := n.durable().View()
	v.Epoch = n.doc.epoch
	return v
}

// admits reports whether the node answers another one.
func (n *node) admits(name memory.Node) bool {
	return slices.ContainsFunc(n.doc.seats, func(s core.Seat) bool { return s.Node == name })
}

// adopt goes by a newer document.
func (n *node) adopt(d *document) {
	if d.epoch <= n.doc.epoch {
		return
	}
	n.w.trace("%s goes by epoch %d", n.name, d.epoch)
	n.doc = d
	n.step(core.MembersChanged{Members: n.roster(), View: n.view()})
}

// ask asks a member by which document it goes.
func (n *node) ask(member memory.Node) {
	call(n, member, func(at *node, answer func(*document)) { answer(at.doc) }, func(d *document, f *memory.Fault) {
		if f == nil {
			n.adopt(d)
		}
	})
}

const askEvery = 2 * time.Second

// askAround has every node ask the others, for as long as it lives.
func (n *node) askAround() {
	if n.doc.epoch == 0 {
		return
	}
	n.later(n.w.between(askEvery/2, askEvery), func() {
		for _, s := range n.doc.seats {
			if s.Node != n.name {
				n.ask(s.Node)
			}
		}
		n.askAround()
	})
}

// changeMembers has the operator change the members, if no change is under way.
func (w *world) changeMembers() {
	first := w.nodes[0]
	now := first.doc
	if !first.up || now.former != nil && first.ended < now.epoch || refilling(w) {
		return
	}
	next := &document{epoch: now.epoch + 1, seats: slices.Clone(now.seats), voters: slices.Clone(now.voters)}
	what := w.amend(next)
	if what == "" {
		return
	}
	slices.SortFunc(next.voters, bySeat)
	if !slices.Equal(now.voters, next.voters) {
		next.former = now.voters
	}
	w.report.Changes++
	w.trace("epoch %d: %s; %d of %d count", next.epoch, what, len(next.voters), len(next.seats))
	w.documents = append(w.documents, next)
	for _, s := range next.seats {
		if w.find(s.Node) == nil { // it has joined with this document
			n := newNode(w, s.Node)
			n.doc = next
			w.nodes = append(w.nodes, n)
			n.start()
		}
	}
	first.adopt(next)
}

// amend draws a change and says what it is, "" if it cannot be made.
func (w *world) amend(d *document) string {
	const most = 9
	seat := d.seats[w.rng.IntN(len(d.seats))]
	is := func(s core.Seat) bool { return s == seat }
	votes := slices.ContainsFunc(d.voters, is)
	last := votes && len(d.voters) == 1
	switch w.rng.IntN(6) {
	case 0, 1:
		if len(w.nodes) >= most {
			return ""
		}
		fresh := core.Seat{Node: memory.Node(fmt.Sprintf("n%d", len(w.nodes)+1)), Since: d.epoch}
		d.seats, d.voters = append(d.seats, fresh), append(d.voters, fresh)
		if w.chance(0.5) && seat.Node != w.nodes[0].name && votes && !last {
			d.seats, d.voters = slices.DeleteFunc(d.seats, is), slices.DeleteFunc(d.voters, is)
			return fmt.Sprintf("%s takes the place of %s", fresh.Node, seat.Node)
		}
		return fmt.Sprintf("%s comes", fresh.Node)
	case 2, 3:
		if seat.Node == w.nodes[0].name || last {
			return ""
		}
		d.seats, d.voters = slices.DeleteFunc(d.seats, is), slices.DeleteFunc(d.voters, is)
		return fmt.Sprintf("%s goes", seat.Node)
	default:
		switch {
		case last:
			return ""
		case votes:
			d.voters = slices.DeleteFunc(d.voters, is)
			return fmt.Sprintf("%s observes", seat.Node)
		}
		d.voters = append(d.voters, seat)
		return fmt.Sprintf("%s counts", seat.Node)
	}
}

func bySeat(a, b core.Seat) int { return cmp.Compare(a.Node, b.Node) }

// loseOne has a member lose its disk, or be set back, while no change is under way. It is
// one at a time, and no other change begins before it holds again what the rest had: so
// much an operator can see.
func loseOne(w *world) {
	n := w.pick()
	now := w.nodes[0].doc
	votes := slices.ContainsFunc(now.voters, func(s core.Seat) bool { return s.Node == n.name })
	if refilling(w) || !w.nodes[0].admits(n.name) || votes && len(now.voters) < 3 {
		return
	}
	w.owed = memory.Heads{}
	for _, m := range w.members() {
		if m.doc != now || now.former != nil && m.ended < now.epoch {
			return
		}
		for o, h := range m.store.View().Heads {
			if m != n && h.Seq > w.owed[o].Seq {
				w.owed[o] = memory.Head{Seq: h.Seq}
			}
		}
	}
	w.victims[n] = true
	if len(n.copies) > 0 && w.chance(0.6) {
		w.setBack(n, n.copies[w.rng.IntN(len(n.copies))].Clone(), "a backup")
		return
	}
	w.setBack(n, memlog.New(w.lib, n.name, 1000+uint64(w.report.DisksLost), n.clock), "an empty disk")
}

// refilling reports whether a member that has lost its disk does not hold again yet
// what the others had then.
func refilling(w *world) bool {
	for n := range w.victims {
		if n.up && n.store.View().Heads.Covers(w.owed) {
			w.trace("%s is filled again", n.name)
			delete(w.victims, n)
		}
	}
	return len(w.victims) > 0
}

// hasEnded checks what a node has found: that a majority of the present voters holds
// what was acknowledged.
func (w *world) hasEnded(n *node, epoch uint64) {
	n.ended = epoch
	w.trace("%s finds that the change of epoch %d has ended", n.name, epoch)
	if epoch <= w.ended {
		return
	}
	w.ended = epoch
	for _, t := range w.acks {
		w.checkKept(t)
	}
}

// checkKept checks an acknowledged write against the voters of the last change that
// has ended: those that held before may be switched off.
func (w *world) checkKept(t promise) {
	i := slices.IndexFunc(w.documents, func(d *document) bool { return d.epoch == w.ended })
	if i < 0 || w.ended == 0 || t.W < core.Majority(t.N) {
		return
	}
	voters := w.documents[i].voters
	held, lost := 0, 0
	for _, s := range voters {
		switch n := w.find(s.Node); {
		case keeps(w, n, t.entry):
			held++
		case w.victims[n]:
			lost++
		}
	}
	if want := core.Majority(len(voters)); held == 0 || held+lost < want {
		w.fail("%s was acknowledged by epoch %d, W=%d of %d, held by %v; of the %d voters of epoch %d, %d have it, want %d",
			t.Dot, t.Epoch, t.W, t.N, t.HeldBy, len(voters), w.ended, held, want)
	}
}

// members are the nodes that must become equal.
func (w *world) members() []*node {
	return slices.DeleteFunc(slices.Clone(w.nodes), func(n *node) bool { return !w.nodes[0].admits(n.name) })
}
