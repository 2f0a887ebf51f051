package index

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/internal/recall/fold"
)

// Filter selects documents. The zero value selects every document that an
// anonymous caller may see. Conditions are ANDed.
type Filter struct {
	Viewer      string                      // documents that it may not see are as if they were not there
	Mates       map[string]bool             // who is in a team with Viewer
	All         bool                        // no visibility check
	Within      func(namespace string) bool // nil: any; documents elsewhere are as if they were not there
	Namespace   string                      // "" is any
	Subtree     bool                        // Namespace and all below
	Tier        string
	Tags        []string // all of them
	Kinds       []string // any of them
	Owner       string
	MinPriority int32
	Since       int64  // created at or after; 0 is any
	Until       int64  // created at or before; 0 is any
	Title       string // exact, in its normal form
	SourceURI   string // prefix
	Now         int64  // what has expired then is left out; 0 is never
}

// View is the index as it stands between [Index.View] and [View.Close], as far
// as a filter lets it be seen. What is out of its namespace, may not be seen or
// has expired is as if it were not there: it neither matches nor counts. The
// other conditions leave out matches only.
type View struct {
	*data
	index    *Index
	spaces   []bool
	access   []bool
	seen     []uint8 // by sight
	inside   Set     // documents in sight; nil: seen says it
	now      int64
	pass     func(n uint32) bool // nil: all
	Docs     []Doc
	Turns    []Turn // by document
	N        int    // documents in sight
	code     int    // documents with identifiers
	Sessions int    // of the namespaces in sight
	Words    int64
}

// View locks the index against changes and returns what f lets be seen of it.
// The caller closes it, soon: changes wait for that.
func (x *Index) View(f *Filter) *View {
	x.mu.RLock()
	v := &View{data: x.data, index: x, now: f.Now, Docs: x.data.docs, Turns: x.data.turns}
	v.sight(f)
	v.inside = v.visible.get(v)
	v.pass = v.conditions(f)
	return v
}

// Close lets changes go on. The view and all that it returned are not valid any more.
func (v *View) Close() {
	v.data = nil
	v.index.mu.RUnlock()
}

// sight finds the namespaces and the kinds of access that count, and adds up
// what is in them.
func (v *View) sight(f *Filter) {
	v.access = make([]bool, len(v.data.access))
	for i := range v.access {
		v.access[i] = f.All || v.data.access[i].visibleTo(f.Viewer, f.Mates)
	}
	v.spaces = make([]bool, len(v.space))
	name := []byte(f.Namespace)
	for i := range v.spaces {
		s := v.data.spaces.at(uint32(i))
		in := f.Namespace == "" || bytes.Equal(s, name) ||
			f.Subtree && bytes.HasPrefix(s, name) && s[len(name)] == '/'
		if !in || f.Within != nil && !f.Within(string(s)) {
			continue
		}
		v.spaces[i] = true
		sp := &v.space[i]
		for _, c := range sp.classes {
			if v.access[c.access] {
				v.N += c.n
				v.code += c.code
			}
		}
		v.Sessions += sp.sessions
		v.Words += sp.words
	}
	v.look(f)
}

// look finds who is seen, and takes what has expired out of the sums.
func (v *View) look(f *Filter) {
	v.seen = make([]uint8, len(v.sights))
	for i, k := range v.sights {
		switch {
		case i == 0 || !v.spaces[k.space] || !v.access[k.access]:
		case k.expires && f.Now != 0:
			v.seen[i] = untilItExpires
		default:
			v.seen[i] = always
		}
	}
	if f.Now == 0 {
		return
	}
	v.expiry.before(v.Docs, f.Now, 0, func(n uint32) {
		if at := v.sights[v.hot[n].sight]; v.hot[n].flags&dead != 0 || !v.spaces[at.space] || !v.access[at.access] {
			return
		}
		v.N--
		if v.hot[n].flags&HasCode != 0 {
			v.code--
		}
	})
}

// Code reports whether most of what is in sight has identifiers.
func (v *View) Code() bool { return 2*v.code > v.N }

// How documents of one sight are seen; 0 is not at all.
const (
	always = iota + 1
	untilItExpires
)

// See reports whether document n is in sight.
func (v *View) See(n uint32) bool {
	if v.inside != nil {
		return v.inside.Has(n)
	}
	return looksAt(v, n)
}

// looksAt is [View.See] that asks the document itself.
func looksAt(v *View, n uint32) bool {
	seen := v.seen[v.hot[n].sight]
	return seen == always || seen == untilItExpires && v.Docs[n].Expires > v.now
}

// Length is the number of words of document n, capped.
func (v *View) Length(n uint32) uint16 { return v.hot[n].words }

// Shortest is no more than the length of document n, if it is in sight, and of those around
// it. It is nearer to hand than [View.Length].
func (v *View) Shortest(n uint32) uint8 {
	if at := int(n / 64); at < len(v.short) {
		return v.short[at]
	}
	return 0
}

// Flags are those of document n.
func (v *View) Flags(n uint32) Flags { return v.hot[n].flags }

// Prior is 255 × how little of document n is short questions.
func (v *View) Prior(n uint32) uint8 { return v.hot[n].prior }

// Priority is the priority of document n, within what an int8 can say.
func (v *View) Priority(n uint32) int { return int(v.hot[n].priority) }

// Gate is how much document n takes part in its session: long ones do less.
func (v *View) Gate(n uint32) float32 {
	words := v.hot[n].words
	if words <= gateLength {
		return 1
	}
	return gateLength / float32(words)
}

const gateLength = 60

// MaxPriority is at least the priority of each document in sight that has one above 0.
func (v *View) MaxPriority() int { return int(v.urgent) }

// Pass reports whether document n, which is in sight, fits all conditions.
func (v *View) Pass(n uint32) bool { return v.pass == nil || v.pass(n) }

// Conditional reports whether there are conditions: else all pass.
func (v *View) Conditional() bool { return v.pass != nil }

// conditions makes one test of what is in f beside the sight. Nil passes all.
func (v *View) conditions(f *Filter) func(uint32) bool {
	var tests []func(n uint32, d *Doc) bool
	add := func(wanted bool, test func(n uint32, d *Doc) bool) {
		if wanted {
			tests = append(tests, test)
		}
	}
	tier := tierOf(f.Tier)
	add(f.Tier != "", func(n uint32, _ *Doc) bool { return v.hot[n].tier() == tier })
	add(f.MinPriority != 0, func(n uint32, _ *Doc) bool { return int32(v.hot[n].priority) >= f.MinPriority })
	add(f.Since != 0, func(_ uint32, d *Doc) bool { return d.Created >= f.Since })
	add(f.Until != 0, func(_ uint32, d *Doc) bool { return d.Created <= f.Until })
	add(f.Owner != "", func(n uint32, _ *Doc) bool {
		return v.data.access[v.sights[v.hot[n].sight].access].Owner == f.Owner
	})
	title := hash32(fold.Name(f.Title))
	add(f.Title != "", func(_ uint32, d *Doc) bool { return d.title == title })
	add(f.SourceURI != "", func(_ uint32, d *Doc) bool {
		return strings.HasPrefix(string(v.sources.at(d.source)), f.SourceURI)
	})
	if len(f.Kinds) > 0 {
		wanted := map[uint16]bool{}
		for _, k := range f.Kinds {
			if n, ok := v.kinds.find([]byte(k)); ok {
				wanted[uint16(n)] = true
			}
		}
		add(true, func(n uint32, _ *Doc) bool { return wanted[v.hot[n].kind] })
	}
	for _, tag := range f.Tags {
		set := v.Tagged(tag)
		add(true, func(n uint32, _ *Doc) bool { return set.Has(n) })
	}
	if len(tests) == 0 {
		return nil
	}
	return func(n uint32) bool {
		d := &v.Docs[n]
		for _, t := range tests {
			if !t(n, d) {
				return false
			}
		}
		return true
	}
}

// Tagged returns the documents that have a tag.
func (v *View) Tagged(tag string) Set {
	set := NewSet(len(v.Docs))
	if t, ok := v.tags.find([]byte(fold.Name(tag))); ok {
		for _, n := range v.tagged[t] {
			set.Add(n)
		}
	}
	return set
}

// Set is a set of documents.
type Set []uint64

// NewSet returns an empty set for documents below n.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// Add puts document n in.
func (s Set) Add(n uint32) { s[n>>6] |= 1 << (n & 63) }

func (s Set) remove(n uint32) { s[n>>6] &^= 1 << (n & 63) }

// Has reports whether document n is in.
func (s Set) Has(n uint32) bool { return s[n>>6]&(1<<(n&63)) != 0 }

// sightSets has what callers see as sets of documents: one bit of a document that is read
// in order stays near the processor, while what says who sees it does not. A set is made
// for who asks a second time, and goes on as documents come and go. Its zero value is
// ready.
type sightSets struct {
	mu   sync.Mutex // of those who look: who changes the index is alone
	sets []*sightSet
	once [onceSights][]uint8 // who has asked lately, and has no set
	turn int
}

const (
	// maxSights bounds what the sets take, which is a bit of each document for each.
	maxSights  = 16
	onceSights = 16
	// leastSight is from how many documents on it pays to have a set.
	leastSight = 256
)

// sightSet is what is seen by those who see so much of each kind.
type sightSet struct {
	seen []uint8 // by sight
	docs Set
	// It holds for who asks at a time from from on, and before until: nothing in it has
	// expired by then that had not at the beginning.
	from, until int64
}

// get returns what v sees as a set, nil if there is none. It stays as it is as long as v.
func (s *sightSets) get(v *View) Set {
	if len(v.Docs) < leastSight {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.sets, func(x *sightSet) bool { return slices.Equal(x.seen, v.seen) })
	if i < 0 {
		if !s.again(v.seen) {
			return nil
		}
		if i = len(s.sets); i == maxSights {
			i--
			s.sets = s.sets[:i]
		}
		s.sets = append(s.sets, newSight(v))
	}
	x := s.sets[i]
	switch {
	case v.now < x.from:
		return nil // somebody asks for what was, or a little later than others
	case v.now >= x.until:
		x = x.later(v)
	}
	copy(s.sets[1:i+1], s.sets[:i]) // the one asked for longest ago is at the end
	s.sets[0] = x
	return x.docs
}

// again reports whether who sees so much has asked lately.
func (s *sightSets) again(seen []uint8) bool {
	if slices.ContainsFunc(s.once[:], func(x []uint8) bool { return len(x) > 0 && slices.Equal(x, seen) }) {
		return true
	}
	s.once[s.turn%onceSights] = seen
	s.turn++
	return false
}

// newSight makes the set of what v sees.
func newSight(v *View) *sightSet {
	x := &sightSet{seen: v.seen}
	x.docs = make(Set, (len(v.Docs)+63)/64, (len(v.Docs)+len(v.Docs)/16)/64+1)
	for n := range uint32(len(v.Docs)) {
		if looksAt(v, n) {
			x.docs.Add(n)
		}
	}
	x.from, x.until = v.expiry.around(v.Docs, v.now)
	return x
}

// later is x at the time of v, once something has expired. Others look at x still.
func (x *sightSet) later(v *View) *sightSet {
	out := &sightSet{seen: x.seen, docs: append(make(Set, 0, cap(x.docs)), x.docs...)}
	v.expiry.before(v.Docs, v.now, 0, out.docs.remove)
	out.from, out.until = v.expiry.around(v.Docs, v.now)
	return out
}

// add notes document n, which is new.
func (s *sightSets) add(n uint32, h *hot, expires int64) {
	for _, x := range s.sets {
		if int(n>>6) >= len(x.docs) {
			x.docs = append(x.docs, 0)
		}
		if int(h.sight) >= len(x.seen) { // nobody will ask for this set again
			continue
		}
		switch sees := x.seen[h.sight]; {
		case sees == always:
			x.docs.Add(n)
		case sees == untilItExpires && expires > x.from:
			x.docs.Add(n)
			x.until = min(x.until, expires)
		}
	}
}

// drop notes that document n is gone.
func (s *sightSets) drop(n uint32) {
	for _, x := range s.sets {
		x.docs.remove(n)
	}
}

func (s *sightSets) bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(0)
	for _, x := range s.sets {
		n += 8*int64(cap(x.docs)) + int64(cap(x.seen))
	}
	return n
}

// expiry is a heap of documents by when they expire, so that those that have are
// found without looking at the others.
type expiry []uint32

// push adds document n.
func (e *expiry) push(docs []Doc, n uint32) {
	*e = append(*e, n)
	h := *e
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if docs[h[up]].Expires <= docs[h[i]].Expires {
			return
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
}

// before calls yield with the documents that have expired at now, those that are
// gone among them.
func (e expiry) before(docs []Doc, now int64, i int, yield func(n uint32)) {
	if i >= len(e) || docs[e[i]].Expires > now {
		return
	}
	yield(e[i])
	e.before(docs, now, 2*i+1, yield)
	e.before(docs, now, 2*i+2, yield)
}

// around returns when the last of the documents has expired that have at now, and when
// the next one will, those that are gone among them.
func (e expiry) around(docs []Doc, now int64) (last, next int64) {
	last, next = math.MinInt64, math.MaxInt64
	var look func(i int)
	look = func(i int) {
		if i >= len(e) {
			return
		}
		at := docs[e[i]].Expires
		if at > now {
			next = min(next, at) // and those below it later
			return
		}
		last = max(last, at)
		look(2*i + 1)
		look(2*i + 2)
	}
	look(0)
	return last, next
}
