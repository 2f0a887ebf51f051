package index

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// ID returns the id of document n.
func (v *View) ID(n uint32) string { return decodeID(v.ids.at(v.hot[n].id)) }

// Before orders two documents by id.
func (v *View) Before(a, b uint32) bool {
	return string(v.ids.at(v.hot[a].id)) < string(v.ids.at(v.hot[b].id))
}

// Exact returns the terms that are a folded word as it stands, one for each
// language in which it occurs. A single character of a dense script is also in
// longer terms.
func (v *View) Exact(word []byte) []uint32 {
	var out []uint32
	if id, ok := v.terms.find(word); ok {
		out = append(out, id)
	}
	for _, l := range v.langs {
		if id, ok := v.terms.find(append(append(make([]byte, 0, len(word)+2), word...), 0, byte(l))); ok {
			out = append(out, id)
		}
	}
	if r, size := utf8.DecodeRune(word); size == len(word) && text.Dense(word) {
		out = append(out, v.singles[r]...)
	}
	return out
}

// Family returns the terms that a folded word has its stem in common with, in
// each language by that language's rules.
func (v *View) Family(word []byte, s *text.Stemmer) []uint32 {
	out := v.relatives(nil, text.English, word, s)
	for _, l := range v.langs {
		out = v.relatives(out, l, word, s)
	}
	if len(out) > 0 && text.Stemmed(text.English, word) {
		return out
	}
	// Where its language was not noticed, it is a term by itself.
	for _, id := range v.Exact(word) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func (v *View) relatives(out []uint32, l text.Language, word []byte, s *text.Stemmer) []uint32 {
	if !text.Stemmed(l, word) {
		return out
	}
	stem := s.Stem(l, string(word))
	first := *v.family(stemHash(l, stem))
	if first == 0 {
		return out
	}
	for id := first - 1; id != None; id = v.list[id].sibling {
		w, lang := v.word(id)
		if lang == l && s.Stem(l, string(w)) == stem {
			out = append(out, id)
		}
	}
	return out
}

// inSight appends those in sight of the postings of a term, in order; silent is what one
// counts as that counts 0, and 0 leaves it out.
func (v *View) inSight(hits []Hit, id, silent uint32) []Hit {
	t := &v.list[id]
	b, at := v.postings.get(t.postings), len(hits)
	hits = slices.Grow(hits, int(t.count))[:at+int(t.count)]
	if v.inside != nil {
		return hits[:at+inSet(hits[at:], b, v.inside, silent)]
	}
	hot, seen := v.hot, v.seen
	for doc := uint32(0); len(b) > 0; {
		var count uint32
		if doc, count, b = posting(doc, b); count == 0 {
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

// inSet puts those of some postings that are in a set into hits, which has room for all,
// and returns how many there are.
func inSet(hits []Hit, b []byte, set Set, silent uint32) int {
	at, doc := 0, uint32(0)
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
		if count != 0 && set.Has(doc) {
			hits[at] = Hit{Doc: doc, Count: count}
			at++
		}
	}
	return at
}

// Gatherer finds the documents that have one of several terms. Its memory is used again
// each time; its zero value is ready.
type Gatherer struct {
	hits, more []Hit
	ends       []int
	ranks      Ranks
	counts     []uint32 // of Among: by rank
}

// Ranked returns the documents in sight that have one of some terms, in order, with the
// counts of all of them, those left out in which they are found and not ranked. The hits
// are valid until the next call.
func (g *Gatherer) Ranked(v *View, terms []uint32) []Hit { return g.all(v, terms, 0) }

// Having is Ranked with all that are found: where a term is not ranked, it counts as once.
func (g *Gatherer) Having(v *View, terms []uint32) []Hit { return g.all(v, terms, 1) }

// Keep returns what was found last, which stays valid, and takes spare memory for the
// next time.
func (g *Gatherer) Keep(spare []Hit) []Hit {
	hits := g.hits
	g.hits = spare
	return hits
}

func (g *Gatherer) all(v *View, terms []uint32, silent uint32) []Hit {
	g.hits, g.ends = g.hits[:0], g.ends[:0]
	for _, id := range terms {
		g.hits = v.inSight(g.hits, id, silent)
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

// fewOf is by how many times a list must be shorter than the postings of a term to be
// gone through beside these.
const fewOf = 32

// Among is Having among some documents alone: a list, in order, of documents in sight.
// What is common costs much less where what is rare was looked for before.
func (g *Gatherer) Among(v *View, terms, docs []uint32) []Hit {
	g.counts = slices.Grow(g.counts[:0], len(docs)+1)[:len(docs)+1]
	clear(g.counts)
	if c, ok := v.Column(terms); ok {
		for i, n := range docs {
			g.counts[i+1] = c.Count(n)
		}
		terms = nil
	}
	ranked := false
	for _, id := range terms {
		t := &v.list[id]
		if len(docs) < int(t.count)/fewOf {
			beside(v.postings.get(t.postings), docs, g.counts[1:])
			continue
		}
		if !ranked {
			g.ranks.Of(docs, len(v.Docs))
			ranked = true
		}
		g.ranks.among(v.postings.get(t.postings), g.counts)
	}
	g.hits = slices.Grow(g.hits[:0], len(docs))[:len(docs)]
	at := 0
	for i, n := range docs {
		count := g.counts[i+1]
		g.hits[at] = Hit{Doc: n, Count: count}
		at += int((uint64(count) + 1<<32 - 1) >> 32) // 1 if there are any
	}
	g.hits = g.hits[:at]
	return g.hits
}

// among adds to counts, by rank, how often those in a list have a term. Where it is found
// and not ranked, it counts as once.
func (r *Ranks) among(postings []byte, counts []uint32) {
	doc := uint32(0)
	for b := postings; len(b) > 0; {
		var count uint32
		doc, count, b = posting(doc, b)
		counts[r.At(doc)] += max(count, 1)
	}
}

// beside is among for a list that is much shorter than the postings.
func beside(postings []byte, docs, counts []uint32) {
	doc, i := uint32(0), 0
	for b := postings; len(b) > 0; {
		var count uint32
		doc, count, b = posting(doc, b)
		for i < len(docs) && docs[i] < doc {
			i++
		}
		if i == len(docs) {
			return
		}
		if docs[i] == doc {
			counts[i] += max(count, 1)
		}
	}
}

// Count is the number of postings of a term.
func (v *View) Count(id uint32) int { return int(v.list[id].count) }

// Column returns that of the word that some terms are, if it is a common one. It is valid
// as long as the view.
func (v *View) Column(terms []uint32) (Column, bool) {
	if count := v.total(terms); count < max(leastColumn, len(v.Docs)/commonIn) || len(terms) >= manyTerms {
		return Column{}, false
	}
	return v.columns.get(v.data, terms)
}

// Terms returns how many terms there are; they are numbered from 0.
func (v *View) Terms() int { return len(v.list) }

// word returns the folded word of a term and its language.
func (v *View) word(id uint32) ([]byte, text.Language) {
	b := v.terms.at(id)
	if n := len(b); n > 2 && b[n-2] == 0 {
		return b[:n-2], text.Language(b[n-1])
	}
	return b, text.English
}

// Word returns the folded word of a term, and whether it is a stop word.
func (v *View) Word(id uint32) (word []byte, stop bool) {
	word, _ = v.word(id)
	return word, text.Stop(string(word))
}

// DocSpans calls yield with the dates that document n names.
func (v *View) DocSpans(n uint32, yield func(when.Span)) {
	at := v.Docs[n].Spans
	if at == None {
		return
	}
	for ; v.spans[at] != noSpan(); at++ {
		yield(v.spans[at])
	}
}

// Session returns the day of session s, [when.None] if it is not known, and its
// length in documents and words.
func (v *View) Session(s uint32) (said when.Day, n int, words int64) {
	return v.session[s].said, int(v.session[s].n), v.session[s].words
}

// AllSessions is how many sessions there are, in sight or not.
func (v *View) AllSessions() int { return len(v.session) }

// InSight reports whether the namespace of session s is in sight.
func (v *View) InSight(s uint32) bool { return v.spaces[v.session[s].space] }

// Speaker returns the one that a folded word names, if it names just one that
// has said something more than once in the namespaces in sight. A word that names
// several has ok and [None].
func (v *View) Speaker(word []byte) (speaker uint32, ok bool) {
	n, ok := v.nameOf[string(word)]
	if !ok || n == None {
		return None, ok
	}
	times := 0
	for i, in := range v.spaces {
		if !in || len(v.space[i].speakers) == 0 {
			continue
		}
		for _, c := range v.space[i].classes {
			if v.access[c.access] {
				times += v.space[i].speakers[said{n, c.access}]
			}
		}
	}
	return n, times > 1
}

// Stream walks over the terms of document n in order. Words and signs have
// positions one behind the other; between the fields is a hole.
func (v *View) Stream(n uint32, yield func(term uint32, pos int, part bool) bool) {
	d := &v.Docs[n]
	pos := 0
	for b := v.stream.get(d.stream); len(b) > 0; {
		id, kind, end, rest := entry(b)
		b = rest
		switch {
		case end:
			pos += 2
			continue
		case kind != asPart:
			pos++
		}
		if !yield(id, pos, kind == asPart) {
			return
		}
	}
}

// Sight appends to docs the documents in sight, of all namespaces that are, in no order,
// and to keys those of their memories: see [View.Key].
func (v *View) Sight(docs, keys []uint32) (sight, of []uint32) {
	for i, in := range v.spaces {
		if !in {
			continue
		}
		list, at := v.space[i].docs, len(docs)
		docs, keys = slices.Grow(docs, len(list)), slices.Grow(keys, len(list))
		docs, keys = docs[:at+len(list)], keys[:at+len(list)]
		hot, seen := v.hot, v.seen // not looked up again behind each write
		for _, n := range list {
			h := &hot[n]
			docs[at], keys[at] = n, h.id
			if sees := seen[h.sight]; sees == always || sees == untilItExpires && v.Docs[n].Expires > v.now {
				at++
			}
		}
		docs, keys = docs[:at], keys[:at]
	}
	return docs, keys
}

// InNamespace goes over the documents of the namespaces in sight, those that are
// gone among them.
func (v *View) InNamespace(yield func(n uint32) bool) {
	for i, in := range v.spaces {
		if !in {
			continue
		}
		for _, n := range v.space[i].docs {
			if !yield(n) {
				return
			}
		}
	}
}
