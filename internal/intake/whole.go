package intake

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// whole reads the state of another node as a whole, in batches: a snapshot of a
// member, or a complete export. Both have one rule for what makes difficulties:
//
//   - Entries whose content is gone, and that wait for what replaced them, are tried
//     again when everything has come, for as long as that brings something.
//   - Its heads are taken over, with their gaps, which are what it had refused, only if
//     every entry was read and has its place.
//   - Which entries a head covers its chain says. Where another one has a number here, and
//     keeps it, the head is taken over without.
type whole struct {
	door *Door
	from memory.Source

	applied    int
	deferred   int
	unreadable int
	refused    []memory.Refusal
	later      []memory.Arrival // hollow entries of batches in which some wait
	contested  []memory.Arrival // under the numbers of other entries that are here
}

const (
	batchOfLater = 256
	// busyFor is how long a batch waits for its turn while there is too much to do.
	busyFor = time.Minute
)

// batch takes the next entries in.
func (w *whole) batch(ctx context.Context, in []memory.Arrival) error {
	deferred, err := w.take(ctx, in)
	if deferred == 0 {
		return err
	}
	for _, a := range in {
		if !a.Entry.Hollow.IsZero() {
			w.later = append(w.later, a)
		}
	}
	return err
}

// rest takes in what had to wait.
func (w *whole) rest(ctx context.Context) error {
	for {
		before := w.applied
		w.deferred = 0
		for in := range slices.Chunk(w.later, batchOfLater) {
			n, err := w.take(ctx, in)
			if err != nil {
				return err
			}
			w.deferred += n
		}
		if w.deferred == 0 || w.applied == before {
			return nil
		}
	}
}

// take merges entries. It returns how many have no place yet.
func (w *whole) take(ctx context.Context, in []memory.Arrival) (int, error) {
	done, err := w.takeFrom(ctx, w.from, in)
	if err != nil {
		return 0, err
	}
	w.refused = append(w.refused, done.Refused...)
	w.contested = append(w.contested, conflicts(in, done.Refused)...)
	return done.Deferred, nil
}

// takeFrom merges entries, and waits while there is too much to do for that.
func (w *whole) takeFrom(ctx context.Context, from memory.Source, in []memory.Arrival) (memory.Accepted, error) {
	until := time.Now().Add(busyFor)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		done, err := w.door.take(ctx, from, in)
		if err == nil {
			w.applied += done.Applied
			return done, nil
		}
		if memory.PutOff(err) == nil || time.Now().After(until) {
			return done, err
		}
		select {
		case <-ctx.Done():
			return done, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// conflicts are those of in that were refused because their numbers are of others here.
func conflicts(in []memory.Arrival, refused []memory.Refusal) (out []memory.Arrival) {
	for _, no := range refused {
		if no.Code == memory.CodeDotConflict {
			i := slices.IndexFunc(in, func(a memory.Arrival) bool { return a.Entry.Dot == no.Dot })
			out = append(out, in[i])
		}
	}
	return out
}

// decide has the store decide between contested entries of a member and those that are
// here, as in a repair: the member will not send them again. What stays contested is
// what makes no room here.
func (w *whole) decide(ctx context.Context) error {
	from := w.from
	from.Route = memory.RouteRepair
	contested := w.contested
	w.contested = nil
	for in := range slices.Chunk(contested, batchOfLater) {
		done, err := w.takeFrom(ctx, from, in)
		if err != nil {
			return err
		}
		w.contested = append(w.contested, conflicts(in, done.Refused)...)
	}
	return nil
}

// complete says why not everything has its place here, or nil.
func (w *whole) complete() error {
	if w.deferred > 0 || w.unreadable > 0 {
		return fmt.Errorf("%d entries have no place, %d cannot be read: %w", w.deferred, w.unreadable, memory.ErrInvalid)
	}
	return nil
}

// adopt takes over heads; those of origins for which also is false are left out,
// nil is none. It must be complete.
func (w *whole) adopt(ctx context.Context, heads memory.Heads, also func(memory.Origin) bool) error {
	known := w.door.origins(w.from)
	out := memory.Heads{}
	for o, h := range heads {
		if also != nil && !also(o) || known.allow(o) != nil {
			continue
		}
		if slices.ContainsFunc(w.contested, func(a memory.Arrival) bool { return a.Entry.Dot.Origin == o }) {
			h.Chain = memory.Chain{}
		}
		out[o] = h
	}
	if err := w.door.store.AdoptHeads(ctx, out); err != nil {
		return fmt.Errorf("adopt heads: %w", err)
	}
	return nil
}

// AcceptWhole takes in all that a member has. read hands it over in batches, and
// returns the view that it adds up to. If some of it has no place here, or cannot
// be read, it is an error: what came is kept, and nothing is vouched for.
func (d *Door) AcceptWhole(ctx context.Context, from memory.Source, read func(yield func([]memory.Shipment) error) (memory.View, error)) error {
	if err := d.admit(from); err != nil {
		return err
	}
	w := &whole{door: d, from: from}
	view, err := read(func(ops []memory.Shipment) error {
		in, unreadable := memory.Open(d.cfg.Decode, ops)
		w.unreadable += unreadable
		return w.batch(ctx, in)
	})
	if err == nil {
		err = w.rest(ctx)
	}
	if err == nil {
		err = w.complete()
	}
	if err == nil {
		err = w.decide(ctx)
	}
	if err == nil {
		err = w.adopt(ctx, view.Heads, nil)
	}
	if err != nil {
		return fmt.Errorf("%s of %s: %w", from.Route, from.Member, err)
	}
	return nil
}
