package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// idle opens a store whose writer does not run yet, so that jobs queue up. The
// func returned runs it until it is called again.
func (s Suite) idle(t *testing.T, change ...func(*store.Config)) (*Node, func()) {
	t.Helper()
	dir := t.TempDir()
	s.Open(t, "a", dir).Stop()
	n := s.closed(t, "a", dir, change...)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var done chan error
	n.stop = func() {
		cancel()
		var err error
		if done != nil {
			err = <-done
		}
		if err := errors.Join(err, n.Close()); err != nil {
			t.Errorf("close store: %v", err)
		}
	}
	return n, func() {
		done = make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
	}
}

// queued starts f and waits until it has put its job into the queue.
func (n *Node) queued(f func() error) <-chan error {
	n.t.Helper()
	before := n.Queued()
	out := make(chan error, 1)
	go func() { out <- f() }()
	eventually(n.t, "the job is queued", func() bool { return n.Queued() > before })
	return out
}

func (n *Node) put(op memory.Op, out **memory.Written) func() error {
	return func() error {
		w, err := n.Submit(context.WithoutCancel(n.t.Context()), &memory.Write{Actor: memory.Anonymous, Ops: []memory.NewOp{{Op: op}}})
		if out != nil {
			*out = w
		}
		return err
	}
}

// stopsUnderLoad checks that a writer that is told to stop does so although the
// next write is always there already.
func (s Suite) stopsUnderLoad(t *testing.T) {
	var n *Node
	var wg sync.WaitGroup
	refused := make(chan error, 1)
	next := func() {
		wg.Go(func() {
			if err := n.put(Create("one", "x"), nil)(); err != nil {
				refused <- err
			}
		})
		for n.Queued() == 0 && len(refused) == 0 {
			runtime.Gosched()
		}
	}
	n = s.closed(t, "a", t.TempDir(), func(c *store.Config) { c.OnCommit = func(memory.Committed) { next() } })
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	next()
	go func() { done <- n.Run(ctx) }()
	eventually(t, "something is written", func() bool { return n.View().LSN > 10 })
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the writer goes on as long as writes come")
	}
	wg.Wait()
	if err := <-refused; !errors.Is(err, memory.ErrClosed) {
		t.Errorf("the last write: %v, want ErrClosed", err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// closes checks that whoever waits for a writer that never ran is let go.
func (s Suite) closes(t *testing.T) {
	n, _ := s.idle(t)
	waiting := n.queued(n.put(Create("one", "x"), nil))
	n.Stop()
	select {
	case err := <-waiting:
		if !errors.Is(err, memory.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for ever")
	}
	if err := n.put(Create("two", "x"), nil)(); !errors.Is(err, memory.ErrClosed) {
		t.Errorf("after the end: %v, want ErrClosed", err)
	}
	if err := n.Run(t.Context()); err == nil {
		t.Error("a closed store runs")
	}
}

// boundsMemory checks that the queue is bounded by what waits in it, too.
func (s Suite) boundsMemory(t *testing.T) {
	n, run := s.idle(t, func(c *store.Config) { c.QueueBytes = 110 << 10 })
	big := func(name string) memory.Op { return Create(name, strings.Repeat("text ", 10<<10)) }
	first := n.queued(n.put(big("one"), nil))
	second := n.queued(n.put(big("two"), nil))
	if err := n.put(big("three"), nil)(); !errors.Is(err, memory.ErrBusy) {
		t.Errorf("the third: %v, want ErrBusy", err)
	}
	ships := s.Ship(t, []*memory.Entry{foreign("b.1", 1, big("four")), foreign("b.1", 2, big("five"))})
	push := n.queued(func() error {
		_, err := n.Accept(context.WithoutCancel(t.Context()), ships)
		return err
	})
	if _, err := n.Accept(t.Context(), ships[:1]); !errors.Is(err, memory.ErrBusy) {
		t.Errorf("the second push: %v, want ErrBusy", err)
	}
	run()
	for _, c := range []<-chan error{first, second, push} {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
	n.Put(big("there is room again"), big("also for a write that is larger than the bound"), big("x"))
}

// rollsBack checks a batch in which one job hits the end of the disk: it leaves
// nothing, the others are as if it had not been there.
func (s Suite) rollsBack(t *testing.T) {
	var mu sync.Mutex
	var seen []memory.Dot
	n, run := s.idle(t, func(c *store.Config) {
		c.MaxBytes = 600 << 10
		c.OnCommit = func(c memory.Committed) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range c.Own {
				seen = append(seen, e.Dot)
			}
		}
	})
	old := n.Origin()
	var one, two, three *memory.Written
	huge := &memory.Write{Actor: memory.Anonymous}
	for i := range 40 {
		huge.Ops = append(huge.Ops, memory.NewOp{Op: Create(title(i), strings.Repeat("long text ", 6000))})
	}
	results := []<-chan error{
		n.queued(n.put(Create("one", "x"), &one)),
		n.queued(func() error {
			_, err := n.NewIncarnation(context.WithoutCancel(t.Context()), memory.Dot{Origin: n.Origin()})
			return err
		}),
		n.queued(n.put(Create("two", "x"), &two)),
		n.queued(func() error {
			_, err := n.Accept(context.WithoutCancel(t.Context()), s.Ship(t, []*memory.Entry{foreign("b.1", 1, Create("from b", "x"))}))
			return err
		}),
	}
	full := n.queued(func() error { _, err := n.Submit(context.WithoutCancel(t.Context()), huge); return err })
	last := n.queued(n.put(Create("three", "x"), &three))
	run()
	for _, c := range append(results, last) {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
	if err := <-full; !errors.Is(err, memory.ErrFull) {
		t.Fatalf("the huge write: %v, want ErrFull", err)
	}
	if t.Failed() {
		return
	}
	now := n.Origin()
	want := []memory.Dot{{Origin: old, Seq: 1}, {Origin: now, Seq: 1}, {Origin: now, Seq: 2}}
	if now == old {
		t.Error("no new incarnation")
	}
	for i, w := range []*memory.Written{one, two, three} {
		if w.Entries[0].Dot != want[i] || len(w.Entries) != 1 {
			t.Errorf("write %d became %v, want %v", i, w.Entries[0].Dot, want[i])
		}
	}
	mu.Lock()
	if len(seen) != 3 {
		t.Errorf("the hook was told of %v, want each once", seen)
	}
	mu.Unlock()
	if _, err := n.Record(t.Context(), Memo(title(0), "").ID); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("part of the huge write is there: %v", err)
	}
	n.CheckState(nil)
	n.checkRange(old, 1)
	n.checkRange(now, 2)
	before := n.View()
	n.Stop()
	n = s.Open(t, "a", n.Dir())
	if after := n.View(); after.Root != before.Root || after.Heads[now].Seq != 2 || after.Heads[old].Seq != 1 || n.Origin() != now {
		t.Errorf("after a restart %+v, want %+v", after, before)
	}
}

// checkRange checks that the log of an origin has n entries.
func (n *Node) checkRange(o memory.Origin, want int) {
	n.t.Helper()
	ops, last, err := n.Range(n.t.Context(), memory.Range{Origin: o, From: 1, To: 99}, 99, 1<<20)
	if err != nil || len(ops) != want || last != uint64(want) {
		n.t.Errorf("range of %s has %d entries to %d (%v), want %d", o, len(ops), last, err, want)
	}
	for i, op := range ops {
		if e, err := n.cfg.Codec.Decode(op.Raw); err != nil || e.Dot != (memory.Dot{Origin: o, Seq: uint64(i + 1)}) {
			n.t.Errorf("range of %s has %v at %d (%v)", o, e.Dot, i, err)
		}
	}
}

// changesOrigin checks a batch in which the node takes a new incarnation.
func (s Suite) changesOrigin(t *testing.T) {
	n, run := s.idle(t)
	old := n.Origin()
	results := []<-chan error{
		n.queued(n.put(Create("one", "x"), nil)),
		n.queued(func() error {
			_, err := n.NewIncarnation(context.WithoutCancel(t.Context()), memory.Dot{Origin: n.Origin()})
			return err
		}),
		n.queued(n.put(Create("two", "x"), nil)),
	}
	run()
	for _, c := range results {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
	n.checkRange(old, 1)
	n.checkRange(n.Origin(), 1)
}

// quietHook checks that the hook is not called for what concerns no entry.
func (s Suite) quietHook(t *testing.T) {
	var mu sync.Mutex
	calls := 0
	n := s.Open(t, "a", t.TempDir(), func(c *store.Config) {
		c.OnCommit = func(memory.Committed) {
			mu.Lock()
			defer mu.Unlock()
			calls++
		}
	})
	n.Put(Create("one", "x"))
	if err := n.SaveCursor(t.Context(), "b", n.Origin(), 1); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if calls != 1 {
		t.Errorf("called %d times for one write", calls)
	}
}

// closed opens a store without running its writer.
func (s Suite) closed(t *testing.T, node memory.Node, dir string, change ...func(*store.Config)) *Node {
	t.Helper()
	cfg := store.Config{
		Dir: dir, Node: node, Clock: memory.NewClock(time.Now, memory.DefaultMaxSkew), Codec: s.Codec,
		Log: slog.New(slog.DiscardHandler),
	}
	if s.Configure != nil {
		s.Configure(t, &cfg)
	}
	for _, f := range change {
		f(&cfg)
	}
	st, err := store.Open(context.WithoutCancel(t.Context()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{Store: st, t: t, cfg: cfg}
	t.Cleanup(n.Stop)
	return n
}

// endsWhenever stops stores in the middle of everything, and checks that every
// call returns, and that what was acknowledged is there.
func (s Suite) endsWhenever(t *testing.T) {
	dir := t.TempDir()
	for round := range 6 {
		n := s.closed(t, "a", dir)
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		var over atomic.Bool
		var acked sync.Map
		var wg sync.WaitGroup
		loop := func(f func(i int) error) {
			wg.Go(func() {
				for i := 0; !over.Load(); i++ {
					if err := f(i); errors.Is(err, memory.ErrClosed) {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for w := range 4 {
			loop(func(i int) error {
				name := fmt.Sprintf("%d %d %d", round, w, i)
				err := n.put(Create(name, "x"), nil)()
				if err == nil {
					acked.Store(Memo(name, "").ID, true)
				}
				return err
			})
		}
		loop(func(i int) error {
			origin := memory.MakeOrigin("b", uint64(round+1))
			_, err := n.Accept(context.WithoutCancel(ctx), s.Ship(t, []*memory.Entry{foreign(origin, uint64(i+1), &memory.Delete{ID: "x"})}))
			return err
		})
		loop(func(int) error {
			_, _, err := n.Changed(context.WithoutCancel(ctx), 0, 100)
			return err
		})
		loop(func(int) error {
			_, err := n.Compact(context.WithoutCancel(ctx), ahead(), 1, n.all())
			return err
		})
		eventually(t, "something is written", func() bool { return n.View().LSN > uint64(100*(round+1)) })
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		over.Store(true) // an index that is complete is so after the end, too
		wg.Wait()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		n = s.Open(t, "a", dir)
		n.CheckState(nil)
		acked.Range(func(id, _ any) bool {
			if r, err := n.Record(t.Context(), id.(string)); err != nil || r.Life != memory.Live {
				t.Errorf("round %d: %s was acknowledged: %v (%v)", round, id, r, err)
			}
			return true
		})
		n.Stop()
	}
}
