package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/replicate/core"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// schedule starts the clients and the faults of a run.
func (w *world) schedule() {
	w.every(10*time.Millisecond, 300*time.Millisecond, w.write)
	w.every(100*time.Millisecond, 3*time.Second, w.shakeNetwork)
	w.every(500*time.Millisecond, 6*time.Second, w.killOne)
	w.every(time.Second, 8*time.Second, w.refuseSome)
	w.every(2*time.Second, 10*time.Second, w.truncate)
	w.every(time.Second, 5*time.Second, w.backUpOne)
	if w.cfg.Changes {
		w.every(time.Second, 8*time.Second, w.changeMembers)
		w.every(time.Second, 5*time.Second, func() { loseOne(w) })
		return
	}
	if w.cfg.Dropping {
		w.every(500*time.Millisecond, 5*time.Second, w.forgetBehind)
	}
	if w.cfg.Intact {
		return
	}
	if w.chance(0.6) {
		w.every(time.Second, 12*time.Second, w.harmDisk)
	}
	if w.chance(0.2) {
		w.every(3*time.Second, 10*time.Second, w.spoilOne)
	}
}

// every does something at random intervals until the faults end.
func (w *world) every(lo, hi time.Duration, do func()) {
	w.after(w.between(lo, hi), func() {
		if !w.healing {
			do()
			w.every(lo, hi, do)
		}
	})
}

// write has a client write a few ops at a node, in bursts at times.
func (w *world) write() {
	n := w.pick()
	burst := 1
	if w.chance(0.1) {
		burst = 40
	}
	for range burst {
		quorum := core.Majority(n.core.N())
		if w.chance(0.3) {
			quorum = 1 + w.rng.IntN(n.core.N())
		}
		var ops []memory.Op
		for range 1 + w.rng.IntN(2) {
			kinds := memory.Kinds()
			ops = append(ops, memorytest.RandomOp(w.rng, kinds[w.rng.IntN(len(kinds))]))
		}
		if !n.up || !n.store.Numbering() {
			return
		}
		w.report.Writes++
		n.disk(func() {
			t := &tag{w: quorum}
			entries := n.store.Submit(t, ops...)
			t.entry = entries[len(entries)-1]
		})
	}
}

func (w *world) shakeNetwork() {
	switch w.rng.IntN(6) {
	case 0: // one link, one way
		l := link{w.pick().name, w.pick().name}
		w.net.cut[l] = true
		w.trace("cut %s to %s", l.from, l.to)
	case 1: // two sides
		side := map[memory.Node]bool{}
		for _, n := range w.nodes {
			side[n.name] = w.chance(0.5)
		}
		for _, a := range w.nodes {
			for _, b := range w.nodes {
				w.net.cut[link{a.name, b.name}] = side[a.name] != side[b.name]
			}
		}
		w.trace("parted %v", side)
	case 2:
		w.net.loss, w.net.repeat = w.rng.Float64()*0.4, w.rng.Float64()*0.4
		w.net.slow = w.between(0, 2*time.Second)
	case 3:
		w.net.refuse = w.rng.Float64() * 0.3
	case 4:
		if w.chance(0.2) {
			w.net.strangers[link{w.pick().name, w.pick().name}] = true
		}
	default:
		w.calm()
		w.trace("calm")
	}
}

// calm makes the network perfect.
func (w *world) calm() {
	w.net = network{cut: map[link]bool{}, strangers: map[link]bool{}}
}

func (w *world) killOne() {
	n := w.pick()
	switch {
	case !n.up:
	case w.cfg.Early && w.chance(0.5):
		n.dying = true
	default:
		w.kill(n)
	}
}

// kill ends a node, and starts it again later.
func (w *world) kill(n *node) {
	n.crash()
	w.report.Crashes++
	w.after(w.between(50*time.Millisecond, 5*time.Second), n.restart)
}

func (n *node) restart() {
	if !n.up {
		n.start()
	}
}

// refuseSome makes a node refuse some ops, or take all again.
func (w *world) refuseSome() {
	n := w.pick()
	if w.chance(0.5) {
		n.accommodate()
		return
	}
	kind := memory.Kinds()[w.rng.IntN(len(memory.Kinds()))]
	n.store.Refuse(func(e *memory.Entry) error {
		if e.Op.Kind() == kind && e.Dot.Seq%3 == 0 {
			return memory.ErrUnknownKind
		}
		return nil
	})
}

// accommodate makes a node take what it refused.
func (n *node) accommodate() {
	n.store.Refuse(nil)
	if n.up {
		n.disk(n.store.RetryRefused)
	}
}

// truncate takes replaced contents out of the logs of some nodes, or of all, and drops
// old entries of an origin: each of them, or some here and there. Everybody has them who
// is not a victim; victims will need a snapshot.
func (w *world) truncate() { drop(w, w.pick().store.Origin()) }

// drop is truncate of one origin.
func drop(w *world, o memory.Origin) {
	stable := ^uint64(0)
	for _, n := range w.nodes {
		h := n.store.View().Heads[o]
		if len(h.Gaps) > 0 {
			return
		}
		stable = min(stable, h.Seq)
	}
	share, all := w.rng.Float64()*1.5, w.chance(0.5)
	for _, n := range w.nodes {
		if w.chance(share) {
			few := w.rng.Float64() * 1.5
			memlog.Thin(n.store, func(string) bool { return w.chance(few) })
			n.store.Truncate(o, stable, func(seq uint64) bool {
				return (all || w.chance(0.7)) && agreed(w, memory.Dot{Origin: o, Seq: seq})
			})
		}
	}
}

// agreed reports whether no two nodes have different entries under a dot: what is in
// dispute is dropped by nobody.
func agreed(w *world, d memory.Dot) bool {
	var first *memory.Entry
	for _, n := range w.nodes {
		switch e := memlog.Logged(n.store, d); {
		case e == nil:
		case first == nil:
			first = e
		case e.Digest != first.Digest:
			return false
		}
	}
	return true
}

// backUpOne copies a node's disk, and keeps the copy beside others.
func (w *world) backUpOne() {
	const copies = 4
	n := w.pick()
	if len(n.copies) < copies {
		n.copies = append(n.copies, n.durable().Clone())
		return
	}
	n.copies[w.rng.IntN(copies)] = n.durable().Clone()
}

// victim picks a node whose disk may suffer. As many disks suffer in a run as a
// majority can bear, and those any number of times.
func (w *world) victim() *node {
	n := w.pick()
	if needed(w, n) {
		return nil
	}
	if !w.victims[n] {
		if len(w.victims) >= len(w.nodes)-core.Majority(len(w.nodes)) {
			return nil
		}
		w.victims[n] = true
	}
	return n
}

// needed reports whether only a node has what another one has lost.
func needed(w *world, n *node) bool {
	return slices.ContainsFunc(w.spoilt, func(k memory.Key) bool { return w.last(n, k) })
}

// harmDisk takes a node's disk away, sets it back to a copy of any age, to a part of
// one, or cuts off what was written last.
func (w *world) harmDisk() {
	n := w.victim()
	switch {
	case n == nil:
	case len(n.copies) > 0 && w.chance(0.5):
		w.setBack(n, n.copies[w.rng.IntN(len(n.copies))].Clone(), "a backup")
	case len(n.copies) > 0 && w.chance(0.2):
		// A restore that did not get to its end, or that brought files of several ages.
		w.setBack(n, memlog.Part(n.copies[w.rng.IntN(len(n.copies))], w.rng.Float64), "a part of a backup")
	case w.chance(0.3):
		// A damaged log of the file itself: anything may be missing at its end.
		w.setBack(n, memlog.Part(n.store, func() float64 { return 1 - w.rng.Float64()/4 }), "a log with holes")
	case w.chance(0.7):
		// A damaged log ends where the damage is: the file is as it was some time ago.
		before := n.store.Clone()
		w.after(w.between(0, time.Second), func() { w.setBack(n, before, "what its log still has") })
	default:
		w.setBack(n, memlog.New(w.lib, n.name, 1000+uint64(w.report.DisksLost), n.clock), "an empty disk")
	}
}

// forgetBehind has a node write one memory again and again, others drop what they have of
// that, and sets the node back to what it was before, to number on without asking: it has
// entries then under numbers of which others no longer have any, so that nothing is left
// to compare, and one side has to concede.
func (w *world) forgetBehind() {
	n := w.victim()
	if n == nil || !n.up || !n.store.Numbering() {
		return
	}
	if w.chance(0.7) {
		w.calm()
	}
	before := n.store.Clone()
	for i := range 3 + w.rng.IntN(6) {
		w.after(time.Duration(i)*20*time.Millisecond, func() { rewrite(w, n, "what was overwritten") })
	}
	w.after(w.between(500*time.Millisecond, 3*time.Second), func() {
		if needed(w, n) {
			return
		}
		drop(w, before.Origin())
		w.setBack(n, before, "what it was before others have dropped what it wrote since")
		n.rash = true
		if w.chance(0.7) {
			for _, m := range w.nodes {
				w.net.cut[link{n.name, m.name}], w.net.cut[link{m.name, n.name}] = true, true
			}
		}
		numberAnew(w, n, 1+w.rng.IntN(5))
		w.after(w.between(time.Second, 8*time.Second), w.calm)
	})
}

// numberAnew has a node write some memories as soon as it is up again.
func numberAnew(w *world, n *node, times int) {
	w.after(10*time.Millisecond, func() {
		switch {
		case w.healing:
		case !n.up:
			numberAnew(w, n, times)
		default:
			for i := range times {
				rewrite(w, n, fmt.Sprint("only here ", i))
			}
		}
	})
}

// rewrite has a node write a memory, if it writes at all.
func rewrite(w *world, n *node, title string) {
	if w.healing || !n.up || !n.store.Numbering() {
		return
	}
	w.report.Writes++
	quorum := 1 + w.rng.IntN(n.core.N())
	n.disk(func() {
		t := &tag{w: quorum}
		t.entry = n.store.Submit(t, &memory.Put{Create: true, Memory: memory.Memory{ID: memory.DerivedID("global", title), Title: title}})[0]
	})
}

// setBack gives a node another disk, of which some may be missing as well, and starts
// it, soon or later, while messages of its former life are under way, and while it
// reaches all others, some, or none.
func (w *world) setBack(n *node, to *memlog.Store, what string) {
	if w.healing {
		return
	}
	w.trace("%s is set back to %s", n.name, what)
	w.report.DisksLost++
	n.crash()
	n.store = to
	if !w.cfg.Changes && w.chance(0.2) {
		w.spoil(n)
	}
	if w.chance(0.3) {
		// What no node does: it numbers before it has asked. The rest must bear it.
		w.trace("%s is rash", n.name)
		n.rash = true
	}
	if w.chance(0.5) {
		reached := w.rng.Float64()*1.5 - 0.25 // at times nobody, at times everybody
		for _, m := range w.nodes {
			cut := w.rng.Float64() >= reached
			w.net.cut[link{n.name, m.name}], w.net.cut[link{m.name, n.name}] = cut, cut
		}
		w.trace("%s reaches a share of %.1f", n.name, reached)
	}
	w.after(w.between(0, 3*time.Second), n.restart)
}

// spoilOne makes a register of a node wrong, behind its back.
func (w *world) spoilOne() {
	if n := w.pick(); n.up && w.spoil(n) {
		n.drain()
	}
}

// last reports whether no other node has the winner of k that n has: what all
// disks have lost nothing can bring back.
func (w *world) last(n *node, k memory.Key) bool {
	mine := n.store.Winner(k)
	return mine != nil && !slices.ContainsFunc(w.nodes, func(m *node) bool {
		theirs := m.store.Winner(k)
		return m != n && !w.victims[m] && theirs != nil && !mine.Version().Beats(theirs.Version())
	})
}

func (w *world) spoil(n *node) bool {
	all := w.lib.All()
	for range 10 {
		if len(all) == 0 {
			return false
		}
		k := all[w.rng.IntN(len(all))].Op.Subjects()[0]
		if !w.last(n, k) && n.store.Spoil(k) {
			w.trace("%s loses register %q", n.name, k)
			w.spoilt = append(w.spoilt, k)
			return true
		}
	}
	return false
}

// heal ends all faults.
func (w *world) heal() {
	w.healing = true
	w.trace("healing")
	w.calm()
	for _, n := range w.nodes {
		n.restart()
		n.accommodate()
	}
}
