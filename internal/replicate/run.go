package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// carryOut starts what an effect asks for. It does not wait for anything.
func (r *Replicator) carryOut(ctx context.Context, e core.Effect) {
	switch e := e.(type) {
	case core.Push:
		r.spawn(func() { r.push(ctx, e) })
	case core.Pull:
		r.spawn(func() { r.pull(ctx, e) })
	case core.Snapshot:
		r.spawn(func() { r.snapshot(ctx, e) })
	case core.Compare:
		r.spawn(func() { r.mend(ctx, e) })
	case core.Settle:
		r.spawn(func() { r.settle(ctx, e) })
	case core.Confirm:
		r.store.Confirm()
		r.open()
	case core.TakeIncarnation:
		r.spawn(func() { r.takeIncarnation(ctx, e) })
	case core.Resolve:
		if w, again := r.tickets.resolve(e.ID, e.Tally); again {
			r.box.post(core.Watched{Wait: w})
		}
	case core.Short:
		r.tickets.giveUp(e.ID)
	case core.SaveCursor:
		r.ledger.cursor(e)
	case core.Park:
		r.park(e)
	case core.Unpark:
		r.unpark(e)
	case core.Ended:
		if r.cfg.OnEnded != nil {
			r.cfg.OnEnded(e.Epoch)
		}
	case core.Overtaken:
		if r.cfg.OnOvertaken != nil {
			r.cfg.OnOvertaken(e.Member, e.Epoch)
		}
	case core.Notice:
		r.notice(ctx, e)
	}
}

func (r *Replicator) push(ctx context.Context, p core.Push) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CallTimeout)
	defer cancel()
	var ops []memory.Shipment
	if p.From > 0 {
		var last uint64
		var err error
		ops, last, err = r.load(ctx, p)
		if errors.Is(err, memory.ErrTruncated) {
			r.box.post(core.Loaded{Member: p.Member, ID: p.ID, Truncated: true})
			return
		}
		if err != nil {
			r.box.post(core.Pushed{Member: p.Member, ID: p.ID, Fault: faultOf(err)})
			return
		}
		r.box.post(core.Loaded{Member: p.Member, ID: p.ID, Last: last})
	}
	reply, err := r.send(ctx, p.Member, ops)
	if err != nil {
		r.box.post(core.Pushed{Member: p.Member, ID: p.ID, Fault: faultOf(err)})
		return
	}
	r.box.post(core.Pushed{Member: p.Member, ID: p.ID, Reply: reply})
}

func (r *Replicator) load(ctx context.Context, p core.Push) ([]memory.Shipment, uint64, error) {
	ops, last, err := r.store.Range(ctx, memory.Range{Origin: p.Origin, From: p.From, To: p.To}, r.cfg.MaxOps, r.cfg.MaxBytes)
	if err != nil {
		return nil, 0, fmt.Errorf("read own log: %w", err)
	}
	if len(ops) == 0 || last < p.From {
		return nil, 0, fmt.Errorf("read own log: nothing at %s.%d", p.Origin, p.From)
	}
	return ops, last, nil
}

// send makes one push and counts it.
func (r *Replicator) send(ctx context.Context, to memory.Node, ops []memory.Shipment) (*memory.PushReply, error) {
	sent := time.Now()
	reply, err := r.net.Push(ctx, to, &memory.Push{From: r.cfg.Self, To: to, Created: sent, Ops: ops, View: r.View()})
	if err == nil && (reply == nil || reply.From != to) {
		err = fmt.Errorf("push to %s: the reply is not its own", to)
	}
	switch {
	case err != nil:
		r.Counters.PushFailed.Add(1)
		if isFailing(r, to) {
			r.Counters.RetryFailed.Add(1)
		}
		return nil, err
	case len(ops) == 0:
		r.Counters.Exchanges.Add(1)
	default:
		r.Counters.Batches.Add(1)
		r.Counters.Ops.Add(uint64(len(ops)))
	}
	if !reply.Time.IsZero() {
		compareClocks(ctx, r, to, reply.Time, time.Since(sent))
	}
	return reply, nil
}

// compareClocks notes what the clock of a member said, in an answer that took a
// while, and warns if this node's is ahead of most.
func compareClocks(ctx context.Context, r *Replicator, member memory.Node, theirs time.Time, took time.Duration) {
	now := r.cfg.Now()
	r.mu.Lock()
	r.skew[member] = theirs.Sub(now.Add(-took / 2))
	behind := 0
	for _, skew := range r.skew {
		if skew < -r.cfg.Lead {
			behind++
		}
	}
	warn := 2*behind > len(r.skew) && now.Sub(r.warned) > warnEvery
	if warn {
		r.warned = now
	}
	r.mu.Unlock()
	if warn {
		r.log.WarnContext(ctx, "the clock of this node is ahead of those of most members; they may refuse what it writes",
			"member", member, "ahead", theirs.Sub(now).Abs().Round(time.Second))
	}
}

func (r *Replicator) pull(ctx context.Context, p core.Pull) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CallTimeout)
	defer cancel()
	reply, err := r.fetch(ctx, p.Member, &memory.PullRequest{Ranges: []memory.Range{p.Range}})
	if err == nil && len(reply.Ops) > 0 {
		if _, err = r.store.Accept(ctx, memory.Source{Member: p.Member, Route: memory.RoutePull}, reply.Ops); err != nil {
			err = fmt.Errorf("take what %s sent: %w", p.Member, err)
		}
	}
	if err != nil {
		r.Counters.PullFailed.Add(1)
		r.log.DebugContext(ctx, "pull failed", "member", p.Member, "origin", p.Range.Origin, "err", err)
		r.box.post(core.Pulled{Origin: p.Range.Origin, ID: p.ID, Fault: faultOf(err)})
		return
	}
	r.Counters.Pulls.Add(1)
	r.Counters.PulledOps.Add(uint64(len(reply.Ops)))
	r.box.post(core.Pulled{
		Origin: p.Range.Origin, ID: p.ID, View: reply.View, Truncated: slices.Contains(reply.Truncated, p.Range.Origin),
	})
}

func (r *Replicator) fetch(ctx context.Context, from memory.Node, q *memory.PullRequest) (*memory.PullReply, error) {
	q.From, q.To = r.cfg.Self, from
	reply, err := r.net.Pull(ctx, from, q)
	if err != nil {
		return nil, fmt.Errorf("pull from %s: %w", from, err)
	}
	if reply == nil || reply.From != from {
		return nil, fmt.Errorf("pull from %s: the reply is not its own", from)
	}
	return reply, nil
}

func (r *Replicator) snapshot(ctx context.Context, s core.Snapshot) {
	err := r.takeSnapshot(ctx, s.Member)
	if err != nil {
		r.log.WarnContext(ctx, "snapshot failed", "member", s.Member, "err", err)
		r.box.post(core.Snapshotted{ID: s.ID, Fault: faultOf(err)})
		return
	}
	r.Counters.Snapshots.Add(1)
	r.log.InfoContext(ctx, "snapshot taken", "member", s.Member)
	r.box.post(core.Snapshotted{ID: s.ID})
}

func (r *Replicator) takeSnapshot(ctx context.Context, from memory.Node) error {
	return r.store.AcceptWhole(ctx, memory.Source{Member: from, Route: memory.RouteSnapshot},
		func(yield func([]memory.Shipment) error) (memory.View, error) {
			return r.net.Snapshot(ctx, from, yield)
		})
}

// mend compares this node with a member that must be equal and is not, and
// fetches what it lacks.
func (r *Replicator) mend(ctx context.Context, c core.Compare) {
	if !c.Refused {
		r.Counters.Alarms.Add(1)
	}
	cmp, err := r.Repair(ctx, c.Member)
	switch {
	case c.Refused:
		r.log.InfoContext(ctx, "ops are refused, and a member was asked for what they may wait for", "member", c.Member, "fetched", cmp.Fetched, "err", err)
	case err != nil:
		r.log.ErrorContext(ctx, "repair failed", "member", c.Member, "err", err)
	default:
		r.log.ErrorContext(ctx, "repaired", "member", c.Member, "differences", len(cmp.Differences), "fetched", cmp.Fetched)
	}
	r.box.post(core.Compared{Member: c.Member})
}

// takeIncarnation has the log decide: what a member reported may have crossed a
// commit.
func (r *Replicator) takeIncarnation(ctx context.Context, e core.TakeIncarnation) {
	switch {
	case e.Lost:
		r.log.WarnContext(ctx, "the machine or its disk has failed while ops were sent, and they may be lost here; ops are numbered afresh", "origin", e.Head.Origin)
	case e.Member == "":
		r.log.WarnContext(ctx, "not every member has said what it holds of this node; ops are numbered afresh, to be safe", "origin", e.Head.Origin)
	default:
		r.log.ErrorContext(ctx, "a member may hold ops of this node that are not in its file, which is then older than what the node once sent",
			"member", e.Member, "dot", e.Head, "head", r.store.View().Heads[e.Head.Origin].Seq)
	}
	if _, err := r.store.NewIncarnation(ctx, e.Head); err != nil {
		r.log.ErrorContext(ctx, "new incarnation failed", "err", err)
		return
	}
	r.box.commit(memory.Committed{View: r.store.View()}, nil)
}

func isFailing(r *Replicator, m memory.Node) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failing[m]
}

func setFailing(r *Replicator, m memory.Node, failing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing[m] = failing
}

func (r *Replicator) notice(ctx context.Context, n core.Notice) {
	switch n.What {
	case core.Failing:
		setFailing(r, n.Member, true)
		r.log.WarnContext(ctx, "member does not answer", "member", n.Member, "err", n.Err, "retry_in", n.Retry)
	case core.Back:
		setFailing(r, n.Member, false)
		r.Counters.RetryOK.Add(1)
		r.log.InfoContext(ctx, "member answers again", "member", n.Member)
	case core.Stopped:
		setFailing(r, n.Member, true)
		r.log.ErrorContext(ctx, "member does not believe who we are; its lane has stopped", "member", n.Member, "err", n.Err, "probe_in", n.Retry)
	case core.WentBack:
		r.Counters.WentBack.Add(1)
		r.log.ErrorContext(ctx, "member holds less than it once did; its disk was lost or restored", "member", n.Member)
	case core.Behind:
		r.log.WarnContext(ctx, "member needs entries that are no longer in the log; it must take a snapshot", "member", n.Member)
	case core.Disputed:
		r.log.ErrorContext(ctx, "a member has other entries under the same numbers; one of them was set back to an older file", "member", n.Member)
	case core.Diverged:
		r.log.ErrorContext(ctx, "state differs from a member's at equal heads", "member", n.Member)
	}
}
