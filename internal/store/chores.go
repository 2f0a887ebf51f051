package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// chores is the writer with what it does when nothing is queued.
type chores struct {
	*writer
	touch   *touches
	wroteAt time.Time // of the last batch that came through the queue
	// restUntil is when work that can wait is tried again, after it failed.
	restUntil time.Time
	retry     []memory.Dot // refused by an earlier run, to be tried once by this one
	reading   reading
	sums      *aside
	checking  bool      // whether the sums are right
	marksAt   time.Time // when marks that have expired were taken out
	lookedAt  time.Time // when it was seen that the files are those that are open
}

// lookEvery is how often an idle writer looks at its files. Who writes looks at each commit.
const lookEvery = time.Second

// reading is how far a pass has come: see scrub_pass.go.
type reading struct {
	step  int       // of all; behind the last one the sums are looked at
	after int64     // which row of it
	next  time.Time // when the next slice is due
	waits bool      // or as soon as the rows are added up
	tries int       // of this slice that failed
	whole bool      // all of it was read since the start
}

// background does one piece of what can wait, and reports whether there is more
// of it to do at once. Run calls it when nothing is queued.
func (w *chores) background(ctx context.Context) (more bool, err error) {
	if err := w.look(); err != nil {
		return false, err
	}
	if time.Now().Before(w.restUntil) {
		return false, nil
	}
	if w.damage.unsound.due(time.Now()) {
		// What fails is in the log; what can be read is served all the same. Not so if the
		// writer no longer knows what it had in memory.
		if err := w.reindexAll(ctx); errors.Is(err, ErrFatal) && w.unloaded {
			return false, err
		}
	}
	w.restart()
	if err := w.markDamage(ctx); err != nil {
		return false, err
	}
	if w.purge {
		if err := w.purgeFiles(ctx); err != nil {
			return false, err
		}
	}
	if n := min(len(w.retry), retrySlice); n > 0 {
		dots := w.retry[:n]
		w.retry = w.retry[n:]
		return true, w.alone(ctx, func(ctx context.Context, t *tx) error {
			_, err := taking(t).retryParked(ctx, dots, 0)
			return err
		})
	}
	if by := w.touch.due(time.Now()); len(by) > 0 {
		began := time.Now()
		err := w.alone(ctx, func(ctx context.Context, t *tx) error { return t.foldTouches(ctx, by) })
		w.touch.rest(len(by), time.Since(began))
		return false, err
	}
	if now := time.Now(); now.Sub(w.marksAt) >= marksEvery {
		w.marksAt = now
		return false, w.alone(ctx, func(ctx context.Context, t *tx) error { return t.dropMarks(ctx, memory.InstantOf(now)) })
	}
	if w.parked(ctx) {
		return false, w.alone(ctx, func(ctx context.Context, t *tx) error {
			_, err := taking(t).retryParked(ctx, nil, w.now())
			return err
		})
	}
	if w.reading.waits && w.sums.answered() || !time.Now().Before(w.reading.next) {
		if err := w.readSlice(ctx); err != nil {
			return false, err
		}
	}
	return false, w.settle(ctx, w.unsettled > 0 && w.quiet())
}

// restart has a pass begin anew behind indexes that were made anew.
func (w *chores) restart() {
	if w.anew {
		w.anew, w.reading = false, reading{}
		w.sums.forget()
	}
}

// look is an error if the files are not those any more that are open.
func (w *chores) look() error {
	now := time.Now()
	if now.Sub(w.lookedAt) < lookEvery {
		return nil
	}
	w.lookedAt = now
	if err := w.files.gone(); err != nil {
		return fmt.Errorf("%w: %w", ErrFatal, err)
	}
	return nil
}

// markDamage looks at what reads have found, and then at whether the sums are right.
func (w *chores) markDamage(ctx context.Context) error {
	found := w.damage.take()
	if len(found) == 0 {
		return w.checkSums(ctx)
	}
	return w.alone(ctx, func(ctx context.Context, t *tx) error {
		return scrubber{t}.mark(ctx, slices.Collect(maps.Keys(found)))
	})
}

// readSlice checks the next slice of what there is. After a start all is read once
// without hurry: a disk shows after an outage what it has lost. From then on the
// slices are spread over the time that a pass may take.
func (w *chores) readSlice(ctx context.Context) error {
	began := time.Now()
	if w.reading.step == 0 && w.reading.after == 0 {
		w.damage.unsound.begin()
	}
	steps := w.dialect.pass().all()
	differs, ends := false, w.reading.step == len(steps)
	if ends {
		var known bool
		if differs, known = w.sums.answer(); !known {
			w.reading.next, w.reading.waits = began.Add(answerWait), true
			return nil
		}
	}
	at := w.reading
	err := w.alone(ctx, func(ctx context.Context, t *tx) error {
		at = w.reading
		for at.step < len(steps) {
			last, n, err := steps[at.step](passer{scrubber{t}}, ctx, at.after)
			if at.after = last; err != nil || n > 0 {
				return t.unread(err)
			}
			at.step, at.after = at.step+1, 0
		}
		if !ends {
			return nil
		}
		_, err := passer{scrubber{t}}.end(ctx, differs)
		return err
	})
	if failed := time.Now().Before(w.restUntil); err == nil && failed && w.reading.tries < sliceTries {
		w.reading.tries++ // a full disk, most of all: what it has found is not noted yet
		return nil
	}
	if err == nil {
		at.tries = 0
		w.reading = at
	}
	// Rows of memories and of registers are read in larger slices, or are fewer, than those
	// of the log.
	pause := w.cfg.ScrubWithin / time.Duration(4*w.lsn/scrubRows+2*uint64(len(steps)))
	if ends {
		w.reading = reading{whole: true}
	} else if !w.reading.whole {
		pause = min(pause, scrubShare*time.Since(began))
	}
	w.reading.next = time.Now().Add(pause)
	return err
}

// sliceTries is how often a slice that fails is tried again before the pass goes on behind
// the rows that it came to. One that cannot read any is tried until it can.
const sliceTries = 60

// answerWait is when the writer asks again what the rows add up to, if nobody tells it.
const answerWait = time.Minute

// scrubShare is how much longer the writer does other things than it reads, in the
// first pass after a start.
const scrubShare = 20

// retrySlice is how many refused ops are tried again in one transaction.
const retrySlice = 64

// purgeFiles does what an erase has left to do: what was erased must not stay in
// what the engine has written aside. While a reader keeps it from that, it is
// tried again later.
func (w *chores) purgeFiles(ctx context.Context) error {
	done, err := w.discard(ctx)
	if err != nil || !done {
		return err
	}
	return w.alone(ctx, func(_ context.Context, t *tx) error {
		t.purge = false
		t.rows++
		t.steps++
		return nil
	})
}

// idleFor is how long the writer may sleep when nothing is queued.
func (w *chores) idleFor() time.Duration {
	if rest := time.Until(w.restUntil); rest > 0 {
		return rest
	}
	return max(0, min(time.Second, time.Until(w.reading.next), w.touch.idle()))
}

// parked reports whether a refused op is due to be tried again.
func (w *chores) parked(ctx context.Context) bool {
	if !w.refuses() {
		return false
	}
	var n int
	found, err := w.queryRow(ctx, `SELECT 1 FROM parked WHERE member = ? AND retry > 0 AND retry <= ? LIMIT 1`,
		[]any{string(w.cfg.Node), int64(w.now())}, &n)
	return found && err == nil
}

// quiet reports whether nothing was written for a while.
func (w *chores) quiet() bool { return time.Since(w.wroteAt) > 5*time.Second }

// alone runs one job of the writer's own. Only a fatal error comes back: the
// rest is tried again later.
func (w *chores) alone(ctx context.Context, run func(context.Context, *tx) error) error {
	j := &job{run: run, done: make(chan struct{})}
	if err := w.commit(ctx, []*job{j}); err != nil {
		return err
	}
	if j.err != nil {
		w.cfg.Log.WarnContext(ctx, "background work failed", "err", j.err)
		w.restUntil = time.Now().Add(restAfter)
	}
	return nil
}

// restAfter is how long the writer leaves alone what can wait, once that failed:
// a full disk is full for a while.
const restAfter = time.Second

// settleKiB is how much is written before the engine settles. It begins its log anew
// then, and to write where something was is quicker than to grow a file.
const settleKiB = 16 << 10

// settle has the engine tidy up when much was written, or now if asked to.
func (w *chores) settle(ctx context.Context, now bool) error {
	if !now && w.unsettled < settleKiB {
		return nil
	}
	w.unsettled = 0
	if err := fatalOnly(w.dialect.settle(ctx, w.conn)); err != nil || !now {
		return err
	}
	return fatalOnly(w.dialect.shrink(ctx, w.conn))
}

// discard is the dialect's, and reports whether it is done.
func (w *chores) discard(ctx context.Context) (bool, error) {
	done, err := w.dialect.discard(ctx, w.conn)
	if err != nil {
		return false, fatalOnly(err)
	}
	w.unsettled = 0
	return done, nil
}

func fatalOnly(err error) error {
	if errors.Is(err, ErrFatal) {
		return err
	}
	return nil
}

// finish does at the end what makes the next start quick.
func (w *chores) finish(ctx context.Context) error {
	if by := w.touch.take(maxTouches); len(by) > 0 {
		if err := w.alone(ctx, func(ctx context.Context, t *tx) error { return t.foldTouches(ctx, by) }); err != nil {
			return err
		}
	}
	return w.settle(ctx, w.unsettled > 0)
}

// upgraded lists what an earlier run refused for reasons that this program may
// not share: it may be a newer one.
func (w *chores) upgraded(ctx context.Context) ([]memory.Dot, error) {
	return w.refused(ctx, `code IN (?, ?) ORDER BY origin, seq`, memory.CodeUnknownKind, memory.CodeInvalid)
}

func (t *tx) foldTouches(ctx context.Context, by map[string]touched) error {
	t.others, t.changed.reads = true, by
	for id, n := range by {
		if err := t.aside(ctx, `INSERT INTO access (record, count, at) SELECT rid, ?, ? FROM memories WHERE id = ?
			ON CONFLICT (record) DO UPDATE SET
				count = CASE WHEN access.count + excluded.count < ? THEN access.count + excluded.count ELSE ? END,
				at = CASE WHEN access.at > excluded.at THEN access.at ELSE excluded.at END`,
			min(n.n, maxCount), int64(n.at), id, maxCount, maxCount); err != nil {
			return err
		}
	}
	return nil
}
