package memlog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// Store is the store of one node. It is safe for concurrent use.
type Store struct {
	lib   *Library
	node  memory.Node
	clock *memory.Clock
	owed

	mu       sync.Mutex
	hook     func(memory.Committed)
	refuse   func(*memory.Entry) error
	origin   memory.Origin
	taken    memory.Origin // by this run
	numbered bool          // ops may be numbered under origin
	outrun   bool          // not under this one, whatever members say
	logs     map[memory.Origin]*log
	state    *memory.State
	lsn      uint64
	view     memory.View
}

// log is what a store has of one origin.
type log struct {
	head    uint64 // all up to here came, but for what a snapshot covered
	chain   memory.Chain
	entries map[uint64]*written
	gaps    map[uint64]string   // refused, with the code; the bytes are in entries
	dropped uint64              // entries up to here may be gone
	gone    map[uint64]*written // those that are
}

// New returns an empty store whose first ops are numbered under the given
// incarnation of node.
func New(lib *Library, node memory.Node, incarnation uint64, clock *memory.Clock) *Store {
	origin := memory.MakeOrigin(node, incarnation)
	s := &Store{
		lib: lib, node: node, clock: clock, origin: origin, taken: origin, numbered: true, owed: newOwed(),
		logs: map[memory.Origin]*log{}, state: memory.NewState(),
	}
	s.publish(memory.Committed{})
	return s
}

// OnCommit sets the hook that is called after each commit, in order, before the
// caller is answered.
func (s *Store) OnCommit(hook func(memory.Committed)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// Refuse makes the store refuse entries of members for which why returns an
// error. Nil takes all.
func (s *Store) Refuse(why func(*memory.Entry) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = why
}

// Submit logs ops under this node's origin. It panics if its numbers may not be
// used: that must not happen.
func (s *Store) Submit(tag any, ops ...memory.Op) []*memory.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.numbered {
		panic("memlog: an op is numbered before it is known which numbers are free")
	}
	var entries []*memory.Entry
	var own []memory.OwnEntry
	l := s.log(s.origin)
	for _, op := range ops {
		stamp := s.clock.Now()
		var prev []memory.Dot
		for _, k := range op.Subjects() {
			w := s.state.Winner(k)
			if w == nil {
				continue
			}
			if stamp = max(stamp, w.Stamp+1); k.Family == memory.FamContent && !w.Version().Final {
				prev = []memory.Dot{w.Dot}
			}
		}
		e := &memory.Entry{Dot: memory.Dot{Origin: s.origin, Seq: l.head + 1}, Stamp: stamp, Actor: "agent", Prev: prev, Op: op}
		e.Digest = digestOf(e)
		x := s.lib.enter(e)
		s.apply(l, x)
		entries = append(entries, e)
		own = append(own, memory.OwnEntry{Dot: e.Dot, Kind: op.Kind(), Size: len(x.Raw), Chain: l.chain})
	}
	own[len(own)-1].Tag = tag
	s.publish(memory.Committed{Own: own})
	return entries
}

// View implements replicate.Log.
func (s *Store) View() memory.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

// Origin implements replicate.Log.
func (s *Store) Origin() memory.Origin {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.origin
}

// Range implements replicate.Log.
func (s *Store) Range(_ context.Context, r memory.Range, maxOps, _ int) ([]memory.Shipment, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.log(r.Origin)
	var run []*written
	seq := r.From
	for ; seq <= min(r.To, l.head) && len(run) < maxOps; seq++ {
		x := l.entries[seq]
		if x == nil {
			return nil, 0, memory.ErrTruncated
		}
		run = append(run, x)
	}
	return travels(s, run), seq - 1, nil
}

func (s *Store) accept(ops []memory.Shipment, again bool) (memory.Accepted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out memory.Accepted
	var c memory.Committed
	var in []*written
	for _, ship := range ops {
		x, err := s.lib.open(ship)
		if err != nil {
			return out, err
		}
		in = append(in, x)
	}
	// Hollow entries that have to wait may wait for each other.
	for progress := true; progress && len(in) > 0; {
		before := len(in)
		in = slices.DeleteFunc(in, func(x *written) bool { return offer(s, x, again, &out, &c) })
		progress = len(in) < before
	}
	out.Deferred = len(in)
	c.Other = out.Applied
	s.publish(c)
	out.View = s.view
	return out, nil
}

// offer takes or refuses x, and reports whether it did: else x must come later. What comes
// again is of a repair: the state of a member follows from it.
func offer(s *Store, x *written, again bool, out *memory.Accepted, c *memory.Committed) bool {
	e := x.entry
	if s.claim(e.Dot) {
		out.Refused = append(out.Refused, memory.Refusal{Dot: e.Dot, Code: memory.CodeForbidden})
		return true
	}
	if early(s, x) {
		return false
	}
	l := s.log(e.Dot.Origin)
	known := l.entries[e.Dot.Seq]
	switch code, gap := l.gaps[e.Dot.Seq]; {
	case gap:
		out.Refused = append(out.Refused, memory.Refusal{Dot: e.Dot, Code: code})
	case known == nil && e.Dot.Seq > l.dropped:
		take(s, l, x, out)
	case !again:
	case known != nil && known.entry.Digest != e.Digest:
		if !waits(s, e) && e.Dot.Origin != s.taken {
			dispute(s, l, known, x, out, c)
		}
	case known == nil:
		s.apply(l, x)
	default:
		s.merge(known.entry)
	}
	return true
}

// take applies an entry that is new here, or refuses it.
func take(s *Store, l *log, x *written, out *memory.Accepted) {
	e := x.entry
	err := unready(s, e)
	if err == nil {
		s.apply(l, x)
		out.Applied++
		return
	}
	code := memory.RefusalCode(err)
	l.entries[e.Dot.Seq], l.gaps[e.Dot.Seq] = x, code
	l.advance()
	s.lsn++
	out.Refused = append(out.Refused, memory.Refusal{Dot: e.Dot, Code: code, Text: err.Error()})
}

// unready says why e is not taken, or nil.
func unready(s *Store, e *memory.Entry) error {
	if waits(s, e) {
		return errWaits
	}
	if s.refuse != nil {
		if err := s.refuse(e); err != nil {
			return err
		}
	}
	return s.clock.Observe(e.Stamp)
}

// RetryRefused takes what was refused before, if it is taken now.
func (s *Store) RetryRefused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	applied := 0
	for before := -1; before < applied; {
		before = applied
		for _, o := range slices.Sorted(maps.Keys(s.logs)) {
			l := s.logs[o]
			for _, seq := range slices.Sorted(maps.Keys(l.gaps)) {
				if x := l.entries[seq]; unready(s, x.entry) == nil {
					delete(l.gaps, seq)
					s.apply(l, x)
					applied++
				}
			}
		}
	}
	s.publish(memory.Committed{Other: applied})
}

func (s *Store) apply(l *log, x *written) {
	l.entries[x.entry.Dot.Seq] = x
	l.advance()
	s.merge(x.entry)
}

func (s *Store) merge(e *memory.Entry) {
	s.state.Apply(e)
	s.lsn++
	shed(s, e)
}

// advance moves the head over what is contiguous.
func (l *log) advance() {
	for {
		x := l.entries[l.head+1]
		if x == nil {
			return
		}
		if l.head == 0 || !l.chain.IsZero() {
			l.chain = l.chain.Next(x.entry.Digest)
		}
		l.head++
	}
}

func (s *Store) log(o memory.Origin) *log {
	l := s.logs[o]
	if l == nil {
		l = &log{entries: map[uint64]*written{}, gaps: map[uint64]string{}, gone: map[uint64]*written{}}
		s.logs[o] = l
	}
	return l
}

// publish takes a new reading, and reports what was committed.
func (s *Store) publish(c memory.Committed) {
	heads := memory.Heads{}
	for o, l := range s.logs {
		h := memory.Head{Seq: l.head, Chain: l.chain}
		for seq := range l.gaps {
			if seq <= l.head {
				h.Gaps = append(h.Gaps, seq)
			}
		}
		slices.Sort(h.Gaps)
		if h.Seq > 0 {
			heads[o] = h
		}
	}
	s.view = memory.View{Heads: heads, Root: s.state.Root().Digest(), LSN: s.lsn}
	if s.hook != nil {
		c.View = s.view
		s.hook(c)
	}
}

// Has reports whether an entry d was applied here, whatever the head.
func (s *Store) Has(d memory.Dot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return held(s, d)
}

// Unlike says where the state of the store is not want, in words for a test.
func (s *Store) Unlike(want *memory.State) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for k, e := range want.Keys {
		if got := s.state.Winner(k); got == nil || got.Dot != e.Dot {
			out = append(out, fmt.Sprintf("%s has %s, not %s", k, inWords(got), inWords(e)))
		}
	}
	for k, e := range s.state.Keys {
		if want.Winner(k) == nil {
			out = append(out, fmt.Sprintf("%s has %s, not nothing", k, inWords(e)))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func inWords(e *memory.Entry) string {
	if e == nil {
		return "nothing"
	}
	return e.Op.Kind().String() + " " + name(e)
}

// Winner returns the entry that holds register k, or nil. The caller must not change it.
func (s *Store) Winner(k memory.Key) *memory.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Winner(k)
}

// Logged returns the entry that s has under d, also if it was dropped, or nil.
func Logged(s *Store, d memory.Dot) *memory.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.log(d.Origin)
	if x := cmp.Or(l.entries[d.Seq], l.gone[d.Seq]); x != nil {
		return x.entry
	}
	return nil
}

// Truncate drops those entries of o up to seq that drop names and that are there for
// nothing but their numbers (see [Thin]): they can no longer be sent.
func (s *Store) Truncate(o memory.Origin, seq uint64, drop func(seq uint64) bool) {
	var named []uint64
	for n := uint64(1); n <= min(seq, s.View().Heads[o].Seq); n++ {
		if drop(n) { // it may look into the store
			named = append(named, n)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.log(o)
	for _, n := range named {
		if x := l.applied(n); x != nil && idle(s, x) {
			l.gone[n] = x
			delete(l.entries, n)
			l.dropped = max(l.dropped, n)
		}
	}
}

// adopt ends a snapshot: this node now holds at least these heads.
func (s *Store) adopt(heads memory.Heads) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c memory.Committed
	for _, o := range slices.Sorted(maps.Keys(heads)) {
		h := heads[o]
		if s.claim(memory.Dot{Origin: o, Seq: h.Seq}) {
			continue
		}
		l := s.log(o)
		missing := func(gap uint64) bool { return l.entries[gap] == nil }
		if h.Seq <= l.head || slices.ContainsFunc(h.Gaps, missing) {
			continue
		}
		if o.Node() == s.node {
			cut(s, o, l, memory.Range{From: 1, To: l.head}, &c)
		}
		l.head, l.chain, l.dropped = h.Seq, h.Chain, max(l.dropped, h.Seq)
		l.advance()
	}
	s.lsn++
	s.publish(c)
}

// Snapshot yields the entries of the log, hollow ones last, and returns the view that
// they add up to.
func (s *Store) Snapshot(_ context.Context, yield func([]memory.Shipment) error) (memory.View, error) {
	s.mu.Lock()
	var full, hollow []*written
	for _, l := range s.logs {
		for _, x := range l.entries {
			if sent, _ := pointed(s, x); sent.entry.Hollow.IsZero() {
				full = append(full, sent)
			} else {
				hollow = append(hollow, sent)
			}
		}
	}
	view := s.view
	s.mu.Unlock()
	var all []memory.Shipment
	for _, list := range [][]*written{full, hollow} {
		slices.SortFunc(list, func(a, b *written) int { return bytes.Compare(a.Raw, b.Raw) })
		for _, x := range list {
			all = append(all, x.Shipment)
		}
	}
	for part := range slices.Chunk(all, 256) {
		if err := yield(part); err != nil {
			return view, err
		}
	}
	return view, nil
}

// Spoil takes the register that e won out of the state, as a fault of the disk
// would, and reports whether there was something to lose.
func (s *Store) Spoil(k memory.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Winner(k) == nil {
		return false
	}
	left := memory.NewState()
	for key, e := range s.state.Keys {
		if key != k {
			left.Apply(&memory.Entry{Dot: e.Dot, Stamp: e.Stamp, Op: only{e.Op, key}, Digest: e.Digest})
		}
	}
	s.state = left
	s.lsn++
	s.publish(memory.Committed{})
	return true
}

// only is an op that writes one of its registers.
type only struct {
	memory.Op
	key memory.Key
}

func (o only) Subjects() []memory.Key { return []memory.Key{o.key} }

// errWaits refuses a hollow entry for as long as the one that replaced it is refused.
var errWaits = errors.New("what replaced its content was refused")
