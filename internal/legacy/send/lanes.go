package send

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tallystick/tallystick/internal/memory"
)

// Config of [Lanes]. Zero bounds take the defaults named here.
type Config struct {
	Peers []Peer
	Log   *slog.Logger
	// Timeout bounds one push; 10 s.
	Timeout time.Duration
	// Delivered, if not nil, is told of every entry that a peer has acknowledged, or
	// that it need not be told of. The peer may lose it: it answers before it has it
	// on its disk.
	Delivered func(peer string, d memory.Dot)
}

// Source is the log of this node, in the order in which it applied what it has.
type Source interface {
	// Changed returns a channel that is closed at the next commit.
	Changed() <-chan struct{}
	Events(ctx context.Context, after uint64, limit int) ([]memory.Event, error)
}

// Ledger remembers across restarts what peers were sent, and what they refused.
type Ledger interface {
	Cursors(ctx context.Context, origin memory.Origin) (map[memory.Node]uint64, error)
	SaveCursor(ctx context.Context, member memory.Node, origin memory.Origin, seq uint64) error
	Parked(ctx context.Context) ([]memory.Parked, error)
	Park(ctx context.Context, p memory.Parked) error
	Unpark(ctx context.Context, member memory.Node, dots []memory.Dot) error
}

// Status is what this node knows of one peer. The zero time is "never in this run".
type Status struct {
	Peer    string
	LSN     uint64 // everything up to it was sent
	Failing bool   // the last push was not answered
	Error   string // why
	At      time.Time
	// OK, Drift and Fail count pushes since the start: taken, kept under another id,
	// and not taken or not answered.
	OK, Drift, Fail uint64
}

// Lanes deliver to all legacy peers, each in its own time: what one refuses, or that
// one does not answer, keeps up no other. They are safe for concurrent use.
type Lanes struct {
	cfg    Config
	source Source
	state  State
	ledger Ledger
	news   chan struct{} // of length 1: the peers are others now

	mu    sync.Mutex
	lanes []*lane // in the order of the peers
}

// New returns lanes over the log and the state of a node.
func New(cfg Config, source Source, state State, ledger Ledger) *Lanes {
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	ls := &Lanes{cfg: cfg, source: source, state: state, ledger: ledger, news: make(chan struct{}, 1)}
	ls.Set(cfg.Peers)
	return ls
}

// Set says who the peers are from now on. The lane of one that stays as it was goes
// on; one that comes back goes on where it was left.
func (ls *Lanes) Set(peers []Peer) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var next []*lane
	for _, p := range peers {
		i := slices.IndexFunc(ls.lanes, func(l *lane) bool { return l.peer.Name == p.Name && l.peer.Spec == p.Spec })
		if i >= 0 {
			next = append(next, ls.lanes[i])
			continue
		}
		next = append(next, ls.laneOf(p))
	}
	ls.lanes = next
	select {
	case ls.news <- struct{}{}:
	default:
	}
}

func (ls *Lanes) laneOf(p Peer) *lane {
	sends := p.Sends
	if sends == nil {
		sends = func(string) bool { return true }
	}
	return &lane{
		peer: p, cfg: &ls.cfg, ledger: ls.ledger, source: ls.source, log: ls.cfg.Log, render: renderer{state: ls.state, sends: sends},
		post:   poster{peer: p, timeout: ls.cfg.Timeout, nonce: uuid.NewString},
		status: Status{Peer: p.Name}, restored: map[string]memory.Instant{}, stale: map[string]bool{}, wake: make(chan struct{}, 1),
	}
}

func (ls *Lanes) now() []*lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return slices.Clone(ls.lanes)
}

// Run delivers until ctx is done, to whoever the peers are. It returns an error only
// if what was sent before cannot be read.
func (ls *Lanes) Run(ctx context.Context) error {
	running := map[*lane]func(){} // what ends them, and waits for it
	defer func() {
		for _, end := range running {
			end()
		}
	}()
	for {
		lanes := ls.now()
		for l, end := range running {
			if !slices.Contains(lanes, l) {
				end() // before another lane to that peer reads how far this one came
				delete(running, l)
			}
		}
		cursors, err := ls.ledger.Cursors(ctx, inLog)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, l := range lanes {
			if running[l] == nil {
				l.change(func(s *Status) { s.LSN = cursors[l.peer.member()] })
				running[l] = start(ctx, l.run)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ls.news:
		}
	}
}

// start runs something until the function that it returns has ended it.
func start(ctx context.Context, run func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// Correct tells peers what holds of a memory, for they were seen to have something else;
// anew, if they would not go over to it. It does not wait for that.
func (ls *Lanes) Correct(id string, anew bool, to func(peer string) bool) {
	for _, l := range ls.now() {
		if !to(l.peer.Name) {
			continue
		}
		l.mu.Lock()
		l.stale[id] = l.stale[id] || anew
		l.mu.Unlock()
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// Status lists the peers in the order of the configuration.
func (ls *Lanes) Status() []Status {
	var out []Status
	for _, l := range ls.now() {
		out = append(out, l.now())
	}
	return out
}
