package store_test

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

func TestATextIsFoundByItsOwnWords(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	doc := `Caroline said: "I'm keen on counselling" – déjà vu, room 42, O'Neill's title:x`
	n.Put(storetest.Create("t", doc))
	if err := n.SyncIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	hits, err := n.Search(t.Context(), recall.Match(doc, true), memory.Filter{Now: memory.InstantOf(time.Now())}, 5)
	if err != nil || len(hits) != 1 {
		t.Errorf("found %d, %v", len(hits), err)
	}
}

func FuzzNothingInATermIsSyntax(f *testing.F) {
	for _, seed := range []string{
		"heron", `"`, `""`, `a"b`, `NEAR(`, `a AND`, `OR`, `NOT x`, `title:`, `^a`, `a*`, `{a b}:c`, "a\x00b", "\xff", "é\u0301", "-", "a - b",
		"'; DROP TABLE fts; --", "ⅷ ²", "\u200d", "🦆", "\ue000", "١٢", "a_b", "ß İ ǅ",
	} {
		f.Add(seed)
	}
	s := opened(f, "a")
	f.Fuzz(func(t *testing.T, term string) {
		for _, all := range []bool{false, true} {
			for _, terms := range [][]string{{term}, {"heron", term}, recall.Terms(term)} {
				q := memory.TextQuery{Terms: terms, All: all}
				if _, err := s.Search(t.Context(), q, memory.Filter{Now: memory.InstantOf(time.Now())}, 5); err != nil {
					t.Errorf("%q: %v", q.Terms, err)
				}
			}
		}
	})
}
