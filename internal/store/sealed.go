package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// sealed is an entry as it lies in the log: its bytes, and what says which bytes
// they have to be.
type sealed struct {
	origin, seq int64
	state       int
	digest, raw []byte
}

// What selects a sealed of the log row c, g or l. The first may be absent.
const (
	sqlSealedC = `coalesce(c.origin, 0), coalesce(c.seq, 0), coalesce(c.state, 0), c.digest, c.raw`
	sqlSealedG = `g.origin, g.seq, g.state, g.digest, g.raw`
	sqlSealedL = `l.origin, l.seq, l.state, l.digest, l.raw`
)

func (x *sealed) dest() []any { return []any{&x.origin, &x.seq, &x.state, &x.digest, &x.raw} }

// glance is dest for one whose bytes are decoded before the next row is asked for, and
// not kept: they are not copied.
func (x *sealed) glance() []any {
	return []any{&x.origin, &x.seq, &x.state, (*sql.RawBytes)(&x.digest), (*sql.RawBytes)(&x.raw)}
}

// unsure is a sealed whose values may have other types than their columns, as those of a
// damaged row may.
type unsure struct{ origin, seq, state, digest, raw any }

func (u *unsure) dest() []any { return []any{&u.origin, &u.seq, &u.state, &u.digest, &u.raw} }

// sealed is what it is, or false: then the row is set right when its turn comes in a pass,
// see [scrubber.retype].
func (u *unsure) sealed() (x sealed, is bool) {
	var state int64
	var are [5]bool
	x.origin, are[0] = u.origin.(int64)
	x.seq, are[1] = u.seq.(int64)
	state, are[2] = u.state.(int64)
	x.digest, are[3] = u.digest.([]byte)
	x.raw, are[4] = u.raw.([]byte)
	x.state = int(state)
	return x, !slices.Contains(are[:], false)
}

// open decodes an entry of the log. This is the one way by which bytes leave a
// row: if they are not what the digest names, the row is damaged, the writer is
// told, and the error is memory.ErrDamaged. An entry of an unknown kind comes with
// its header and an error, as from the codec.
func (s *base) open(x sealed) (*memory.Entry, error) {
	e, err := s.decode(x)
	if e == nil {
		s.damage.report(x.origin, x.seq)
		return nil, &damagedError{name: s.dot(x.origin, x.seq).String()}
	}
	return e, err
}

// damagedError is memory.ErrDamaged of a memory or an entry.
type damagedError struct{ name string }

func (e *damagedError) Error() string { return e.name + " is damaged here" }

func (e *damagedError) Unwrap() error { return memory.ErrDamaged }

// omitted takes the error of one row of many: what is damaged is left out, and noted.
func omitted(ctx context.Context, err error) error {
	if d, ok := errors.AsType[*damagedError](err); ok {
		memory.Omit(ctx, d.name)
		return nil
	}
	return err
}

// decode is open that tells nobody: a damaged entry is nil.
func (s *base) decode(x sealed) (*memory.Entry, error) {
	if x.state == stateDamaged {
		return nil, nil //nolint:nilnil // damage, as documented
	}
	digest := toDigest(x.digest)
	var e *memory.Entry
	var err error
	if x.state == stateApplied {
		e, err = s.cfg.Codec.Again(x.raw, digest)
	} else { // what was refused was perhaps never whole
		e, err = s.cfg.Codec.Decode(x.raw)
	}
	if e == nil || e.Digest != digest || e.Dot != s.dot(x.origin, x.seq) || err != nil && x.state != stateParked {
		return nil, nil //nolint:nilnil // damage, as documented
	}
	return e, err
}

// whole reports whether the bytes are those that were logged.
func (s *base) whole(x sealed) bool {
	e, _ := s.decode(x)
	return e != nil
}

// damage is what reads have found, until the writer has looked at it.
type damage struct {
	mu     sync.Mutex
	found  map[[2]int64]struct{} // origins.id and seq
	rouse  func()
	marked atomic.Int64 // rows of damaged
	mended atomic.Int64

	unsound unsound
}

// maxFound bounds what waits for the writer; the rest is found again.
const maxFound = 10_000

func (d *damage) report(origin, seq int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found == nil {
		d.found = map[[2]int64]struct{}{}
	}
	if len(d.found) < maxFound {
		d.found[[2]int64{origin, seq}] = struct{}{}
	}
	d.rouse()
}

func (d *damage) take() map[[2]int64]struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := d.found
	d.found = nil
	return found
}

// reindexEvery is how long the indexes are left alone once all were made anew: if the
// database contradicts itself still, it is not for them. Where they could not be made anew it
// is twice as long each time, up to reindexSeldom.
const (
	reindexEvery  = time.Minute
	reindexSeldom = time.Hour
)

// unsound notes that somebody met a contradiction in the database.
type unsound struct {
	met   chan struct{} // of capacity 1
	rouse func()        // the writer
	at    time.Time     // when indexes were made anew last; of the writer
	wait  time.Duration // from then on; of the writer

	// pages counts how often something was met that cannot be read. It was so often when a
	// pass began, and when one ended in which nothing was met.
	pages, began, sound atomic.Int64
}

// broken reports whether what the engine cannot read was met, and not yet found to be whole.
func (u *unsound) broken() bool { return u.pages.Load() != u.sound.Load() }

// begin and end are called where a pass begins, and when it has ended well.
func (u *unsound) begin() { u.began.Store(u.pages.Load()) }

func (u *unsound) end() {
	if n := u.began.Load(); n == u.pages.Load() {
		u.sound.Store(n)
	}
}

// rest notes that the indexes were made anew, or could not be.
func (u *unsound) rest(now time.Time, failed bool) {
	if u.at = now; failed {
		u.wait = min(max(2*u.wait, reindexEvery), reindexSeldom)
		return
	}
	u.wait = reindexEvery
}

// note may be called by anybody, at any time.
func (u *unsound) note() {
	select {
	case u.met <- struct{}{}:
		u.rouse()
	default:
	}
}

// due reports whether the indexes are to be made anew. Only the writer asks.
func (u *unsound) due(now time.Time) bool {
	if !u.at.IsZero() && now.Sub(u.at) < u.wait {
		return false
	}
	select {
	case <-u.met:
		return true
	default:
		return false
	}
}
