// Package sim runs whole federations in one thread: real replication cores over
// stores in memory, under a seeded scheduler that drops, repeats, delays and
// reorders messages, parts the network, kills nodes in front of their fsync,
// sets clocks wrong, refuses ops, loses disks and restores old backups. It checks that
//
//   - no write is acknowledged that fewer than W members have on disk,
//   - no acknowledged write is lost with a minority of the disks,
//   - once the faults end, all nodes get to equal heads and equal state, that of
//     the merge of every op that any of them still has, prove it to each other,
//     and owe nothing.
//
// Equal seeds give equal runs.
package sim

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// Config of a run. Everything else is drawn from the seed.
type Config struct {
	Seed uint64
	// Changes has members come and go; then one disk at a time is lost.
	Changes bool
	// Dropping has nodes drop entries behind which another one is set back, and numbers on
	// without asking: what is in dispute can be compared no more, and is conceded.
	Dropping bool
	// Early has nodes send what they number before it is durable, at times, and die then.
	Early bool
	// Intact has no disk lost, spoilt or set back.
	Intact bool
	Trace  io.Writer // gets a line for each thing that happens; nil: none
}

// Report is what happened in a run.
type Report struct {
	Nodes        int
	Writes       int
	Acked        int
	Crashes      int
	DisksLost    int
	Repairs      int
	Snapshots    int
	Incarnations int
	Changes      int           // of members
	Disputes     int           // entries found under the dots of others
	UsedTwice    int           // numbers under which a node has sent one entry, and then another one
	Conceded     int           // entries issued again that others had dropped, or never had
	Healing      time.Duration // from the end of the faults to equality
}

// Add sums up another run. Healing becomes the longest.
func (r *Report) Add(o Report) {
	r.Nodes += o.Nodes
	r.Writes += o.Writes
	r.Acked += o.Acked
	r.Crashes += o.Crashes
	r.DisksLost += o.DisksLost
	r.Repairs += o.Repairs
	r.Snapshots += o.Snapshots
	r.Incarnations += o.Incarnations
	r.Disputes += o.Disputes
	r.UsedTwice += o.UsedTwice
	r.Conceded += o.Conceded
	r.Changes += o.Changes
	r.Healing = max(r.Healing, o.Healing)
}

// Run simulates a federation and returns the first rule that was broken.
func Run(cfg Config) (Report, error) {
	w := newWorld(cfg)
	w.schedule()
	w.run(func() bool { return w.now.Sub(epoch()) >= w.activity })
	if w.broken == nil {
		w.checkSurvival()
	}
	w.becomeEqual()
	return w.report, w.broken
}

// becomeEqual ends all faults and checks that the federation becomes equal.
func (w *world) becomeEqual() {
	w.heal()
	healed, looked := w.now, w.now
	w.run(func() bool {
		if w.now.Sub(looked) < pollEvery {
			return false
		}
		looked = w.now
		return w.converged(healed) || w.now.Sub(healed) > healTimeout
	})
	w.report.Healing = w.now.Sub(healed)
	w.checkConverged(healed)
}

// healTimeout is how long a federation may take to become equal after the last
// fault: probes of stopped lanes and the longest backoff are in it.
const healTimeout = 5 * time.Minute

// pollEvery is how often it is looked whether a federation has become equal.
const pollEvery = 50 * time.Millisecond

func epoch() time.Time { return time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC) }

// world is one run.
type world struct {
	cfg      Config
	rng      *rand.Rand
	now      time.Time
	queue    agenda
	seq      uint64
	nodes    []*node
	lib      *memlog.Library
	net      network
	activity time.Duration // until the faults end
	healing  bool
	victims  map[*node]bool // whose disk was lost or set back; where members change, until it is filled again
	owed     memory.Heads   // what the others had then
	spoilt   []memory.Key   // registers that a node has lost
	acks     []promise
	sent     map[memory.Dot]memory.Digest // by the nodes whose numbers they are
	// documents are all there were; ended is the epoch of the latest whose change has
	// ended, as any node knows.
	documents []*document
	ended     uint64
	report    Report
	broken    error
}

func newWorld(cfg Config) *world {
	rng := rand.New(rand.NewPCG(cfg.Seed, 0x7a11))
	w := &world{
		cfg: cfg, rng: rng, now: epoch(), lib: memlog.NewLibrary(), victims: map[*node]bool{}, sent: map[memory.Dot]memory.Digest{},
		activity: time.Duration(10+rng.IntN(30)) * time.Second,
	}
	w.calm()
	populate(w, 2+rng.IntN(6))
	return w
}

// populate starts n nodes.
func populate(w *world, n int) {
	w.report.Nodes = n
	var names []memory.Node
	for i := range n {
		names = append(names, memory.Node(fmt.Sprintf("n%d", i+1)))
	}
	first := &document{seats: core.Seats(names...)}
	if w.cfg.Changes {
		first.epoch, first.voters = 1, first.seats
	}
	w.documents, w.ended = []*document{first}, first.epoch
	w.nodes = nil
	for _, name := range names {
		n := newNode(w, name)
		n.doc = first
		w.nodes = append(w.nodes, n)
	}
	for _, n := range w.nodes {
		n.start()
	}
}

// run carries out what is scheduled until done says so, or a rule is broken.
func (w *world) run(done func() bool) {
	for w.broken == nil && !done() {
		next := w.queue.pop()
		w.now = epoch().Add(next.at)
		next.do()
	}
}

// after schedules do. Things due at one instant happen in the order of scheduling.
func (w *world) after(d time.Duration, do func()) {
	w.seq++
	w.queue.push(appointment{at: w.now.Sub(epoch()) + max(d, 0), seq: w.seq, do: do})
}

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// between returns a duration from lo to hi.
func (w *world) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(w.rng.Int64N(int64(hi-lo)+1))
}

func (w *world) pick() *node { return w.nodes[w.rng.IntN(len(w.nodes))] }

func (w *world) find(name memory.Node) *node {
	for _, n := range w.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}

func (w *world) trace(format string, args ...any) {
	if w.cfg.Trace != nil {
		fmt.Fprintf(w.cfg.Trace, "%9.3f  %s\n", w.now.Sub(epoch()).Seconds(), fmt.Sprintf(format, args...)) //nolint:errcheck // it is a trace
	}
}

func (w *world) fail(format string, args ...any) {
	if w.broken == nil {
		w.broken = fmt.Errorf("at %s: %w", w.now.Sub(epoch()), fmt.Errorf(format, args...)) //nolint:err113 // it is read, not compared
		w.trace("BROKEN %v", w.broken)
	}
}
