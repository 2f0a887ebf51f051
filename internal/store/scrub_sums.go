package store

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// adder adds up all registers, beside the writer.
type adder struct {
	*base
	reader *reader
}

// How often and at which distance an adder looks for an instant of which it knows what the
// rows should add up to: between two commits.
const (
	addTries = 200
	addAgain = 5 * time.Millisecond
)

// differs reports whether the rows add up to something else than the sums that are kept
// along with them. Who cannot tell says so, too: the writer looks again then.
func (a *adder) differs(ctx context.Context) bool {
	again := time.NewTicker(addAgain)
	defer again.Stop()
	for range addTries {
		if differs, ok := a.add(ctx); ok {
			return differs
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return true
		}
	}
	return true
}

// add adds the rows up, as they are at an instant at which the root is known, and compares
// that and each sum with what is kept.
func (a *adder) add(ctx context.Context) (differs, ok bool) {
	before := a.View()
	tx, err := a.reader.begin(ctx)
	if err != nil {
		return false, false
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	var lsn uint64
	if err := tx.row(ctx, `SELECT lsn FROM node`, nil, &lsn); err != nil {
		return false, false
	}
	if now := a.View(); lsn != now.LSN || lsn != before.LSN || now.Root != before.Root {
		return false, false
	}
	kept, ok := tx.keptSums(ctx)
	if !ok {
		return false, false
	}
	var sums [memory.Buckets]memory.Sum
	var total memory.Sum
	err = a.eachRegister(func(q string, row func(rowScanner) error) error { return tx.each(ctx, q, nil, row) },
		func(k memory.Key, v memory.Version, d memory.Digest) {
			item := memory.ItemSum(k, v, d)
			sums[memory.Bucket(k)].Add(item)
			total.Add(item)
		})
	return *kept != sums || before.Root != total.Digest(), err == nil
}

// keptSums are the sums of the buckets as they are on the disk, with what was added since
// they were written. It reports false if they cannot be read.
func (t *readTx) keptSums(ctx context.Context) (*[memory.Buckets]memory.Sum, bool) {
	var sums [memory.Buckets]memory.Sum
	ok := true
	add := func(raw []byte) {
		changes, whole := changesIn(raw)
		for _, x := range changes {
			sums[x.bucket].Add(x.sum)
		}
		ok = ok && whole
	}
	err := t.each(ctx, `SELECT part, sums FROM buckets`, nil, func(r rowScanner) error {
		var part int
		var raw []byte
		if err := r.Scan(&part, &raw); err != nil {
			return err
		}
		row, whole := sumsOf(part, raw)
		if ok = ok && whole; whole {
			copy(sums[part*partSums:], row)
		}
		return nil
	})
	var round int64
	var changes []byte
	if err == nil {
		err = t.row(ctx, `SELECT round, changes FROM node`, nil, &round, &changes)
	}
	if err == nil {
		add(changes)
		err = t.each(ctx, `SELECT raw FROM sum_changes WHERE round = ?`, []any{round}, func(r rowScanner) error {
			var raw []byte
			err := r.Scan(&raw)
			add(raw)
			return err
		})
	}
	return &sums, ok && err == nil
}

// aside is an adder at work for the writer, who does not wait for it.
type aside struct {
	*adder
	rouse   func() // tells the writer that there is an answer
	asks    chan struct{}
	answers chan bool
	asked   bool
	stale   bool // what is answered next was asked too long ago
}

func newAside(a *adder, rouse func()) *aside {
	return &aside{adder: a, rouse: rouse, asks: make(chan struct{}, 1), answers: make(chan bool, 1)}
}

// run answers until ctx is done.
func (a *aside) run(ctx context.Context) {
	for {
		select {
		case <-a.asks:
			a.answers <- a.differs(ctx)
			a.rouse()
		case <-ctx.Done():
			return
		}
	}
}

// answered reports whether there is an answer that nobody has taken.
func (a *aside) answered() bool { return len(a.answers) > 0 }

// forget has what was asked before count no more.
func (a *aside) forget() { a.stale = a.asked }

// answer is what adder.differs says, once it is known. Until then each call says that it is not.
func (a *aside) answer() (differs, known bool) {
	if !a.asked {
		a.asked = true
		a.asks <- struct{}{}
	}
	select {
	case differs = <-a.answers:
		a.asked = false
		if a.stale {
			a.stale = false
			return a.answer()
		}
		return differs, true
	default:
		return false, false
	}
}
