package upkeep

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Counting takes no more than a part of the time, and what is fast is always right.
func TestWhatIsSlowToCountIsNotCountedForEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted, takes, lsn := int64(0), time.Millisecond, uint64(1)
		var fails error
		l := &lately{turn: make(chan struct{}, 1), clock: time.Now, ready: func(context.Context) error { return nil }, lsn: func() uint64 { return lsn }, count: func(context.Context) (memory.Counts, error) {
			time.Sleep(takes)
			counted++
			return memory.Counts{Live: counted}, fails
		}}
		ask := func(what string, want int64) {
			t.Helper()
			if c, counting, err := l.counts(t.Context()); err != nil || counting || c.Live != want {
				t.Errorf("%s: count %d (%v), want %d", what, c.Live, err, want)
			}
		}
		ask("at first", 1)
		ask("nothing is new", 1)
		lsn++
		ask("something is new, and counting is fast", 2)
		takes = 200 * time.Millisecond
		time.Sleep(time.Minute)
		ask("later", 3)
		lsn++
		ask("something is new, and counting is slow", 3)
		time.Sleep(countShare * takes)
		ask("some seconds later", 4)
		takes = time.Minute
		time.Sleep(time.Minute)
		ask("a minute later", 5)
		time.Sleep(countOldest)
		ask("it is too old, however long it takes", 6)
		fails = errors.New("no disk")
		time.Sleep(countOldest)
		if _, _, err := l.counts(t.Context()); !errors.Is(err, fails) {
			t.Errorf("a count that fails: %v", err)
		}
		fails, takes = nil, time.Minute
		go l.counts(t.Context()) //nolint:errcheck // somebody else counts
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := l.counts(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who may wait for a second gets %v", err)
		}
		ask("then it is counted again", 8)
	})
}

// A status does not wait for what takes as long as there are memories.
func TestANodeThatStillCountsSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		l := &lately{
			turn: make(chan struct{}, 1), clock: time.Now, lsn: func() uint64 { return 1 },
			ready: func(ctx context.Context) error {
				select {
				case <-done:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			},
			count: func(context.Context) (memory.Counts, error) { return memory.Counts{Live: 7}, nil },
		}
		asked := time.Now()
		if c, counting, err := l.counts(t.Context()); err != nil || !counting || c.Live != 0 || time.Since(asked) != countPatience {
			t.Errorf("while it counts: %d, counting %v (%v) after %s", c.Live, counting, err, time.Since(asked))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := l.counts(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("who goes away gets %v", err)
		}
		close(done)
		if c, counting, err := l.counts(t.Context()); err != nil || counting || c.Live != 7 {
			t.Errorf("when it has counted: %d, counting %v (%v)", c.Live, counting, err)
		}
	})
}
