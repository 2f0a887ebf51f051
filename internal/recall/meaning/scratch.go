package meaning

// scratch is the memory of a search, used again by the next.
type scratch struct {
	docs   []uint32 // in sight, with a vector
	rows   []uint32 // of docs
	apart  []uint16 // of docs: signs that are not those of the question
	away   []uint16 // by document, where not all are compared: the same and 1, or nowhere
	place  []uint32 // by document: where it is in met, and 1; 0: it was not met
	met    []met
	counts []int32        // by distance
	sample []uint32       // of met: those that say what is usual
	beside []surroundings // of the first of met
	byFar  []float32
	values histogram

	rowsNow []uint32
	cosines []float32
}

// nowhere is what is not in sight, or has no vector.
const nowhere = 0

// met is a document that was compared with the question, or will be.
type met struct {
	doc, row   uint32
	own, whole float32 // how near it is itself, and with what was said around it
	knows      bool    // whole
}

// begin begins a search over so many documents.
func (s *scratch) begin(docs int) {
	if len(s.place) < docs {
		s.place = append(s.place, make([]uint32, docs+docs/8-len(s.place))...)
	}
	s.sample = s.sample[:0]
}

// end forgets what was met.
func (s *scratch) end() {
	for i := range s.met {
		s.place[s.met[i].doc] = 0
	}
	s.met = s.met[:0]
}

// meet returns where document n, which has a vector in row, is in what was met.
func (s *scratch) meet(n, row uint32) (at uint32) {
	if s.place[n] == 0 {
		s.met = append(s.met, met{doc: n, row: row})
		s.place[n] = uint32(len(s.met))
	}
	return s.place[n] - 1
}
