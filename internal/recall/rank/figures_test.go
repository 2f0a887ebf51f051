package rank_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
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
		r := rank.New(rank.Default())
		var took []time.Duration
		var asking time.Duration
		capped := 0
		for i := range 500 {
			q := rank.Query{Text: c.Text(6), Limit: 10, Filter: index.Filter{Namespace: "bench"}}
			start, used := time.Now(), armtest.Used()
			got, err := r.Rank(t.Context(), x, q)
			if err != nil {
				t.Fatal(err)
			}
			if got.Capped {
				capped++
			}
			if i >= 10 {
				took = append(took, time.Since(start))
				asking += armtest.Used() - used
			}
		}
		slices.Sort(took)
		at := func(p int) time.Duration { return took[len(took)*p/100].Round(10 * time.Microsecond) }
		t.Logf("%+v", x.Size())
		t.Logf("%d memories, sessions %v: built in %v of processors, %v by the clock, %d B each; a question %v of processors; p10 %v, p50 %v, p95 %v, capped %d",
			n, sessions, work.Round(time.Millisecond), built.Round(time.Millisecond), int(after.HeapAlloc-before.HeapAlloc)/n,
			(asking / time.Duration(len(took))).Round(time.Microsecond), at(10), at(50), at(95), capped)
	}
}
