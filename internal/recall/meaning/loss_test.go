package meaning_test

import (
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/meaning"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// said are the comments of Go's sources, up to n, by file.
func said(t *testing.T, n int) [][]string {
	t.Helper()
	root := filepath.Join(runtime.GOROOT(), "src") //nolint:staticcheck // as the go command sets it for tests
	var out [][]string
	count := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || count >= n {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var file, now []string
		for line := range strings.Lines(string(raw) + "\n") {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "// "); ok {
				now = append(now, text)
				continue
			}
			if text := strings.Join(now, " "); len(strings.Fields(text)) >= 5 && !strings.HasPrefix(text, "Copyright") {
				file = append(file, text)
				count++
			}
			now = nil
		}
		out = append(out, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhatTheShortcutCosts prints how much of the first ten is another when the signs
// of vectors decide which are compared in full: on the comments of Go's sources, as
// notes and as conversations. It is run by hand, with TALLY_RECALL_FIGURES and with
// TALLY_MODELS, as the other figures.
func TestWhatTheShortcutCosts(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv("TALLY_RECALL_FIGURES"), &n); err != nil {
		t.Skip("set TALLY_RECALL_FIGURES to a number of memories to measure")
	}
	e := opened(t, "wordllama-256")
	files := said(t, n)
	for _, sessions := range []bool{false, true} {
		var changes []index.Change
		var questions []string
		r := rand.New(rand.NewPCG(1, 1))
		for f, texts := range files {
			for _, text := range texts {
				if r.IntN(max(1, n/100)) == 0 {
					words := strings.Fields(text)
					questions = append(questions, strings.Join(words[:min(len(words), 8)], " "))
					continue // it is asked for, and not there
				}
				d := index.Document{ID: fmt.Sprint("m", len(changes)), Namespace: "go", Body: text, Priority: 5, Created: int64(len(changes)), Said: when.None}
				if sessions {
					d.Session = strconv.Itoa(f)
				}
				changes = append(changes, index.Change{Document: d})
			}
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
				other, all := 0, 0
				for _, q := range questions {
					a, o := apart(asked(t, x, full[i], q), asked(t, x, short[i], q))
					all, other = all+a, other+o
				}
				t.Logf("%d comments, sessions %v, %d questions, %d in full, %s: %.2f%% of the first ten are others",
					len(changes), sessions, len(questions), first, name, 100*float64(other)/float64(all))
			}
		}
	}
}

func asked(t *testing.T, x *index.Index, r *rank.Ranker, question string) []rank.Hit {
	t.Helper()
	got, err := r.Rank(t.Context(), x, rank.Query{Text: question, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	return got.Hits
}

// apart is how many hits there are, and how many of them are not among others.
func apart(want, got []rank.Hit) (all, other int) {
	have := map[string]bool{}
	for i := range got {
		have[got[i].ID] = true
	}
	for i := range want {
		if !have[want[i].ID] {
			other++
		}
	}
	return len(want), other
}
