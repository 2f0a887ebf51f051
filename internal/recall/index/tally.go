package index

import "math/bits"

// tally counts the terms of one document after the other. Its zero value is ready.
type tally struct {
	list  []tallied
	slots []uint32 // by hash of a term: where in list it is, from 1; 0 is free
	read  byte     // of fetch: what nobody uses would not be read
}

type tallied struct {
	term, n uint32
	gap     uint32  // from the last document that has it, once that is known
	at      bytesAt // its postings, likewise
}

// add counts a term so often more.
func (t *tally) add(term, n uint32) {
	if 2*len(t.list) >= len(t.slots) {
		t.grow()
	}
	at := t.slot(term)
	for ; t.slots[at] != 0; at = (at + 1) & (len(t.slots) - 1) {
		if c := &t.list[t.slots[at]-1]; c.term == term {
			c.n += n
			return
		}
	}
	t.list = append(t.list, tallied{term: term, n: n})
	t.slots[at] = uint32(len(t.list))
}

// slot is where a term is, or one of the next: terms that came together have numbers
// that are near each other.
func (t *tally) slot(term uint32) int {
	return int(term * 0x9E3779B1 >> bits.LeadingZeros32(uint32(len(t.slots)-1)))
}

func (t *tally) grow() {
	t.slots = make([]uint32, max(256, 2*len(t.slots)))
	for i, c := range t.list {
		at := t.slot(c.term)
		for t.slots[at] != 0 {
			at = (at + 1) & (len(t.slots) - 1)
		}
		t.slots[at] = uint32(i + 1)
	}
}

// fetch reads the ends of the lists that will grow, one behind the other: the processor
// fetches them from memory at the same time then, and not each when it is its turn.
func (t *tally) fetch(from *slabs) {
	for i := range t.list {
		if b := from.get(t.list[i].at); len(b) > 0 {
			t.read += b[len(b)-1]
		}
	}
}

// reset makes it empty. It keeps no memory for more terms than most documents have.
func (t *tally) reset() {
	if len(t.slots) > 1<<12 {
		*t = tally{}
		return
	}
	t.list = t.list[:0]
	clear(t.slots)
}
