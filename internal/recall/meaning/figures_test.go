package meaning_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/meaning"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// sums is a model for which a text means the sum of its words, each a direction of
// its own, those that every sentence has the less: what a static model does.
type sums struct {
	width int
	words map[string][]float32
}

func (s *sums) Width() int { return s.width }

func (s *sums) Query(ctx context.Context, question string) ([]float32, error) {
	v, sum := make([]float32, s.width), 0.0
	for w := range strings.FieldsSeq(question) {
		for i, x := range s.word(w) {
			v[i] += x
		}
	}
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] /= float32(max(1e-9, math.Sqrt(sum)))
	}
	return v, ctx.Err()
}

func (s *sums) Passage(ctx context.Context, text string) ([]float32, error) {
	return s.Query(ctx, text)
}

func (s *sums) word(w string) []float32 {
	if v, ok := s.words[w]; ok {
		return v
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(w)) // never fails
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	size := float32(1)
	if text.Stop(w) {
		size = 0.2
	}
	v := make([]float32, s.width)
	for i := range v {
		v[i] = size * (r.Float32() - 0.5)
	}
	if len(s.words) < 200_000 {
		s.words[w] = v
	}
	return v
}

// TestFigures prints what docs/recall.md says of time and memory. It is run by
// hand: TALLY_RECALL_FIGURES=100000 go test -run Figures -v ./internal/recall/meaning
func TestFigures(t *testing.T) {
	n := armtest.Figures(t)
	for width, w := range map[int]meaning.Weights{256: meaning.StaticWeights(), 384: meaning.E5Weights()} {
		for _, sessions := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d-%v", width, sessions), func(t *testing.T) { figures(t, n, width, sessions, w) })
		}
	}
}

func figures(t *testing.T, n, width int, sessions bool, w meaning.Weights) {
	t.Helper()
	c := armtest.NewCorpus(max(50_000, n))
	w.Near, w.Floor = 0.4, 0.1
	s := meaning.NewSpace(meaning.Config{
		Name: "sums", Embedder: &sums{width, map[string][]float32{}}, Weights: w, Fast: true, Logger: slog.New(slog.DiscardHandler),
	})
	x := index.New()
	const part = 1000 // the texts of all at once would be more than what is made of them
	for i := 0; i < n; i += part {
		changes := c.Changes(i, min(part, n-i), sessions)
		x.Apply(changes, uint64(i+1))
		if err := s.Learn(t.Context(), changes); err != nil {
			t.Fatal(err)
		}
	}
	s.SetFull()
	questions := make([]string, 300)
	for i := range questions {
		questions[i] = c.Text(6)
	}
	arms := []struct {
		name string
		*rank.Ranker
		took []time.Duration
		cpu  time.Duration
	}{
		{name: "words", Ranker: rank.New(rank.Default())},
		{name: "meaning alone", Ranker: rank.Fuse(rank.Default(), meaning.NewArm(rank.Default(), s))},
		{name: "words and meaning", Ranker: rank.New(rank.Default(), meaning.NewArm(rank.Default(), s))},
	}
	ask := func(r *rank.Ranker, question string) time.Duration {
		start := time.Now()
		_, err := r.Rank(t.Context(), x, rank.Query{Text: question, Limit: 10, Filter: index.Filter{Namespace: "bench"}})
		if err != nil {
			t.Error(err)
		}
		return time.Since(start)
	}
	runtime.GC()
	for i, q := range questions {
		for a := range arms { // in turn: what else the machine does falls upon all of them
			before := armtest.Used()
			if took := ask(arms[a].Ranker, q); i >= 20 {
				arms[a].took, arms[a].cpu = append(arms[a].took, took), arms[a].cpu+armtest.Used()-before
			}
		}
	}
	for a := range arms {
		took := arms[a].took
		slices.Sort(took)
		at := func(p int) time.Duration { return took[len(took)*p/100].Round(10 * time.Microsecond) }
		t.Logf("%d memories, %d numbers, sessions %v, %s: p10 %v, p50 %v, p95 %v, of processors %v; 64 clients: %.0f/s",
			n, width, sessions, arms[a].name, at(10), at(50), at(95), (arms[a].cpu / time.Duration(len(took))).Round(10*time.Microsecond),
			crowd(arms[a].Ranker, ask, questions))
	}
	t.Logf("the set says %d B for each vector", s.Status().Bytes/int64(n))
}

// crowd is how many questions of 64 clients are answered in a second.
func crowd(r *rank.Ranker, ask func(*rank.Ranker, string) time.Duration, questions []string) float64 {
	const clients, during = 64, 2 * time.Second
	var all sync.WaitGroup
	var n atomic.Int64
	start := time.Now()
	for range clients {
		all.Go(func() {
			for time.Since(start) < during {
				ask(r, questions[n.Add(1)%int64(len(questions))])
			}
		})
	}
	all.Wait()
	return float64(n.Load()) / time.Since(start).Seconds()
}
