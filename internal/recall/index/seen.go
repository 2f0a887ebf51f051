package index

import (
	"encoding/binary"
	"slices"
)

// ranked appends to hits the documents in sight that have a term, in order, those left
// out in which it is found and not ranked.
func (v *View) ranked(hits []Hit, id uint32) []Hit { return v.inSight(hits, id, 0) }

// having appends to hits the documents in sight that have a term, in order. Where it is
// found and not ranked, it counts as once.
func (v *View) having(hits []Hit, id uint32) []Hit { return v.inSight(hits, id, 1) }

// inSight appends those in sight of the postings of a term, in order; silent is what one
// counts as that counts 0, and 0 leaves it out.
func (v *View) inSight(hits []Hit, id, silent uint32) []Hit {
	t := &v.list[id]
	b, hot, seen := t.postings, v.hot, v.seen
	at := len(hits)
	hits = slices.Grow(hits, int(t.count))[:at+int(t.count)]
	doc := uint32(0)
	for i := 0; i < len(b); {
		gap := uint64(b[i])
		if gap < 0x80 {
			i++
		} else {
			long, n := binary.Uvarint(b[i:])
			gap = long
			i += n
		}
		doc += uint32(gap >> 1)
		count := uint32(1)
		if gap&1 != 0 {
			if count = uint32(b[i]); count < 0x80 {
				i++
			} else {
				long, n := binary.Uvarint(b[i:])
				count = uint32(long)
				i += n
			}
		}
		if count == 0 {
			count = silent
		}
		sees := seen[hot[doc].sight]
		if sees == 0 || count == 0 || sees == untilItExpires && v.Docs[doc].Expires <= v.now {
			continue
		}
		hits[at] = Hit{Doc: doc, Count: count}
		at++
	}
	return hits[:at]
}

// union appends to out what two lists of hits have, each in order, with the counts of
// both added up where both have a document.
func union(out, a, b []Hit) []Hit {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Doc < b[0].Doc:
			out = append(out, a[0])
			a = a[1:]
		case a[0].Doc > b[0].Doc:
			out = append(out, b[0])
			b = b[1:]
		default:
			out = append(out, Hit{a[0].Doc, a[0].Count + b[0].Count})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// Gatherer finds the documents that have one of several terms. Its memory is used again
// each time; its zero value is ready.
type Gatherer struct {
	hits, more []Hit
	ends       []int
}

// Ranked returns the documents in sight that have one of some terms, in order, with the
// counts of all of them, those left out in which they are found and not ranked. The hits
// are valid until the next call.
func (g *Gatherer) Ranked(v *View, terms []uint32) []Hit { return g.all(terms, v.ranked) }

// Having is Ranked with all that are found: where a term is not ranked, it counts as once.
func (g *Gatherer) Having(v *View, terms []uint32) []Hit { return g.all(terms, v.having) }

func (g *Gatherer) all(terms []uint32, of func([]Hit, uint32) []Hit) []Hit {
	g.hits, g.ends = g.hits[:0], g.ends[:0]
	for _, id := range terms {
		g.hits = of(g.hits, id)
		g.ends = append(g.ends, len(g.hits))
	}
	for len(g.ends) > 1 {
		g.join()
	}
	return g.hits
}

// join makes one of every two lists of hits, each of which ends where ends says.
func (g *Gatherer) join() {
	out, ends, from := g.more[:0], g.ends[:0], 0
	for i := 0; i < len(g.ends); i += 2 {
		middle, end := g.ends[i], g.ends[min(i+1, len(g.ends)-1)]
		out = union(out, g.hits[from:middle], g.hits[middle:end])
		ends, from = append(ends, len(out)), end
	}
	g.hits, g.more, g.ends = out, g.hits, ends
}
