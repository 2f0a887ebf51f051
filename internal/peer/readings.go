package peer

import (
	"encoding/hex"
	"net/http"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// Heads name all origins, and from one message to the next few of them change. So who has
// an earlier reading of the other says which, and is told the difference to it. Readings go
// by their digests, and what comes of a difference must have the digest that the sender
// says: nothing is ever derived from another base than was meant, whatever was lost in
// between. Who does not have the base any more says so, and is told everything.

// headerHeads, in a request or an answer, is the digest of a reading of the receiver that
// the sender of it has.
const headerHeads = "X-Peer-Heads"

const (
	// fewHeads are up to how many heads always go whole: two digests are hardly shorter.
	fewHeads = 7
	// keptReadings of a member are kept, and as many of those that it was told: as many as
	// may be on their way at once.
	keptReadings = 4
)

// name puts the digest of a reading into a header, if it is one.
func name(h http.Header, r wire.Reading) {
	if !r.IsZero() {
		h.Set(headerHeads, hex.EncodeToString(r.Digest[:]))
	}
}

// named is the digest in a header; zero if there is none.
func named(h http.Header) (d memory.Digest) {
	if b, err := hex.DecodeString(h.Get(headerHeads)); err == nil && len(b) == len(d) {
		copy(d[:], b)
	}
	return d
}

// readingOf returns h as a reading; none if there are few heads.
func readingOf(h memory.Heads) wire.Reading {
	if len(h) <= fewHeads {
		return wire.Reading{}
	}
	return wire.ReadingOf(h)
}

// latest is the last reading that was asked for: of this node there is a new one with every
// commit, and it is told to all members.
type latest struct {
	mu sync.Mutex
	r  wire.Reading
}

// of is readingOf. To look for what has changed is a fraction of what a digest takes.
func (l *latest) of(h memory.Heads) wire.Reading {
	if len(h) <= fewHeads {
		return wire.Reading{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.r = wire.ReadingAfter(l.r, h)
	return l.r
}

// bare is a reading of this node as it is kept to say what is different from it: by its bytes.
func bare(r wire.Reading) wire.Reading {
	r.Heads = nil
	return r
}

// said is what a member and this node know of each other by the calls of this node: the
// last reading of the member, and of this node the last one that the member has. It unpacks
// says that the member takes compressed content.
type said struct {
	theirs, ours wire.Reading
	unpacks      bool
}

// sayings are those of all members.
type sayings struct {
	mu sync.Mutex
	by map[memory.Node]said
}

func (s *sayings) of(m memory.Node) said {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[m]
}

func (s *sayings) set(m memory.Node, to said) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[memory.Node]said{}
	}
	s.by[m] = to
}

// shelf keeps a few readings, those that were used last.
type shelf []wire.Reading

// find returns the reading with a digest.
func (s *shelf) find(d memory.Digest) (wire.Reading, bool) {
	for i, r := range *s {
		if r.Digest == d {
			*s = append(slices.Delete(*s, i, i+1), r)
			return r, true
		}
	}
	return wire.Reading{}, false
}

func (s *shelf) put(r wire.Reading) {
	if r.IsZero() {
		return
	}
	if _, there := s.find(r.Digest); there {
		return
	}
	if len(*s) >= keptReadings {
		*s = slices.Delete(*s, 0, 1)
	}
	*s = append(*s, r)
}

// shelves are what this node and each member know of each other by the calls of the member:
// its readings that are kept here, and those that it was told.
type shelves struct {
	mu           sync.Mutex
	theirs, ours map[memory.Node]*shelf
}

func newShelves() *shelves {
	return &shelves{theirs: map[memory.Node]*shelf{}, ours: map[memory.Node]*shelf{}}
}

// find returns a reading of the shelf of a member.
func (s *shelves) find(of map[memory.Node]*shelf, m memory.Node, d memory.Digest) (wire.Reading, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of[m] == nil {
		return wire.Reading{}, false
	}
	return of[m].find(d)
}

func (s *shelves) put(of map[memory.Node]*shelf, m memory.Node, r wire.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of[m] == nil {
		of[m] = &shelf{}
	}
	of[m].put(r)
}

// answering is the route of a push for the end that answers one of a member: it knows the
// readings that are kept of it, keeps this one, and says so in the header of the answer.
func (h *handler) answering(m memory.Node, asked, told http.Header) route[memory.Push, memory.PushReply] {
	r := pushRoute()
	r.decode = func(data []byte) (*memory.Push, error) {
		p, reading, err := wire.DecodePushSince(data, func(d memory.Digest) (wire.Reading, bool) {
			return h.readings.find(h.readings.theirs, m, d)
		})
		if err != nil {
			return nil, err
		}
		if reading.IsZero() {
			reading = readingOf(p.View.Heads)
		}
		h.readings.put(h.readings.theirs, m, reading)
		name(told, reading)
		return p, nil
	}
	r.encodeReply = func(rep *memory.PushReply) ([]byte, error) {
		reading := h.own.of(rep.View.Heads)
		base, _ := h.readings.find(h.readings.ours, m, named(asked))
		if !reading.IsZero() {
			h.readings.put(h.readings.ours, m, bare(reading))
		} else {
			base = wire.Reading{}
		}
		return wire.EncodePushReplySince(rep, reading, base)
	}
	return r
}

// calling is the route of a push for the end that calls: it says what is different from
// what the member has, and knows the reading that it has named.
func calling(reading wire.Reading, known said, came *wire.Reading) route[memory.Push, memory.PushReply] {
	r := pushRoute()
	r.encode = func(p *memory.Push) ([]byte, error) { return wire.EncodePushSince(p, reading, known.ours) }
	r.decodeReply = func(data []byte) (*memory.PushReply, error) {
		rep, reading, err := wire.DecodePushReplySince(data, func(d memory.Digest) (wire.Reading, bool) {
			return known.theirs, d == known.theirs.Digest
		})
		if err != nil {
			return nil, err
		}
		if *came = reading; reading.IsZero() {
			*came = readingOf(rep.View.Heads)
		}
		return rep, nil
	}
	return r
}
