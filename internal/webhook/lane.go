package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// lane delivers the events of one subscription, one after the other.
type lane struct {
	r    *Runner
	rec  *memory.Record
	sub  *memory.Subscription
	born uint64

	wake    chan struct{} // of length 1
	done    chan struct{} // closed when the lane has ended
	cancel  context.CancelFunc
	running bool // of the goroutine of Run
	ended   bool // the same

	mu    sync.Mutex
	state memory.Delivery
	saved memory.Delivery
}

func newLane(r *Runner, s *memory.Subscriber, sub *memory.Subscription) *lane {
	return &lane{
		r: r, rec: &s.Record, sub: sub, born: s.Born,
		wake: make(chan struct{}, 1), done: make(chan struct{}), cancel: func() {},
	}
}

// same reports whether o delivers the same subscription in the same version.
func (l *lane) same(o *lane) bool {
	return l.rec.Content.Dot == o.rec.Content.Dot && l.rec.LifeAt.Dot == o.rec.LifeAt.Dot
}

// begin starts the lane where it left off. A subscription that is new here, or
// that was restored or adopted, begins with what came after that.
func (l *lane) begin(ctx context.Context, d memory.Delivery) {
	l.saved = d
	if d.ID == "" || d.Born != l.born {
		d = memory.Delivery{ID: l.rec.ID, Born: l.born, LSN: l.born, Delivered: d.Delivered, Failed: d.Failed, Redelivery: d.Redelivery}
	}
	l.state = d
	ctx, l.cancel = context.WithCancel(ctx)
	l.running = true
	go l.run(ctx)
}

// end stops the lane, waits for it and returns how far it got.
func (l *lane) end() memory.Delivery {
	if l.running {
		l.cancel()
		<-l.done
	}
	return l.now()
}

func (l *lane) now() memory.Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

func (l *lane) change(f func(*memory.Delivery)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.state)
}

// skipped is how far a cursor may run ahead of the disk over events that are not
// wanted: to look at them again costs little.
const skipped = 4096

// unsaved returns the state, and whether it is worth saving.
func (l *lane) unsaved(last bool) (memory.Delivery, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	moved := l.state != l.saved
	if moved && !last {
		same := l.state
		same.LSN = l.saved.LSN
		moved = same != l.saved || l.state.LSN-l.saved.LSN > skipped
	}
	return l.state, moved
}

func (l *lane) wasSaved(d memory.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saved = d
}

func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// errChanged ends a lane: its subscription is no more what it was.
var errChanged = errors.New("subscription has changed")

func (l *lane) run(ctx context.Context) {
	defer func() {
		close(l.done)
		select {
		case l.r.poke <- struct{}{}:
		default:
		}
	}()
	for ctx.Err() == nil {
		worked, err := l.work(ctx)
		switch {
		case errors.Is(err, errChanged), ctx.Err() != nil:
			return
		case err != nil:
			l.r.log.WarnContext(ctx, "webhook delivery is held up", "subscription", l.rec.ID, "err", err)
			sleep(ctx, recovery)
		case !worked:
			select {
			case <-ctx.Done():
			case <-l.wake:
			}
		}
	}
}

// work does the next thing there is to do, and reports whether there was one:
// what was asked for comes before letters, and those before the log.
func (l *lane) work(ctx context.Context) (bool, error) {
	if ask := l.sub.Redelivery; ask != nil && ask.ID != l.now().Redelivery {
		return true, l.redeliver(ctx, ask)
	}
	letters, err := l.r.store.DeadLetters(ctx, l.rec.ID, true, 1)
	if err != nil {
		return false, err
	}
	if len(letters) > 0 {
		return true, l.letter(ctx, letters[0])
	}
	return l.event(ctx)
}

// redeliver moves the cursor back to before an instant, and queues the letters.
func (l *lane) redeliver(ctx context.Context, ask *memory.Redelivery) error {
	d := l.now()
	if ask.Since != 0 {
		lsn, err := l.before(ctx, ask.Since)
		if err != nil {
			return err
		}
		if lsn < d.LSN { // never forward: that would skip what is owed
			d.LSN, d.Attempts, d.Next = lsn, 0, 0
		}
	}
	d.Redelivery = ask.ID
	if err := l.r.store.Redeliver(ctx, d, ask.DeadLetters); err != nil {
		return err
	}
	l.change(func(s *memory.Delivery) { *s = d })
	l.wasSaved(d)
	return nil
}

// before is the local sequence number before the first entry stamped at or
// after an instant.
func (l *lane) before(ctx context.Context, at memory.Instant) (uint64, error) {
	lsn, err := l.r.store.LSNBefore(ctx, at)
	if err != nil {
		return 0, err
	}
	for {
		evs, err := l.r.source.Events(ctx, lsn, feedBatch)
		if err != nil || len(evs) == 0 {
			return lsn, err
		}
		for _, ev := range evs {
			if ev.Entry.Stamp.Instant() >= at {
				return lsn, nil
			}
			lsn = ev.LSN
		}
	}
}

// parcel is something to deliver.
type parcel struct {
	lsn         uint64
	event       string
	correlation string
	body        []byte
	attempts    int // so far
	next        memory.Instant
	firstAt     memory.Instant // of the first failure that is known
	err         error          // of the last attempt
	log         bool           // from the log: its attempts are kept on disk
}

// event delivers the next event of the log that the subscription wants.
func (l *lane) event(ctx context.Context) (bool, error) {
	evs, err := l.r.feed.after(ctx, l.now().LSN)
	if err != nil || len(evs) == 0 {
		return false, err
	}
	for _, ev := range evs {
		n, err := l.r.source.Notice(ctx, l.rec, l.sub, ev)
		if err != nil {
			return false, err
		}
		if n != nil {
			return true, l.notice(ctx, n)
		}
		l.change(func(d *memory.Delivery) { d.LSN, d.Attempts, d.Next = ev.LSN, 0, 0 })
	}
	return true, nil
}

func (l *lane) notice(ctx context.Context, n *memory.Notice) error {
	n.DeliveredAt = l.r.instant()
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	d := l.now()
	p := &parcel{lsn: n.LSN, event: n.Event, correlation: n.CorrelationID, body: body, attempts: d.Attempts, next: d.Next, log: true}
	taken, err := l.push(ctx, p)
	if err != nil {
		return err
	}
	if taken {
		l.change(func(d *memory.Delivery) { d.LSN, d.Attempts, d.Next = n.LSN, 0, 0 })
		return nil
	}
	d = l.now()
	d.LSN, d.Attempts, d.Next = n.LSN, 0, 0
	return l.giveUp(ctx, p, d)
}

func (l *lane) letter(ctx context.Context, letter memory.DeadLetter) error {
	p := &parcel{lsn: letter.LSN, event: letter.Event, correlation: letter.CorrelationID, body: letter.Body, firstAt: letter.FirstAt}
	taken, err := l.push(ctx, p)
	if err != nil {
		return err
	}
	if !taken {
		return l.giveUp(ctx, p, l.now())
	}
	d := l.now()
	if err := l.r.store.Delivered(ctx, letter.Number, d); err != nil {
		return err
	}
	l.wasSaved(d)
	return nil
}

// giveUp makes a parcel a dead letter, and d the state of the lane.
func (l *lane) giveUp(ctx context.Context, p *parcel, d memory.Delivery) error {
	dropped, err := l.r.store.GiveUp(ctx, memory.DeadLetter{
		Subscription: l.rec.ID, LSN: p.lsn, Event: p.event, CorrelationID: p.correlation, Attempts: p.attempts, Error: brief(p.err),
		FirstAt: p.firstAt, LastAt: l.r.instant(), Body: p.body,
	}, d, l.r.cfg.DeadLetters)
	if err != nil {
		return err
	}
	l.change(func(s *memory.Delivery) { *s = d })
	l.wasSaved(d)
	l.r.GivenUp.Add(1)
	l.r.Dropped.Add(uint64(max(dropped, 0)))
	l.r.log.WarnContext(ctx, "event not delivered", "subscription", l.rec.ID, "event", p.event, "lsn", p.lsn, "attempts", p.attempts, "err", p.err)
	return nil
}

// push tries until the endpoint takes a parcel, and reports whether it has. An
// error ends the trying: the lane is to end, or the store cannot be read.
func (l *lane) push(ctx context.Context, p *parcel) (bool, error) {
	for {
		if !sleep(ctx, time.Duration(p.next-l.r.instant())) {
			return false, ctx.Err()
		}
		wait, err := l.attempt(ctx, p)
		if errors.Is(err, errChanged) || ctx.Err() != nil {
			return false, err
		}
		at := l.r.instant()
		if err == nil {
			l.r.Delivered.Add(1)
			l.change(func(d *memory.Delivery) { d.Delivered, d.LastAt, d.LastError = d.Delivered+1, at, "" })
			return true, nil
		}
		p.attempts++
		p.err = err
		if p.firstAt == 0 {
			p.firstAt = at
		}
		p.next = at + memory.Instant(max(l.r.backoff(p.attempts), min(wait, l.r.cfg.MaxBackoff)))
		l.r.Failed.Add(1)
		l.change(func(d *memory.Delivery) {
			d.Failed, d.LastAt, d.LastError = d.Failed+1, at, brief(err)
			if p.log {
				d.Attempts, d.Next = p.attempts, p.next
			}
		})
		if p.attempts >= l.r.cfg.Attempts {
			return false, nil
		}
	}
}

// attempt posts a parcel once, when it is its turn, and if the subscription still
// stands as it was.
func (l *lane) attempt(ctx context.Context, p *parcel) (wait time.Duration, err error) {
	release, err := l.r.turns.take(ctx, l.rec.Access().Owner, p.attempts > 0 || l.now().LastError != "")
	if err != nil {
		return 0, err
	}
	defer release()
	rec, err := l.r.store.Record(ctx, l.rec.ID)
	if err != nil {
		return 0, errors.Join(errChanged, err)
	}
	life, _ := rec.Stands(l.r.instant())
	if life != memory.Live || rec.Content.Dot != l.rec.Content.Dot || rec.LifeAt.Dot != l.rec.LifeAt.Dot {
		return 0, errChanged
	}
	return l.r.sender.post(ctx, l.sub, p.body, p.correlation)
}

func (r *Runner) instant() memory.Instant { return memory.InstantOf(r.cfg.Now()) }

// backoff is how long to wait after n failures: doubling, with jitter over its
// upper half, so that many do not come back at once.
func (r *Runner) backoff(n int) time.Duration {
	d := r.cfg.MaxBackoff
	if n-1 < 32 {
		d = min(d, r.cfg.Backoff<<(n-1))
	}
	if d <= 1 {
		return d
	}
	return d/2 + rand.N(d/2) //nolint:gosec // jitter, not a secret
}

// maxError bounds what is kept of an error.
const maxError = 300

func brief(err error) string {
	if err == nil {
		return ""
	}
	s := err.Error()
	return strings.ToValidUTF8(s[:min(len(s), maxError)], "")
}
