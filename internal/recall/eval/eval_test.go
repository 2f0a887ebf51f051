package eval_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/eval"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// ask returns how a ranker answers questions about a set.
func ask(t *testing.T, s *eval.Set, w rank.Weights) func(q *eval.Question) ([]string, error) {
	t.Helper()
	x := index.New()
	changes := make([]index.Change, len(s.Memories))
	for i, m := range s.Memories {
		changes[i] = index.Change{Document: m}
	}
	x.Apply(changes, uint64(len(changes)))
	r := rank.New(w)
	return func(q *eval.Question) ([]string, error) {
		got, err := r.Rank(t.Context(), x, rank.Query{Text: q.Text, Filter: index.Filter{Namespace: q.Namespace}, Limit: eval.Depth})
		ids := make([]string, len(got.Hits))
		for i, h := range got.Hits {
			ids[i] = h.ID
		}
		return ids, err
	}
}

func report(t *testing.T, s *eval.Set, w rank.Weights) eval.Report {
	t.Helper()
	r, err := eval.Run(s, ask(t, s, w))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", s.Name, b.String())
	return r
}

// locomo is a development set of conversations, beside the repository: its
// licence keeps it out.
func locomo(t *testing.T) *eval.Set {
	t.Helper()
	for _, path := range []string{"../../../../shared/recall/locomo-dev.json", "../../../../../shared/recall/locomo-dev.json"} {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		s, err := eval.ReadLoCoMo(f)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Skip("no ../shared/recall/locomo-dev.json beside the repository: recall on conversations is not measured")
	return nil
}

func TestLoCoMo(t *testing.T) {
	r := report(t, locomo(t), rank.Default())
	if r.All.Any10 < 88 || r.All.Any5 < 81.5 {
		t.Errorf("any@5 %.1f, any@10 %.1f, want at least 81.5 and 88.0", r.All.Any5, r.All.Any10)
	}
}
