package eval_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/recall/eval"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// The set that was made for this project is always there: a conversation, notes of
// a coding agent, and memories in eleven languages.
func TestMadeSet(t *testing.T) {
	s, err := eval.Made()
	if err != nil {
		t.Fatal(err)
	}
	r := report(t, s)
	if r.All.Any1 < 84 || r.All.Any5 < s.Least.Any5 || s.Least.Any5 == 0 {
		t.Errorf("any@1 %.1f, any@5 %.1f, want at least 84 and %.1f", r.All.Any1, r.All.Any5, s.Least.Any5)
	}
}

func TestReadTable(t *testing.T) {
	s, err := eval.ReadTable(strings.NewReader("# made up\n\nn\ta\ts\tAnn\t2024-03-02\tHello\n?n\ten\ta b\tWho?\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := &eval.Set{
		Memories: []index.Document{{
			Namespace: "n", ID: "a", Session: "s", Speaker: "Ann", Said: when.Date(2024, 3, 2), Body: "Hello",
			Kind: "observation", Tier: "long", Priority: 5, Created: 1,
		}},
		Questions: []eval.Question{{Namespace: "n", Group: "en", Answers: []string{"a", "b"}, Text: "Who?"}},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"n\ta\n", "?n\ten\n", "n\ta\t\t\tyesterday\tHello\n"} {
		if _, err := eval.ReadTable(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestReport(t *testing.T) {
	s := &eval.Set{Questions: []eval.Question{
		{Text: "a", Group: "x", Answers: []string{"1", "2"}}, {Text: "b", Group: "y", Answers: []string{"3"}}, {Text: "c"},
	}}
	r, err := eval.Run(s, func(q *eval.Question) ([]string, error) {
		return map[string][]string{"a": {"0", "2", "9"}, "b": {"4"}}[q.Text], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := eval.Row{Group: "all", N: 2, Any5: 50, Any10: 50, Any20: 50, Frac10: 25, MRR: 25}
	if diff := cmp.Diff(want, r.All); diff != "" || r.All.Objective() != 43.75 || len(r.Groups) != 2 {
		t.Errorf("%v %+v", diff, r)
	}
}
