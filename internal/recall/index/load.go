package index

import (
	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// checkNames fails r if ids or sessions have a form that none is stored in.
func (x *data) checkNames(r *reader) {
	for i := 0; i < x.ids.len() && !r.bad; i++ {
		if id := x.ids.at(uint32(i)); len(id) == 0 || id[0] != 0 && len(id) != packedID {
			r.fail()
		}
	}
	for i := 0; i < x.sessions.len() && !r.bad; i++ {
		if len(x.sessions.at(uint32(i))) < sessionSpace {
			r.fail()
		}
	}
}

// decode fills an empty x, and reports whether what was read is consistent.
func (x *data) decode(r *reader) bool {
	x.at = r.num()
	x.decodeTerms(r)
	for _, d := range []*dict{&x.ids, &x.spaces, &x.sessions, &x.speakers, &x.kinds, &x.sources, &x.tags} {
		r.dict(d)
	}
	x.checkNames(r)
	for range r.count() {
		a := Access{Owner: string(r.str()), Target: string(r.str())}
		secrecy := r.num()
		a.Private, a.Team = secrecy > 0, secrecy > 1
		x.accessClass(a)
	}
	x.space = make([]space, x.spaces.len())
	x.session = make([]session, x.sessions.len())
	x.docOf = make([]uint32, x.ids.len())
	for i := range x.docOf {
		x.docOf[i] = None
	}
	n := r.count()
	x.docs, x.hot, x.turns = make([]Doc, 0, n), make([]hot, 0, n), make([]Turn, 0, n)
	for i := 0; i < n && !r.bad; i++ {
		if i%1024 == 0 {
			r.pause()
		}
		x.decodeDoc(r, uint32(i), n)
	}
	x.decodeSessions(r)
	x.tagged = make([][]uint32, x.tags.len())
	for t := range x.tagged {
		last := uint32(0)
		for range r.count() {
			last += r.below(n)
			if int(last) >= n {
				r.fail()
				break
			}
			x.tagged[t] = append(x.tagged[t], last)
		}
	}
	for range r.count() {
		name := string(r.str())
		x.nameOf[name] = r.orNone(x.speakers.len())
	}
	return r.done()
}

func (x *data) decodeTerms(r *reader) {
	r.dict(&x.terms)
	for i := range uint32(x.terms.len()) {
		t := term{stem: uint32(r.num()), sibling: None}
		x.list = append(x.list, t)
		w, lang := (&View{data: x}).word(i)
		switch {
		case t.stem != 0:
			x.joinFamily(i)
		case text.Dense(w):
			x.single(i, w)
		}
		if lang != text.English {
			x.learn(lang)
		}
	}
}

func (x *data) decodeDoc(r *reader, n uint32, docs int) {
	if r.below(stands) == isGone {
		none := Turn{Session: None, Prev: None, Next: None}
		x.docs, x.hot, x.turns = append(x.docs, Doc{Spans: None, Speaker: None}), append(x.hot, hot{id: r.below(x.ids.len()), flags: dead}), append(x.turns, none)
		return
	}
	d := Doc{Created: r.signed(), Expires: r.signed(), Said: when.Day(r.signed()), Spans: None}
	at := sight{space: r.below(x.spaces.len()), access: r.below(len(x.access)), expires: d.Expires != 0}
	var h hot
	t := Turn{Session: r.orNone(x.sessions.len())}
	d.Speaker = r.orNone(x.speakers.len())
	t.Prev, t.Next = r.orNone(docs), r.orNone(docs)
	h.id, d.title, d.source = r.below(x.ids.len()), uint32(r.num()), r.below(x.sources.len())
	h.words, h.kind = uint16(r.num()), uint16(r.below(x.kinds.len()))
	h.flags, h.prior = Flags(r.num())&^(dead|tierFlags), uint8(r.num())
	h.flags |= Flags(r.below(1<<(16-tierShift))) << tierShift
	h.priority = int8(r.signed())
	if spans := r.count(); spans > 0 {
		d.Spans = uint32(len(x.spans))
		for range spans {
			x.spans = append(x.spans, r.span())
		}
		x.spans = append(x.spans, noSpan())
	}
	stream := r.str()
	if r.bad || x.docOf[h.id] != None || len(stream) > maxStream {
		r.fail()
		return
	}
	x.docOf[h.id], h.sight = n, x.sightFor(at)
	d.stream = x.stream.add(stream)
	x.docs, x.hot, x.turns = append(x.docs, d), append(x.hot, h), append(x.turns, t)
	x.count(n, +1)
	for len(stream) > 0 {
		id, kind, end, rest, ok := safeEntry(stream)
		if !ok || !end && int(id) >= len(x.list) {
			r.fail()
			return
		}
		stream = rest
		if !end {
			x.tally.add(id, ranks(kind))
		}
	}
	x.post(n)
}

func (x *data) decodeSessions(r *reader) {
	for i := range x.session {
		s := &x.session[i]
		s.space = r.below(len(x.space))
		s.head, s.tail = r.orNone(len(x.docs)), r.orNone(len(x.docs))
		s.named = int32(r.num())
		s.said = when.Day(r.signed())
		if s.head != None && !r.bad && (s.tail == None || x.turns[s.head].Prev != None || x.turns[s.tail].Next != None) {
			r.fail()
		}
	}
	for i := range x.docs {
		if !r.bad && !x.linked(uint32(i)) {
			r.fail()
		}
	}
}

// linked reports whether the documents beside document n are of its session and
// say the same of it.
func (x *data) linked(n uint32) bool {
	d := &x.turns[n]
	if d.Prev != None && (x.turns[d.Prev].Next != n || x.turns[d.Prev].Session != d.Session) {
		return false
	}
	if d.Next != None && (x.turns[d.Next].Prev != n || x.turns[d.Next].Session != d.Session) {
		return false
	}
	return d.Session != None || d.Prev == None && d.Next == None
}
