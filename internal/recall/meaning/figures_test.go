package meaning_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/meaning"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// anywhere is a model for which every text means something else. It takes no time.
type anywhere struct{ width int }

func (a anywhere) Width() int { return a.width }

func (a anywhere) Query(ctx context.Context, text string) ([]float32, error) {
	seed := uint64(14695981039346656037)
	for _, c := range []byte(text) {
		seed = (seed ^ uint64(c)) * 1099511628211
	}
	r := rand.New(rand.NewPCG(seed, 1))
	v, sum := make([]float32, a.width), 0.0
	for i := range v {
		v[i] = r.Float32() - 0.5
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v, ctx.Err()
}

func (a anywhere) Passage(ctx context.Context, text string) ([]float32, error) {
	return a.Query(ctx, text)
}

// TestFigures prints what docs/recall.md says of time and memory. It is run by
// hand: TALLY_RECALL_FIGURES=100000 go test -run Figures -v ./internal/recall/meaning
func TestFigures(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv("TALLY_RECALL_FIGURES"), &n); err != nil {
		t.Skip("set TALLY_RECALL_FIGURES to a number of memories to measure")
	}
	for _, width := range []int{256, 384} {
		for _, sessions := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d-%v", width, sessions), func(t *testing.T) { figures(t, n, width, sessions) })
		}
	}
}

func figures(t *testing.T, n, width int, sessions bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	text := func(words int) string {
		var b strings.Builder
		for range words {
			// The n-th word about 1/n times as often as the first.
			fmt.Fprintf(&b, "w%d ", int(math.Exp(r.Float64()*math.Log(float64(max(50_000, n))))))
		}
		return b.String()
	}
	changes := make([]index.Change, n)
	for i := range changes {
		d := index.Document{
			ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", r.Uint32(), i), Namespace: "bench", Body: text(20), Kind: "observation",
			Tier: "long", Priority: 5, Created: int64(i), Said: when.None,
		}
		if sessions {
			d.Session = strconv.Itoa(i / 20)
		}
		changes[i] = index.Change{Document: d}
	}
	x := index.New()
	x.Apply(changes, 1)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := meaning.NewSpace(meaning.Config{
		Name: "anywhere", Embedder: anywhere{width}, Weights: meaning.E5Weights(), Fast: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err := s.Learn(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	s.SetFull()
	runtime.GC()
	runtime.ReadMemStats(&after)
	for name, arm := range map[string]*rank.Ranker{
		"words":             rank.New(rank.Default()),
		"meaning alone":     rank.Fuse(rank.Default(), meaning.NewArm(rank.Default(), s)),
		"words and meaning": rank.New(rank.Default(), meaning.NewArm(rank.Default(), s)),
	} {
		var took []time.Duration
		for i := range 200 {
			q := rank.Query{Text: text(6), Limit: 10, Filter: index.Filter{Namespace: "bench"}}
			start := time.Now()
			if _, err := arm.Rank(t.Context(), x, q); err != nil {
				t.Fatal(err)
			}
			if i >= 10 {
				took = append(took, time.Since(start))
			}
		}
		slices.Sort(took)
		at := func(p int) time.Duration { return took[len(took)*p/100].Round(10 * time.Microsecond) }
		t.Logf("%d memories, %d numbers, sessions %v, %s: p50 %v, p95 %v", n, width, sessions, name, at(50), at(95))
	}
	t.Logf("%d B for each vector; the set says %d", int(after.HeapAlloc-before.HeapAlloc)/n, s.Status().Bytes/int64(n))
	runtime.KeepAlive(changes)
}
