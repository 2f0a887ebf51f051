package alike_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/alike"
)

func split(texts ...string) [][]string {
	out := make([][]string, len(texts))
	for i, t := range texts {
		out[i] = strings.Fields(t)
	}
	return out
}

func TestClusters(t *testing.T) {
	got := alike.Clusters(split(
		"the gate code is 4711", "a frog", "the code is 4711 gate", "the gate code is 4711 now", "", "", "frog frog a", "something else",
	), 0.8)
	want := []alike.Cluster{{Members: []int{0, 2, 3}, Similarity: 5.0 / 6}, {Members: []int{1, 6}, Similarity: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := alike.Clusters(nil, 0.8); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// What is found by looking at rare words only is what comparing all finds.
func TestNothingThatIsAlikeIsMissed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.SampledFrom(strings.Fields("a b c d e f g h i j"))
		texts := rapid.SliceOfN(rapid.SliceOfN(word, 0, 8), 0, 12).Draw(r, "texts")
		threshold := rapid.SampledFrom([]float64{0.2, 0.5, 0.6, 0.75, 0.8, 0.9, 1}).Draw(r, "threshold")
		in := make([]int, len(texts)) // cluster by text, by comparing all
		for i := range in {
			in[i] = i
		}
		for i := range texts {
			for j := range i {
				if alike.Overlap(alike.Set(texts[i]), alike.Set(texts[j])) >= threshold {
					old, now := in[i], in[j]
					for k := range in {
						if in[k] == old {
							in[k] = now
						}
					}
				}
			}
		}
		for _, c := range alike.Clusters(texts, threshold) {
			if c.Similarity < threshold || !slices.IsSorted(c.Members) {
				r.Fatalf("%+v", c)
			}
			for _, m := range c.Members {
				if in[m] != in[c.Members[0]] {
					r.Fatalf("%d and %d are not alike", m, c.Members[0])
				}
			}
			if n := len(slices.DeleteFunc(slices.Clone(in), func(x int) bool { return x != in[c.Members[0]] })); n != len(c.Members) {
				r.Fatalf("%+v lacks some of %d", c, n)
			}
		}
	})
}
