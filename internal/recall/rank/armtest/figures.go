package armtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// Figures returns of how many memories figures are wanted, and else skips the test.
func Figures(t *testing.T) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(os.Getenv("TALLY_RECALL_FIGURES"), &n); err != nil {
		t.Skip("set TALLY_RECALL_FIGURES to a number of memories to measure")
	}
	return n
}

// Loss is what a shortcut costs.
type Loss struct {
	Hits   int // without it, of the first ten of all questions
	Others int // of these are not among the first ten with it
	Capped int // questions, with it: see [rank.Result]
}

func (l Loss) String() string {
	return fmt.Sprintf("%.2f%% of the first ten are others", 100*float64(l.Others)/float64(l.Hits))
}

// Compare asks a ranker that takes no shortcut, and one that does.
func Compare(ctx context.Context, x *index.Index, full, short *rank.Ranker, questions []string) (l Loss, err error) {
	for _, question := range questions {
		q := rank.Query{Text: question, Limit: 10}
		want, err := full.Rank(ctx, x, q)
		if err != nil {
			return l, err
		}
		got, err := short.Rank(ctx, x, q)
		if err != nil {
			return l, err
		}
		have := map[string]bool{}
		for i := range got.Hits {
			have[got.Hits[i].ID] = true
		}
		for i := range want.Hits {
			if !have[want.Hits[i].ID] {
				l.Others++
			}
		}
		l.Hits += len(want.Hits)
		if got.Capped {
			l.Capped++
		}
	}
	return l, nil
}
