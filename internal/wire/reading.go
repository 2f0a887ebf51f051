package wire

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"

	"github.com/tallystick/tallystick/internal/memory"
)

// Reading is heads with their digest, by which two nodes can tell that they mean the same.
// It has their encoding, too: from one reading to the next only some of many heads change,
// so that readings are compared, and made of others, by bytes. The zero value is none.
type Reading struct {
	Heads  memory.Heads  // not to be changed
	Digest memory.Digest // SHA-256 of the encoding of the heads
	encoded
}

// encoded are heads as they are encoded. Readings share what is the same.
type encoded struct {
	names []memory.Origin // in the order of their encodings
	code  []byte          // of each head, with its origin, one behind the other in that order
	ends  []uint32        // of each of them in code
}

// IsZero reports whether r is none.
func (r Reading) IsZero() bool { return r.Digest == memory.Digest{} }

// ReadingOf returns the reading that consists of h.
func ReadingOf(h memory.Heads) Reading {
	r := Reading{Heads: h, encoded: encodedOf(h)}
	r.Digest = r.sum()
	return r
}

// ReadingAfter is [ReadingOf] for heads that were read after those of another reading, and
// mostly are the same: what has changed is put into the encoding. It returns before, if
// nothing has.
func ReadingAfter(before Reading, h memory.Heads) Reading {
	if before.IsZero() || len(before.names) != len(h) {
		return ReadingOf(h)
	}
	r := Reading{Heads: h} // without names before the first change
	var scratch [2 * aboutHead]byte
	for i, o := range before.names {
		head, still := h[o]
		if !still {
			return ReadingOf(h)
		}
		now := appendHead(appendText(scratch[:0], o), head)
		if r.names == nil {
			if bytes.Equal(now, before.at(i)) {
				continue
			}
			r.encoded = room(before.names, len(h), len(before.code))
			r.code, r.ends = append(r.code, before.code[:before.start(i)]...), append(r.ends, before.ends[:i]...)
		}
		r.add(now)
	}
	if r.names == nil {
		return before
	}
	r.Digest = r.sum()
	return r
}

func encodedOf(h memory.Heads) encoded {
	e := room(inOrder(h), len(h), aboutHead*len(h))
	for _, o := range e.names {
		e.code = appendHead(appendText(e.code, o), h[o])
		e.ends = append(e.ends, uint32(len(e.code)))
	}
	return e
}

// room has room for n heads, that take about so many bytes.
func room(names []memory.Origin, n, size int) encoded {
	return encoded{names: names, code: make([]byte, 0, size+2*aboutHead), ends: make([]uint32, 0, n)}
}

// add appends the encoding of a head.
func (e *encoded) add(code []byte) {
	e.code = append(e.code, code...)
	e.ends = append(e.ends, uint32(len(e.code)))
}

// at is the encoding of a head, with its origin.
func (e *encoded) at(i int) []byte { return e.code[e.start(i):e.ends[i]] }

func (e *encoded) start(i int) uint32 {
	if i == 0 {
		return 0
	}
	return e.ends[i-1]
}

// append appends the encoding of all.
func (e *encoded) append(b []byte) []byte {
	return append(appendItem(b, majorMap, uint64(len(e.ends))), e.code...)
}

func (e *encoded) sum() (d memory.Digest) {
	var start [9]byte
	h := sha256.New()
	h.Write(appendItem(start[:0], majorMap, uint64(len(e.ends))))
	h.Write(e.code)
	h.Sum(d[:0])
	return d
}

// since says which heads base has not, or has otherwise, and which origins only base has.
func (e *encoded) since(base *encoded) (changed []int, gone []memory.Origin) {
	changed = make([]int, 0, len(e.ends))
	i, j := 0, 0
	for i < len(e.ends) || j < len(base.ends) {
		var order int
		switch {
		case j == len(base.ends):
			order = -1
		case i == len(e.ends):
			order = 1
		case bytes.Equal(e.at(i), base.at(j)):
			i++
			j++
			continue
		default:
			order = compareText(e.names[i], base.names[j])
		}
		if order <= 0 {
			changed = append(changed, i)
			i++
		} else {
			gone = append(gone, base.names[j])
		}
		if order >= 0 {
			j++
		}
	}
	return changed, gone
}

// difference is what a reading has that another one has not, as it is read from a message.
type difference struct {
	encoded // of heads that are not the same in the other one; without names
	heads   []memory.Head
	gone    []memory.Origin // that are only there, in order
}

// read reads heads in their order, and keeps their bytes as their encoding.
func (d *difference) read(r *items) {
	n := r.count(majorMap, MaxOrigins)
	d.heads, d.ends = make([]memory.Head, n), make([]uint32, n)
	all, last := r.rest, []byte(nil)
	for i := range n {
		from := r.rest
		r.letters()
		origin := from[:len(from)-len(r.rest)]
		if bytes.Compare(last, origin) >= 0 {
			r.fail()
		}
		last = origin
		d.heads[i] = r.head()
		d.ends[i] = uint32(len(all) - len(r.rest))
	}
	d.code = all[:len(all)-len(r.rest)]
}

// name is the origin of a head.
func (d *difference) name(i int) memory.Origin {
	r := items{rest: d.at(i)}
	return memory.Origin(r.bytes(majorText))
}

// whole are the heads of d, which are all.
func (d *difference) whole() memory.Heads {
	out := make(memory.Heads, len(d.heads))
	for i, h := range d.heads {
		out[d.name(i)] = h
	}
	return out
}

// merge puts together what differs from base by a difference.
type merge struct {
	Reading
	base  *Reading
	d     *difference
	next  int    // of the heads of d that were not put in
	name  []byte // of its origin
	gone  int    // of those of d that were found in base
	other bool   // the names are no longer those of base
}

// on returns what differs from base by d, if d is the difference to it: there is only one.
func (d *difference) on(base *Reading) (Reading, error) {
	m := merge{base: base, d: d}
	m.Heads, m.encoded = maps.Clone(base.Heads), room(nil, max(len(base.ends), len(d.ends)), max(len(base.code), len(d.code)))
	if m.Heads == nil {
		m.Heads = memory.Heads{}
	}
	m.read()
	for j, name := range base.names {
		if err := m.insert(j, name); err != nil {
			return Reading{}, err
		}
		if err := m.take(j, name); err != nil {
			return Reading{}, err
		}
	}
	if err := m.insert(len(base.names), ""); err != nil {
		return Reading{}, err
	}
	if m.gone < len(d.gone) {
		return Reading{}, noDifference()
	}
	if !m.other {
		m.names = base.names
	}
	m.Digest = m.sum()
	return m.Reading, nil
}

func noDifference() error {
	return invalid("a difference that does not lead to the reading that is meant")
}

// read looks at the next head of d.
func (m *merge) read() {
	if m.next < len(m.d.ends) {
		r := items{rest: m.d.at(m.next)}
		m.name = r.bytes(majorText)
	}
}

// order compares the origin of the next head of d with another one, as encodings.
func (m *merge) order(name memory.Origin) int {
	switch {
	case len(m.name) != len(name):
		return len(m.name) - len(name)
	case string(m.name) == string(name):
		return 0
	case string(m.name) < string(name):
		return -1
	}
	return 1
}

// insert puts in the heads of d that come before an origin, which is the j-th of base, or
// before the end: base does not have those.
func (m *merge) insert(j int, before memory.Origin) error {
	for m.next < len(m.d.ends) && (before == "" || m.order(before) < 0) {
		name := memory.Origin(m.name)
		if err := name.Valid(); err != nil {
			return err
		}
		m.part(j)
		if err := m.put(name); err != nil {
			return err
		}
	}
	return nil
}

// take puts in what there is of the j-th origin of base.
func (m *merge) take(j int, name memory.Origin) error {
	switch is := m.next < len(m.d.ends) && m.order(name) == 0; {
	case is && bytes.Equal(m.d.at(m.next), m.base.at(j)):
		return noDifference() // nothing has changed there
	case is:
		return m.put(name)
	case m.gone < len(m.d.gone) && m.d.gone[m.gone] == name:
		m.part(j)
		m.gone++
		delete(m.Heads, name)
	default:
		m.call(name)
		m.add(m.base.at(j))
	}
	return nil
}

// put puts in the next head of d.
func (m *merge) put(name memory.Origin) error {
	h := m.d.heads[m.next]
	if err := checkHead(h); err != nil {
		return fmt.Errorf("head of %s: %w", name, err)
	}
	m.call(name)
	m.add(m.d.at(m.next))
	m.Heads[name] = h
	m.next++
	m.read()
	return nil
}

// part has names that are not those of base any more, from the j-th on.
func (m *merge) part(j int) {
	if !m.other {
		m.other, m.names = true, append(make([]memory.Origin, 0, len(m.base.names)+len(m.d.ends)), m.base.names[:j]...)
	}
}

// call appends a name, unless they are those of base.
func (m *merge) call(name memory.Origin) {
	if m.other {
		m.names = append(m.names, name)
	}
}
