package recall_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// ledger is a projection that notes what it is fed.
type ledger struct {
	mu     sync.Mutex
	ids    []string
	from   uint64
	anew   int
	saved  int
	broken error
	erased []string
}

func (*ledger) Open(context.Context) {}

func (l *ledger) From() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from
}

func (l *ledger) Apply(_ context.Context, b *recall.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	if b.After == 0 {
		l.ids = nil
		l.anew++
	}
	for i := range b.Records {
		l.ids = append(l.ids, b.Records[i].ID)
	}
	l.from = b.At
	return nil
}

func (l *ledger) Save(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saved++
	return nil
}

// Erase implements [recall.Eraser].
func (l *ledger) Erase(_ context.Context, ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erased = append(l.erased, ids...)
}

// state returns what was fed, how often it began anew, and how often it was saved.
func (l *ledger) state() (ids []string, anew, saved int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids), l.anew, l.saved
}

func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = err
}

// constant is an arm that finds everything in sight.
type constant struct{}

func (constant) Name() string { return "constant" }

func (constant) Search(*rank.Question) (rank.Search, string) { return constant{}, "" }

func (constant) Find(_ context.Context, v *index.View) (rank.Found, error) {
	var out rank.Found
	for n := range v.InNamespace {
		if v.See(n) {
			out.Docs = append(out.Docs, n)
		}
	}
	return out, nil
}

func (constant) Most() float32 { return 1 }

func (constant) Bound(uint32) float32 { return 1 }

func (constant) Add(_ uint32, p *rank.Parts) { p[rank.Meaning]++ }

func (constant) Close() {}

func TestWhatWasKeptOfALongerLogIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{origin: "a.1"}
		j.write(record("a", "heron"), record("b", "frog"))
		l := &ledger{ids: []string{"x"}, from: 7}
		f := recall.NewFinder(recall.Config{Log: slog.New(slog.DiscardHandler), Projections: []recall.Projection{l}}, j)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()
		synctest.Wait()
		if ids, anew, _ := l.state(); l.From() != 2 || anew != 1 || !slices.Equal(ids, []string{"a", "b"}) {
			t.Errorf("it has %v, at %d, begun anew %d times", ids, l.From(), anew)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Whoever has written, and asks, does not wait as long as writes are gathered for.
func TestNobodyWaitsForWritesToGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{origin: "a.1"}
		f, stop := follow(t, j, "")
		defer stop()
		for i := range 20 {
			j.write(record(strconv.Itoa(i), "heron"))
			f.Committed()
			begun := time.Now()
			if err := f.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took > time.Millisecond {
				t.Fatalf("write %d is found after %v", i, took)
			}
		}
	})
}

// What a projection takes its time for, or fails, holds up none of the others.
func TestProjectionsFollowByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{origin: "a.1"}
		l := &ledger{broken: errors.New("disk")}
		f := recall.NewFinder(recall.Config{
			Log: slog.New(slog.DiscardHandler), Arms: []rank.Arm{constant{}}, Projections: []recall.Projection{l},
		}, j)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()
		defer func() {
			cancel()
			err := <-done
			if _, _, saved := l.state(); err != nil || saved < 2 {
				t.Errorf("run ends with %v, saved %d times", err, saved)
			}
		}()
		j.write(record("a", "heron"), record("b", "frog"))
		f.Committed()
		if got := find(t, f, "heron"); got != "a b" { // the other by the arm
			t.Errorf("found %q", got)
		}
		if l.From() != 0 {
			t.Errorf("the one that fails is at %d", l.From())
		}
		l.fail(nil)
		time.Sleep(2 * time.Second)
		if ids, _, _ := l.state(); l.From() != 2 || !slices.Equal(ids, []string{"a", "b"}) {
			t.Errorf("it has %v, at %d", ids, l.From())
		}
		j.write(memory.Record{Life: memory.Erased, Memory: memory.Memory{ID: "a"}})
		f.Committed()
		time.Sleep(6 * time.Second)
		l.mu.Lock()
		if !slices.Equal(l.erased, []string{"a"}) {
			t.Errorf("told of %v, which were erased", l.erased)
		}
		l.mu.Unlock()
		if _, _, saved := l.state(); l.From() != 3 || saved == 0 {
			t.Errorf("after an erase it is at %d, and was saved %d times", l.From(), saved)
		}
		f.Rebuild()
		time.Sleep(time.Second)
		if ids, anew, _ := l.state(); anew != 2 || !slices.Equal(ids, []string{"a", "b", "a"}) {
			t.Errorf("made again %d times, it has %v", anew, ids)
		}
	})
}
