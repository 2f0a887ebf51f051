package index

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
)

// Column has how often a word is in each document, in half a byte: what a common word
// says of a document that another one has found costs one look, and not a way through its
// postings. It has documents that are gone, and such as are out of sight.
type Column struct {
	terms  []uint32 // of the word
	halves []byte   // of two documents each; those behind the last one do not have the word
	over   []Hit    // those that have it more often than half a byte says, in order
}

const (
	// Many is from how many times on that a column tells no counts apart at a glance.
	Many = 15
	// A word has a column if one in commonIn documents has it, and there are leastColumn of
	// these: its postings take more than its column then, or nearly.
	commonIn    = 8
	leastColumn = 256
	// maxColumns bounds what they take, which is half a byte of each document for each.
	maxColumns = 64
	// manyTerms is of how many terms a word has no column: it is a character of a dense
	// script, and they are of other words, too.
	manyTerms = 16
)

// Glance is how often document n has the word, [Many] for that or more often. Where it is
// found and not ranked, it counts as once.
func (c *Column) Glance(n uint32) uint32 {
	if at := int(n >> 1); at < len(c.halves) {
		return uint32(c.halves[at]>>(n&1*4)) & Many
	}
	return 0
}

// Abreast is how many documents [Column.Glances] tells of.
const Abreast = 16

// Glances is what Glance says of so many documents from n on, which is a multiple of that:
// half a byte of each, the first in the lowest.
func (c *Column) Glances(n uint32) uint64 {
	at := int(n >> 1)
	if at+8 <= len(c.halves) {
		return binary.LittleEndian.Uint64(c.halves[at:])
	}
	var last [8]byte
	if at < len(c.halves) {
		copy(last[:], c.halves[at:])
	}
	return binary.LittleEndian.Uint64(last[:])
}

// Count is Glance that tells all counts apart.
func (c *Column) Count(n uint32) uint32 {
	count := c.Glance(n)
	if count < Many {
		return count
	}
	i, _ := slices.BinarySearchFunc(c.over, n, func(h Hit, n uint32) int { return cmp.Compare(h.Doc, n) })
	return c.over[i].Count
}

// Docs is the number of documents that it says something of, from 0 on: further ones do
// not have the word.
func (c *Column) Docs() int { return 2 * len(c.halves) }

// add notes that document n has the word so often more. No document behind it has it yet.
func (c *Column) add(n, count uint32) {
	if more := int(n>>1) + 1 - len(c.halves); more > 0 {
		c.halves = append(c.halves, make([]byte, more)...)
	}
	before := c.Count(n)
	if count += before; count >= Many {
		if before >= Many {
			c.over = c.over[:len(c.over)-1]
		}
		c.over = append(c.over, Hit{Doc: n, Count: count})
	}
	c.halves[n>>1] += byte(min(count, Many)-min(before, Many)) << (n & 1 * 4)
}

// columns are those of common words. They are made when somebody looks for the word, and
// go on when documents come.
type columns struct {
	mu sync.Mutex         // of those who look: who changes the index is alone
	of map[uint32]*Column // by each of the terms
	n  int
}

// get returns the column of some terms, and makes it if there is none and there is room.
func (c *columns) get(x *data, terms []uint32) (Column, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.of[terms[0]]
	if of == nil || !slices.Equal(of.terms, terms) {
		for _, id := range terms { // the word has been used in another language since
			c.drop(c.of[id])
		}
		if !c.room(x) {
			return Column{}, false
		}
		of = columnOf(x, terms)
		c.put(of)
	}
	return *of, true
}

// columnOf makes the column of some terms.
func columnOf(x *data, terms []uint32) *Column {
	counts := make([]uint32, len(x.docs))
	for _, id := range terms {
		doc := uint32(0)
		for b := x.postings.get(x.list[id].postings); len(b) > 0; {
			var count uint32
			doc, count, b = posting(doc, b)
			counts[doc] += max(count, 1)
		}
	}
	c := &Column{terms: slices.Clone(terms), halves: make([]byte, 0, (len(counts)+len(counts)/16)/2+1)}
	for n, count := range counts {
		if count > 0 {
			c.add(uint32(n), count)
		}
	}
	return c
}

// room reports whether there is room for one more, and makes it if there are some whose
// words have become rare.
func (c *columns) room(x *data) bool {
	if c.n < maxColumns {
		return true
	}
	for _, of := range c.of {
		if x.total(of.terms) < len(x.docs)/(2*commonIn) {
			c.drop(of)
		}
	}
	return c.n < maxColumns
}

func (c *columns) put(of *Column) {
	if c.of == nil {
		c.of = map[uint32]*Column{}
	}
	for _, id := range of.terms {
		c.of[id] = of
	}
	c.n++
}

func (c *columns) drop(of *Column) {
	if of == nil {
		return
	}
	for _, id := range of.terms {
		delete(c.of, id)
	}
	c.n--
}

// add notes a posting in the column of its word, if there is one.
func (c *columns) add(id, n uint32, count uint64) {
	if of := c.of[id]; of != nil {
		of.add(n, uint32(max(count, 1)))
	}
}

func (c *columns) bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int64(0)
	for id, of := range c.of {
		if id == of.terms[0] {
			n += int64(cap(of.halves)) + 8*int64(cap(of.over))
		}
	}
	return n
}
