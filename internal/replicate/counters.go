package replicate

import (
	"sync/atomic"

	"github.com/tallystick/tallystick/internal/memory"
)

// Counters count what happened since the start. They only grow, and may be read
// at any time.
type Counters struct {
	Batches      atomic.Uint64 // pushes with entries that a member answered
	Ops          atomic.Uint64 // entries in them
	Exchanges    atomic.Uint64 // pushes without entries that a member answered
	PushFailed   atomic.Uint64 // pushes without an answer that counts
	RetryOK      atomic.Uint64 // first pushes that succeeded after a fault
	RetryFailed  atomic.Uint64 // pushes that failed after a fault
	Refused      atomic.Uint64 // ops that members refused
	Pulls        atomic.Uint64 // pulls that were answered
	PulledOps    atomic.Uint64 // entries that they brought
	PullFailed   atomic.Uint64 // pulls that were not
	Snapshots    atomic.Uint64 // whole states that were taken over
	Alarms       atomic.Uint64 // members found to differ at equal heads
	Repaired     atomic.Uint64 // registers fetched again from a member
	Healed       atomic.Uint64 // damaged entries of this node that a member had whole
	WentBack     atomic.Uint64 // members found to have lost entries
	MissedQuorum atomic.Uint64 // writes that fewer members held at the end of the wait than were asked for
	partialKinds [256]atomic.Uint64
}

// Partial counts the writes of a kind that reached W members and not all by
// their quorum deadline.
func (c *Counters) Partial(k memory.Kind) uint64 { return c.partialKinds[k].Load() }
