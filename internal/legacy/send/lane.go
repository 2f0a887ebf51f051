package send

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// lane delivers to one peer, in the order of the log, from one goroutine.
type lane struct {
	peer   Peer
	cfg    *Config
	ledger Ledger
	source Source
	render renderer
	post   poster
	log    *slog.Logger

	waiting bool // something was noted that waits for a memory

	// restored is when the peer brought memories back, which it takes for changed then.
	restored map[string]memory.Instant
	// sure is that this run knows all that was sent of what comes next. Before that the
	// peer may have restored something for a run that has died.
	sure bool

	forgets bool // the peer keeps no deletions, as far as it has answered

	wake chan struct{} // of length 1

	mu     sync.Mutex
	status Status
	stale  map[string]bool // memories of which the peer is known to have something else: must be written anew
}

// Member is the name of a peer in the tables of cursors and of refusals.
func Member(peer string) memory.Node { return memory.Node("legacy/" + peer) }

func (p *Peer) member() memory.Node { return Member(p.Name) }

// inLog is what cursors of lanes are kept under: they count local sequence numbers.
const inLog memory.Origin = "log"

const (
	batch      = 256 // entries looked at together
	retryAfter = time.Hour
)

func (l *lane) run(ctx context.Context) {
	defer l.post.close()
	failures := 0
	var retry time.Time // of what was refused
	for ctx.Err() == nil && (l.peer.Until == nil || l.peer.Until()) {
		changed := l.source.Changed() // before looking: what comes meanwhile is not missed
		var again bool
		if !time.Now().Before(retry) {
			retry = time.Now().Add(retryAfter)
			again = true
		}
		worked, err := l.work(ctx, again)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failures++
			l.failed(ctx, err, failures)
			sleep(ctx, backoff(failures))
			continue
		}
		if failures > 0 {
			l.log.InfoContext(ctx, "legacy peer answers again", "peer", l.peer.Name)
			failures = 0
		}
		if worked {
			continue
		}
		timer := time.NewTimer(time.Until(retry))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-l.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (l *lane) failed(ctx context.Context, err error, failures int) {
	l.change(func(s *Status) { s.Failing, s.Error, s.Fail = true, err.Error(), s.Fail+1 })
	level := slog.LevelDebug
	if failures == 1 {
		level = slog.LevelWarn
	}
	l.log.Log(ctx, level, "legacy peer does not take what is owed to it", "peer", l.peer.Name, "err", err)
}

// work does the next thing that there is to do, and reports whether there was one.
func (l *lane) work(ctx context.Context, again bool) (bool, error) {
	if again {
		if err := l.retry(ctx, ""); err != nil {
			return false, err
		}
	}
	after := l.now().LSN
	if err := l.corrections(ctx); err != nil {
		return false, err
	}
	events, err := l.source.Events(ctx, after, batch)
	if err != nil || len(events) == 0 {
		l.sure = l.sure || err == nil
		return false, err
	}
	l.render.standards = nil
	var groups [][]item
	for _, ev := range events {
		g, err := l.owed(ctx, ev.Entry)
		if err != nil {
			return false, err
		}
		groups = append(groups, g...)
	}
	if err := l.deliver(ctx, groups); err != nil {
		return false, err
	}
	if l.waiting {
		if err := l.retry(ctx, codeWaits); err != nil {
			return false, err
		}
	}
	last := events[len(events)-1].LSN
	if err := l.ledger.SaveCursor(ctx, l.peer.member(), inLog, last); err != nil {
		return false, err
	}
	l.sure = true
	l.change(func(s *Status) { s.LSN, s.Failing, s.Error, s.At = last, false, "", time.Now() })
	if l.cfg.Delivered != nil {
		for _, ev := range events {
			l.cfg.Delivered(l.peer.Name, ev.Entry.Dot)
		}
	}
	return true, nil
}

// owed is what the peer must be told because of an entry. Its own changes it has, but
// for those that lost against what others did: of these it is told what holds.
func (l *lane) owed(ctx context.Context, e *memory.Entry) ([][]item, error) {
	render := l.render.entry
	if l.peer.Own != nil && l.peer.Own(e) {
		render = l.lost
	}
	l.render.waits = false
	out, err := render(ctx, e)
	for _, g := range out {
		for i := range g {
			g[i].dot = e.Dot
		}
	}
	if err != nil || !l.render.waits {
		return out, err
	}
	l.waiting = true
	return out, l.note(ctx, e.Dot, codeWaits, "it is about a memory that has not come here yet")
}

// lost is what holds of what a change of the peer was about, if that is something else.
func (l *lane) lost(ctx context.Context, e *memory.Entry) ([][]item, error) {
	var out [][]item
	about := e.Op.About()
	for _, ref := range about.Memories {
		rec, err := l.render.record(ctx, ref.ID)
		if err != nil {
			return nil, err
		}
		if rec == nil || rec.Content.Dot == e.Dot {
			continue
		}
		if rec.LifeAt.Dot == e.Dot {
			if out, err = l.render.withTwins(ctx, out, rec); err != nil {
				return nil, err
			}
			continue
		}
		g, err := l.holds(ctx, rec, ref, about.Content)
		if err != nil {
			return nil, err
		}
		out = append(out, g...)
	}
	return out, nil
}

// holds is what the peer must be told of a memory which it wrote as said, or moved.
func (l *lane) holds(ctx context.Context, rec *memory.Record, said memory.Ref, text *memory.Memory) ([][]item, error) {
	if rec.Life != memory.Live {
		if said.Role != memory.RoleContent && said.Life != memory.Live {
			return nil, nil // it is gone there, too
		}
		return l.render.stands(ctx, rec)
	}
	if said.Role == memory.RoleContent && same(text, &rec.Memory) || said.Role != memory.RoleContent && said.Role != memory.RoleLife {
		return nil, nil
	}
	return l.content(ctx, rec.ID)
}

// same reports whether two memories show the same.
func same(a, b *memory.Memory) bool {
	return a != nil && a.Title == b.Title && a.Namespace == b.Namespace && a.Content == b.Content && a.Tier == b.Tier &&
		a.Priority == b.Priority && slices.Equal(a.Tags, b.Tags)
}

// corrections tells the peer what holds of memories of which it has something else.
func (l *lane) corrections(ctx context.Context) error {
	l.mu.Lock()
	stale := maps.Clone(l.stale)
	l.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(stale)) {
		rec, err := l.render.record(ctx, id)
		if err != nil {
			return err
		}
		if rec != nil {
			groups, err := l.standing(ctx, rec, stale[id])
			if err == nil {
				err = l.deliver(ctx, groups)
			}
			if err != nil {
				return err
			}
		}
		l.mu.Lock()
		if l.stale[id] == stale[id] {
			delete(l.stale, id)
		}
		l.mu.Unlock()
	}
	return nil
}

// standing is a memory as it is: one that lives is not restored, for the peer has it.
func (l *lane) standing(ctx context.Context, rec *memory.Record, anew bool) ([][]item, error) {
	if rec.Life != memory.Live {
		return l.render.stands(ctx, rec)
	}
	groups, err := l.content(ctx, rec.ID)
	if err != nil || !anew || len(groups) == 0 {
		return groups, err
	}
	return l.render.anew(ctx, rec.ID, groups[0][0])
}

// retry tries again what was noted: all, or what was noted with one code.
func (l *lane) retry(ctx context.Context, code string) error {
	parked, err := l.ledger.Parked(ctx)
	if err != nil {
		return err
	}
	l.waiting = false
	for _, p := range parked {
		if p.Member != l.peer.member() || code != "" && p.Code != code {
			continue
		}
		e, err := l.render.state.Entry(ctx, p.Dot)
		if err != nil {
			continue // gone, or damaged: a later one says what holds
		}
		if err := l.ledger.Unpark(ctx, l.peer.member(), []memory.Dot{p.Dot}); err != nil {
			return err
		}
		groups, err := l.owed(ctx, e)
		if err == nil {
			err = l.deliver(ctx, groups)
		}
		if err != nil {
			return errors.Join(err, l.ledger.Park(ctx, p))
		}
	}
	return nil
}

func (l *lane) now() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

func (l *lane) change(f func(*Status)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.status)
}

// backoff is how long to wait after n failures in a row.
func backoff(n int) time.Duration {
	const first, most = 250 * time.Millisecond, 30 * time.Second
	if n > 7 {
		return most
	}
	return min(first<<(n-1), most)
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
