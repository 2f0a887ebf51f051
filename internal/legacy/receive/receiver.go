package receive

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// Door logs what is told from outside; an [intake.Door] is one.
type Door interface {
	AcceptForeign(ctx context.Context, from intake.Foreign, ops []memory.NewOp) (intake.Reported, error)
}

// Config says whose receiver it is.
type Config struct {
	Node memory.Node
	// Peers returns those that there are now. It is asked for each request.
	Peers func() []config.Peer
	// APIKey, if not empty, is asked of every peer that has none of its own.
	APIKey string
	Now    func() time.Time
	// Lead is how far ahead of this node's clock the time of a row may lie.
	Lead time.Duration
	// NonceFile keeps the nonces of signed requests from one run to the next; "" keeps
	// them in memory only.
	NonceFile string
	// Told hears of what was logged. It does not block.
	Told func([]*memory.Entry)
	// Voted hears of proposals that were voted on.
	Voted func(ctx context.Context, proposal string)
	// Stale hears of what peers have else than this node: they are to be told once more.
	// It does not block.
	Stale func(s Stale)
	// Ahead hears that a peer is ahead of what it has sent: it is to be asked soon. It does
	// not block.
	Ahead func()
	// OnRefusal, if not nil, hears of everybody who was refused for who they are.
	OnRefusal func(claimed, address string, err error)
}

// Counters count what came. They may be read at any time.
type Counters struct {
	Pushes, Refused, Applied, Noop, Skipped, Undone, Pulls atomic.Uint64
}

// Receiver answers legacy peers. It is safe for concurrent use.
type Receiver struct {
	Counters Counters

	cfg    Config
	door   Door
	state  State
	log    *slog.Logger
	nonces *nonces
	room   *semaphore.Weighted

	mu     sync.Mutex
	clocks map[string]string // the time of the newest row, by sender
	born   map[born]int      // new rows of today
	day    string
	heardt map[string]time.Time
}

// born is what a quota is counted by.
type born struct{ peer, agent, namespace string }

// maxBodies bounds the bytes of all bodies that are held at once.
const maxBodies = 32 << 20

// New returns a receiver. Close it.
func New(cfg Config, door Door, state State, log *slog.Logger) (*Receiver, error) {
	n, err := openNonces(cfg.NonceFile)
	if err != nil {
		return nil, err
	}
	return &Receiver{
		cfg: cfg, door: door, state: state, log: log, nonces: n, room: semaphore.NewWeighted(maxBodies),
		clocks: map[string]string{}, born: map[born]int{}, heardt: map[string]time.Time{},
	}, nil
}

// Close ends the use of the file of nonces.
func (r *Receiver) Close() error { return r.nonces.close() }

// Handles reports whether a request below /api/v1/sync/ speaks the language of
// legacy peers.
func Handles(q *http.Request) bool {
	return q.URL.Path == pathSince || q.URL.Path == pathPush && q.Header.Get("X-Fed-Proto") == ""
}

// heard notes the time of the newest row of a sender, and returns the newest ever.
func (r *Receiver) heard(sender, at string) wire.Clock {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heardt[sender] = r.cfg.Now()
	r.clocks[sender] = max(r.clocks[sender], at)
	if r.clocks[sender] == "" {
		return wire.Clock{}
	}
	return wire.Clock{Entries: map[string]string{sender: r.clocks[sender]}}
}

// Heard returns when each sender was last heard of.
func (r *Receiver) Heard() map[string]time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.heardt)
}

func (r *Receiver) count(reply *wire.Reply) {
	r.Counters.Pushes.Add(1)
	for _, n := range []int{
		reply.Applied, reply.Deleted, reply.Archived, reply.Restored, reply.LinksApplied, reply.PendingsApplied, reply.DecisionsApplied,
		reply.StandardsApplied, reply.StandardsCleared,
	} {
		r.Counters.Applied.Add(uint64(n))
	}
	r.Counters.Noop.Add(uint64(reply.Noop))
	r.Counters.Skipped.Add(uint64(reply.Skipped))
}

// peer returns the peer of a name, if there is one now.
func (r *Receiver) peer(name string) *config.Peer {
	for _, p := range r.cfg.Peers() {
		if p.Name == name && p.Stands(r.cfg.Now()) {
			return &p
		}
	}
	return nil
}
