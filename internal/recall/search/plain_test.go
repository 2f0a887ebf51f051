package search_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/search"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// TestSearchIsThePlainOne compares what is selected with a look at every text, and the
// first of it with all of it.
func TestSearchIsThePlainOne(t *testing.T) {
	var s search.Searcher
	rapid.Check(t, func(t *rapid.T) {
		words := []string{"bax", "cof", "dug", "fim", "gop"}
		x := index.New()
		texts := map[string]string{}
		for i := range rapid.IntRange(1, 120).Draw(t, "documents") {
			d := index.Document{ID: fmt.Sprintf("%05d", rapid.IntRange(0, 99999).Draw(t, "id")), Said: when.None, Priority: int32(rapid.IntRange(4, 6).Draw(t, "priority"))}
			d.Body = strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 6).Draw(t, "text"), " ")
			d.Access.Private = rapid.IntRange(0, 9).Draw(t, "private") == 0
			x.Apply([]index.Change{{Document: d}}, uint64(i))
			texts[d.ID] = d.Body
			if d.Access.Private {
				texts[d.ID] = ""
			}
		}
		var query []string
		var tests []func(text string) bool
		for i := range rapid.IntRange(1, 4).Draw(t, "clauses") {
			w := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 2).Draw(t, "clause"), " ")
			not := i > 0 && rapid.IntRange(0, 3).Draw(t, "not") == 0
			tests = append(tests, func(text string) bool { return strings.Contains(text, w) != not })
			query = append(query, map[bool]string{true: "-"}[not]+`"`+w+`"`)
		}
		var want []string
		for id, text := range texts {
			if text != "" && !slices.ContainsFunc(tests, func(f func(string) bool) bool { return !f(text) }) {
				want = append(want, id)
			}
		}
		q := search.Parse(strings.Join(query, " "), time.Time{})
		all := s.Run(x, q, index.Filter{}, len(texts)+1)
		got := make([]string, len(all))
		for i := range all {
			got[i] = all[i].ID
			if i > 0 && (all[i].Score > all[i-1].Score || all[i].Score == all[i-1].Score && all[i].ID < all[i-1].ID) {
				t.Fatalf("%+v is behind %+v", all[i], all[i-1])
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%s selects %v, want %v", strings.Join(query, " "), got, want)
		}
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		if short := s.Run(x, q, index.Filter{}, limit); !slices.Equal(short, all[:min(limit, len(all))]) {
			t.Fatalf("the first %d are %v, of all %v", limit, short, all)
		}
	})
}

// TestTheFirstOfManyAreThoseOfAll compares short lists with the whole one where most of
// what is selected is left out of them at a glance: it has the words too rarely.
func TestTheFirstOfManyAreThoseOfAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	words := []string{"bax", "cof", "dug", "fim", "gop", "hul", "jin", "kel", "lom", "mep"}
	x := index.New()
	var changes []index.Change
	for i := range 3000 {
		d := index.Document{ID: fmt.Sprintf("%05d", i*7919%100_000), Said: when.None, Priority: 5}
		if rng.IntN(50) == 0 {
			d.Priority = rng.Int32N(11)
		}
		var text []string
		for range 1 + rng.IntN(80) {
			text = append(text, words[min(rng.IntN(len(words)), rng.IntN(len(words)))])
		}
		d.Body = strings.Join(text, " ")
		changes = append(changes, index.Change{Document: d})
	}
	x.Apply(changes, 1)
	var s search.Searcher
	for _, query := range []string{"bax", "mep", "bax mep", "mep lom bax", "cof dug fim", `"bax cof" mep`, "lom -kel", "-kel namespace:x"} {
		q := search.Parse(query, time.Time{})
		all := s.Run(x, q, index.Filter{}, 3000)
		found := len(all)
		if !slices.IsSortedFunc(all, func(a, b search.Hit) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
		}) {
			t.Errorf("%s: not in order", query)
		}
		for _, limit := range []int{1, 2, 7, 20, 100} {
			if short := s.Run(x, q, index.Filter{}, limit); !slices.Equal(short, all[:min(limit, found)]) {
				t.Errorf("%s: the first %d are %v, of all %v", query, limit, short, all[:min(limit, found)])
			}
		}
	}
}

// TestCommonWordsAreSearchedLikeAnyOthers compares the short way, for which common words
// have columns, with that of any query: an exclusion that nothing has leaves it to that.
// Documents come, change and go between the questions, and the columns with them.
func TestCommonWordsAreSearchedLikeAnyOthers(t *testing.T) {
	var s search.Searcher
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		words := []string{"bax", "cof", "dug", "fim", "gop", "hul", "jin", "kel", "lom", "mep"}
		x := index.New()
		grow := func(n int) {
			changes := make([]index.Change, n)
			least := []int{1, 1, 45, 120}[rng.IntN(4)] // of texts that lie together
			for i := range changes {
				d := &changes[i].Document
				d.ID, d.Said = fmt.Sprintf("%05d", rng.IntN(4*n)), when.None
				d.Namespace = []string{"m", "n"}[rng.IntN(2)]
				d.Priority, d.Access.Private = int32(4+rng.IntN(3)), rng.IntN(5) == 0
				d.Expires = int64(rng.IntN(3)) // 0 never does
				changes[i].Gone = rng.IntN(6) == 0
				// A few have some words very often, and all have few words of the last ones.
				often, text := words[rng.IntN(3)], []string(nil)
				for range least + rng.IntN(80) {
					if rng.IntN(3) == 0 {
						text = append(text, often)
					} else {
						text = append(text, words[min(rng.IntN(len(words)), rng.IntN(len(words)), rng.IntN(len(words)))])
					}
				}
				d.Body = strings.Join(text, " ")
			}
			x.Apply(changes, 1)
		}
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			grow(rapid.IntRange(200, 900).Draw(t, "documents"))
			for range 6 {
				query := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 4).Draw(t, "query"), " ")
				f := index.Filter{
					Namespace: rapid.SampledFrom([]string{"", "n"}).Draw(t, "namespace"), All: rapid.Bool().Draw(t, "all"),
					Now: int64(rapid.IntRange(0, 2).Draw(t, "now")), MinPriority: int32(rapid.SampledFrom([]int{0, 6}).Draw(t, "priority")),
				}
				limit := rapid.SampledFrom([]int{1, 5, 20, 5000}).Draw(t, "limit")
				got := s.Run(x, search.Parse(query, time.Time{}), f, limit)
				want := s.Run(x, search.Parse(query+" -nothing", time.Time{}), f, limit)
				if !slices.Equal(got, want) {
					t.Fatalf("%s, %+v, %d: %v, want %v", query, f, limit, got, want)
				}
			}
		}
	})
}
