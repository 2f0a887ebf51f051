// Package memlog is a node's store in memory, for tests and simulators of
// replication: logs, heads, gaps, cursors and the merged state, by the same
// contract as the real store. What it holds counts as fsynced.
package memlog

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// Library turns entries into bytes and back for all nodes of a test: the bytes
// are the entry's name. It is safe for concurrent use.
type Library struct {
	mu      sync.Mutex
	entries map[string]*memory.Entry
	lives   uint64
}

// NewLibrary returns an empty library.
func NewLibrary() *Library { return &Library{entries: map[string]*memory.Entry{}} }

// incarnation returns a number that no incarnation has had. The first ones are
// left to callers of [New].
func (l *Library) incarnation() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lives++
	return 100 + l.lives
}

// Ship enters e and returns it as it travels.
func (l *Library) Ship(e *memory.Entry) memory.Shipment {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[e.Dot.String()] = e
	return memory.Shipment{Raw: []byte(e.Dot.String())}
}

// Open returns the entry of a shipment, or [memory.ErrInvalid].
func (l *Library) Open(s memory.Shipment) (*memory.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[string(s.Raw)]
	if e == nil {
		return nil, fmt.Errorf("entry %q: %w", s.Raw, memory.ErrInvalid)
	}
	return e, nil
}

// All lists every entry there ever was, by name.
func (l *Library) All() []*memory.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*memory.Entry, 0, len(l.entries))
	for _, name := range slices.Sorted(maps.Keys(l.entries)) {
		all = append(all, l.entries[name])
	}
	return all
}

func digestOf(e *memory.Entry) memory.Digest {
	return sha256.Sum256([]byte(e.Dot.String() + e.Stamp.Instant().String()))
}
