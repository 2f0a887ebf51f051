package rank_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// TestTheBestAreThoseOfAll compares looking for the best alone with looking at all that has
// any word of a question, while memories come, change, expire and go.
func TestTheBestAreThoseOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := index.New()
		enough := rapid.SampledFrom([]int{20, 100, 20_000}).Draw(t, "enough")
		best := rank.Fuse(rank.Default(), rank.Capped(rank.Default(), enough, false))
		all := rank.Fuse(rank.Default(), rank.Capped(rank.Default(), enough, true))
		at := uint64(0)
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			for range rapid.IntRange(1, 400).Draw(t, "changes") {
				at++
				x.Apply([]index.Change{change(t)}, at)
			}
			for range rapid.IntRange(1, 6).Draw(t, "questions") {
				q := rank.Query{
					Text:  strings.Join(rapid.SliceOfN(rapid.Custom(unevenWord), 1, 7).Draw(t, "question"), " "),
					Limit: rapid.SampledFrom([]int{1, 3, 10, 50, 64}).Draw(t, "limit"),
					Filter: index.Filter{
						Now:    rapid.SampledFrom([]int64{0, 100, 150, 200}).Draw(t, "now"),
						Viewer: rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(t, "viewer"), All: rapid.IntRange(0, 9).Draw(t, "all") == 0,
						Namespace: rapid.SampledFrom([]string{"", "house"}).Draw(t, "namespace"),
					},
				}
				got, err := best.Rank(t.Context(), x, q)
				if err != nil {
					t.Fatal(err)
				}
				want, err := all.Rank(t.Context(), x, q)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%q, limit %d:\n got %+v\nwant %+v", q.Text, q.Limit, got, want)
				}
			}
		}
	})
}

// unevenWord is one of some words, of which the first are common and the last are rare.
func unevenWord(t *rapid.T) string {
	rare := rapid.IntRange(1, 16)
	return "bax" + strings.Repeat("o", min(rare.Draw(t, "word"), rare.Draw(t, "or"), rare.Draw(t, "or")))
}

// change is a memory that is new, or has changed, or is gone.
func change(t *rapid.T) index.Change {
	d := index.Document{ID: fmt.Sprintf("%05d", rapid.IntRange(0, 500).Draw(t, "id")), Said: when.None, Created: 1, Tier: "long"}
	if rapid.IntRange(0, 19).Draw(t, "gone") == 0 {
		return index.Change{Document: d, Gone: true}
	}
	d.Namespace = rapid.SampledFrom([]string{"house", "house", "boat"}).Draw(t, "in")
	d.Priority = int32(rapid.SampledFrom([]int{5, 5, 5, 1, 7, 10}).Draw(t, "priority"))
	d.Body = strings.Join(rapid.SliceOfN(rapid.Custom(unevenWord), 1, 12).Draw(t, "text"), " ")
	d.Body = strings.Repeat(d.Body+" ", rapid.SampledFrom([]int{1, 1, 4, 12}).Draw(t, "times")) + rapid.SampledFrom([]string{".", "?"}).Draw(t, "end")
	d.Expires = rapid.SampledFrom([]int64{0, 0, 0, 120, 150, 180}).Draw(t, "expires")
	d.Access.Private = rapid.IntRange(0, 4).Draw(t, "private") == 0
	d.Access.Owner = rapid.SampledFrom([]string{"ann", "bob", "eve"}).Draw(t, "owner")
	return index.Change{Document: d}
}
