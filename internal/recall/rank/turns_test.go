package rank_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// gate is an arm that looks until it is let go.
type gate struct {
	open      chan struct{}
	now, most atomic.Int64
}

func (*gate) Name() string                                  { return "gate" }
func (g *gate) Search(*rank.Question) (rank.Search, string) { return g, "" }

func (g *gate) Find(ctx context.Context, _ *index.View) (rank.Found, error) {
	n := g.now.Add(1)
	defer g.now.Add(-1)
	for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); most = g.most.Load() {
		runtime.Gosched()
	}
	select {
	case <-g.open:
		return rank.Found{Docs: []uint32{0}}, nil
	case <-ctx.Done():
		return rank.Found{}, ctx.Err()
	}
}

func (*gate) Most() float32               { return 1 }
func (*gate) Bound(uint32) float32        { return 1 }
func (*gate) Add(_ uint32, p *rank.Parts) { p[rank.Meaning]++ }
func (*gate) Close()                      {}

func TestNoMoreQuestionsLookAtATimeThanThereAreProcessors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := made(index.Document{ID: "a", Namespace: "n", Body: "heron"})
		g := &gate{open: make(chan struct{})}
		r := rank.Fuse(rank.Default(), g)
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				got, err := r.Rank(t.Context(), x, rank.Query{Text: "heron", Limit: 1})
				if err != nil || len(got.Hits) != 1 {
					t.Errorf("%d hits, %v", len(got.Hits), err)
				}
			})
		}
		synctest.Wait()
		// Whoever has to wait keeps to his deadline, and says so.
		start := time.Now()
		got, err := r.Rank(t.Context(), x, rank.Query{Text: "heron", Limit: 1, Deadline: start.Add(time.Second)})
		if err != nil || time.Since(start) != time.Second || got.Arms[0].State != rank.Skipped || got.Arms[0].Why != rank.Deadline {
			t.Errorf("after %v: %+v, %v", time.Since(start), got.Arms, err)
		}
		close(g.open)
		all.Wait()
		if most := int(g.most.Load()); most != runtime.GOMAXPROCS(0) {
			t.Errorf("%d at a time, want %d", most, runtime.GOMAXPROCS(0))
		}
	})
}

// What can run when a question's turn comes does so first: else each step of a write
// would wait for a question.
func TestAQuestionLetsOthersGoFirst(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r := rank.New(rank.Default())
	const times = 200
	first := 0
	for range times {
		ran := false
		other := make(chan struct{})
		go func() { ran = true; close(other) }()
		_, done := r.Turn(t.Context())
		done()
		select {
		case <-other:
			if ran {
				first++
			}
		default:
			<-other
		}
	}
	// Now and then the scheduler takes whoever has waited, instead of whoever is near.
	if first < times*3/4 {
		t.Errorf("%d of %d went first", first, times)
	}
}
