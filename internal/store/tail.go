package store

import (
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// tail keeps the newest entries of this node's own origin in memory, so that the
// lanes of members that keep up read no database.
type tail struct {
	mu    sync.RWMutex
	ring  []tailEntry // ascending by seq, one origin, without holes
	bytes int
}

type tailEntry struct {
	dot  memory.Dot
	ship memory.Shipment
}

const (
	tailOps   = 8192
	tailBytes = 8 << 20
)

// fits reports whether all of es are in a tail behind whatever else there is.
func fits(es []tailEntry) bool {
	bytes := 0
	for _, e := range es {
		bytes += shipSize(e.ship)
	}
	return bytes <= tailBytes/2 && len(es) <= tailOps/2
}

// add appends entries; those of a new incarnation replace what is there.
func (t *tail) add(es []tailEntry) {
	if len(es) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range es {
		if n := len(t.ring); n > 0 && t.ring[n-1].dot != (memory.Dot{Origin: e.dot.Origin, Seq: e.dot.Seq - 1}) {
			t.ring, t.bytes = nil, 0
		}
		t.ring = append(t.ring, e)
		t.bytes += shipSize(e.ship)
	}
	if t.bytes <= tailBytes && len(t.ring) <= tailOps {
		return
	}
	cut := 0
	for t.bytes > tailBytes/2 || len(t.ring)-cut > tailOps/2 {
		t.bytes -= shipSize(t.ring[cut].ship)
		cut++
	}
	t.ring = append([]tailEntry(nil), t.ring[cut:]...)
}

// read returns entries of the range from r.From on, or nil if the first one is
// not here.
func (t *tail) read(r memory.Range, maxOps, maxBytes int) []memory.Shipment {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.ring) == 0 || t.ring[0].dot.Origin != r.Origin || r.From < t.ring[0].dot.Seq {
		return nil
	}
	var out []memory.Shipment
	size := 0
	for i := r.From - t.ring[0].dot.Seq; i < uint64(len(t.ring)) && len(out) < maxOps && t.ring[i].dot.Seq <= r.To; i++ {
		size += shipSize(t.ring[i].ship)
		if size > maxBytes && len(out) > 0 {
			break
		}
		out = append(out, t.ring[i].ship)
	}
	return out
}

// drop forgets all: after an erase, what left the database must not be sent.
func (t *tail) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring, t.bytes = nil, 0
}
