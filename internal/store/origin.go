package store

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// originState is what the writer knows of one origin.
type originState struct {
	id   int64
	name memory.Origin
	head uint64
	// islands are the entries in the log beyond head.
	islands map[uint64]struct{}
	// gaps are the entries in the log, islands too, that were refused; ascending.
	// It is replaced, never changed: views share it.
	gaps []uint64
}

// refused returns the gaps up to the head.
func (o *originState) refused() []uint64 {
	i, found := slices.BinarySearch(o.gaps, o.head)
	if found {
		i++
	}
	if i == 0 {
		return nil
	}
	return o.gaps[:i:i]
}

func (o *originState) isGap(seq uint64) bool {
	_, found := slices.BinarySearch(o.gaps, seq)
	return found
}

func (o *originState) addGap(seq uint64) {
	if i, found := slices.BinarySearch(o.gaps, seq); !found {
		o.gaps = slices.Insert(slices.Clone(o.gaps), i, seq)
	}
}

func (o *originState) dropGap(seq uint64) {
	if i, found := slices.BinarySearch(o.gaps, seq); found {
		o.gaps = slices.Delete(slices.Clone(o.gaps), i, i+1)
	}
}

// origin returns the state of an origin, and makes it known if it is new.
func (t *tx) origin(ctx context.Context, name memory.Origin) (*originState, error) {
	if o, ok := t.w.origins[name]; ok {
		return o, nil
	}
	o := &originState{id: int64(len(t.w.origins) + 1), name: name, islands: map[uint64]struct{}{}}
	if err := t.exec(ctx, `INSERT INTO origins (id, name, head) VALUES (?, ?, 0)`, o.id, string(name)); err != nil {
		return nil, err
	}
	t.change()
	t.w.origins[name] = o
	t.w.s.names.Store(o.id, name)
	return o, nil
}

// hold notes that the entry seq of o is in the log, and moves the head over
// what has become contiguous.
func (t *tx) hold(o *originState, seq uint64) {
	if seq <= o.head {
		return
	}
	t.change()
	o.islands[seq] = struct{}{}
	before := o.head
	for {
		if _, ok := o.islands[o.head+1]; !ok {
			break
		}
		o.head++
		delete(o.islands, o.head)
	}
	if o.head != before && !slices.Contains(t.heads, o) {
		t.heads = append(t.heads, o)
	}
}

// holds reports whether the log has, or had, the entry seq.
func (o *originState) holds(seq uint64) bool {
	if seq <= o.head {
		return true
	}
	_, ok := o.islands[seq]
	return ok
}
