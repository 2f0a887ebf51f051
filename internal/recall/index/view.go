package index

import (
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

// Count is the number of postings of a term.
func (v *View) Count(id uint32) int { return int(v.list[id].count) }

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
	for b := v.stream.get(d.stream, d.length); len(b) > 0; {
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

// Sight appends to docs the documents in sight, of all namespaces that are, in no order.
func (v *View) Sight(docs []uint32) []uint32 {
	for i, in := range v.spaces {
		if !in {
			continue
		}
		for _, n := range v.space[i].docs {
			if v.See(n) {
				docs = append(docs, n)
			}
		}
	}
	return docs
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
