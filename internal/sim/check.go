package sim

import (
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// acknowledged checks a receipt at the moment it is given out.
func (w *world) acknowledged(n *node, asked core.Wait, t core.Tally) {
	w.report.Acked++
	w.acks = append(w.acks, t)
	if t.Dot != asked.Dot || t.W != asked.W || len(t.HeldBy) < asked.W {
		w.fail("%s resolves %v, asked for %v", n.name, t, asked)
	}
	seen := map[memory.Node]bool{}
	for _, name := range t.HeldBy {
		m := w.find(name)
		if seen[name] {
			w.fail("%s counts %s twice for %s", n.name, name, t.Dot)
		}
		seen[name] = true
		if !m.store.Has(t.Dot) && !w.victims[m] {
			w.fail("%s says that %s holds %s, which it does not have on disk", n.name, name, t.Dot)
		}
	}
}

// checkSurvival destroys a minority of the disks, in thought, the worst that the
// dice can find, and looks for what was acknowledged.
func (w *world) checkSurvival() {
	for range 20 {
		gone := map[*node]bool{}
		for n := range w.victims {
			gone[n] = true
		}
		for len(gone) < len(w.nodes)-core.Majority(len(w.nodes)) {
			gone[w.pick()] = true
		}
		for _, t := range w.acks {
			if t.W >= core.Majority(len(w.nodes)) && !w.survives(t.Dot, gone) {
				w.fail("%s was acknowledged with W=%d and is lost with a minority of the disks", t.Dot, t.W)
				return
			}
		}
	}
}

func (w *world) survives(d memory.Dot, gone map[*node]bool) bool {
	for _, n := range w.nodes {
		if !gone[n] && n.store.Has(d) {
			return true
		}
	}
	return false
}

// expected is the state that the merge of all surviving ops leads to.
func (w *world) expected() memory.Digest {
	s := memory.NewState()
	for _, e := range w.lib.All() {
		if w.survives(e.Dot, nil) {
			s.Apply(e)
		}
	}
	return s.Root().Digest()
}

func (w *world) converged(since time.Time) bool { return w.difference(since) == nil }

// difference says what keeps the federation from being equal, or nil.
func (w *world) difference(since time.Time) error {
	first := w.nodes[0].store.View()
	for _, n := range w.nodes {
		v := n.store.View()
		switch {
		case !equalHeads(first.Heads, v.Heads):
			return fmt.Errorf("heads of %s are %v, of %s %v", w.nodes[0].name, first.Heads, n.name, v.Heads)
		case v.Root != first.Root:
			return fmt.Errorf("state of %s differs from that of %s", n.name, w.nodes[0].name)
		}
	}
	for _, n := range w.nodes {
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
	if got, want := w.nodes[0].store.View().Root, w.expected(); got != want {
		w.fail("all nodes agree on a state that is not the merge of all ops")
	}
	for _, t := range w.acks {
		for _, n := range w.nodes {
			if t.W >= core.Majority(len(w.nodes)) && !n.store.Has(t.Dot) {
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
