package webhook

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Config says how events are delivered. Node, Guard and Log are required; zero
// bounds take the defaults named here.
type Config struct {
	Node    memory.Node // delivers for the subscriptions whose home it is
	Guard   *Guard
	Log     *slog.Logger
	Version string // of the program

	Timeout     time.Duration // of one attempt; 10 s
	Attempts    int           // of one event, before it is given up; 10
	Backoff     time.Duration // after the first attempt, doubling; 1 s
	MaxBackoff  time.Duration // 5 min
	Workers     int           // attempts under way at a time, an eighth of them of one owner; 64
	Lanes       int           // subscriptions that are delivered for; 1000
	DeadLetters int           // kept for each subscription; 10,000
	Flush       time.Duration // how long a cursor on disk may lag behind; 1 s

	// AllowOutbound, if not nil, is asked before each attempt; an error forbids it,
	// and counts as one that failed.
	AllowOutbound func(ctx context.Context, target *url.URL) error
	Now           func() time.Time // time.Now
}

func (c *Config) defaults() {
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.Attempts = cmp.Or(c.Attempts, 10)
	c.Backoff = cmp.Or(c.Backoff, time.Second)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, 5*time.Minute)
	c.Workers = cmp.Or(c.Workers, 64)
	c.Lanes = cmp.Or(c.Lanes, 1000)
	c.DeadLetters = cmp.Or(c.DeadLetters, 10_000)
	c.Flush = cmp.Or(c.Flush, time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
}

// Source is where events come from.
type Source interface {
	// Changed returns a channel that is closed at the next commit.
	Changed() <-chan struct{}
	// Events returns what was applied behind a sequence number, in that order, at most
	// limit; fewer are no sign that there is nothing more.
	Events(ctx context.Context, after uint64, limit int) ([]memory.Event, error)
	// Notice returns an event as a subscriber is told of it, nil if it is not for it.
	Notice(ctx context.Context, rec *memory.Record, sub *memory.Subscription, ev memory.Event) (*memory.Notice, error)
}

// Store is what is durable: the subscriptions, and what is owed to them.
type Store interface {
	Subscriptions
	Cursors
	Letters
}

// Subscriptions are those of the federation, as this node has them.
type Subscriptions interface {
	// SubscriptionMark changes whenever a subscription may have.
	SubscriptionMark(ctx context.Context) (string, error)
	// Subscribers lists the live subscriptions, those of all homes.
	Subscribers(ctx context.Context) ([]memory.Subscriber, error)
	// Record returns the memory that states a subscription, [memory.ErrNotFound] if there
	// is none.
	Record(ctx context.Context, id string) (*memory.Record, error)
	// View is the latest durable reading. It never blocks.
	View() memory.View
	// LSNBefore returns the last sequence number that was given before a time, 0 if none
	// was.
	LSNBefore(ctx context.Context, at memory.Instant) (uint64, error)
}

// Cursors say how far this node has got.
type Cursors interface {
	// Deliveries returns how far each subscription was delivered, by its id.
	Deliveries(ctx context.Context) (map[string]memory.Delivery, error)
	// SaveDeliveries notes how far some have got. It may become durable late: an event
	// that is delivered twice does no harm.
	SaveDeliveries(ctx context.Context, list []memory.Delivery) error
	// DropDeliveries forgets all about subscriptions, their letters too.
	DropDeliveries(ctx context.Context, ids []string) error
	// Redeliver sets a subscription back to d, and with letters queues what was given up,
	// in one step.
	Redeliver(ctx context.Context, d memory.Delivery, letters bool) error
}

// Letters are deliveries that were given up.
type Letters interface {
	// GiveUp keeps l as a dead letter and moves on to d, in one step. Of each
	// subscription the newest keep stay; dropped of the older ones had to go.
	GiveUp(ctx context.Context, l memory.DeadLetter, d memory.Delivery, keep int) (dropped int, err error)
	// Delivered takes a letter off, which arrived after all, and moves on to d, in one step.
	Delivered(ctx context.Context, letter int64, d memory.Delivery) error
	// DeadLetters lists letters, the oldest first: of one subscription or, with "", of
	// all; with queued only those that are to be tried again.
	DeadLetters(ctx context.Context, subscription string, queued bool, limit int) ([]memory.DeadLetter, error)
}

// Counters count what a runner does.
type Counters struct {
	Active    atomic.Int64  // subscriptions delivered for
	Delivered atomic.Uint64 // events that an endpoint took
	Failed    atomic.Uint64 // attempts that failed
	GivenUp   atomic.Uint64 // events that became dead letters
	Dropped   atomic.Uint64 // dead letters that had to go for newer ones
}

// Runner delivers events.
type Runner struct {
	Counters

	cfg    Config
	source Source
	store  Store
	log    *slog.Logger
	sender *sender
	feed   *feed
	turns  *turns
	poke   chan struct{} // of length 1: a lane has found its subscription changed

	// What follows belongs to the goroutine of Run.
	lanes map[string]*lane
	mark  string
	full  bool // there were more subscriptions than lanes, and it was said
}

// New returns a runner. Its Run must run.
func New(cfg Config, source Source, store Store) *Runner {
	cfg.defaults()
	return &Runner{
		cfg: cfg, source: source, store: store, log: cfg.Log, sender: newSender(&cfg), feed: &feed{source: source, store: store},
		turns: newTurns(cfg.Workers), poke: make(chan struct{}, 1), lanes: map[string]*lane{},
	}
}

const (
	// rest keeps a storm of commits from becoming a storm of looking.
	rest = 20 * time.Millisecond
	// recovery is how long after an error of the store it is tried again.
	recovery = time.Second
)

// Run delivers until ctx is done, and returns nil when every delivery has ended
// and every cursor is saved.
func (r *Runner) Run(ctx context.Context) error {
	defer r.stop(ctx)
	tick := time.NewTicker(r.cfg.Flush)
	defer tick.Stop()
	for ctx.Err() == nil {
		changed := r.source.Changed() // before looking: what comes meanwhile is not missed
		pause := rest
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "webhooks are held up", "err", err)
			pause = recovery
		}
		sleep(ctx, pause)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-r.poke:
		case <-tick.C:
			if err := r.flush(ctx); err != nil && ctx.Err() == nil {
				r.log.WarnContext(ctx, "webhook cursors not saved", "err", err)
			}
		}
	}
	return nil
}

// round takes in what has changed, and wakes the lanes.
func (r *Runner) round(ctx context.Context) error {
	r.reap()
	mark, err := r.store.SubscriptionMark(ctx)
	if err != nil {
		return err
	}
	if mark != r.mark {
		if err := r.reload(ctx); err != nil {
			return err
		}
		r.mark = mark
	}
	if len(r.lanes) == 0 {
		r.feed.forget()
		return nil
	}
	if err := r.feed.advance(ctx); err != nil {
		return err
	}
	for _, l := range r.lanes {
		l.nudge()
	}
	return nil
}

// reap lets go of lanes that have ended by themselves, because what they
// deliver for has changed or is gone.
func (r *Runner) reap() {
	for _, l := range r.lanes {
		select {
		case <-l.done:
			if !l.ended {
				l.ended = true
				r.mark = "" // look again at what there is
			}
		default:
		}
	}
}

// reload makes the lanes those of the subscriptions that there are.
func (r *Runner) reload(ctx context.Context) error {
	subs, err := r.store.Subscribers(ctx)
	if err != nil {
		return err
	}
	saved, err := r.store.Deliveries(ctx)
	if err != nil {
		return err
	}
	live, wanted := map[string]bool{}, map[string]*lane{}
	for i := range subs {
		s := &subs[i]
		live[s.ID] = true
		if l := r.laneFor(ctx, s, len(wanted)); l != nil {
			wanted[s.ID] = l
		}
	}
	for id, l := range r.lanes {
		if n := wanted[id]; n != nil && n.same(l) && !l.ended {
			wanted[id] = l
			continue
		}
		if d := l.end(); live[id] { // what it knew is newer than what is saved
			saved[id] = d
		}
	}
	var gone []string
	for id := range saved {
		if !live[id] {
			gone = append(gone, id)
		}
	}
	if len(gone) > 0 {
		// What stays goes with the next change: nobody looks at it.
		if err := r.store.DropDeliveries(ctx, gone); err != nil {
			r.log.WarnContext(ctx, "webhook cursors not dropped", "err", err)
		}
	}
	for id, l := range wanted {
		if !l.running {
			l.begin(ctx, saved[id])
		}
	}
	r.lanes = wanted
	r.Active.Store(int64(len(wanted)))
	return nil
}

// laneFor returns a lane for a subscription that this node delivers, nil if it
// does not.
func (r *Runner) laneFor(ctx context.Context, s *memory.Subscriber, lanes int) *lane {
	sub, err := memory.SubscriptionOf(s.Memory)
	if s.Home() != r.cfg.Node || err != nil || sub.URL == "" {
		return nil
	}
	if lanes >= r.cfg.Lanes {
		if !r.full {
			r.full = true
			r.log.WarnContext(ctx, "more subscriptions than can be delivered for", "limit", r.cfg.Lanes)
		}
		return nil
	}
	return newLane(r, s, sub)
}

// flush saves the cursors that have moved.
func (r *Runner) flush(ctx context.Context) error {
	var list []memory.Delivery
	for _, l := range r.lanes {
		if d, moved := l.unsaved(false); moved {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return r.save(ctx, list)
}

func (r *Runner) save(ctx context.Context, list []memory.Delivery) error {
	if err := r.store.SaveDeliveries(ctx, list); err != nil {
		return err
	}
	for _, d := range list {
		if l := r.lanes[d.ID]; l != nil {
			l.wasSaved(d)
		}
	}
	return nil
}

// stop ends the lanes and saves what they know.
func (r *Runner) stop(ctx context.Context) {
	var list []memory.Delivery
	for _, l := range r.lanes {
		l.cancel()
	}
	for _, l := range r.lanes {
		l.end()
		if d, moved := l.unsaved(true); moved {
			list = append(list, d)
		}
	}
	r.sender.client.CloseIdleConnections()
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := r.store.SaveDeliveries(ctx, list); err != nil {
		r.log.WarnContext(ctx, "webhook cursors not saved", "err", err)
	}
}

// sleep waits, and reports whether ctx is still on.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
