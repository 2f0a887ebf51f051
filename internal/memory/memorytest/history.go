package memorytest

import (
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// federation is a few nodes that write by what they have heard of each other.
type federation struct {
	dice   dice
	digest func(*memory.Entry) memory.Digest
	now    time.Time
	nodes  []*author
}

// author is a node as far as writing goes.
type author struct {
	origin memory.Origin
	clock  *memory.Clock
	state  *memory.State
	log    []*memory.Entry             // its own entries
	heard  []int                       // by node: how much of that one's log has been applied here
	loose  map[string][]memory.Version // content versions by id that no entry heard has replaced
}

func newFederation(d dice, origins int, digest func(*memory.Entry) memory.Digest) *federation {
	f := &federation{dice: d, digest: digest, now: epoch()}
	for i := range origins {
		ahead := time.Duration(d(4001)-2000) * time.Millisecond
		f.nodes = append(f.nodes, &author{
			origin: memory.MakeOrigin(node(i), uint64(1+d(2))),
			clock:  memory.NewClock(func() time.Time { return f.now.Add(ahead) }, memory.DefaultMaxSkew),
			state:  memory.NewState(),
			heard:  make([]int, origins),
			loose:  map[string][]memory.Version{},
		})
	}
	return f
}

// run issues n entries. Between them nodes hear of each other, or not.
func (f *federation) run(n int) []*memory.Entry {
	var all []*memory.Entry
	for len(all) < n {
		f.now = f.now.Add(time.Duration(f.dice(3)) * time.Duration(f.dice(20)) * time.Millisecond)
		i := f.dice(len(f.nodes))
		if f.dice.chance(2) {
			f.hear(i, f.dice(len(f.nodes)))
		}
		all = append(all, f.write(f.nodes[i]))
	}
	return all
}

// hear lets node i apply some of what it has not heard of node j.
func (f *federation) hear(i, j int) {
	to, from := f.nodes[i], f.nodes[j]
	if i == j {
		return
	}
	for range f.dice(8) {
		if to.heard[j] == len(from.log) {
			return
		}
		to.apply(from.log[to.heard[j]])
		to.heard[j]++
	}
}

func (a *author) apply(e *memory.Entry) {
	if err := a.clock.Observe(e.Stamp); err != nil {
		panic(err) // the clocks here are never that far apart
	}
	a.state.Apply(e)
	m, ok := e.Content()
	if !ok {
		return
	}
	loose := slices.DeleteFunc(a.loose[m.ID], func(v memory.Version) bool { return slices.Contains(e.Prev, v.Dot) })
	a.loose[m.ID] = append(loose, e.Version())
}

func (f *federation) write(a *author) *memory.Entry {
	d := f.dice
	e := &memory.Entry{
		Dot:   memory.Dot{Origin: a.origin, Seq: uint64(len(a.log) + 1)},
		Stamp: a.clock.Now(),
		Actor: pick(d, agents()),
		Op:    a.next(d),
	}
	if m, ok := e.Content(); ok {
		e.Prev = a.prev(d, m.ID)
	}
	e.Digest = f.digest(e)
	a.apply(e)
	a.log = append(a.log, e)
	return e
}

// prev is what a write to the content of id replaces: the version that is there,
// and once in a while all that compete with it.
func (a *author) prev(d dice, id string) []memory.Dot {
	w := a.state.Winner(memory.ContentKey(id))
	if w == nil {
		return nil
	}
	if _, ok := w.Content(); !ok {
		return nil
	}
	out := []memory.Dot{w.Dot}
	if d.chance(4) {
		for _, v := range a.loose[id] {
			if v.Dot != w.Dot {
				out = append(out, v.Dot)
			}
		}
	}
	return out
}

// next chooses what a node writes. Edits are frequent, erasures are rare.
func (a *author) next(d dice) memory.Op {
	kinds := append(memory.Kinds(),
		memory.KindPut, memory.KindPut, memory.KindPut, memory.KindPut, memory.KindPut, memory.KindPut,
		memory.KindArchive, memory.KindRestore, memory.KindRestore, memory.KindDelete, memory.KindLink, memory.KindUnlink,
		memory.KindDecide)
	k := pick(d, kinds)
	if k == memory.KindErase && !d.chance(3) {
		k = memory.KindPut
	}
	op := opOf(d, k)
	if put, ok := op.(*memory.Put); ok {
		return a.edit(put)
	}
	if c, ok := op.(*memory.Consolidate); ok {
		return a.read(c)
	}
	return op
}

// edit makes op follow what is there: first a creation, then edits of it.
func (a *author) edit(op *memory.Put) *memory.Put {
	life, w := a.state.Winner(memory.LifeKey(op.Memory.ID)), a.state.Winner(memory.ContentKey(op.Memory.ID))
	if w == nil || life == nil {
		op.Create, op.Memory.Version = true, 1
		return op
	}
	m, ok := w.Content()
	if ok {
		op.Memory.CreatedAt, op.Memory.Version = m.CreatedAt, m.Version+1
	}
	kind, _ := memory.LifeOf(life.Op, op.Memory.ID)
	op.Create = kind == memory.Deleted && op.Create
	return op
}

// read makes the sources of op name the versions that are there.
func (a *author) read(op *memory.Consolidate) *memory.Consolidate {
	op.Into.Version = 1
	for i, s := range op.Sources {
		if w := a.state.Winner(memory.ContentKey(s.ID)); w != nil {
			op.Sources[i].Dot = w.Dot
		}
	}
	return op
}
