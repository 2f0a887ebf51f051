package sim

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// node is a core, a store, and the shell between them as far as a simulation
// needs one. What the store has is on disk; what waits for the fsync is in
// unsynced, and dies with the process.
type node struct {
	w      *world
	name   memory.Node
	doc    *document // who the members are
	ended  uint64    // the epoch of the last change of members that has ended
	clock  *memory.Clock
	offset time.Duration // of the clock

	store  *memlog.Store
	copies []*memlog.Store // backups, of any age

	up       bool
	life     int // grows with every start
	core     *core.Core
	origin   memory.Origin
	mail     []core.Event // from the commit hook
	unsynced []func()
	before   *memlog.Store // what is durable, while a batch of which entries were sent is not
	promised []func()      // what others are told when it is
	dying    bool          // it ends in the next such batch
	waiting  map[uint64]waiting
	lastWait uint64
	tickDue  time.Time // when the core must be ticked
	ticking  time.Time // when it is next looked whether that is now
	rash     bool      // numbers its next life's ops without asking
}

// waiting is a writer who waits for an entry.
type waiting struct {
	core.Wait

	of *tag
}

// tag marks a write that somebody waits for.
type tag struct {
	w     int
	entry *memory.Entry // the last one, once it is written
}

const (
	maxOps    = 8 // small batches: more can go wrong
	cursorLag = 200 * time.Millisecond
)

func newNode(w *world, name memory.Node) *node {
	n := &node{w: w, name: name, offset: w.between(-25*time.Second, 25*time.Second)}
	n.clock = memory.NewClock(n.wall, memory.DefaultMaxSkew)
	n.store = memlog.New(w.lib, name, 1, n.clock)
	return n
}

func (n *node) wall() time.Time { return n.w.now.Add(n.offset) }

func (n *node) start() {
	n.life++
	n.up = true
	n.mail, n.unsynced, n.promised, n.waiting = nil, nil, nil, map[uint64]waiting{}
	n.ticking = time.Time{}
	n.store.OnCommit(n.committed)
	n.origin = n.store.Origin()
	cursors, _ := n.store.Cursors(context.Background(), n.origin)
	parked, _ := n.store.Parked(context.Background())
	fresh := n.store.Numbering()
	if n.rash {
		n.rash = false
		n.store.Confirm()
	}
	n.core = core.New(core.Config{
		Self: n.name, Origin: n.origin, View: n.store.View(), Members: n.roster(), Cursors: cursors, Parked: parked,
		Seed: n.w.rng.Uint64(), Confirmed: fresh, Outrun: n.store.Outrun(),
	}, n.wall())
	n.w.trace("%s starts, %d ops", n.name, n.store.View().Heads[n.origin].Seq)
	n.step(core.Tick{})
	n.askAround()
	n.tryAgain()
}

// tryAgain has the node try every minute what it has refused, as the store does with
// what waits for another entry.
func (n *node) tryAgain() {
	n.later(time.Minute, func() {
		n.disk(n.store.RetryRefused)
		n.tryAgain()
	})
}

func (n *node) crash() {
	n.w.trace("%s crashes, %d jobs unsynced", n.name, len(n.unsynced))
	n.up, n.dying = false, false
	n.life++
	if n.before != nil && n.w.chance(0.5) { // not the process alone
		n.w.trace("%s has lost what was not synced", n.name)
		n.store = n.before
		memlog.Lose(n.store)
	}
	n.before = nil
	n.store.Restart()
}

// durable is what a node has on disk.
func (n *node) durable() *memlog.Store {
	if n.before != nil {
		return n.before
	}
	return n.store
}

// later runs do if the node lives on until then.
func (n *node) later(d time.Duration, do func()) {
	life := n.life
	n.w.after(d, func() {
		if n.up && n.life == life {
			do()
		}
	})
}

// disk runs a job that changes the store. Its effect is there when it is on
// disk, and not at all before: one fsync carries all jobs that came meanwhile.
func (n *node) disk(job func()) {
	n.unsynced = append(n.unsynced, job)
	if len(n.unsynced) > 1 {
		return
	}
	n.later(n.w.between(time.Millisecond, 8*time.Millisecond), n.commit)
}

func (n *node) commit() {
	if n.before != nil {
		n.later(time.Millisecond, n.commit) // one batch after the other
		return
	}
	jobs := n.unsynced
	n.unsynced = nil
	early := n.w.cfg.Early && (n.dying || n.w.chance(0.05))
	if early {
		n.before = n.store.Clone()
	}
	for _, job := range jobs {
		job()
	}
	if !early {
		n.drain()
		return
	}
	n.sendEarly()
}

// sendEarly has what the node has numbered in a batch go out before that is durable.
func (n *node) sendEarly() {
	var own []memory.OwnEntry
	for _, ev := range n.mail {
		if c, ok := ev.(core.Committed); ok {
			own = append(own, c.Own...)
		}
	}
	takes := n.w.between(time.Millisecond, 300*time.Millisecond)
	if n.dying && len(own) > 0 {
		n.w.trace("%s sends %d entries that are not durable", n.name, len(own))
		n.later(n.w.between(0, takes), func() { n.w.kill(n) })
	}
	n.later(takes, func() {
		n.before = nil
		promised := n.promised
		n.promised = nil
		for _, tell := range promised {
			tell()
		}
		n.drain()
	})
	if len(own) > 0 {
		n.step(core.Written{Own: own})
	}
}

// durably runs tell once what was done so far is on disk.
func (n *node) durably(tell func()) {
	if n.before == nil {
		tell()
		return
	}
	n.promised = append(n.promised, tell)
}

// committed is the store's hook: it only takes note.
func (n *node) committed(c memory.Committed) {
	ev := core.Committed{View: c.View, Own: c.Own, Moved: c.Moved, Conceded: c.Conceded}
	for _, e := range c.Own {
		if t, ok := e.Tag.(*tag); ok {
			n.lastWait++
			wait := core.Wait{ID: n.lastWait, Dot: e.Dot, W: t.w}
			n.waiting[wait.ID] = waiting{wait, t}
			ev.Waits = append(ev.Waits, wait)
		}
	}
	n.mail = append(n.mail, ev)
}

// drain tells the core what the store has reported.
func (n *node) drain() {
	if n.before != nil {
		return // it is not on disk yet
	}
	for len(n.mail) > 0 {
		ev := n.mail[0]
		n.mail = n.mail[1:]
		n.step(ev)
	}
	if o := n.store.Origin(); o != n.origin {
		n.w.trace("%s is now %s", n.name, o)
		n.w.report.Incarnations++
		n.origin = o
		n.step(core.Reborn{Origin: o, View: n.store.View()})
	}
}

func (n *node) step(ev core.Event) {
	for _, e := range n.core.Step(n.wall(), ev) {
		n.carryOut(e)
	}
	n.tickAt(n.core.Deadline())
}

// tickAt has the core ticked at a time, unless another step moves that before.
func (n *node) tickAt(due time.Time) {
	n.tickDue = due
	if n.ticking.IsZero() || due.Before(n.ticking) {
		n.ticking = due
		n.later(due.Sub(n.wall()), func() { n.tick(due) })
	}
}

// tick is called at the times that steps have asked for, of which the last counts.
func (n *node) tick(at time.Time) {
	if !at.Equal(n.ticking) {
		return
	}
	n.ticking = time.Time{}
	if n.wall().Before(n.tickDue) {
		n.tickAt(n.tickDue)
		return
	}
	n.step(core.Tick{})
}

func (n *node) carryOut(e core.Effect) {
	switch e := e.(type) {
	case core.Push:
		n.later(0, func() { n.push(e) })
	case core.Pull:
		n.pull(e)
	case core.Snapshot:
		n.snapshot(e)
	case core.Compare:
		n.repair(e)
	case core.Settle:
		n.settle(e)
	case core.TakeIncarnation:
		n.disk(func() {
			_, _ = n.store.NewIncarnation(context.Background(), e.Head)
			n.mail = append(n.mail, core.Committed{View: n.store.View()})
		})
	case core.Confirm:
		n.store.Confirm()
	case core.Resolve:
		n.w.acknowledged(n, n.waiting[e.ID], e.Tally)
		delete(n.waiting, e.ID)
	case core.Short:
		delete(n.waiting, e.ID)
	case core.SaveCursor:
		n.later(cursorLag, func() { _ = n.store.SaveCursor(context.Background(), e.Member, e.Origin, e.Seq) })
	case core.Park:
		n.later(cursorLag, func() {
			_ = n.store.Park(context.Background(), memory.Parked{Refusal: e.Refusal, Member: e.Member})
		})
	case core.Unpark:
		n.later(cursorLag, func() { _ = n.store.Unpark(context.Background(), e.Member, e.Dots) })
	case core.Ended:
		n.w.hasEnded(n, e.Epoch)
	case core.Overtaken:
		n.later(0, func() { n.ask(e.Member) })
	case core.Notice:
		n.w.trace("%s notices: %s %s %v", n.name, e.Member, e.What, e.Err)
	}
}

func (n *node) push(p core.Push) {
	var ops []memory.Shipment
	if p.From > 0 {
		var last uint64
		var err error
		ops, last, err = n.store.Range(context.Background(), memory.Range{Origin: p.Origin, From: p.From, To: p.To}, 1+n.w.rng.IntN(maxOps), 0)
		n.step(core.Loaded{Member: p.Member, ID: p.ID, Last: last, Truncated: errors.Is(err, memory.ErrTruncated)})
		if err != nil {
			return
		}
		sends(n.w, n, ops)
	}
	view := n.view()
	call(n, p.Member, func(at *node, answer func(*memory.PushReply)) {
		at.step(core.Heard{Member: n.name, View: view})
		if len(ops) == 0 {
			answer(&memory.PushReply{From: at.name, View: at.view()})
			return
		}
		at.disk(func() {
			if r, err := at.store.AcceptPush(context.Background(), memory.Source{Member: n.name, Route: memory.RoutePush}, &memory.Push{From: n.name, Ops: ops}); err == nil {
				r.View.Epoch = at.doc.epoch
				at.durably(func() { answer(r) })
			}
		})
	}, func(r *memory.PushReply, f *memory.Fault) {
		n.step(core.Pushed{Member: p.Member, ID: p.ID, Reply: r, Fault: f})
	})
}

func (n *node) pull(p core.Pull) {
	call(n, p.Member, func(at *node, answer func(*memory.PullReply)) {
		if r, err := at.durable().AcceptPull(context.Background(), memory.Source{Member: n.name}, &memory.PullRequest{From: n.name, Ranges: []memory.Range{p.Range}}); err == nil {
			r.View.Epoch = at.doc.epoch
			answer(r)
		}
	}, func(r *memory.PullReply, f *memory.Fault) {
		if f != nil {
			n.step(core.Pulled{Origin: p.Range.Origin, ID: p.ID, Fault: f})
			return
		}
		n.disk(func() {
			_, _ = n.store.Accept(context.Background(), memory.Source{Member: p.Member, Route: memory.RoutePull}, r.Ops)
			n.mail = append(n.mail, core.Pulled{
				Origin: p.Range.Origin, ID: p.ID, View: r.View, Truncated: slices.Contains(r.Truncated, p.Range.Origin),
			})
		})
	})
}

// whole is a snapshot on its way.
type whole struct {
	ops  []memory.Shipment
	view memory.View
}

func (n *node) snapshot(s core.Snapshot) {
	call(n, s.Member, func(at *node, answer func(whole)) {
		var all whole
		all.view, _ = at.durable().Snapshot(context.Background(), func(ops []memory.Shipment) error {
			all.ops = append(all.ops, ops...)
			return nil
		})
		answer(all)
	}, func(all whole, f *memory.Fault) {
		if f != nil {
			n.step(core.Snapshotted{ID: s.ID, Fault: f})
			return
		}
		n.disk(func() {
			_ = n.store.AcceptWhole(context.Background(), memory.Source{Member: s.Member, Route: memory.RouteSnapshot},
				func(yield func([]memory.Shipment) error) (memory.View, error) { return all.view, yield(all.ops) })
			n.w.report.Snapshots++
			n.mail = append(n.mail, core.Snapshotted{ID: s.ID})
		})
	})
}

// repair fetches the entries of registers in which the member is ahead, and what it has
// under the numbers of those in which this node is.
func (n *node) repair(c core.Compare) {
	var all []uint16
	for b := range memory.Buckets {
		all = append(all, uint16(b))
	}
	done := func() { n.step(core.Compared{Member: c.Member}) }
	call(n, c.Member, func(at *node, answer func([]memory.RegisterDigest)) {
		_, registers, _ := at.durable().BucketRegisters(context.Background(), all)
		answer(registers)
	}, func(there []memory.RegisterDigest, f *memory.Fault) {
		dots := n.lacking(all, there)
		if f != nil || len(dots) == 0 {
			done()
			return
		}
		call(n, c.Member, func(at *node, answer func([]memory.Shipment)) {
			ops, _ := at.durable().ByDot(context.Background(), dots)
			answer(ops)
		}, func(ops []memory.Shipment, f *memory.Fault) {
			if f != nil {
				done()
				return
			}
			n.w.report.Repairs++
			n.disk(func() {
				_, _ = n.store.Accept(context.Background(), memory.Source{Member: c.Member, Route: memory.RouteRepair}, ops)
				n.mail = append(n.mail, core.Compared{Member: c.Member})
			})
		})
	})
}

func (n *node) lacking(buckets []uint16, there []memory.RegisterDigest) []memory.Dot {
	_, ours, _ := n.durable().BucketRegisters(context.Background(), buckets)
	here := map[string]memory.Version{}
	for _, r := range ours {
		here[r.Key] = r.Version
	}
	var dots []memory.Dot
	ask := func(d memory.Dot) {
		if !slices.Contains(dots, d) {
			dots = append(dots, d)
		}
	}
	for _, r := range there {
		switch ours := here[r.Key]; {
		case r.Version.Beats(ours):
			ask(r.Version.Dot)
		case ours.Beats(r.Version):
			ask(ours.Dot)
		}
		delete(here, r.Key)
	}
	for _, k := range slices.Sorted(maps.Keys(here)) {
		ask(here[k].Dot)
	}
	return dots
}

// holes are the parts of r without those that are there.
func holes(r memory.Range, there []uint64) []memory.Range {
	var out []memory.Range
	for _, seq := range append(there, r.To+1) {
		if seq > r.From {
			out = append(out, memory.Range{Origin: r.Origin, From: r.From, To: seq - 1})
		}
		r.From = seq + 1
	}
	return out
}

// compared is what a member has of an origin, and its head there.
type compared struct {
	ops  []memory.Shipment
	head memory.Head
}

// settle compares the entries of an origin with those of a member.
func (n *node) settle(s core.Settle) {
	call(n, s.Member, func(at *node, answer func(compared)) {
		answer(compared{at.durable().Entries(s.Origin, s.To), at.durable().View().Heads[s.Origin]})
	}, func(there compared, f *memory.Fault) {
		if f != nil {
			n.step(core.Settled{Member: s.Member, Fault: f})
			return
		}
		n.disk(func() {
			all := memory.Range{Origin: s.Origin, From: 1, To: s.To}
			from := memory.Source{Member: s.Member, Route: memory.RouteRepair}
			disputed, came, _ := n.store.Settle(context.Background(), from, all, there.ops)
			n.w.report.Disputes += disputed
			n.w.trace("%s compares %s with %s: %d disputed", n.name, s.Origin, s.Member, disputed)
			if s.Concede && disputed == 0 && there.head.Seq == s.To && there.head.Chain == s.Theirs {
				moved, _ := n.store.Concede(context.Background(), from, memory.Concession{
					Origin: s.Origin, Ours: memory.Head{Seq: s.To, Chain: s.Ours}, Theirs: there.head, Gone: holes(all, came), Outvoted: s.Outvoted,
				})
				n.w.report.Conceded += moved
				n.w.trace("%s concedes %d of %s to %s", n.name, moved, s.Origin, s.Member)
			}
			n.mail = append(n.mail, core.Settled{Member: s.Member})
		})
	})
}
