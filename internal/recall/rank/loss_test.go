package rank_test

import (
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
)

// TestWhatTheCapCosts prints how much of the first ten is another because common words
// bring no candidates where there are many already: on the comments of Go's sources, as
// notes and as conversations, asked by others of them. It is run by hand:
// TALLY_RECALL_FIGURES=100000 go test -run Cap -v ./internal/recall/rank
func TestWhatTheCapCosts(t *testing.T) {
	n := armtest.Figures(t)
	full := rank.Fuse(rank.Default(), rank.Uncapped(rank.Default()), rank.Dates(rank.Default()))
	short := rank.New(rank.Default())
	for _, sessions := range []bool{false, true} {
		changes, questions, err := armtest.Comments(n, 300, sessions)
		if err != nil {
			t.Fatal(err)
		}
		x := index.New()
		x.Apply(changes, 1)
		loss, err := armtest.Compare(t.Context(), x, full, short, questions)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d comments, sessions %v, %d questions, %d capped: %v", len(changes), sessions, len(questions), loss.Capped, loss)
	}
}
