package rank

import (
	"cmp"
	"slices"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// scratch is the memory of one query, used again by the next. What is known of a
// document is cleared behind each query, as it was touched; what is known of sessions
// is told from leftovers by epochs.
type scratch struct {
	stemmer  *text.Stemmer
	gatherer index.Gatherer
	hits     []index.Hit // of the word at hand

	epoch    uint32    // of the word at hand
	query    uint32    // the epoch at which the query began
	cells    []cell    // by document
	grams    []float32 // by document: score of pieces of words, if any were compared
	pieced   bool
	now      []uint32
	touched  []uint32
	ahead    []place    // of touched
	sess     []sessCell // by session
	sessNow  []uint32
	sessions []uint32

	// Where the best are wanted:
	found  []wordHits
	union  index.Set
	bounds [window]float32 // what words add at most to the documents of the window at hand
	bests  []float64       // what the best come up to at least
	left   []uint32        // what may be one of them
}

// cell is what a query knows of a document.
type cell struct {
	pool  float32 // count of the word at hand; 0 between two words
	words float32 // score of the words so far; 0: it has none
}

// sessCell is what a query knows of a session.
type sessCell struct {
	pool  float32
	score float32 // once all words are added up: what the part of a document has of it
	gate  float32 // how much of that counts, as long as what is said in it is
	mark  uint32
	seen  uint32
}

// reset begins a query over so many documents and sessions.
func (s *scratch) reset(docs, sessions int) {
	const maxEpoch = 1 << 31
	if s.epoch > maxEpoch {
		clear(s.sess)
		s.epoch = 0
	}
	if len(s.cells) < docs {
		s.cells = append(s.cells, make([]cell, docs+docs/8-len(s.cells))...)
	}
	if len(s.sess) < sessions {
		s.sess = append(s.sess, make([]sessCell, sessions+sessions/8+1-len(s.sess))...)
	}
	s.epoch++
	s.query = s.epoch
	s.touched, s.sessions = s.touched[:0], s.sessions[:0]
}

// clear forgets what is known of documents.
func (s *scratch) clear() {
	for _, n := range s.touched {
		s.cells[n] = cell{}
	}
	if s.pieced {
		for _, n := range s.touched {
			s.grams[n] = 0
		}
	}
	s.touched, s.pieced = s.touched[:0], false
}

// rest gives back the memory of what common words have found, of which there may be much.
func (s *scratch) rest() {
	const least, ofDocuments = 1 << 15, 8
	for i := range s.found {
		w := &s.found[i]
		w.left, w.now = nil, nil
		if cap(w.hits) > max(least, len(s.cells)/ofDocuments) {
			w.hits = nil
		}
	}
}

// ahead is how many of the candidates are brought first.
const ahead = 64

// first returns the most that the words of a document have added up to, and puts the
// documents with the most in front of the others: once these are compared, nearly all
// of the others are left out at a glance.
func (s *scratch) first() (most float32) {
	s.ahead = s.ahead[:0]
	least := float32(0)
	for at, n := range s.touched {
		words := s.cells[n].words
		if words <= least {
			continue
		}
		most = max(most, words)
		s.ahead = append(s.ahead, place{words, at})
		if len(s.ahead) == 2*ahead {
			slices.SortFunc(s.ahead, func(a, b place) int { return cmp.Compare(b.words, a.words) })
			s.ahead = s.ahead[:ahead]
			least = s.ahead[ahead-1].words
		}
	}
	slices.SortFunc(s.ahead, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	for i, p := range s.ahead {
		s.touched[i], s.touched[p.at] = s.touched[p.at], s.touched[i]
	}
	return most
}

// place is where a candidate is.
type place struct {
	words float32
	at    int
}
