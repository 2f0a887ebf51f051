package wire

import (
	"bytes"
	"crypto/sha256"
	"maps"

	"github.com/tallystick/tallystick/internal/memory"
)

// Reading is heads with their digest, by which two nodes can tell that they mean the same.
// It has their encoding, too: of many heads few change from one reading to the next, so
// that readings are compared, and made of others, by bytes. The zero value is none.
type Reading struct {
	Heads  memory.Heads  // of [ReadingOf], or of a message; not to be changed
	Digest memory.Digest // SHA-256 of the encoding of the heads

	code []byte   // the encoding of each head, with its origin, one behind the other in order
	ends []uint32 // of each of them in code
}

// IsZero reports whether r is none.
func (r Reading) IsZero() bool { return r.Digest == memory.Digest{} }

// ReadingOf returns the reading that consists of h.
func ReadingOf(h memory.Heads) Reading {
	r := readingOf(h)
	r.Digest = r.sum()
	return r
}

// ReadingAfter is [ReadingOf] for heads that were read after those of another reading, and
// mostly are the same: what has changed is put into the encoding. It returns before, if
// nothing has.
func ReadingAfter(before Reading, h memory.Heads) Reading {
	if len(before.ends) != len(h) {
		return ReadingOf(h)
	}
	var r Reading // none before the first change
	var scratch [2 * aboutHead]byte
	for i := range before.ends {
		was := before.at(i)
		origin := originIn(was)
		head, still := h[memory.Origin(textOf(origin))]
		if !still {
			return ReadingOf(h)
		}
		now := appendHead(append(scratch[:0], origin...), head)
		if len(r.ends) == 0 {
			if bytes.Equal(now, was) {
				continue
			}
			r = room(h, len(before.code), len(h))
			r.code, r.ends = append(r.code, before.code[:before.start(i)]...), append(r.ends, before.ends[:i]...)
		}
		r.copy(now)
	}
	if len(r.ends) == 0 {
		return before
	}
	r.Digest = r.sum()
	return r
}

// readingOf has no digest yet.
func readingOf(h memory.Heads) Reading {
	r := room(h, aboutHead*len(h), len(h))
	var origin []byte
	for _, o := range inOrder(h) {
		origin = appendText(origin[:0], o)
		r.add(origin, h[o])
	}
	return r
}

func room(h memory.Heads, size, n int) Reading {
	return Reading{Heads: h, code: make([]byte, 0, size+aboutHead), ends: make([]uint32, 0, n+1)}
}

// add appends a head to the encoding, behind the encoding of its origin.
func (r *Reading) add(origin []byte, h memory.Head) { r.end(appendHead(append(r.code, origin...), h)) }

// copy appends an encoded head.
func (r *Reading) copy(code []byte) { r.end(append(r.code, code...)) }

func (r *Reading) end(code []byte) { r.code, r.ends = code, append(r.ends, uint32(len(code))) }

// at is the encoding of a head, with its origin.
func (r *Reading) at(i int) []byte { return r.code[r.start(i):r.ends[i]] }

func (r *Reading) start(i int) uint32 {
	if i == 0 {
		return 0
	}
	return r.ends[i-1]
}

// origin is the encoding of the origin of a head.
func (r *Reading) origin(i int) []byte { return originIn(r.at(i)) }

// originIn is the encoding of the origin that is in front of a head.
func originIn(head []byte) []byte {
	rest := items{rest: head}
	rest.bytes(majorText)
	return head[:len(head)-len(rest.rest)]
}

// textOf is the text in the encoding of one.
func textOf(code []byte) []byte {
	r := items{rest: code}
	return r.bytes(majorText)
}

// append appends the encoding of the heads.
func (r *Reading) append(b []byte) []byte {
	return append(appendItem(b, majorMap, uint64(len(r.ends))), r.code...)
}

func (r *Reading) sum() (d memory.Digest) {
	h := sha256.New()
	h.Write(appendItem(nil, majorMap, uint64(len(r.ends))))
	h.Write(r.code)
	h.Sum(d[:0])
	return d
}

// difference is what a reading has that another one has not.
type difference struct {
	heads Reading  // that are not the same in the other one; without digest
	gone  [][]byte // the encodings of the origins that are only there, in order
}

// since returns the difference of r to base. It has no heads but encoded ones.
func (r *Reading) since(base *Reading) difference {
	var d difference
	i, j := 0, 0
	for i < len(r.ends) || j < len(base.ends) {
		var order int
		switch {
		case j == len(base.ends):
			order = -1
		case i == len(r.ends):
			order = 1
		case bytes.Equal(r.at(i), base.at(j)):
			i++
			j++
			continue
		default:
			order = bytes.Compare(r.origin(i), base.origin(j))
		}
		if order <= 0 {
			d.heads.copy(r.at(i))
			i++
		} else {
			d.gone = append(d.gone, base.origin(j))
		}
		if order >= 0 {
			j++
		}
	}
	return d
}

// on returns what differs from base by d, and whether d is the difference to it: there is
// only one.
func (d *difference) on(base *Reading) (r Reading, is bool) {
	r = room(nil, len(base.code)+len(d.heads.code), len(base.ends)+len(d.heads.ends))
	next, gone := 0, 0
	for j := range base.ends {
		was, order := base.at(j), 1
		origin := originIn(was)
		for ; next < len(d.heads.ends); next++ {
			if order = bytes.Compare(d.heads.origin(next), origin); order >= 0 {
				break
			}
			r.copy(d.heads.at(next))
		}
		switch {
		case order == 0 && bytes.Equal(d.heads.at(next), was):
			return r, false // nothing has changed there
		case order == 0:
			r.copy(d.heads.at(next))
			next++
		case gone < len(d.gone) && bytes.Equal(d.gone[gone], origin):
			gone++
		default:
			r.copy(was)
		}
	}
	for ; next < len(d.heads.ends); next++ {
		r.copy(d.heads.at(next))
	}
	if gone < len(d.gone) {
		return r, false
	}
	r.Heads = maps.Clone(base.Heads)
	if r.Heads == nil {
		r.Heads = memory.Heads{}
	}
	for _, origin := range d.gone {
		delete(r.Heads, memory.Origin(textOf(origin)))
	}
	maps.Copy(r.Heads, d.heads.Heads)
	r.Digest = r.sum()
	return r, true
}

// headsOf reads heads, and keeps their bytes as their encoding.
func headsOf(r *items) (read Reading) {
	n := r.count(majorMap, MaxOrigins)
	read.Heads, read.ends = make(memory.Heads, n), make([]uint32, 0, n)
	all, last := r.rest, []byte(nil)
	for range n {
		from := r.rest
		name := r.text()
		origin := from[:len(from)-len(r.rest)]
		if bytes.Compare(last, origin) >= 0 {
			r.fail()
		}
		last = origin
		read.Heads[memory.Origin(name)] = r.head()
		read.ends = append(read.ends, uint32(len(all)-len(r.rest)))
	}
	read.code = all[:len(all)-len(r.rest)]
	return read
}

// goneOf are the encodings of origins.
func goneOf(origins []memory.Origin) [][]byte {
	gone := make([][]byte, len(origins))
	for i, o := range origins {
		gone[i] = appendText(nil, o)
	}
	return gone
}
