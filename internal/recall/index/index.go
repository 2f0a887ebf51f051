package index

import (
	"hash/maphash"
	"math"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/recall/fold"
	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// Index is an index in memory. Its zero value is not usable: see [New].
type Index struct {
	apply sync.Mutex // held by the one that changes
	prep  *preparer

	mu   sync.RWMutex // guards data
	data *data
}

// New returns an empty index.
func New() *Index {
	seed := maphash.MakeSeed()
	return &Index{prep: &preparer{known: newLexicon(seed)}, data: newData(seed)}
}

// From returns the position up to which the log was applied, as the last Apply
// gave it; 0 for an empty index.
func (x *Index) From() uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.data.at
}

// Len returns how many documents there are.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.data.alive
}

// Apply takes changes in, in order; at is the position in the log behind the
// last of them. What it took in is found by every query that begins afterwards.
func (x *Index) Apply(changes []Change, at uint64) {
	x.apply.Lock()
	defer x.apply.Unlock()
	x.prep.all(changes, func(c *Change, p *prepared) {
		x.mu.Lock()
		defer x.mu.Unlock()
		if c.Gone {
			x.data.remove(encodeID(c.ID))
			return
		}
		x.data.put(p)
	})
	x.mu.Lock()
	x.data.at = at
	x.mu.Unlock()
	if x.data.wasteful() {
		x.compact()
	}
}

// compact makes the index again without what is gone. Readers go on meanwhile.
func (x *Index) compact() {
	fresh := x.data.copyAlive()
	x.mu.Lock()
	x.data = fresh
	x.mu.Unlock()
}

// term is what is known of a word in a language.
type term struct {
	postings bytesAt
	last     uint32 // document of the last posting
	count    uint32 // postings, those of documents that are gone among them
	stem     uint32 // hash of the language and the stem; 0 if it is its own
	sibling  uint32 // the next term with that hash, None at the end
}

// Generation tells apart whose keys are whose: it changes when the index is made
// again, now and then. It is comparable; the zero value is that of no index.
type Generation struct{ of *byte }

// data is all that the index holds.
type data struct {
	at         uint64
	alive      int
	generation Generation

	terms    dict // the word, and for languages but English a zero byte and the language
	list     []term
	postings slabs
	stems    []uint32 // hash table: the first term + 1 of each stem
	nStems   int
	langs    []text.Language   // those that occur beside English
	singles  map[rune][]uint32 // terms of several characters of a dense script, by each of these
	stemmer  *text.Stemmer     // for the goroutine that applies changes
	tally    tally
	scratch  []uint32
	scratchB []byte
	key      []byte

	ids    dict
	docOf  []uint32 // by id; None if it is gone
	docs   []Doc
	hot    []hot   // by document, as what follows
	short  []uint8 // how long the shortest of each 64 documents is at least, dead or alive; capped
	urgent int8    // the highest priority of one, dead or alive
	turns  []Turn
	expiry expiry // those that expire, dead ones among them
	stream streams
	spans  []when.Span // of all documents that name dates; each one's end with a span that is not one

	spaces   dict
	space    []space
	sessions dict // namespace number and session
	session  []session
	sights   []sight // kinds of who sees a document: that of number 0 nobody sees
	sightOf  map[sight]uint32
	speakers dict              // folded name
	nameOf   map[string]uint32 // a word of a name: speaker, None if several have it
	kinds    dict
	sources  dict
	access   []Access
	accessOf map[Access]uint32
	tags     dict
	tagged   [][]uint32 // by tag: documents, those that are gone among them

	grams   grams
	columns columns
	visible sightSets
}

// space is what is known of a namespace.
type space struct {
	docs     []uint32 // those that are gone among them
	alive    int
	sessions int
	words    int64 // of all that belongs to a session
	classes  []class
	speakers map[said]int
}

// class counts the documents of a namespace with one access.
type class struct {
	access uint32
	n      int
	code   int // those with identifiers
}

// said is who said something, and who may see it.
type said struct{ speaker, access uint32 }

// session is a conversation in order.
type session struct {
	space      uint32
	head, tail uint32
	n          int32
	named      int32 // documents that began with a name, or might have
	words      int64
	said       when.Day
}

// newData returns one whose terms have the hashes of a seed.
func newData(seed maphash.Seed) *data {
	return &data{
		generation: Generation{new(byte)}, sights: make([]sight, 1), sightOf: map[sight]uint32{},
		terms: newDict(seed), stems: make([]uint32, 16), ids: newDict(maphash.MakeSeed()), spaces: newDict(maphash.MakeSeed()), sessions: newDict(maphash.MakeSeed()), speakers: newDict(maphash.MakeSeed()),
		kinds: newDict(maphash.MakeSeed()), sources: newDict(maphash.MakeSeed()), tags: newDict(maphash.MakeSeed()),
		singles: map[rune][]uint32{}, stemmer: text.NewStemmer(), nameOf: map[string]uint32{}, accessOf: map[Access]uint32{},
	}
}

// put takes a document in, in place of the one that had its id.
func (x *data) put(p *prepared) {
	id := encodeID(p.ID)
	n := uint32(len(x.docs))
	d := Doc{
		Created: p.Created, Expires: p.Expires, Said: p.Said, Speaker: None, Spans: None, title: hash32(fold.Name(p.Title)),
	}
	h := hot{words: p.words, flags: p.flags | Flags(tierOf(p.Tier))<<tierShift, prior: p.prior, priority: int8(max(-128, min(127, p.Priority)))}
	at := sight{space: x.spaceOf(p.Namespace), access: x.accessClass(p.Access), expires: p.Expires != 0}
	h.sight = x.sightFor(at)
	kind, _ := x.kinds.add([]byte(p.Kind))
	h.kind = uint16(kind)
	d.source, _ = x.sources.add([]byte(p.SourceURI))
	if len(p.spans) > 0 {
		d.Spans = uint32(len(x.spans))
		x.spans = append(append(x.spans, p.spans...), noSpan())
	}
	t := Turn{None, None, None}
	old := x.current(id)
	if p.Session != "" {
		t.Session = x.sessionOf(at.space, p.Session)
	}
	if !x.knowSpeaker(&d, t.Session, p) {
		p.silent = p.heads // what looked like a speaker is text
	}
	h.id, _ = x.ids.add(id)
	if int(h.id) == len(x.docOf) {
		x.docOf = append(room(x.docOf), None)
	}
	for _, name := range p.names {
		if _, known := x.nameOf[name]; !known {
			h.flags |= HasName
		}
	}
	x.docs, x.hot, x.turns = append(room(x.docs), d), append(room(x.hot), h), append(room(x.turns), t)
	x.write(n, p)
	if old != None {
		x.drop(old, n)
	}
	x.docOf[h.id] = n
	x.count(n, +1)
	x.visible.add(n, &x.hot[n], d.Expires)
	for _, tag := range p.Tags {
		t, isNew := x.tags.add([]byte(fold.Name(tag)))
		if isNew {
			x.tagged = append(x.tagged, nil)
		}
		x.tagged[t] = append(x.tagged[t], n)
	}
	if t.Session != None && x.turns[n].Prev == None && x.turns[n].Next == None {
		x.enqueue(n)
	}
}

// noSpan ends the spans of a document.
func noSpan() when.Span { return when.Span{First: 1, Last: 0} }

// remove takes the document with an id out, if there is one.
func (x *data) remove(id []byte) {
	if old := x.current(id); old != None {
		x.drop(old, None)
		x.docOf[x.hot[old].id] = None
	}
}

func (x *data) current(id []byte) uint32 {
	i, ok := x.ids.find(id)
	if !ok || int(i) >= len(x.docOf) {
		return None
	}
	return x.docOf[i]
}

// drop marks a document as gone. If it makes room for heir in the same session,
// the heir gets its place.
func (x *data) drop(old, heir uint32) {
	x.count(old, -1)
	x.hot[old].flags |= dead
	x.visible.drop(old)
	x.hot[old].sight = 0
	d := &x.turns[old]
	if d.Session == None {
		return
	}
	s := &x.session[d.Session]
	if heir != None && x.turns[heir].Session == d.Session && x.docs[heir].Created == x.docs[old].Created {
		h := &x.turns[heir]
		h.Prev, h.Next = d.Prev, d.Next
		x.link(h.Prev, heir, s)
		x.linkBack(h.Next, heir, s)
		return
	}
	if d.Prev != None {
		x.turns[d.Prev].Next = d.Next
	} else {
		s.head = d.Next
	}
	if d.Next != None {
		x.turns[d.Next].Prev = d.Prev
	} else {
		s.tail = d.Prev
	}
}

// link makes n the one after prev, or the first of s.
func (x *data) link(prev, n uint32, s *session) {
	if prev != None {
		x.turns[prev].Next = n
	} else {
		s.head = n
	}
}

// linkBack makes n the one before next, or the last of s.
func (x *data) linkBack(next, n uint32, s *session) {
	if next != None {
		x.turns[next].Prev = n
	} else {
		s.tail = n
	}
}

// enqueue puts document n into its session by the time of its creation, behind
// those of the same time.
func (x *data) enqueue(n uint32) {
	d := &x.docs[n]
	t := &x.turns[n]
	s := &x.session[t.Session]
	if s.head == n || s.tail == n {
		return // it has the place of the one before it
	}
	prev := s.tail
	for prev != None && x.docs[prev].Created > d.Created {
		prev = x.turns[prev].Prev
	}
	next := s.head
	if prev != None {
		next = x.turns[prev].Next
	}
	t.Prev, t.Next = prev, next
	x.link(prev, n, s)
	x.linkBack(next, n, s)
	if s.said == when.None {
		s.said = d.Said
	}
}

// measure notes how long document n is, which is the last.
func (x *data) measure(n uint32, words uint16) {
	for int(n/64) >= len(x.short) { // those in between were gone when the index was saved
		x.short = append(x.short, math.MaxUint8)
	}
	x.short[n/64] = uint8(min(uint16(x.short[n/64]), words))
}

// count adds or takes away a document from what is known of its namespace and session.
func (x *data) count(n uint32, by int) {
	d, h := &x.docs[n], &x.hot[n]
	at := x.sights[h.sight]
	sp := &x.space[at.space]
	if by > 0 {
		sp.docs = append(room(sp.docs), n)
		x.urgent = max(x.urgent, h.priority)
		x.measure(n, h.words)
		if d.Expires != 0 {
			x.expiry.push(x.docs, n)
		}
	}
	x.alive += by
	sp.alive += by
	i := slices.IndexFunc(sp.classes, func(c class) bool { return c.access == at.access })
	if i < 0 {
		i = len(sp.classes)
		sp.classes = append(sp.classes, class{access: at.access})
	}
	sp.classes[i].n += by
	if h.flags&HasCode != 0 {
		sp.classes[i].code += by
	}
	if d.Speaker != None {
		if sp.speakers == nil {
			sp.speakers = map[said]int{}
		}
		sp.speakers[said{d.Speaker, at.access}] += by
	}
	in := x.turns[n].Session
	if in == None {
		return
	}
	s := &x.session[in]
	before := s.n
	s.n += int32(by)
	s.words += int64(by) * int64(h.words)
	sp.words += int64(by) * int64(h.words)
	switch {
	case before == 0:
		sp.sessions++
	case s.n == 0:
		sp.sessions--
	}
}
