package meaning

import (
	"github.com/tallystick/tallystick/internal/model/vectors"
	"github.com/tallystick/tallystick/internal/recall/index"
)

// surroundings are a document and what was said around it, with how much of each
// counts.
type surroundings struct {
	at     [5]uint32 // of what was met
	weight [5]float32
	n      int32
}

// around finds what was said around what was met there, and meets that.
func (s *search) around(at int, out *surroundings) {
	n := s.met.docs[at]
	out.at[0], out.weight[0], out.n = uint32(at), 1, 1
	d := &s.v.Turns[n]
	if d.Session == index.None {
		return
	}
	gate := s.v.Gate(n)
	w := &s.arm.weights
	if d.Prev != index.None {
		of, weight := s.v.Gate(d.Prev), w.Before[0]
		if s.v.Flags(d.Prev)&index.Asks != 0 {
			weight = w.Answer*of + weight*(1-of)
		}
		s.add(out, d.Prev, weight*gate*of)
		if before := s.v.Turns[d.Prev].Prev; before != index.None {
			s.add(out, before, w.Before[1]*gate*s.v.Gate(before))
		}
	}
	if d.Next != index.None {
		s.add(out, d.Next, w.After[0]*gate*s.v.Gate(d.Next))
		if after := s.v.Turns[d.Next].Next; after != index.None {
			s.add(out, after, w.After[1]*gate*s.v.Gate(after))
		}
	}
}

func (s *search) add(out *surroundings, n uint32, weight float32) {
	at := s.place[n]
	if at == 0 { // what was met is in sight, and has a vector
		if at = s.meetSeen(n); at == 0 {
			return
		}
	}
	out.at[out.n], out.weight[out.n] = at-1, weight
	out.n++
}

// meetSeen meets document n if it is in sight and has a vector. It returns its place.
func (s *search) meetSeen(n uint32) uint32 {
	if !s.v.See(n) {
		return 0
	}
	if row := s.space.row(s.v, n); row != vectors.None {
		s.meet(n, row)
	}
	return s.place[n]
}

// meetAround meets what was said around document n.
func (s *search) meetAround(n uint32) {
	turns := s.v.Turns
	d := &turns[n]
	if d.Prev != index.None {
		s.meetAnother(d.Prev)
		s.meetAnother(turns[d.Prev].Prev)
	}
	if d.Next != index.None {
		s.meetAnother(d.Next)
		s.meetAnother(turns[d.Next].Next)
	}
}

func (s *search) meetAnother(n uint32) {
	if n != index.None && s.place[n] == 0 {
		s.meetSeen(n)
	}
}
