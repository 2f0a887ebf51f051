package meaning_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/model"
	"github.com/tallystick/tallystick/internal/model/artefact"
	"github.com/tallystick/tallystick/internal/recall/eval"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/meaning"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// opened opens a model out of the packages in the folder that TALLY_MODELS names.
func opened(t *testing.T, name string) model.Embedder {
	t.Helper()
	from := os.Getenv("TALLY_MODELS")
	if from == "" {
		t.Skip("TALLY_MODELS names no folder with the packages of models: recall by meaning is not measured")
	}
	wheels, err := filepath.Glob(filepath.Join(from, "*.whl"))
	if err != nil {
		t.Fatal(err)
	}
	f := artefact.Folder{Path: t.TempDir()}
	for _, w := range wheels {
		m, _, err := f.Add(w, name)
		if errors.Is(err, artefact.ErrUnknown) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := model.Open(f, &m)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	t.Skipf("no package with %s in TALLY_MODELS: recall by meaning is not measured", name)
	return nil
}

// beside opens a file beside the repository.
func beside(t *testing.T, name string) *os.File {
	t.Helper()
	for _, dir := range []string{"../../../../shared/recall", "../../../../../shared/recall"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err == nil {
			t.Cleanup(func() { _ = f.Close() })
			return f
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Skipf("no ../shared/recall/%s beside the repository: recall by meaning is not measured", name)
	return nil
}

// measured is what a model reaches on a set.
func measured(t *testing.T, s *eval.Set, name string, e model.Embedder, w meaning.Weights) eval.Report {
	t.Helper()
	reports, err := eval.Compare(t.Context(), s, func(*eval.Answered) error { return nil }, eval.Model{
		Name: name,
		Arms: func(ctx context.Context, memories []index.Change) ([]rank.Arm, error) {
			space := meaning.NewSpace(meaning.Config{Name: name, Embedder: e, Weights: w, Logger: slog.New(slog.DiscardHandler)})
			return []rank.Arm{meaning.NewArm(rank.Default(), space)}, space.Learn(ctx, memories)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := eval.Print(&b, reports...); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", s.Name, b.String())
	return reports[len(reports)-1]
}

func TestConversations(t *testing.T) {
	for name, want := range map[string]struct {
		weights     meaning.Weights
		any5, any10 float64
	}{
		"wordllama-256":  {meaning.StaticWeights(), 82, 89.5},
		"all-minilm-l6":  {meaning.BERTWeights(), 84.5, 91},
		"e5-small":       {meaning.E5Weights(), 84.5, 91},
		"e5-small-en-pt": {meaning.E5Weights(), 84, 90.5},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "wordllama-256" {
				t.Skip("an encoder takes minutes to read it all")
			}
			e := opened(t, name)
			s, err := eval.ReadLoCoMo(beside(t, "locomo-dev.json"))
			if err != nil {
				t.Fatal(err)
			}
			r := measured(t, s, name, e, want.weights)
			if r.All.Any5 < want.any5 || r.All.Any10 < want.any10 {
				t.Errorf("any@5 %.1f, any@10 %.1f, want at least %.1f and %.1f", r.All.Any5, r.All.Any10, want.any5, want.any10)
			}
		})
	}
}
