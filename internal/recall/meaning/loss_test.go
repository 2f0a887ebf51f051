package meaning_test

import (
	"log/slog"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/meaning"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
)

// TestWhatTheShortcutCosts prints how much of the first ten is another when the signs
// of vectors decide which are compared in full: on the comments of Go's sources, as
// notes and as conversations. It is run by hand, with TALLY_RECALL_FIGURES and with
// TALLY_MODELS, as the other figures.
func TestWhatTheShortcutCosts(t *testing.T) {
	n := armtest.Figures(t)
	e := opened(t, "wordllama-256")
	for _, sessions := range []bool{false, true} {
		changes, questions, err := armtest.Comments(n, 100, sessions)
		if err != nil {
			t.Fatal(err)
		}
		x := index.New()
		x.Apply(changes, 1)
		s := meaning.NewSpace(meaning.Config{Name: "w", Embedder: e, Weights: meaning.StaticWeights(), Fast: true, Logger: slog.New(slog.DiscardHandler)})
		if err := s.Learn(t.Context(), changes); err != nil {
			t.Fatal(err)
		}
		s.SetFull()
		arm := func(set func(a *meaning.Arm)) [2]*rank.Ranker {
			a := meaning.NewArm(rank.Default(), s)
			set(a)
			return [2]*rank.Ranker{rank.Fuse(rank.Default(), a), rank.New(rank.Default(), a)}
		}
		full := arm(func(a *meaning.Arm) { a.CompareAll(1 << 30) })
		for _, first := range []int{512, 1024, 2048, 4096} {
			short := arm(func(a *meaning.Arm) { a.CompareFirst(first) })
			for i, name := range []string{"meaning alone", "words and meaning"} {
				loss, err := armtest.Compare(t.Context(), x, full[i], short[i], questions)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d comments, sessions %v, %d questions, %d in full, %s: %v",
					len(changes), sessions, len(questions), first, name, loss)
			}
		}
	}
}
