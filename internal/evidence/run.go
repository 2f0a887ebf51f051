package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	gather    = 200 * time.Millisecond // statements that come within it are written together
	together  = 256                    // at most
	dropEvery = time.Hour
	keepIn    = 2 * time.Second // what is kept, at most
)

// warned counts what was lost since somebody asked.
type warned struct{ n atomic.Int64 }

func (w *warned) add()        { w.n.Add(1) }
func (w *warned) take() int64 { return w.n.Swap(0) }

// Run looks at statements and keeps them until ctx is done, and then those that are
// still there. It returns nil.
func (b *Book) Run(ctx context.Context) error {
	drop := time.NewTicker(dropEvery)
	defer drop.Stop()
	for {
		select {
		case l := <-b.inbox:
			b.keep(ctx, b.collect(ctx, l))
		case <-drop.C:
			if n := b.lost.take(); n > 0 {
				b.cfg.Log.WarnContext(ctx, "statements of members were not kept: too many at once", "statements", n)
			}
			if err := b.store.DropStatements(ctx, memory.InstantOf(b.cfg.Now().Add(-b.cfg.Keep)), b.cfg.Most); err != nil {
				b.cfg.Log.WarnContext(ctx, "old statements of members were not dropped", "err", err)
			}
		case <-ctx.Done():
			b.keep(ctx, b.rest(nil))
			return nil
		}
	}
}

// collect waits a moment for more, unless somebody waits.
func (b *Book) collect(ctx context.Context, first letter) []letter {
	batch := b.rest([]letter{first})
	if slices.ContainsFunc(batch, func(l letter) bool { return l.seen != nil }) {
		return batch
	}
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for len(batch) < together {
		select {
		case l := <-b.inbox:
			if batch = append(batch, l); l.seen != nil {
				return batch
			}
		case <-timer.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// rest adds what is there already.
func (b *Book) rest(batch []letter) []letter {
	for len(batch) < together {
		select {
		case l := <-b.inbox:
			batch = append(batch, l)
		default:
			return batch
		}
	}
	return batch
}

// keep checks statements, and writes those that are right beside this node's own. It
// does so to the end when the node ends meanwhile.
func (b *Book) keep(ctx context.Context, batch []letter) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepIn)
	defer cancel()
	var list, sent []memory.Statement
	for _, l := range batch {
		if l.seen != nil {
			continue
		}
		rows, err := b.checked(ctx, l.from, l.signed)
		if ctx.Err() != nil {
			continue // it could not be looked at: the member is asked when somebody wants a receipt
		}
		if err != nil {
			b.cfg.Log.WarnContext(ctx, "a member's statement about what it holds is not right", "member", l.from, "err", err)
			if b.cfg.Wrong != nil {
				b.cfg.Wrong(l.from, err)
			}
		}
		if l.sent {
			sent = append(sent, rows...) // the sender asks for no word of this node beside it
			continue
		}
		list = append(list, rows...)
	}
	list = append(list, b.ownBeside(ctx, list)...)
	list = append(list, sent...)
	if len(list) > 0 {
		if err := b.store.KeepStatements(ctx, list); err != nil {
			b.cfg.Log.WarnContext(ctx, "statements of members were not kept", "err", err)
		}
	}
	for _, l := range batch {
		if l.seen != nil {
			close(l.seen)
		}
	}
}

// checked returns what a member has signed, run by run: its own signature, as a
// member, about ops that this node has with the same digests. What is right is
// returned beside an error, too.
func (b *Book) checked(ctx context.Context, from memory.Node, s receipt.Signed) ([]memory.Statement, error) {
	said, by, err := s.OpenBy(b.cfg.Roots.Domain, b.vouch)
	if err != nil {
		return nil, err
	}
	node, err := b.cfg.Roster.Admit(by.Name, by.Key)
	if err != nil {
		return nil, err
	}
	if node != from {
		return nil, fmt.Errorf("of %s, and %s has sent it: %w", node, from, memory.ErrInvalid)
	}
	var rows []memory.Statement
	var wrong error
	for _, r := range said.Held {
		run := memory.Range{Origin: r.Origin, From: r.First, To: r.Last}
		digests, err := b.digests(ctx, run)
		switch {
		case err != nil:
			wrong = err
		case receipt.RootOf(digests) != r.Root:
			wrong = fmt.Errorf("it holds other ops than this node from %s.%d to %d: %w", r.Origin, r.First, r.Last, memory.ErrDotConflict)
		default:
			rows = append(rows, row(from, said, r, s))
		}
	}
	return rows, wrong
}

// digests returns those of r. Members may hold what this node is still committing.
func (b *Book) digests(ctx context.Context, r memory.Range) ([]memory.Digest, error) {
	out, err := b.store.Digests(ctx, r)
	if errors.Is(err, memory.ErrTruncated) && r.Origin == b.cfg.Origin() && b.store.Barrier(ctx) == nil {
		out, err = b.store.Digests(ctx, r)
	}
	return out, err
}

// vouched is whom a credential was found to vouch for. It is found anew every minute:
// members sign much more often than they are given another credential.
type vouched struct {
	mu   sync.Mutex
	last map[[2]string]belief
}

type belief struct {
	cred.Subject

	at time.Time
}

const (
	beliefLife = time.Minute
	maxBeliefs = 256
)

// vouch returns whom a credential and its chain vouch for at a time.
func (b *Book) vouch(credential, chain string, at time.Time) (cred.Subject, error) {
	id := [2]string{credential, chain}
	b.known.mu.Lock()
	defer b.known.mu.Unlock()
	if k, ok := b.known.last[id]; ok && at.Sub(k.at).Abs() < beliefLife && at.Before(k.Until) {
		return k.Subject, nil
	}
	s, err := receipt.Subject(credential, chain, b.cfg.Roots, at, b.cfg.Now())
	if err != nil {
		return s, err
	}
	if b.known.last == nil || len(b.known.last) >= maxBeliefs {
		b.known.last = map[[2]string]belief{}
	}
	b.known.last[id] = belief{s, at}
	return s, nil
}

// own is what this node has signed of late in an epoch: it signs once what several
// members do.
type own struct {
	epoch uint64
	runs  map[memory.Range]struct{}
}

// ofLate bounds what is remembered of it. What is forgotten is signed once more.
const ofLate = 4096

// ownBeside is this node's own statement about what others have signed: made now,
// because later it may go by another membership than they.
func (b *Book) ownBeside(ctx context.Context, list []memory.Statement) []memory.Statement {
	epoch, _ := b.cfg.Roster.Now()
	if b.own.runs == nil || b.own.epoch != epoch || len(b.own.runs) > ofLate {
		b.own.epoch, b.own.runs = epoch, map[memory.Range]struct{}{}
	}
	var runs []memory.Range
	for i := range list {
		r := list[i].Run
		_, done := b.own.runs[r]
		if done || list[i].Epoch != epoch || len(runs) == receipt.MaxRuns || slices.Contains(runs, r) {
			continue
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil
	}
	s, err := b.State(ctx, runs)
	if err != nil {
		b.cfg.Log.WarnContext(ctx, "this node could not sign what it holds", "err", err)
		return nil
	}
	said, err := receipt.Decode(s.Statement)
	if err != nil {
		b.cfg.Log.WarnContext(ctx, "this node's own statement is none", "err", err)
		return nil
	}
	rows := make([]memory.Statement, len(said.Held))
	for i, r := range said.Held {
		rows[i] = row(b.cfg.Self, said, r, s)
		b.own.runs[rows[i].Run] = struct{}{}
	}
	return rows
}

// row is what is kept of a statement about one of its runs.
func row(member memory.Node, said receipt.Statement, r receipt.Run, s receipt.Signed) memory.Statement {
	return memory.Statement{
		Member: member, Epoch: said.Epoch, At: memory.InstantOf(said.At), Run: memory.Range{Origin: r.Origin, From: r.First, To: r.Last},
		Signed: s.Statement, Signature: s.Signature, Credential: s.Credential, Chain: s.Chain,
	}
}
