package search

import (
	"math"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// common answers a query of words alone of which all have columns, but for one at most:
// each document that has this one, or any, is looked at once, and left out as soon as its
// words do not come up to the last of the best. It is false for all other queries. The
// answer is that of [run.selected] and [run.best], without the set between the two.
func (r *run) common(q *Query, limit int) (found []scored, ok bool) {
	if len(q.must) == 0 || len(q.not) > 0 || len(q.notTags) > 0 {
		return nil, false
	}
	columns, rare, few := make([]index.Column, len(q.must)), -1, []uint32(nil)
	for i := range q.must {
		c := &q.must[i]
		if len(c.words) != 1 || len(c.wholes) > 0 {
			return nil, false
		}
		terms := r.Exact(c.words[0])
		if columns[i], ok = r.Column(terms); !ok {
			if rare >= 0 {
				return nil, false
			}
			rare, few = i, terms
		}
	}
	words := make([]word, len(columns))
	l := look{top: r.begin(limit), columns: columns, words: words, all: evenly(words), rare: rare}
	if rare >= 0 {
		for _, h := range r.gather.Having(r.View, few) {
			l.at(h.Doc, h.Count)
		}
		return l.end(), true
	}
	docs := len(r.Docs)
	for i := range columns {
		docs = min(docs, columns[i].Docs())
	}
	if len(columns) == 2 {
		l.two(docs)
	} else {
		for n := range uint32(docs) {
			l.at(n, 0)
		}
	}
	return l.end(), true
}

// look is common at work.
type look struct {
	top

	columns []index.Column
	words   []word
	all     float32
	rare    int // the word without a column; -1: there is none
	lengths [lengthsTold]atLength
}

// Lengths of documents are told apart from the one on that counts, a step at a time.
const (
	lengthsTold = 16
	lengthStep  = 4
)

// atLength is what words add at most to documents that are at least so long.
type atLength struct {
	most [][countsTold]float32 // by word and by how often it occurs; nil: not worked out yet

	corners corners // of two words
	least   float32 // of which they are
}

// around is what words add at most to document n, and to those around it.
func (l *look) around(n uint32) *atLength {
	step := min(max(0, int(l.Shortest(n))-pivot)/lengthStep, lengthsTold-1)
	x := &l.lengths[step]
	if x.most == nil {
		x.least = float32(math.NaN())
		x.most = make([][countsTold]float32, len(l.words))
		for i := range l.words {
			l.words[i].limits(l.all, uint16(pivot+step*lengthStep))
			x.most[i] = l.words[i].most
			x.most[i][0] = float32(math.Inf(-1)) // which comes up to nothing: all must occur
		}
	}
	return x
}

// two looks at so many documents for two words: it is at, for what most searches are. So
// many at a time are left out if none of them has both words often enough.
func (l *look) two(docs int) {
	a, b := &l.columns[0], &l.columns[1]
	for from := uint32(0); int(from) < docs; from += index.Abreast {
		x := l.around(from)
		first, second := &x.most[0], &x.most[1]
		if l.least != x.least {
			x.least = l.least
			x.corners.find(first, second, x.least)
		}
		if !x.corners.any(a.Glances(from), b.Glances(from)) {
			continue
		}
		for n := from; n < min(from+index.Abreast, uint32(docs)); n++ {
			if first[a.Glance(n)]+second[b.Glance(n)] >= l.least {
				l.at(n, 0)
			}
		}
	}
}

// corners are pairs of counts of two words, of which a document must have one, or more of
// each, to come up to something. A count is there eight times, once in each byte, as what
// must be added for the highest bit to be set where there are so many.
type corners struct {
	pairs [index.Many + 1][2]uint64
	n     int
}

const (
	inEachByte = 0x0101010101010101
	lowHalves  = 0x0f * inEachByte
	highest    = 0x80 * inEachByte
)

// find makes them those of two words that add so much at most, by how often they occur.
func (c *corners) find(first, second *[countsTold]float32, least float32) {
	c.n = 0
	before := uint64(index.Many + 1) // of the second word: fewer are of no use with more of the first
	for one := range uint64(index.Many + 1) {
		two := uint64(0)
		for two < before && first[one]+second[two] < least {
			two++
		}
		if two < before {
			c.pairs[c.n] = [2]uint64{(0x80 - one) * inEachByte, (0x80 - two) * inEachByte}
			c.n++
			before = two
		}
	}
}

// any reports whether one of some documents has one of the pairs: what is said of them is
// in half a byte of each.
func (c *corners) any(a, b uint64) bool {
	evenA, oddA, evenB, oddB := a&lowHalves, a>>4&lowHalves, b&lowHalves, b>>4&lowHalves
	found := uint64(0)
	for _, p := range c.pairs[:c.n] {
		found |= (evenA+p[0])&(evenB+p[1]) | (oddA+p[0])&(oddB+p[1])
	}
	return found&highest != 0
}

// at looks at document n, which has the rare word so often.
func (l *look) at(n, times uint32) {
	sum := float32(0)
	most := l.around(n).most
	for i := range l.columns {
		count := min(times, index.Many)
		if i != l.rare {
			count = l.columns[i].Glance(n)
		}
		sum += most[i][count]
	}
	if sum < l.least || !l.See(n) || !l.Pass(n) {
		return
	}
	sum = 0
	length := l.Length(n)
	for i := range l.columns {
		count := times
		if i != l.rare {
			count = l.columns[i].Count(n)
		}
		sum += bm25(l.words[i].idf, count, length)
	}
	l.add(scored{n, l.scored(l.words, sum, l.all, n)})
}
