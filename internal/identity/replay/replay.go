// Package replay remembers signed requests until their signatures are stale, so
// that each is taken once.
//
// A [Ledger] is kept in memory and, by whoever applies what requests ask for, on
// disk: a request's [identity.Mark] is written in the transaction that applies it.
// So what has had an effect is remembered over a crash, and what has had none may
// come again. Marks are forgotten when they expire and for no other reason. When
// there is no room for more, requests are refused.
package replay

import (
	"container/heap"
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
)

// DefaultRoom is how many live requests of one signer are remembered: 500 a second
// over the two minutes for which a signature can be fresh.
const DefaultRoom = 1 << 16

// Storage is what a ledger is loaded from.
type Storage interface {
	// Marks yields the marks that were committed and have not expired. An error
	// ends the sequence: then the ledger is not loaded.
	Marks(ctx context.Context) iter.Seq2[identity.Mark, error]
}

// Config says how a ledger remembers.
type Config struct {
	// Room is how many live requests of one signer are remembered; 0 is
	// [DefaultRoom]. Each signer has its own, so that none can use up another's.
	Room int
	// Start is when this process began. Until the ledger is loaded, nothing that was
	// created before it is taken.
	Start time.Time
	// Skew is how far the clock of a signer may be ahead: what it created before the
	// start may say so much later.
	Skew time.Duration
}

// Ledger is the memory of one node. It is safe for concurrent use.
type Ledger struct {
	cfg Config

	mu      sync.Mutex
	signers map[identity.KeyID]*signer
	loaded  bool
	latest  time.Time // the latest time seen: a clock that is set back brings no mark back
}

// signer is what is remembered of one.
type signer struct {
	seen  map[string]struct{} // nonces
	queue byExpiry
}

// New returns an empty ledger that is not loaded.
func New(cfg Config) *Ledger {
	if cfg.Room == 0 {
		cfg.Room = DefaultRoom
	}
	return &Ledger{cfg: cfg, signers: map[identity.KeyID]*signer{}}
}

// Load fills the ledger with what was committed before the start. It may be called
// again after an error.
func (l *Ledger) Load(ctx context.Context, s Storage) error {
	for mark, err := range s.Marks(ctx) {
		if err != nil {
			return fmt.Errorf("load the replay ledger: %w", err)
		}
		l.mu.Lock()
		l.add(mark) // beyond the room too: they are there
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded = true
	return nil
}

// Take remembers a request whose signature was checked, or refuses it: because it
// was here before, is stale, was created before the start, or because there is no
// room. What was taken stays taken, also if it could not be applied: the sender signs
// anew.
func (l *Ledger) Take(m identity.Mark, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.After(l.latest) {
		l.latest = now
	}
	l.forget()
	if !m.Expires.After(l.latest) {
		return identity.Refuse(identity.SignatureStale, "created %s, and here it is %s", stamp(m.Created), stamp(l.latest))
	}
	if until := l.cfg.Start.Add(l.cfg.Skew); !l.loaded && !m.Created.After(until) {
		return &identity.Refusal{
			Tag: identity.BeforeStart, RetryAfter: max(until.Sub(now), 0) + time.Second,
			Detail: fmt.Sprintf("created %s, and what came before %s is not known", stamp(m.Created), stamp(until)),
		}
	}
	if s := l.signers[m.Signer]; s != nil {
		if _, ok := s.seen[m.Nonce]; ok {
			return identity.Refuse(identity.Replayed, "of key %.16s…, created %s", m.Signer, stamp(m.Created))
		}
		if len(s.seen) >= l.cfg.Room {
			return &identity.Refusal{
				Tag: identity.LedgerFull, RetryAfter: max(s.queue[0].Expires.Sub(now), 0) + time.Second,
				Detail: fmt.Sprintf("%d live requests of key %.16s…", len(s.seen), m.Signer),
			}
		}
	}
	l.add(m)
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (l *Ledger) add(m identity.Mark) {
	s := l.signers[m.Signer]
	if s == nil {
		s = &signer{seen: map[string]struct{}{}}
		l.signers[m.Signer] = s
	}
	if _, ok := s.seen[m.Nonce]; !ok {
		s.seen[m.Nonce] = struct{}{}
		heap.Push(&s.queue, m)
	}
}

// forget drops what has expired.
func (l *Ledger) forget() {
	for id, s := range l.signers {
		for len(s.queue) > 0 && !s.queue[0].Expires.After(l.latest) {
			m := heap.Pop(&s.queue).(identity.Mark)
			delete(s.seen, m.Nonce)
		}
		if len(s.queue) == 0 {
			delete(l.signers, id)
		}
	}
}

// Len returns how many live requests are remembered.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var n int
	for _, s := range l.signers {
		n += len(s.seen)
	}
	return n
}

// byExpiry is a heap.
type byExpiry []identity.Mark

func (q byExpiry) Len() int           { return len(q) }
func (q byExpiry) Less(i, j int) bool { return q[i].Expires.Before(q[j].Expires) }
func (q byExpiry) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *byExpiry) Push(x any)        { *q = append(*q, x.(identity.Mark)) }
func (q *byExpiry) Pop() any {
	old := *q
	m := old[len(old)-1]
	old[len(old)-1] = identity.Mark{}
	*q = old[:len(old)-1]
	return m
}

// Nothing is the storage of a ledger of which nothing need outlive the process.
type Nothing struct{}

// Marks yields none.
func (Nothing) Marks(context.Context) iter.Seq2[identity.Mark, error] {
	return func(func(identity.Mark, error) bool) {}
}
