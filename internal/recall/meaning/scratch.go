package meaning

// scratch is the memory of a search, used again by the next.
type scratch struct {
	docs   []uint32 // in sight, with a vector
	rows   []uint32 // of docs
	apart  []uint16 // of docs: signs that are not those of the question
	away   []uint16 // by document, where not all are compared: the same and 1, or nowhere
	place  []uint32 // by document: where it is in met, and 1; 0: it was not met
	met    met
	counts []int32        // by distance
	sample []uint32       // of met: those that say what is usual
	beside []surroundings // of the first of met
	byFar  []float32
	values histogram
}

// nowhere is what is not in sight, or has no vector.
const nowhere = 0

// met are the documents that were compared with the question, or will be.
type met struct {
	docs, rows []uint32
	own, whole []float32 // of those that were compared: how near they are, themselves and with what was said around them
}

// unknown is in place of how near something is as a whole: no cosine is so low.
const unknown = -9

// begin begins a search over so many documents.
func (s *scratch) begin(docs int) {
	if len(s.place) < docs {
		s.place = append(s.place, make([]uint32, docs+docs/8-len(s.place))...)
	}
	s.sample = s.sample[:0]
}

// end forgets what was met.
func (s *scratch) end() {
	m := &s.met
	for _, n := range m.docs {
		s.place[n] = 0
	}
	m.docs, m.rows, m.own, m.whole = m.docs[:0], m.rows[:0], m.own[:0], m.whole[:0]
}

// meet returns where document n, which has a vector in row, is in what was met.
func (s *scratch) meet(n, row uint32) (at uint32) {
	if s.place[n] == 0 {
		s.met.docs, s.met.rows = append(s.met.docs, n), append(s.met.rows, row)
		s.place[n] = uint32(len(s.met.docs))
	}
	return s.place[n] - 1
}
