package governance

import (
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// openProposals are those whose home this node is: it owes them an end.
type openProposals struct {
	turn sync.Mutex // held while one is resolved
	mu   sync.Mutex
	open map[string]struct{}
	wake chan struct{} // of length 1
}

// maxOpen bounds how many open proposals a home looks after at a time. The
// others come up when these are done and the node starts anew.
const maxOpen = 100_000

func (w *openProposals) add(id string) {
	w.mu.Lock()
	if w.open == nil {
		w.open = map[string]struct{}{}
	}
	w.open[id] = struct{}{}
	w.mu.Unlock()
	w.look() // a vote may have come before
}

// look makes Run go through the open proposals.
func (w *openProposals) look() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *openProposals) done(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, id)
}

func (w *openProposals) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]string, 0, len(w.open))
	for id := range w.open {
		ids = append(ids, id)
	}
	return ids
}

// committed wakes Run where a commit may have brought a vote.
func (w *openProposals) committed(c memory.Committed) {
	w.mu.Lock()
	none := len(w.open) == 0
	w.mu.Unlock()
	if !none && c.Other > 0 {
		w.look()
	}
}
