package index

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/recall/text"
)

// The kinds of an entry in a stream.
const (
	asWord   = iota
	asPart   // beside the words, without a position
	asSign   // a position, but no length
	asSilent // a word that is found and not ranked: speaker and date
	kinds
)

// streams keep the terms of each document in order: uvarint(kinds+term) for a word; for
// what is none its kind, and uvarint(term) behind it; 0 between fields. They lie behind their lengths in large blocks, of which only the last one
// grows.
type streams struct {
	blocks [][]byte
}

const (
	blockBits = 20
	// maxStream is how long a stream is at most: with its length it fits into a block.
	maxStream = 1<<blockBits - binary.MaxVarintLen32
)

// add appends a stream and returns where it is.
func (s *streams) add(b []byte) uint32 {
	n, need := len(s.blocks), uvarintLen(uint64(len(b)))+len(b)
	if n == 0 || len(s.blocks[n-1])+need > 1<<blockBits {
		s.blocks = append(s.blocks, nil)
		n++
	}
	last := s.blocks[n-1]
	at := len(last)
	if at+need > cap(last) {
		size := min(1<<blockBits, max(1<<12, at+at/4, at+need))
		last = append(make([]byte, 0, size), last...)
	}
	s.blocks[n-1] = append(binary.AppendUvarint(last, uint64(len(b))), b...)
	return uint32(n-1)<<blockBits | uint32(at)
}

func (s *streams) get(at uint32) []byte {
	b := s.blocks[at>>blockBits][at&(1<<blockBits-1):]
	length, n := binary.Uvarint(b)
	return b[n : n+int(length)]
}

// write makes the stream of document n, and its postings.
func (x *data) write(n uint32, p *prepared) {
	out := x.scratchB[:0]
	for i, id := range x.termsOf(p) {
		if i == p.heads || i == p.silent || i == p.body {
			out = append(out, 0)
		}
		w, kind := p.terms.At(i)
		if id == None {
			id = x.termOf(w, p.hashes[i], p.lang)
		}
		code := byte(asWord)
		switch kind {
		case text.Part, text.Whole:
			code = asPart
		case text.Sign:
			code = asSign
		case text.Word:
		}
		ranked := uint32(1)
		if i >= p.heads && i < p.silent {
			if ranked = 0; code == asWord {
				code = asSilent
			}
		}
		x.tally.add(id, ranked)
		if len(out) < maxStream-binary.MaxVarintLen64 {
			out = appendEntry(out, id, code)
		}
	}
	d := &x.docs[n]
	d.stream = x.stream.add(out)
	x.scratchB = out
	x.post(n)
}

// termsOf returns the terms of a document, as many as are kept; None for those that have
// to be looked for. One step after the other is made for all of them: the processor does
// not wait for the memory of each.
func (x *data) termsOf(p *prepared) []uint32 {
	ids := x.scratch[:0]
	for _, hash := range p.hashes[:min(len(p.hashes), maxTerms)] {
		ids = append(ids, x.terms.guess(hash))
	}
	for i, id := range ids {
		if id == None {
			continue
		}
		w, _ := p.terms.At(i)
		key := x.terms.at(id)
		if n := len(key) - langSuffix; n == len(w) && p.lang != text.English && key[n] == 0 && key[n+1] == byte(p.lang) {
			key = key[:n]
		} else if p.lang != text.English && text.Stemmed(p.lang, w) {
			key = nil
		}
		if string(key) != string(w) {
			ids[i] = None
		}
	}
	x.scratch = ids
	return ids
}

// ranks is how often a term counts that is in a stream as something.
func ranks(kind byte) uint32 {
	if kind == asSilent {
		return 0
	}
	return 1
}

func appendEntry(b []byte, id uint32, kind byte) []byte {
	if kind == asWord {
		return binary.AppendUvarint(b, uint64(id)+kinds)
	}
	return binary.AppendUvarint(append(b, kind), uint64(id))
}

// entry takes one entry off a stream; end is the gap between fields.
func entry(b []byte) (id uint32, kind byte, end bool, rest []byte) {
	e, size := binary.Uvarint(b)
	b = b[size:]
	switch {
	case e == 0:
		return 0, asWord, true, b
	case e < kinds:
		of, size := binary.Uvarint(b)
		return uint32(of), byte(e), false, b[size:]
	}
	return uint32(e - kinds), asWord, false, b
}

// safeEntry is entry for bytes that somebody else wrote.
func safeEntry(b []byte) (id uint32, kind byte, end bool, rest []byte, ok bool) {
	e, size := binary.Uvarint(b)
	if size <= 0 || e >= kinds+1<<32 {
		return 0, 0, false, nil, false
	}
	if 0 < e && e < kinds {
		if of, size := binary.Uvarint(b[size:]); size <= 0 || of >= 1<<32 {
			return 0, 0, false, nil, false
		}
	}
	id, kind, end, rest = entry(b)
	return id, kind, end, rest, true
}

// post adds document n to the postings of the terms that were tallied, and empties the
// tally. Those that are silent alone count 0.
func (x *data) post(n uint32) {
	list := x.tally.list
	for i := range list { // by itself, so that the processor fetches many of them at a time
		c := &list[i]
		t := &x.list[c.term]
		c.gap = n - t.last
		t.last = n
		t.count++
		c.at = t.postings
	}
	x.tally.fetch(&x.postings)
	for i := range list {
		x.addPosting(&list[i])
		x.columns.add(list[i].term, n, uint64(list[i].n))
	}
	x.tally.reset()
}

// addPosting adds a document to those of a term: the distance from the last one, and the
// count if it is not 1.
func (x *data) addPosting(c *tallied) {
	var room [2 * binary.MaxVarintLen64]byte
	b := room[:0]
	gap := uint64(c.gap) << 1
	if c.n == 1 {
		b = binary.AppendUvarint(b, gap)
	} else {
		b = binary.AppendUvarint(binary.AppendUvarint(b, gap|1), uint64(c.n))
	}
	x.postings.extend(&x.list[c.term].postings, b)
}

// posting reads the first of postings that come behind document before.
func posting(before uint32, b []byte) (doc, count uint32, rest []byte) {
	gap, i := uint64(b[0]), 1
	if gap >= 0x80 {
		gap, i = binary.Uvarint(b)
	}
	doc, count = before+uint32(gap>>1), 1
	if gap&1 != 0 {
		if count = uint32(b[i]); count < 0x80 {
			return doc, count, b[i+1:]
		}
		long, n := binary.Uvarint(b[i:])
		return doc, uint32(long), b[i+n:]
	}
	return doc, count, b[i:]
}

// total is how many postings some terms have.
func (x *data) total(terms []uint32) int {
	n := 0
	for _, id := range terms {
		n += int(x.list[id].count)
	}
	return n
}

func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// Hit is a document with how often a term occurs in it.
type Hit struct {
	Doc   uint32
	Count uint32
}

// langSuffix is how much longer the key of a term of another language than English is
// than its word: a zero byte and the language.
const langSuffix = 2

// appendKey appends the key of a word in a language.
func appendKey(b, w []byte, lang text.Language) []byte {
	b = append(b, w...)
	if lang == text.English || !text.Stemmed(lang, w) {
		return b
	}
	return append(b, 0, byte(lang))
}

// termOf returns the term of a word in a language, a new one if it is new. The hash is
// that of its key.
func (x *data) termOf(w []byte, hash uint64, lang text.Language) uint32 {
	x.key = appendKey(x.key[:0], w, lang)
	if len(x.key) == len(w) {
		lang = text.English
	}
	id, isNew := x.terms.put(x.key, hash)
	if !isNew {
		return id
	}
	t := term{sibling: None}
	if text.Stemmed(lang, w) {
		t.stem = stemHash(lang, x.stemmer.Stem(lang, string(w)))
	} else if text.Dense(w) {
		x.single(id, w)
	}
	if lang != text.English {
		x.learn(lang)
	}
	x.list = append(room(x.list), t)
	if t.stem != 0 {
		x.joinFamily(id)
	}
	return id
}

// learn notes that a language occurs.
func (x *data) learn(lang text.Language) {
	if !slices.Contains(x.langs, lang) {
		x.langs = append(x.langs, lang)
	}
}

// stemHash is never 0. Two stems may have one hash: see [View.Family].
func stemHash(lang text.Language, stem string) uint32 {
	h := uint32(2166136261) ^ uint32(lang)
	for i := range len(stem) {
		h = (h ^ uint32(stem[i])) * 16777619
	}
	return max(h, 1)
}

// joinFamily puts a term in front of those with its stem.
func (x *data) joinFamily(id uint32) {
	if (x.nStems+1)*4 > len(x.stems)*3 {
		old := x.stems
		x.stems = make([]uint32, 2*len(old))
		for _, first := range old {
			if first != 0 {
				*x.family(x.list[first-1].stem) = first
			}
		}
	}
	slot := x.family(x.list[id].stem)
	if *slot != 0 {
		x.list[id].sibling = *slot - 1
	} else {
		x.nStems++
	}
	*slot = id + 1
}

// family returns where the first term of a stem is, or would be.
func (x *data) family(stem uint32) *uint32 {
	mask := len(x.stems) - 1
	for i := int(stem) & mask; ; i = (i + 1) & mask {
		if first := x.stems[i]; first == 0 || x.list[first-1].stem == stem {
			return &x.stems[i]
		}
	}
}

// single notes of which characters a term of several is made.
func (x *data) single(id uint32, w []byte) {
	var seen []rune
	for i := 0; i < len(w); {
		r, size := utf8.DecodeRune(w[i:])
		if (i > 0 || size < len(w)) && !slices.Contains(seen, r) && text.Dense(w[i:i+size]) {
			x.singles[r] = append(x.singles[r], id)
			seen = append(seen, r)
		}
		i += size
	}
}
