package index

import (
	"github.com/tallystick/tallystick/internal/recall/text"
)

// wasteful reports whether more than a quarter is of documents that are gone.
func (x *data) wasteful() bool {
	gone := len(x.docs) - x.alive
	return gone > 1000 && gone > x.alive/3
}

// copyAlive returns the index without what is gone: only the goroutine that
// applies changes may call it.
func (x *data) copyAlive() *data {
	out := newData(x.terms.seed)
	out.at = x.at
	c := copier{from: x, to: out, terms: make([]uint32, len(x.list)), docs: make([]uint32, len(x.docs))}
	for i := range c.terms {
		c.terms[i] = None
	}
	for n := range x.docs {
		c.docs[n] = None
		if x.hot[n].flags&dead == 0 {
			c.docs[n] = c.doc(uint32(n))
		}
	}
	for i := range out.turns {
		t := &out.turns[i]
		t.Prev, t.Next = c.doc1(t.Prev), c.doc1(t.Next)
	}
	for i := range x.session {
		if s := &x.session[i]; s.n > 0 {
			n := out.turns[c.docs[s.head]].Session
			out.session[n].head, out.session[n].tail = c.docs[s.head], c.docs[s.tail]
			out.session[n].said, out.session[n].named = s.said, s.named
		}
	}
	c.tags()
	for w, s := range x.nameOf {
		if s == None {
			out.nameOf[w] = None
		} else if n, ok := out.speakers.find(x.speakers.at(s)); ok {
			out.nameOf[w] = n
		}
	}
	return out
}

// tags copies who has which tag.
func (c *copier) tags() {
	x, out := c.from, c.to
	for t := range x.tagged {
		id, isNew := uint32(0), true
		for _, n := range x.tagged[t] {
			if c.docs[n] == None {
				continue
			}
			if isNew {
				id, _ = out.tags.add(x.tags.at(uint32(t)))
				out.tagged = append(out.tagged, nil)
				isNew = false
			}
			out.tagged[id] = append(out.tagged[id], c.docs[n])
		}
	}
}

type copier struct {
	from, to *data
	terms    []uint32 // by term of from: that of to
	docs     []uint32
}

func (c *copier) doc1(n uint32) uint32 {
	if n == None {
		return None
	}
	return c.docs[n]
}

// doc copies one document and returns its number.
func (c *copier) doc(old uint32) uint32 {
	x, out := c.from, c.to
	d := x.docs[old]
	n := uint32(len(out.docs))
	h := x.hot[old]
	stream := x.stream.get(d.stream)
	at := x.sights[h.sight]
	at.space = out.spaceOf(string(x.spaces.at(at.space)))
	at.access = out.accessClass(x.access[at.access])
	h.sight = out.sightFor(at)
	kind, _ := out.kinds.add(x.kinds.at(uint32(h.kind)))
	h.kind = uint16(kind)
	d.source, _ = out.sources.add(x.sources.at(d.source))
	t := x.turns[old]
	if t.Session != None {
		t.Session = out.sessionOf(at.space, string(x.sessions.at(t.Session)[sessionSpace:]))
	}
	if d.Speaker != None {
		d.Speaker, _ = out.speakers.add(x.speakers.at(d.Speaker))
	}
	if at := d.Spans; at != None {
		d.Spans = uint32(len(out.spans))
		for ; x.spans[at] != noSpan(); at++ {
			out.spans = append(out.spans, x.spans[at])
		}
		out.spans = append(out.spans, noSpan())
	}
	h.id, _ = out.ids.add(x.ids.at(h.id))
	out.docOf = append(room(out.docOf), n)
	out.docs, out.hot, out.turns = append(room(out.docs), d), append(room(out.hot), h), append(room(out.turns), t)
	c.stream(n, stream)
	out.count(n, +1)
	return n
}

// stream copies the terms of a document.
func (c *copier) stream(n uint32, stream []byte) {
	out := c.to
	b := out.scratchB[:0]
	for len(stream) > 0 {
		old, kind, end, rest := entry(stream)
		stream = rest
		if end {
			b = append(b, 0)
			continue
		}
		id := c.term(old)
		b = appendEntry(b, id, kind)
		out.tally.add(id, ranks(kind))
	}
	d := &out.docs[n]
	d.stream = out.stream.add(b)
	out.scratchB = b
	out.post(n)
}

func (c *copier) term(old uint32) uint32 {
	if c.terms[old] == None {
		w, lang := c.from.terms.at(old), text.English
		if n := len(w); n > 2 && w[n-2] == 0 {
			w, lang = w[:n-2], text.Language(w[n-1])
		}
		c.terms[old] = c.to.termOf(w, c.to.terms.hash(c.from.terms.at(old)), lang)
	}
	return c.terms[old]
}
