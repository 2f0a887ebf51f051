package receive

import (
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/legacy/config"
)

// quotaError says that an agent has stored as much today as it may.
type quotaError struct {
	agent   string
	max     int
	reset   time.Time
	applied int // rows of the push that were stored before
}

func (e *quotaError) Error() string {
	return fmt.Sprintf("%s has stored %d memories today", e.agent, e.max)
}

// quotaOf returns what counts the new rows of a peer, by agent, namespace and day.
func (r *Receiver) quotaOf(peer *config.Peer) func(agent, namespace string) error {
	return func(agent, namespace string) error {
		if peer.MemoriesPerDay == 0 {
			return nil
		}
		now := r.cfg.Now().UTC()
		r.mu.Lock()
		defer r.mu.Unlock()
		if day := now.Format(time.DateOnly); day != r.day {
			r.day = day
			clear(r.born)
		}
		of := born{peer.Name, agent, namespace}
		if r.born[of] >= peer.MemoriesPerDay {
			return &quotaError{agent: agent, max: peer.MemoriesPerDay, reset: now.Truncate(24 * time.Hour).Add(24 * time.Hour)}
		}
		r.born[of]++
		return nil
	}
}
