package index_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// writer makes sentences whose words are as unevenly distributed as those of a language.
type writer struct {
	rng   *rand.Rand
	rank  *rand.Zipf
	words []string
}

func newWriter() *writer {
	const words = 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	w := &writer{rng: rng, rank: rand.NewZipf(rng, 1.15, 4, words-1), words: strings.Fields(`the of and to in is that for it on was
		with as be by this not are from or at have an when which but we can then there all if one has will more may first monday
		deploy release build cluster query deadline meeting friday budget session question answer`)}
	syllables := [...]string{"ka", "ter", "vo", "lin", "sha", "mer", "do", "pel", "ru", "sten", "fi", "gor", "ba", "nel", "ti", "quo"}
	for n := len(w.words); n < words; n++ {
		var b strings.Builder
		for i := n; i > 0; i >>= 4 {
			b.WriteString(syllables[i&15])
		}
		w.words = append(w.words, b.String())
	}
	return w
}

// text has so many bytes or a few more.
func (w *writer) text(size int) string {
	var b strings.Builder
	for left := 0; b.Len() < size; left-- {
		word := w.words[w.rank.Uint64()]
		switch {
		case left > 0:
			b.WriteByte(' ')
		case b.Len() > 0:
			b.WriteString(". ")
			fallthrough
		default:
			left, word = 6+w.rng.IntN(14), strings.ToUpper(word[:1])+word[1:]
		}
		b.WriteString(word)
	}
	return b.String() + "."
}

// changes are so many memories of that size, whose numbers go on from first.
func (w *writer) changes(first, n, size int) []index.Change {
	out := make([]index.Change, n)
	for i := range out {
		out[i] = index.Change{Document: index.Document{
			ID: fmt.Sprintf("0192a1b2-c3d4-7e5f-8a9b-%012x", first+i), Namespace: "bench", Title: fmt.Sprintf("memory %d", first+i),
			Body: w.text(size), Tier: "long", Kind: "observation", Priority: 5, Created: int64(first + i), Said: when.None,
			Access: index.Access{Owner: "bench"},
		}}
	}
	return out
}

// BenchmarkApply takes memories of 1 KiB into an index that has some already, so many at
// a time as come while a node writes.
func BenchmarkApply(b *testing.B) {
	const had = 20_000
	w := newWriter()
	fill := w.changes(0, had, 1024)
	for _, at := range []int{1, 16, 128} {
		b.Run(strconv.Itoa(at), func(b *testing.B) {
			x := index.New()
			x.Apply(fill, had)
			runtime.GC()
			news := w.changes(had, b.N, 1024)
			b.ReportAllocs()
			b.ResetTimer()
			used := armtest.Used()
			for i := 0; i < len(news); i += at {
				x.Apply(news[i:min(i+at, len(news))], uint64(had+i))
			}
			b.ReportMetric(float64(armtest.Used()-used)/float64(b.N), "cpu-ns/op")
		})
	}
}
