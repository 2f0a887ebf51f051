package rank_test

import (
	"fmt"
	"os"
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
	var n int
	if _, err := fmt.Sscan(os.Getenv("TALLY_RECALL_FIGURES"), &n); err != nil {
		t.Skip("set TALLY_RECALL_FIGURES to a number of memories to measure")
	}
	full := rank.Fuse(rank.Default(), rank.Uncapped(rank.Default()), rank.Dates(rank.Default()))
	short := rank.New(rank.Default())
	for _, sessions := range []bool{false, true} {
		changes, questions, err := armtest.Comments(n, 300, sessions)
		if err != nil {
			t.Fatal(err)
		}
		x := index.New()
		x.Apply(changes, 1)
		all, other, capped := 0, 0, 0
		for _, question := range questions {
			want, got := ranked(t, full, x, question), ranked(t, short, x, question)
			if got.Capped {
				capped++
			}
			a, o := armtest.Others(want.Hits, got.Hits)
			all, other = all+a, other+o
		}
		t.Logf("%d comments, sessions %v, %d questions, %d capped: %.2f%% of the first ten are others",
			len(changes), sessions, len(questions), capped, 100*float64(other)/float64(all))
	}
}

func ranked(t *testing.T, r *rank.Ranker, x *index.Index, question string) rank.Result {
	t.Helper()
	got, err := r.Rank(t.Context(), x, rank.Query{Text: question, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
