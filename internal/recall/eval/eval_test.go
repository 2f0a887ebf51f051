package eval_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/eval"
)

// report measures recall on a set.
func report(t *testing.T, s *eval.Set) eval.Report {
	t.Helper()
	all, err := eval.Compare(t.Context(), s, func(*eval.Answered) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := eval.Print(&b, all...); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", s.Name, b.String())
	return all[len(all)-1]
}

// locomo is a development set of conversations, beside the repository: its
// licence keeps it out.
func locomo(t *testing.T) *eval.Set {
	t.Helper()
	for _, path := range []string{"../../../../shared/recall/locomo-dev.json", "../../../../../shared/recall/locomo-dev.json"} {
		s, err := eval.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Skip("no ../shared/recall/locomo-dev.json beside the repository: recall on conversations is not measured")
	return nil
}

func TestLoCoMo(t *testing.T) {
	s := locomo(t)
	r := report(t, s)
	if r.All.Any10 < 88 || r.All.Any5 < 81.5 {
		t.Errorf("any@5 %.1f, any@10 %.1f, want at least 81.5 and 88.0", r.All.Any5, r.All.Any10)
	}
	if s.Least.Any5 != 81.5 || s.Least.Any10 != 88 {
		t.Errorf("the set is not known by its hash %s", s.Hash)
	}
}
