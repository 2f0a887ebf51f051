package index

import (
	"encoding/binary"
	"slices"
)

// Ranked appends to hits the documents in sight that have a term, in order, those left
// out in which it is found and not ranked.
func (v *View) Ranked(hits []Hit, id uint32) []Hit {
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
		sees := seen[hot[doc].sight]
		if sees == 0 || count == 0 || sees == untilItExpires && v.Docs[doc].Expires <= v.now {
			continue
		}
		hits[at] = Hit{Doc: doc, Count: count}
		at++
	}
	return hits[:at]
}

// Union appends to out what two lists of hits have, each in order, with the counts of
// both added up where both have a document.
func Union(out, a, b []Hit) []Hit {
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
