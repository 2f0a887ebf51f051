package memlog

import (
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
	second  map[uint64]bool     // those that were, and came back, perhaps as others
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
		for _, k := range op.Subjects() {
			if w := s.state.Winner(k); w != nil {
				stamp = max(stamp, w.Stamp+1)
			}
		}
		e := &memory.Entry{Dot: memory.Dot{Origin: s.origin, Seq: l.head + 1}, Stamp: stamp, Actor: "agent", Op: op}
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
	var ops []memory.Shipment
	seq := r.From
	for ; seq <= min(r.To, l.head) && len(ops) < maxOps; seq++ {
		x := l.entries[seq]
		if x == nil {
			return nil, 0, memory.ErrTruncated
		}
		ops = append(ops, x.Shipment)
	}
	return ops, seq - 1, nil
}

func (s *Store) accept(ops []memory.Shipment, again bool) (memory.Accepted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out memory.Accepted
	for _, ship := range ops {
		x, err := s.lib.open(ship)
		if err != nil {
			return out, err
		}
		e := x.entry
		if s.claim(e.Dot) {
			out.Refused = append(out.Refused, memory.Refusal{Dot: e.Dot, Code: memory.CodeForbidden})
			continue
		}
		l := s.log(e.Dot.Origin)
		_, known := l.entries[e.Dot.Seq]
		switch code, gap := l.gaps[e.Dot.Seq]; {
		case gap:
			out.Refused = append(out.Refused, memory.Refusal{Dot: e.Dot, Code: code})
		case known || e.Dot.Seq <= l.dropped:
			if again {
				s.state.Apply(e)
				s.lsn++
			}
		default:
			take(s, l, x, &out)
		}
	}
	s.publish(memory.Committed{Other: out.Applied})
	out.View = s.view
	return out, nil
}

// take applies an entry that is new here, or refuses it.
func take(s *Store, l *log, x *written, out *memory.Accepted) {
	e := x.entry
	err := s.clock.Observe(e.Stamp)
	if s.refuse != nil && err == nil {
		err = s.refuse(e)
	}
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

// RetryRefused takes what was refused before, if it is taken now.
func (s *Store) RetryRefused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	applied := 0
	for _, o := range slices.Sorted(maps.Keys(s.logs)) {
		l := s.logs[o]
		for _, seq := range slices.Sorted(maps.Keys(l.gaps)) {
			x := l.entries[seq]
			if s.clock.Observe(x.entry.Stamp) != nil || s.refuse != nil && s.refuse(x.entry) != nil {
				continue
			}
			delete(l.gaps, seq)
			s.apply(l, x)
			applied++
		}
	}
	s.publish(memory.Committed{Other: applied})
}

func (s *Store) apply(l *log, x *written) {
	l.entries[x.entry.Dot.Seq] = x
	l.advance()
	s.state.Apply(x.entry)
	s.lsn++
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
		l = &log{entries: map[uint64]*written{}, gaps: map[uint64]string{}, gone: map[uint64]*written{}, second: map[uint64]bool{}}
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
	l := s.log(d.Origin)
	_, gap := l.gaps[d.Seq]
	_, ok := l.entries[d.Seq]
	return !gap && (ok || d.Seq <= l.dropped)
}

// Unlike says where the state of the store is not want, in words for a test.
func (s *Store) Unlike(want *memory.State) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for k, e := range want.Keys {
		if got := s.state.Winner(k); got == nil || got.Dot != e.Dot {
			out = append(out, fmt.Sprintf("%s has %s, not %s", k, held(got), held(e)))
		}
	}
	for k, e := range s.state.Keys {
		if want.Winner(k) == nil {
			out = append(out, fmt.Sprintf("%s has %s, not nothing", k, held(e)))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func held(e *memory.Entry) string {
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

// HasEntry reports whether e itself was applied here; with covered also if it may
// have been by whom a snapshot came from.
func (s *Store) HasEntry(e *memory.Entry, covered bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.log(e.Dot.Origin)
	if _, gap := l.gaps[e.Dot.Seq]; gap {
		return false
	}
	in, gone := l.entries[e.Dot.Seq], l.gone[e.Dot.Seq]
	for _, x := range []*written{in, gone} { // of what is gone the effects stay
		if x != nil && x.entry.Digest == e.Digest {
			return true
		}
	}
	return covered && gone == nil && (in == nil || l.second[e.Dot.Seq]) && e.Dot.Seq <= l.dropped
}

// Supersedes reports whether the log of s has later entries that write all registers of
// e: of its content only an erase, because what an edit replaces stays in the history.
func Supersedes(s *Store, e *memory.Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(e.Op.Subjects(), func(k memory.Key) bool { return !beats(s, k, e.Version()) })
}

// beats reports whether the log of s has an entry that register k keeps over version v.
func beats(s *Store, k memory.Key, v memory.Version) bool {
	for _, l := range s.logs {
		for seq, x := range l.entries {
			w := x.entry.Version()
			if _, gap := l.gaps[seq]; gap || !w.Beats(v) || k.Family == memory.FamContent && !w.Final {
				continue
			}
			if slices.Contains(x.entry.Op.Subjects(), k) {
				return true
			}
		}
	}
	return false
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

// Truncate drops those entries of o up to seq that drop names: their effects stay, they
// can no longer be sent.
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
		if _, gap := l.gaps[n]; l.entries[n] != nil && !gap {
			l.gone[n] = l.entries[n]
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

// Snapshot yields the entries that hold a register and those of the log, and
// returns the view that they add up to.
func (s *Store) Snapshot(_ context.Context, yield func([]memory.Shipment) error) (memory.View, error) {
	s.mu.Lock()
	ops := map[string]memory.Shipment{}
	for _, e := range s.state.Keys {
		ops[name(e)] = memory.Shipment{Raw: []byte(name(e))}
	}
	for _, l := range s.logs {
		for _, x := range l.entries {
			ops[string(x.Raw)] = x.Shipment
		}
	}
	view := s.view
	s.mu.Unlock()
	var all []memory.Shipment
	for _, raw := range slices.Sorted(maps.Keys(ops)) {
		all = append(all, ops[raw])
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

// errUnknown is returned for entries that are asked for by name and not there.
var errUnknown = errors.New("no such entry")
