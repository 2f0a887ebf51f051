package index

// Size is how many bytes an index takes, by what for.
type Size struct {
	Documents int64
	Streams   int64
	Postings  int64
	Terms     int64
	IDs       int64
}

// Total is the sum.
func (s Size) Total() int64 { return s.Documents + s.Streams + s.Postings + s.Terms + s.IDs }

// Size returns how many bytes the index takes, nearly.
func (x *Index) Size() Size {
	x.mu.RLock()
	defer x.mu.RUnlock()
	d := x.data
	out := Size{
		Documents: int64(cap(d.docs))*docBytes + int64(cap(d.hot))*hotBytes + int64(cap(d.turns))*turnBytes,
		Terms:     d.terms.bytes() + int64(cap(d.stems))*4 + int64(cap(d.list))*termBytes,
		IDs:       d.ids.bytes() + int64(cap(d.docOf))*4,
	}
	out.Documents += int64(cap(d.short)) + int64(cap(d.spans))*8 + int64(cap(d.expiry))*4 + int64(cap(d.session))*sessionBytes + d.sessions.bytes()
	for i := range d.space {
		out.Documents += int64(cap(d.space[i].docs)) * 4
	}
	for _, list := range d.tagged {
		out.Documents += int64(cap(list)) * 4
	}
	for _, b := range d.stream.blocks {
		out.Streams += int64(cap(b))
	}
	out.Postings = d.postings.bytes() + d.columns.bytes() + d.visible.bytes()
	return out
}

// What the structures take, as the compiler lays them out.
const (
	docBytes     = 40
	hotBytes     = 16
	turnBytes    = 12
	termBytes    = 24
	sessionBytes = 40
)

func (d *dict) bytes() int64 {
	return int64(cap(d.arena)) + 4*int64(cap(d.ends)) + 5*int64(cap(d.slots))
}
