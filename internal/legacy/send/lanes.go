package send

import (
	"context"
	"log/slog"
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
// one does not answer, keeps up no other.
type Lanes struct {
	cfg    Config
	ledger Ledger
	lanes  []*lane
}

// New returns lanes over the log and the state of a node.
func New(cfg Config, source Source, state State, ledger Ledger) *Lanes {
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	ls := &Lanes{cfg: cfg, ledger: ledger}
	for _, p := range cfg.Peers {
		sends := p.Sends
		if sends == nil {
			sends = func(string) bool { return true }
		}
		ls.lanes = append(ls.lanes, &lane{
			peer: p, cfg: &ls.cfg, ledger: ledger, source: source, log: cfg.Log, render: renderer{state: state, sends: sends},
			post:   poster{peer: p, timeout: cfg.Timeout, nonce: uuid.NewString},
			status: Status{Peer: p.Name}, restored: map[string]memory.Instant{}, stale: map[string]struct{}{}, wake: make(chan struct{}, 1),
		})
	}
	return ls
}

// Run delivers until ctx is done. It returns an error only if what was sent before
// cannot be read.
func (ls *Lanes) Run(ctx context.Context) error {
	cursors, err := ls.ledger.Cursors(ctx, inLog)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the node was stopped before it had begun
	}
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	for _, l := range ls.lanes {
		l.change(func(s *Status) { s.LSN = cursors[l.peer.member()] })
		running.Go(func() { l.run(ctx) })
	}
	running.Wait()
	return nil
}

// Correct tells all peers what holds of a memory: one of them was seen to have
// something else. It does not wait for that.
func (ls *Lanes) Correct(id string) {
	for _, l := range ls.lanes {
		l.mu.Lock()
		l.stale[id] = struct{}{}
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
	for _, l := range ls.lanes {
		out = append(out, l.now())
	}
	return out
}
