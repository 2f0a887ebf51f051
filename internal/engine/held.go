package engine

import (
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// Held is a committed write that may still wait for members.
type Held struct {
	entries  []*memory.Entry
	replayed bool // an equal request with the same idempotency key wrote it
	existed  bool // it was there, and nothing was written
	tried    bool // nothing was written, and nothing is waited for
	masked   []string
	ticket   *replicate.Ticket
	w        int
	deadline time.Time
}

func (h *Held) last() *memory.Entry { return h.entries[len(h.entries)-1] }

// tried is what a write would be: entries that nobody has logged.
func tried(c Caller, w *memory.Write, now time.Time) *Held {
	h := &Held{tried: true}
	for _, op := range w.Ops {
		h.entries = append(h.entries, &memory.Entry{Actor: c.Agent, Stamp: memory.MakeStamp(now), Op: op.Op, Prev: op.Prev})
	}
	return h
}
