package meaning

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/model/vectors"
	"github.com/tallystick/tallystick/internal/recall/index"
)

// Space is a model and the vectors that it has made of memories. It is safe for
// concurrent use.
type Space struct {
	cfg   Config
	turns chan struct{} // so many questions at a time: more would be late all together
	at    atomic.Uint64 // position of the log that it has everything up to
	full  atomic.Bool   // it has once had everything

	mu         sync.RWMutex
	set        *vectors.Set
	generation index.Generation // of the keys below
	rowOf      []uint32         // by key of the index of words; [vectors.None]
	keyOf      []uint32         // by row
	lost       map[string]bool  // ids with a row and without a key
	tried      int              // documents of the index when that was last seen to; -1: anew
	norms      []atomic.Uint64  // by row: what a length was computed for, and the length
	gone       map[string]bool  // erased: whatever is still to come of it, it gets no vector
	late       late
	changes    uint64 // of the set, since the space was made

	file   sync.Mutex // held while the file is written or removed; before mu
	saved  state
	when   time.Time
	erased bool // something that was in the file

	seen map[string]bool // while it begins anew: what the log has; of the goroutine that applies
}

// state tells apart what files of vectors have.
type state struct {
	progress vectors.Progress
	changes  uint64
}

// NewSpace returns a space without vectors.
func NewSpace(cfg Config) *Space {
	if cfg.Turns == 0 {
		cfg.Turns = max(1, runtime.GOMAXPROCS(0))
	}
	return &Space{cfg: cfg, turns: make(chan struct{}, cfg.Turns), set: vectors.New(cfg.Embedder.Width()), lost: map[string]bool{}, gone: map[string]bool{}, tried: -1}
}

// Status is how far a space is.
type Status struct {
	Name    string
	Vectors int
	Bytes   int64 // of memory, beside those of the model
	Full    bool  // it has once had all memories: from then on it answers before those that have not
}

// Status says how far the space is.
func (s *Space) Status() Status {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Status{Name: s.cfg.Name, Vectors: s.set.Len(), Bytes: s.set.Bytes() + int64(4*len(s.rowOf)+4*len(s.keyOf)+8*len(s.norms)), Full: s.full.Load()}
}

// drop forgets the vector of a memory, and reports whether there was one.
func (s *Space) drop(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.late.after, id)
	row, _, ok := s.set.Row(id)
	if !ok {
		return false
	}
	if int(row) < len(s.keyOf) && s.keyOf[row] != index.None {
		s.rowOf[s.keyOf[row]], s.keyOf[row] = vectors.None, index.None
	}
	delete(s.lost, id)
	s.changes++
	return s.set.Drop(id)
}

// locate finds out which documents the vectors are of.
func (s *Space) locate(v *index.View) {
	s.mu.RLock()
	known := s.generation == v.Generation() && (len(s.lost) == 0 || s.tried == len(v.Docs))
	s.mu.RUnlock()
	if known {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation != v.Generation() {
		s.generation = v.Generation()
		s.rowOf, s.keyOf, s.norms = nil, nil, nil
		for _, id := range s.set.Rows {
			s.lost[id] = true
		}
	}
	for id := range s.lost {
		key, ok := v.Key(id)
		if !ok {
			continue // the index is behind
		}
		row, _, _ := s.set.Row(id)
		s.grow(int(key)+1, int(row)+1)
		s.rowOf[key], s.keyOf[row] = row, key
		delete(s.lost, id)
	}
	s.tried = len(v.Docs)
}

// grow makes room for so many keys and rows.
func (s *Space) grow(keys, rows int) {
	for keys > len(s.rowOf) {
		s.rowOf = append(s.rowOf, vectors.None)
	}
	for len(s.keyOf) < rows {
		s.keyOf = append(s.keyOf, index.None)
	}
	if rows <= len(s.norms) {
		return
	}
	norms := make([]atomic.Uint64, rows+rows/8)
	for i := range s.norms {
		norms[i].Store(s.norms[i].Load())
	}
	s.norms = norms
}

// row returns the row of document n of v; [vectors.None] if it has none.
func (s *Space) row(v *index.View, n uint32) uint32 {
	if key := int(v.KeyOf(n)); key < len(s.rowOf) {
		return s.rowOf[key]
	}
	return vectors.None
}
