package replicate

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// Replicator replicates for one node. Its methods are safe for concurrent use.
type Replicator struct {
	// Counters of this replicator.
	Counters Counters

	cfg   Config
	store Storage
	net   Transport
	log   *slog.Logger

	box     *mailbox
	tickets tickets
	ledger  *ledger
	partial partial
	misses  misses
	inStep  inStep
	stopped chan struct{}
	epoch   atomic.Uint64  // of the members by which this node goes
	once    sync.Once      // closes greeted
	greeted chan struct{}  // closed when local writes are numbered
	running sync.WaitGroup // runners

	mu     sync.Mutex
	core   *core.Core
	origin memory.Origin
	skew   map[memory.Node]time.Duration
	warned time.Time // of a clock of our own that is ahead
	// failing are the members whose last call did not succeed.
	failing map[memory.Node]bool
}

// New returns a Replicator for cfg.Self. It reads what an earlier run knew of
// the members. Commits of the store must be reported to [Replicator.Committed]
// from here on.
func New(ctx context.Context, cfg Config, store Storage, net Transport, log *slog.Logger) (*Replicator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("replication: %w", err)
	}
	cfg.defaults()
	r := &Replicator{
		cfg: cfg, store: store, net: net, log: log, box: newMailbox(), ledger: newLedger(),
		tickets: tickets{open: map[uint64]*Ticket{}}, partial: newPartial(), misses: newMisses(), inStep: newInStep(cfg.Members, time.Now()),
		stopped: make(chan struct{}), greeted: make(chan struct{}),
		origin: store.Origin(), skew: map[memory.Node]time.Duration{},
		failing: map[memory.Node]bool{},
	}
	cursors, err := store.Cursors.Cursors(ctx, r.origin)
	if err != nil {
		return nil, fmt.Errorf("read cursors: %w", err)
	}
	parked, err := store.Parked(ctx)
	if err != nil {
		return nil, fmt.Errorf("read parked ops: %w", err)
	}
	roster := core.Static(cfg.Members...)
	if cfg.Roster != nil {
		roster = *cfg.Roster
	}
	r.epoch.Store(roster.Epoch)
	r.core = core.New(core.Config{
		Self: cfg.Self, Origin: r.origin, View: store.View(), Members: roster, Cursors: cursors, Parked: parked,
		Seed: cfg.Seed, Window: cfg.Window, Confirmed: store.Numbering(), Outrun: store.Outrun(), Greeting: cfg.Greeting, Patience: cfg.QuorumTimeout,
	}, time.Now())
	if store.Numbering() {
		r.open()
	}
	return r, nil
}

// Run replicates until ctx ends, then waits for all calls to end and for what is
// known of the members to be saved. It returns nil. Call it once.
func (r *Replicator) Run(ctx context.Context) error {
	saved := make(chan struct{})
	go func() {
		defer close(saved)
		r.save(ctx)
	}()
	healed := make(chan struct{})
	go func() {
		defer close(healed)
		healer{r}.run(ctx)
	}()
	r.loop(ctx)
	close(r.stopped)
	r.running.Wait()
	<-saved
	<-healed
	return nil
}

func (r *Replicator) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.box.wake:
		case <-timer.C:
			r.step(ctx, core.Tick{})
		}
		for _, e := range r.box.carried() {
			r.carryOut(ctx, e)
		}
		events, own := r.box.take()
		for _, ev := range events {
			r.step(ctx, ev)
		}
		if len(own) > 0 {
			r.partial.add(own, time.Now().Add(r.cfg.QuorumTimeout))
		}
		r.checkOrigin(ctx)
		r.reportPartial(ctx)
		r.inStep.report(ctx, r)
		timer.Reset(r.untilNext())
	}
}

// checkOrigin notices that the store has taken a new incarnation.
func (r *Replicator) checkOrigin(ctx context.Context) {
	now := r.store.Origin()
	if now == r.origin {
		return
	}
	r.log.WarnContext(ctx, "new incarnation", "old", r.origin, "new", now)
	r.mu.Lock()
	r.origin = now
	r.mu.Unlock()
	r.step(ctx, core.Reborn{Origin: now, View: r.store.View()})
	r.open()
}

func (r *Replicator) untilNext() time.Duration {
	r.mu.Lock()
	next := r.core.Deadline()
	r.mu.Unlock()
	if due, ok := r.partial.due(); ok && due.Before(next) {
		next = due
	}
	return time.Until(next)
}

func (r *Replicator) step(ctx context.Context, ev core.Event) {
	r.mu.Lock()
	effects := r.core.Step(time.Now(), ev)
	r.mu.Unlock()
	for _, e := range effects {
		r.carryOut(ctx, e)
	}
}

// open notes that local writes are numbered from now on.
func (r *Replicator) open() { r.once.Do(func() { close(r.greeted) }) }

// spawn runs fn beside the loop. Run waits for it.
func (r *Replicator) spawn(fn func()) { r.running.Go(fn) }

// Greeted is closed when this node knows which numbers are its own, and local
// writes are taken: because every member has answered, or it has taken a new
// incarnation. Reads need not wait for it.
func (r *Replicator) Greeted() <-chan struct{} { return r.greeted }

// Written is the other hook for the store: it is called while a commit of entries of this
// node is made durable, and the store hands them out ([Log.Range]) from then on. Members get
// them meanwhile. It never blocks.
func (r *Replicator) Written(own []memory.OwnEntry) { r.box.post(core.Written{Own: own}) }

// Committed is the hook for the store: call it after each commit, in commit
// order, before the writers are answered. It never blocks.
func (r *Replicator) Committed(c memory.Committed) {
	var waits []core.Wait
	for _, e := range c.Own {
		t, ok := e.Tag.(*Ticket)
		if !ok || t.r != r {
			continue
		}
		t.dot = e.Dot
		r.tickets.add(t)
		waits = append(waits, core.Wait{ID: t.id, Dot: e.Dot, W: t.w})
	}
	r.tickets.move(c.Moved)
	r.box.commit(c, waits)
}

// Expect announces a write that is to be held by w members, this node counted; 0
// is the default. Call it before the write is submitted, and pass the ticket as
// the Tag of the write: members may acknowledge as soon as it is committed.
func (r *Replicator) Expect(w int) *Ticket {
	if w == 0 {
		w, _ = r.Quorum()
	}
	return &Ticket{r: r, id: r.tickets.next(), w: w, met: make(chan Tally, 1), short: make(chan struct{})}
}

// Follow is Expect for an op of any origin that is committed already.
func (r *Replicator) Follow(d memory.Dot, w int) *Ticket {
	t := r.Expect(w)
	t.dot = d
	r.tickets.add(t)
	r.box.post(core.Watched{Wait: core.Wait{ID: t.id, Dot: d, W: t.w}})
	return t
}

// Held says who holds d at present, as far as this node has heard, and how many are
// asked for if w are; 0 is the default.
func (r *Replicator) Held(d memory.Dot, w int) Tally {
	if w == 0 {
		w, _ = r.Quorum()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.core.Held(d, w)
}

// Heard takes the reading that came with a call of a member. It never blocks.
func (r *Replicator) Heard(from memory.Node, v memory.View, _ time.Time) { r.box.hear(from, v) }

// Quorum returns the default W, and the number N of members that count. Of members that
// come and go there may be fewer than were asked for: then W is all of them.
func (r *Replicator) Quorum() (w, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n = r.core.N()
	if r.cfg.W != 0 {
		return min(r.cfg.W, n), n
	}
	return Majority(n), n
}

// SetMembers changes the federation. What is known of those that stay is kept. When
// it returns, no answer names an older epoch any more.
func (r *Replicator) SetMembers(to Roster) {
	r.mu.Lock()
	r.epoch.Store(to.Epoch)
	effects := r.core.Step(time.Now(), core.MembersChanged{Members: to, View: r.store.View()})
	r.mu.Unlock()
	r.box.carry(effects)
}

// UnderWay returns the epoch of the members, and whether a change of those that count
// has not ended, as far as this node knows.
func (r *Replicator) UnderWay() (epoch uint64, is bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.core.UnderWay()
}

// meets reports whether this node and those who have replied include one of every
// default quorum. Who goes by later members than this node does not count.
func meets(r *Replicator, replies map[memory.Node]*memory.PushReply) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	epoch, _ := r.core.UnderWay()
	return core.Meets(r.core, r.cfg.W, func(m memory.Node) bool {
		reply := replies[m]
		return reply != nil && reply.View.Epoch <= epoch
	})
}

// View is a reading of this node, with the epoch by which it went when it held that.
func (r *Replicator) View() memory.View {
	for {
		epoch := r.epoch.Load()
		v := r.store.View()
		if v.Epoch = epoch; r.epoch.Load() == epoch {
			return v
		}
	}
}

// others are all members but this node, as they are now.
func others(r *Replicator) []memory.Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []memory.Node
	for _, s := range r.core.Status() {
		out = append(out, s.Member)
	}
	return out
}

// Gap says how many ops members hold, as far as this node has heard, and how many of
// them it holds; both are 0 until it has heard of any.
func Gap(r *Replicator) (held, known uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return core.Gap(r.core)
}

// Known says what a member is known to hold as this node holds it: neither an op that
// it lacks nor one that it was not heard of is among it. It is false if there is no such
// member.
func Known(r *Replicator, member memory.Node) (memory.Heads, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return core.Known(r.core, member)
}

// PeerStatus is what this node knows of one member. Zero times are "never in
// this run".
type PeerStatus struct {
	core.Status
	// ClockSkew is how far the member's clock is ahead of ours, at its last reply.
	ClockSkew time.Duration
}

// Status lists all members but this node, by name.
func (r *Replicator) Status() []PeerStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []PeerStatus
	for _, s := range r.core.Status() {
		list = append(list, PeerStatus{Status: s, ClockSkew: r.skew[s.Member]})
	}
	return list
}
