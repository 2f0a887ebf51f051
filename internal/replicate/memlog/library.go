// Package memlog is a node's store in memory, for tests and simulators of
// replication: logs, heads, gaps, cursors and the merged state, by the same
// contract as the real store. What it holds counts as fsynced.
package memlog

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// Library turns entries into bytes and back for all nodes of a test: the bytes
// are the entry's dot, stamp and digest, and what replaced its content. It is safe for
// concurrent use.
type Library struct {
	mu      sync.Mutex
	entries map[string]*written
	lives   uint64
	again   map[memory.Digest][]*memory.Entry
	let     map[memory.Digest]bool // whose content is no longer kept
}

// written is an entry, and how it travels. It never changes.
type written struct {
	memory.Shipment
	entry    *memory.Entry
	content  string // the id of the memory that it has content of, "" if there is none
	proposed bool   // the content is proposed
}

// NewLibrary returns an empty library.
func NewLibrary() *Library {
	return &Library{entries: map[string]*written{}, again: map[memory.Digest][]*memory.Entry{}, let: map[memory.Digest]bool{}}
}

// incarnation returns a number that no incarnation has had. The first ones are
// left to callers of [New].
func (l *Library) incarnation() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lives++
	return 100 + l.lives
}

func (l *Library) reissue(e, again *memory.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again[e.Digest] = append(l.again[e.Digest], again)
}

// Reissues lists the entries as which e was issued again, directly.
func (l *Library) Reissues(e *memory.Entry) []*memory.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.again[e.Digest]
}

// release notes that the content of e is no longer kept by somebody.
func (l *Library) release(e *memory.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.let[e.Digest] = true
}

// Released reports whether somebody no longer keeps the content of e, because it was
// replaced, or the memory deleted.
func (l *Library) Released(e *memory.Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.let[e.Digest]
}

// Ship enters e and returns it as it travels.
func (l *Library) Ship(e *memory.Entry) memory.Shipment { return l.enter(e).Shipment }

// whole returns the full form of a hollow entry.
func (l *Library) whole(e *memory.Entry) *written {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[fullKey(e)]
}

func fullKey(e *memory.Entry) string { return name(e) + "/" + e.Digest.String() }

func (l *Library) enter(e *memory.Entry) *written {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := fullKey(e)
	if !e.Hollow.IsZero() {
		key += "~" + e.Hollow.String()
	}
	w := &written{Shipment: memory.Shipment{Raw: []byte(key)}, entry: e, content: e.Payload()}
	w.proposed = w.content != "" && e.Op.About().Proposed
	l.entries[key] = w
	return w
}

// Open returns the entry of a shipment, or [memory.ErrInvalid].
func (l *Library) Open(s memory.Shipment) (*memory.Entry, error) {
	w, err := l.open(s)
	if err != nil {
		return nil, err
	}
	return w.entry, nil
}

func (l *Library) open(s memory.Shipment) (*written, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.entries[string(s.Raw)]
	if w == nil {
		return nil, fmt.Errorf("entry %q: %w", s.Raw, memory.ErrInvalid)
	}
	return w, nil
}

// All lists every entry there ever was, by name.
func (l *Library) All() []*memory.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*memory.Entry, 0, len(l.entries))
	for _, name := range slices.Sorted(maps.Keys(l.entries)) {
		all = append(all, l.entries[name].entry)
	}
	return all
}

// name is an entry in words for a test.
func name(e *memory.Entry) string {
	return e.Dot.String() + "@" + strconv.FormatUint(uint64(e.Stamp), 36)
}

// digestOf tells e from all other entries, also from what a node that was set back to
// a backup logs in the same instant under the same dot.
func digestOf(e *memory.Entry) memory.Digest {
	op, err := json.Marshal(e.Op)
	if err != nil {
		panic(fmt.Sprintf("memlog: an op without a text: %v", err))
	}
	return sha256.Sum256(fmt.Appendf(nil, "%s %s %s", name(e), e.Op.Kind(), op))
}
