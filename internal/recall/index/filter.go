package index

import (
	"bytes"
	"strings"

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
	seen := v.seen[v.hot[n].sight]
	return seen == always || seen == untilItExpires && v.Docs[n].Expires > v.now
}

// Length is the number of words of document n, capped.
func (v *View) Length(n uint32) uint16 { return v.hot[n].words }

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

// Has reports whether document n is in.
func (s Set) Has(n uint32) bool { return s[n>>6]&(1<<(n&63)) != 0 }
