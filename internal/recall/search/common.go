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
	all := evenly(words)
	for i := range words {
		words[i].limits(all)
		words[i].most[0] = float32(math.Inf(-1)) // which comes up to nothing: all must occur
	}
	l := look{top: r.begin(limit), columns: columns, words: words, all: all, rare: rare}
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
}

// two looks at so many documents for two words: it is at, for what most searches are.
func (l *look) two(docs int) {
	a, b := &l.columns[0], &l.columns[1]
	first, second := &l.words[0].most, &l.words[1].most
	for n := range uint32(docs) {
		if first[a.Glance(n)]+second[b.Glance(n)] >= l.least {
			l.at(n, 0)
		}
	}
}

// at looks at document n, which has the rare word so often.
func (l *look) at(n, times uint32) {
	sum := float32(0)
	for i := range l.columns {
		count := min(times, index.Many)
		if i != l.rare {
			count = l.columns[i].Glance(n)
		}
		sum += l.words[i].most[count]
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
