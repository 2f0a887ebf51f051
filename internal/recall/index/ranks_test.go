package index_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// TestAmongIsWhatAllHaveOfThose compares what is looked for among some documents with
// what all have, for lists of any length and words of several languages.
func TestAmongIsWhatAllHaveOfThose(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	x := index.New()
	words := []string{"bax", "cof", "dug", "fim", "gop", "des", "und"}
	for i := range 4000 {
		var text []string
		for range 1 + rng.IntN(6) {
			// The first words are in most documents, the last ones in few.
			text = append(text, words[min(rng.IntN(len(words)), rng.IntN(len(words)), rng.IntN(len(words)))])
		}
		d := index.Document{ID: fmt.Sprintf("%05d", rng.IntN(3500)), Body: strings.Join(text, " "), Said: when.None, Language: []string{"", "de", "fr"}[rng.IntN(3)]}
		d.Access.Private = rng.IntN(10) == 0
		x.Apply([]index.Change{{Document: d}}, uint64(i))
	}
	v := x.View(&index.Filter{})
	defer v.Close()
	sight, _ := v.Sight(nil, nil)
	slices.Sort(sight)
	var g index.Gatherer
	terms, found := 0, 0
	for _, w := range words {
		of := v.Exact([]byte(w))
		terms = max(terms, len(of))
		all := slices.Clone(g.Having(v, of))
		for _, share := range []int{1, 2, 10, 200, 5000} {
			var docs []uint32
			for _, n := range sight {
				if rng.IntN(share) == 0 {
					docs = append(docs, n)
				}
			}
			want := slices.DeleteFunc(slices.Clone(all), func(h index.Hit) bool {
				_, is := slices.BinarySearch(docs, h.Doc)
				return !is
			})
			got := g.Among(v, of, docs)
			if !slices.Equal(got, want) {
				t.Fatalf("%s among %d documents: %v, want %v", w, len(docs), got, want)
			}
			found += len(got)
		}
	}
	if terms < 2 || found < 1000 {
		t.Errorf("words of at most %d languages, %d hits: this proves little", terms, found)
	}
}

// TestRanksAreThePlacesInAList asks for every document where it is in lists of all kinds.
func TestRanksAreThePlacesInAList(t *testing.T) {
	var r index.Ranks
	for _, all := range []int{0, 1, 63, 64, 65, 1000} {
		for _, step := range []int{1, 3, 64, 500} {
			var docs []uint32
			for n := all - 1; n >= 0; n -= step {
				docs = append(docs, uint32(n))
			}
			slices.Reverse(docs)
			r.Of(docs, all)
			for n := range uint32(all) {
				want := uint32(0)
				if at, is := slices.BinarySearch(docs, n); is {
					want = uint32(at + 1)
				}
				if got := r.At(n); got != want {
					t.Fatalf("%d of %d, every %d: at %d, want %d", n, all, step, got, want)
				}
			}
		}
	}
}
