package index_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// columnOf returns the column of a word, if it has one.
func columnOf(v *index.View, word string) (index.Column, bool) {
	return v.Column(v.Exact([]byte(word)))
}

// grown appends documents of some texts.
func grown(x *index.Index, n int, text func(i int) string) {
	changes := make([]index.Change, n)
	for i := range changes {
		changes[i].Document = index.Document{ID: fmt.Sprintf("%d.%d", x.Len(), i), Body: text(i), Said: when.None}
	}
	x.Apply(changes, 1)
}

// A column says what the postings say, however it came about: made of them, or kept up
// while documents came, in one language or in several.
func TestColumnsSayWhatPostingsSay(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	x := index.New()
	languages := 1
	text := func(int) string {
		// Later some are taken for German, in which the word is another term.
		rest := []string{"the pond and the reeds are what it is of", "der Teich und das Schilf sind es, von dem es ist"}[rng.IntN(languages)]
		return strings.Repeat("heron ", rng.IntN(30)) + rest
	}
	grown(x, 600, text)
	for round := range 3 {
		v := x.View(&index.Filter{})
		c, ok := columnOf(v, "heron")
		if !ok {
			t.Fatal("a word that nearly all have has no column")
		}
		if terms := v.Exact([]byte("heron")); len(terms) != languages {
			t.Fatalf("it is %d terms, want one for each language", len(terms))
		}
		var g index.Gatherer
		want := map[uint32]uint32{}
		for _, h := range g.Having(v, v.Exact([]byte("heron"))) {
			want[h.Doc] = h.Count
		}
		for n := range uint32(len(v.Docs)) {
			if c.Count(n) != want[n] || c.Glance(n) != min(want[n], index.Many) {
				t.Fatalf("round %d, document %d: %d, at a glance %d, want %d", round, n, c.Count(n), c.Glance(n), want[n])
			}
		}
		if c.Count(uint32(c.Docs())+1) != 0 {
			t.Error("a document that there is not has the word")
		}
		v.Close()
		languages = 2
		grown(x, 300, text)
	}
}

// There are so many columns and no more. Those of words that have become rare make room.
func TestColumnsAreBounded(t *testing.T) {
	x := index.New()
	words := func(of string) string {
		var b strings.Builder
		for i := range 70 {
			fmt.Fprintf(&b, "%s%c%c ", of, 'a'+i/26, 'a'+i%26)
		}
		return b.String()
	}
	have := func(of string) (n int) {
		v := x.View(&index.Filter{})
		defer v.Close()
		for w := range strings.FieldsSeq(words(of)) {
			if _, ok := columnOf(v, w); ok {
				n++
			}
		}
		return n
	}
	grown(x, 300, func(int) string { return words("bax") })
	if n := have("bax"); n != 64 {
		t.Errorf("%d words have columns, want 64", n)
	}
	grown(x, 6000, func(int) string { return words("cof") })
	if n := have("bax"); n != 0 {
		t.Errorf("%d rare words have columns", n)
	}
	if n := have("cof"); n != 64 {
		t.Errorf("%d words have columns, want 64", n)
	}
	grown(x, 3000, func(int) string { return words("dug") })
	if n := have("dug"); n != 0 {
		t.Errorf("%d words have columns in the place of others that are as common", n)
	}
	if size := x.Size(); size.Postings < 64*3000/2 {
		t.Errorf("the index takes %+v, and its columns alone more", size)
	}
}
