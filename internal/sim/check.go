package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// promise is a write that was acknowledged.
type promise struct {
	core.Tally

	entry *memory.Entry
}

// sends notes what a node sends of its own.
func sends(w *world, n *node, ops []memory.Shipment) {
	for _, op := range ops {
		e, err := w.lib.Open(op)
		if err != nil || e.Dot.Origin.Node() != n.name {
			continue
		}
		if was, ok := w.sent[e.Dot]; ok && was != e.Digest {
			w.report.UsedTwice++
			w.trace("%s sends another entry under %s", n.name, e.Dot)
		}
		w.sent[e.Dot] = e.Digest
	}
}

// acknowledged checks a receipt at the moment it is given out.
func (w *world) acknowledged(n *node, asked waiting, t core.Tally) {
	w.report.Acked++
	e := w.nowAs(asked.of.entry, t.Dot)
	if e == nil || t.W < asked.W || len(t.HeldBy) < asked.W {
		w.fail("%s resolves %v, asked for %v", n.name, t, asked.Wait)
		return
	}
	w.acks = append(w.acks, promise{t, e})
	w.checkKept(promise{t, e})
	seen := map[memory.Node]bool{}
	for _, name := range t.HeldBy {
		m := w.find(name)
		if seen[name] {
			w.fail("%s counts %s twice for %s", n.name, name, t.Dot)
		}
		seen[name] = true
		if !keeps(w, m, e) && !w.victims[m] {
			w.fail("%s says that %s holds %s, which it does not have on disk", n.name, name, t.Dot)
		}
	}
}

// nowAs returns the entry d, if that is e, or e as it was issued again.
func (w *world) nowAs(e *memory.Entry, d memory.Dot) *memory.Entry {
	if e.Dot == d {
		return e
	}
	for _, again := range w.lib.Reissues(e) {
		if found := w.nowAs(again, d); found != nil {
			return found
		}
	}
	return nil
}

// checkSurvival destroys a minority of the disks, in thought, the worst that the
// dice can find, and looks for what was acknowledged.
func (w *world) checkSurvival() {
	if w.cfg.Changes {
		return // see checkKept
	}
	var kept []map[*node]bool // on which disks, of each of w.acks
	for _, t := range w.acks {
		on := map[*node]bool{}
		for _, n := range w.nodes {
			on[n] = keeps(w, n, t.entry)
		}
		kept = append(kept, on)
	}
	for range 20 {
		gone := map[*node]bool{}
		for n := range w.victims {
			gone[n] = true
		}
		for len(gone) < len(w.nodes)-core.Majority(len(w.nodes)) {
			gone[w.pick()] = true
		}
		for i, t := range w.acks {
			on := func(n *node) bool { return !gone[n] && kept[i][n] }
			if t.W >= core.Majority(len(w.nodes)) && !slices.ContainsFunc(w.nodes, on) {
				w.fail("%s was acknowledged with W=%d and is lost with a minority of the disks", t.Dot, t.W)
				return
			}
		}
	}
}

// keeps reports whether nothing of e is lost on the disk of n: for each of its registers
// it is there, or what it was issued again as, or a later entry that wrote that register.
// A content that another one replaced is part of a history all the same: it is lost,
// unless the memory was erased, or somebody has let the content go by the rules.
func keeps(w *world, n *node, e *memory.Entry) bool {
	return !slices.ContainsFunc(e.Op.Subjects(), func(k memory.Key) bool { return !keepsAt(w, n, e, k) })
}

func keepsAt(w *world, n *node, e *memory.Entry, k memory.Key) bool {
	return memlog.HasEntry(n.durable(), e) ||
		slices.ContainsFunc(w.lib.Reissues(e), func(again *memory.Entry) bool {
			return slices.Contains(again.Op.Subjects(), k) && keepsAt(w, n, again, k)
		}) ||
		!slices.Contains(memlog.Lacks(n.durable(), e), k)
}

// expected is the state that the merge of all surviving ops leads to.
func (w *world) expected() *memory.State {
	s := memory.NewState()
	for _, e := range w.lib.All() {
		if slices.ContainsFunc(w.members(), func(n *node) bool { return memlog.HasEntry(n.store, e) }) {
			s.Apply(e)
		}
	}
	return s
}

func (w *world) converged(since time.Time) bool { return w.difference(since) == nil }

// difference says what keeps the federation from being equal, or nil.
func (w *world) difference(since time.Time) error {
	first := w.nodes[0].store.View()
	for _, n := range w.members() {
		v := n.store.View()
		switch {
		case !equalHeads(first.Heads, v.Heads):
			return fmt.Errorf("heads of %s are %v, of %s %v", w.nodes[0].name, first.Heads, n.name, v.Heads)
		case n.doc != w.nodes[0].doc || n.doc.former != nil && n.ended < n.doc.epoch:
			return fmt.Errorf("%s goes by epoch %d, and its last change ended with %d", n.name, n.doc.epoch, n.ended)
		case v.Root != first.Root:
			return fmt.Errorf("state of %s differs from that of %s", n.name, w.nodes[0].name)
		}
	}
	for _, n := range w.members() {
		for _, s := range n.core.Status() {
			switch {
			case s.State != core.OK:
				return fmt.Errorf("the lane of %s to %s is %s: %w", n.name, s.Member, s.State, s.Err)
			case s.Owed > 0:
				return fmt.Errorf("%s owes %d ops to %s", n.name, s.Owed, s.Member)
			case s.Parked > 0:
				return fmt.Errorf("%s lists %d ops as refused by %s", n.name, s.Parked, s.Member)
			case s.EqualAt.Before(since.Add(n.offset)):
				return fmt.Errorf("%s has not proven that it is equal to %s: %+v", n.name, s.Member, s)
			}
		}
	}
	return nil
}

func (w *world) checkConverged(since time.Time) {
	if err := w.difference(since); err != nil {
		w.fail("%s after the last fault: %w", w.now.Sub(since), err)
		return
	}
	if got, want := w.nodes[0].store.View().Root, w.expected(); got != want.Root().Digest() {
		w.fail("all nodes agree on a state that is not the merge of all ops: %s", w.nodes[0].store.Unlike(want))
	}
	for _, t := range w.acks {
		for _, n := range w.members() {
			if t.W >= core.Majority(t.N) && !keeps(w, n, t.entry) {
				w.fail("%s was acknowledged with W=%d, and %s does not have it", t.Dot, t.W, n.name)
			}
		}
	}
}

func equalHeads(a, b memory.Heads) bool {
	if len(a) != len(b) {
		return false
	}
	for o, h := range a {
		if b[o].Seq != h.Seq || len(h.Gaps) > 0 || len(b[o].Gaps) > 0 {
			return false
		}
	}
	return true
}
