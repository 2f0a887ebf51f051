// Package legacy is the side of a node that exchanges memories with nodes of
// ai-memory 0.7: who they are now, and what answers them.
package legacy

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/pull"
	"github.com/tallystick/tallystick/internal/legacy/receive"
	"github.com/tallystick/tallystick/internal/memory"
)

// Files in the data directory: nonces of peers, and how far each was read.
const (
	nonceFile  = "legacy.nonces"
	cursorFile = "legacy.cursors.json"
)

// pullEvery is how often peers are asked what is new.
const pullEvery = 30 * time.Second

// Config is what a node has for its legacy side. All fields but APIKey, Peers and
// OnRefusal are required.
type Config struct {
	Node    memory.Node
	Data    string        // data directory
	APIKey  string        // of the node
	Peers   []config.Peer // those of its configuration
	Self    config.Self   // how the node identifies itself to them
	Now     func() time.Time
	MaxSkew time.Duration
	Log     *slog.Logger
	Told    func([]*memory.Entry)                      // hears of what was logged for peers
	Voted   func(ctx context.Context, proposal string) // hears of votes of peers
	// Stale hears of a memory that some peers have otherwise; anew, if they would not go
	// over to what holds.
	Stale func(id string, anew bool, of func(peer string) bool)
	// Changed, if not nil, hears of the peers whenever they are others than before.
	Changed func(peers []config.Peer)
	// Allow, if not nil, is asked before each call to a peer; an error forbids it.
	Allow func(ctx context.Context, target *url.URL) error
	// AllowAddress, if not nil, is asked before an address is connected to; the same.
	AllowAddress func(address netip.AddrPort) error
	// OnRefusal, if not nil, hears of everybody who was refused for who they are.
	OnRefusal func(claimed, address string, err error)
}

// Side is the legacy side of one node. It is safe for concurrent use.
type Side struct {
	cfg      Config
	book     config.Book
	now      atomic.Pointer[[]config.Peer]
	receiver *receive.Receiver
	puller   *pull.Puller
}

// Open returns the legacy side of a node. Close it.
func Open(cfg Config, door receive.Door, state receive.State) (*Side, error) {
	s := &Side{cfg: cfg, book: config.Book{Path: filepath.Join(cfg.Data, config.BookFile)}}
	if err := s.reload(); err != nil {
		return nil, err
	}
	var err error
	s.receiver, err = receive.New(receive.Config{
		Node: cfg.Node, Peers: s.Peers, APIKey: cfg.APIKey, Now: cfg.Now, Lead: cfg.MaxSkew / 4,
		NonceFile: filepath.Join(cfg.Data, nonceFile), Told: cfg.Told, Voted: cfg.Voted, OnRefusal: cfg.OnRefusal,
		Ahead: func() { s.puller.Soon() }, Stale: func(x receive.Stale) { cfg.Stale(x.ID, x.Anew, x.Of) },
	}, door, state, cfg.Log)
	if err != nil {
		return nil, err
	}
	s.puller, err = pull.New(pull.Config{
		Peers: s.Peers, Self: cfg.Self, Node: cfg.Node, Now: cfg.Now, Every: pullEvery, File: filepath.Join(cfg.Data, cursorFile), Log: cfg.Log,
		Allow: cfg.Allow, AllowAddress: cfg.AllowAddress, Apply: s.receiver.Shown,
	})
	return s, err
}

// Close ends the use of its files.
func (s *Side) Close() error { return s.receiver.Close() }

// Serve returns a handler that answers legacy peers, and leaves the rest to next.
func (s *Side) Serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if receive.Handles(r) {
			s.receiver.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Peers returns the peers that there are now: those of the configuration, and those
// of the book in the data directory, which the command line changes while the node
// runs. Nobody may change the list.
func (s *Side) Peers() []config.Peer { return *s.now.Load() }

func (s *Side) reload() error {
	list, err := s.book.Load()
	if err != nil {
		return err
	}
	all := config.Joined(s.cfg.Peers, list)
	s.now.Store(&all)
	return nil
}

// lookAgain is how often the book is read.
const lookAgain = time.Second

// Run pulls from peers and follows the book until ctx is done.
func (s *Side) Run(ctx context.Context) error {
	var pulling sync.WaitGroup
	defer pulling.Wait()
	pulling.Go(func() { _ = s.puller.Run(ctx) }) // it only ends with ctx
	return s.follow(ctx)
}

func (s *Side) follow(ctx context.Context) error {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		before := s.Peers()
		if err := s.reload(); err != nil {
			s.cfg.Log.WarnContext(ctx, "the book of legacy peers cannot be read: those that were there stay", "err", err)
			continue
		}
		if after := s.Peers(); !same(before, after) {
			s.cfg.Log.InfoContext(ctx, "legacy peers", "peers", len(after))
			if s.cfg.Changed != nil {
				s.cfg.Changed(after)
			}
		}
	}
}

// same reports whether two lists say the same.
func same(a, b []config.Peer) bool {
	x, err := json.Marshal(a) //nolint:gosec // it goes nowhere
	if err != nil {
		return false
	}
	y, err := json.Marshal(b) //nolint:gosec // it goes nowhere
	return err == nil && bytes.Equal(x, y)
}

// Export shows what peers brought.
func (s *Side) Export(reg *prometheus.Registry) {
	count := func(name, help string, v *atomic.Uint64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(v.Load()) }))
	}
	c := &s.receiver.Counters
	count("tally_legacy_pushes_total", "Pushes of ai-memory nodes that were taken.", &c.Pushes)
	count("tally_legacy_refused_total", "Requests of ai-memory nodes that were refused.", &c.Refused)
	count("tally_legacy_items_applied_total", "Items of those pushes that were applied.", &c.Applied)
	count("tally_legacy_items_noop_total", "Items of those pushes that changed nothing.", &c.Noop)
	count("tally_legacy_items_skipped_total", "Items of those pushes that could not be taken.", &c.Skipped)
	count("tally_legacy_undone_total", "Deletions that were told again because an ai-memory node still had the memory.", &c.Undone)
	count("tally_legacy_pulled_rows_total", "Rows that ai-memory nodes showed when they were asked.", &s.puller.Counters.Rows)
	count("tally_legacy_pull_failed_total", "Pulls from ai-memory nodes without an answer that counts.", &s.puller.Counters.Failed)
	count("tally_legacy_pulls_served_total", "Pulls of ai-memory nodes that were answered with rows.", &c.Pulls)
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_legacy_peers", Help: "ai-memory nodes that are configured as peers."},
		func() float64 { return float64(len(s.Peers())) }))
}
