package rank_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
	"github.com/tallystick/tallystick/internal/recall/search"
)

// TestFigures prints what docs/recall.md says of time and memory. It is run by
// hand: TALLY_RECALL_FIGURES=100000 go test -run Figures -v ./internal/recall/rank
func TestFigures(t *testing.T) {
	n := armtest.Figures(t)
	for _, sessions := range []bool{false, true} {
		c := armtest.NewCorpus(max(50_000, n))
		changes := c.Changes(0, n, sessions)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start, idle := time.Now(), armtest.Used()
		x := index.New()
		x.Apply(changes, 1)
		built, work := time.Since(start), armtest.Used()-idle
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(changes)
		var capped int
		r := rank.New(rank.Default())
		asked := measure(t, func() error {
			got, err := r.Rank(t.Context(), x, rank.Query{Text: c.Text(6), Limit: 10, Filter: index.Filter{Namespace: "bench"}})
			if got.Capped {
				capped++
			}
			return err
		})
		var s search.Searcher
		looked := measure(t, func() error {
			s.Run(x, search.Parse(c.Text(2), time.Time{}), index.Filter{Namespace: "bench"}, 20)
			return nil
		})
		common := measure(t, func() error {
			s.Run(x, search.Parse("the of", time.Time{}), index.Filter{Namespace: "bench"}, 20)
			return nil
		})
		t.Logf("%+v", x.Size())
		t.Logf("%d memories, sessions %v: built in %v of processors, %v by the clock, %d B each", n, sessions,
			work.Round(time.Millisecond), built.Round(time.Millisecond), int(after.HeapAlloc-before.HeapAlloc)/n)
		t.Logf("a question of six words: %s, capped %d; a search for two words: %s; for the two that nearly all have: %s", asked, capped, looked, common)
	}
}

// measure says what something takes that is done again and again.
func measure(t *testing.T, do func() error) string {
	t.Helper()
	var took []time.Duration
	var work time.Duration
	const times, warm = 500, 10
	for i := range times {
		start, used := time.Now(), armtest.Used()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if i >= warm {
			took, work = append(took, time.Since(start)), work+armtest.Used()-used
		}
	}
	slices.Sort(took)
	at := func(p int) time.Duration { return took[len(took)*p/100].Round(10 * time.Microsecond) }
	return fmt.Sprintf("%v of processors on average, p10 %v, p50 %v, p95 %v", (work / time.Duration(len(took))).Round(time.Microsecond), at(10), at(50), at(95))
}
