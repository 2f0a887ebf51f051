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
		all, found := s.Run(x, q, index.Filter{}, len(texts)+1)
		got := make([]string, len(all))
		for i := range all {
			got[i] = all[i].ID
			if i > 0 && (all[i].Score > all[i-1].Score || all[i].Score == all[i-1].Score && all[i].ID < all[i-1].ID) {
				t.Fatalf("%+v is behind %+v", all[i], all[i-1])
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || found != len(want) {
			t.Fatalf("%s selects %v (%d), want %v", strings.Join(query, " "), got, found, want)
		}
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		if short, _ := s.Run(x, q, index.Filter{}, limit); !slices.Equal(short, all[:min(limit, len(all))]) {
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
		all, found := s.Run(x, q, index.Filter{}, 3000)
		if len(all) != found || !slices.IsSortedFunc(all, func(a, b search.Hit) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
		}) {
			t.Errorf("%s: %d of %d, or not in order", query, len(all), found)
		}
		for _, limit := range []int{1, 2, 7, 20, 100} {
			if short, n := s.Run(x, q, index.Filter{}, limit); n != found || !slices.Equal(short, all[:min(limit, found)]) {
				t.Errorf("%s: the first %d of %d are %v, of all %v", query, limit, n, short, all[:min(limit, found)])
			}
		}
	}
}
