package index_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// What callers see is kept as memories come, change, expire and go, and what they see is
// what the documents themselves say.
func TestWhatIsSeenIsKept(t *testing.T) {
	kept, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		x := index.New()
		fill := make([]index.Change, 300)
		for i := range fill {
			fill[i] = memory(t, fmt.Sprintf("%04d", i))
		}
		x.Apply(fill, 1)
		for at := range rapid.IntRange(1, 30).Draw(t, "steps") {
			c := memory(t, fmt.Sprintf("%04d", rapid.IntRange(0, 400).Draw(t, "id")))
			c.Gone = rapid.IntRange(0, 3).Draw(t, "gone") == 0
			x.Apply([]index.Change{c}, uint64(at+2))
			for range rapid.IntRange(1, 4).Draw(t, "views") {
				v := x.View(&index.Filter{
					Viewer:    rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(t, "viewer"),
					Namespace: rapid.SampledFrom([]string{"", "house"}).Draw(t, "namespace"),
					Now:       rapid.SampledFrom([]int64{0, 100, 150, 150, 151, 200}).Draw(t, "now"),
				})
				asked++
				if v.Kept() {
					kept++
				}
				for n := range uint32(len(v.Docs)) {
					if v.See(n) != v.Looks(n) {
						t.Fatalf("document %d is seen: %t, want %t", n, v.See(n), v.Looks(n))
					}
				}
				v.Close()
			}
		}
	})
	if kept < asked/4 {
		t.Errorf("%d of %d views had a set", kept, asked)
	}
}

// memory is one of anybody, for everybody or not, for ever or not.
func memory(t *rapid.T, id string) index.Change {
	d := index.Document{ID: id, Said: when.None, Created: 1, Body: "text"}
	d.Namespace = rapid.SampledFrom([]string{"house", "house", "house", "boat"}).Draw(t, "in")
	d.Expires = rapid.SampledFrom([]int64{0, 0, 0, 120, 150, 151, 180}).Draw(t, "expires")
	d.Access.Private = rapid.IntRange(0, 4).Draw(t, "private") == 0
	d.Access.Owner = rapid.SampledFrom([]string{"ann", "bob", "eve"}).Draw(t, "owner")
	return index.Change{Document: d}
}
