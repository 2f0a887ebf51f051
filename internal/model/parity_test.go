package model_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/internal/model"
	"github.com/tallystick/tallystick/internal/model/artefact"
)

// original opens a model out of the package in the folder that TALLY_MODELS names.
func original(tb testing.TB, name string) model.Embedder {
	tb.Helper()
	from := os.Getenv("TALLY_MODELS")
	if from == "" {
		tb.Skip("TALLY_MODELS names no folder with the packages of models: parity with the originals is not tested")
	}
	wheels, err := filepath.Glob(filepath.Join(from, "*.whl"))
	if err != nil {
		tb.Fatal(err)
	}
	f := artefact.Folder{Path: tb.TempDir()}
	for _, w := range wheels {
		m, _, err := f.Add(w, name)
		if errors.Is(err, artefact.ErrUnknown) {
			continue
		}
		if err != nil {
			tb.Fatal(err)
		}
		e, err := model.Open(f, &m)
		if err != nil {
			tb.Fatal(err)
		}
		return e
	}
	tb.Skipf("no package with %s in TALLY_MODELS: parity with the original is not tested", name)
	return nil
}

// reference is what the original made of a text.
type reference struct {
	Text    string    `json:"text"`
	Passage bool      `json:"passage"`
	First   []float64 `json:"first"`
	Mix     float64   `json:"mix"` // its product with the cosines of 0, 1, 2, …
}

func references(t *testing.T, name string) []reference {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []reference
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r reference
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// The vectors are those of the originals, whose authors' own programs wrote the
// files in testdata.
func TestVectorsAreThoseOfTheOriginals(t *testing.T) {
	for name, tolerance := range map[string]float64{
		"wordllama-256": 2e-6,
		"all-minilm-l6": 12e-3, // whose numbers are bytes here, in place of 32 bits
		// The original rounds to whole numbers in each layer, and what falls the
		// other way shows here: as much as between two builds of the original.
		"e5-small": 6e-3, "e5-small-en-pt": 6e-3,
	} {
		t.Run(name, func(t *testing.T) {
			e := original(t, name)
			worst := 0.0
			for _, want := range references(t, name) {
				embed := e.Query
				if want.Passage {
					embed = e.Passage
				}
				v, err := embed(t.Context(), want.Text)
				if err != nil {
					t.Fatal(err)
				}
				mix, sum := 0.0, 0.0
				for i, x := range v {
					mix += float64(x) * math.Cos(float64(i))
					sum += float64(x) * float64(x)
				}
				if math.Abs(sum-1) > 1e-5 {
					t.Errorf("%q: length %v, want 1", want.Text, math.Sqrt(sum))
				}
				off := math.Abs(mix-want.Mix) / 4
				for i, x := range want.First {
					off = max(off, math.Abs(float64(v[i])-x))
				}
				worst = max(worst, off)
				if off > tolerance {
					t.Errorf("%q (passage %v): off by %.6f\n got %.5f %.5f\nwant %.5f %.5f", want.Text, want.Passage, off, v[:len(want.First)], mix, want.First, want.Mix)
				}
			}
			t.Logf("worst difference of a number: %.7f", worst)
		})
	}
}

func BenchmarkQuery(b *testing.B) {
	for _, name := range []string{"wordllama-256", "e5-small", "e5-small-en-pt", "all-minilm-l6"} {
		b.Run(name, func(b *testing.B) {
			e := original(b, name)
			for b.Loop() {
				if _, err := e.Query(b.Context(), "When did Caroline go to the support group with her friends?"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
