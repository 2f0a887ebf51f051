package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/eval"
)

func TestEval(t *testing.T) {
	dir := t.TempDir()
	set, results := filepath.Join(dir, "set.tsv"), filepath.Join(dir, "results")
	const text = "n\ta\t\t\t\tthe heron stands\nn\tb\t\t\t\tthe frog sits\n?n\tbirds\ta\twhere does the heron stand\n?n\tfrogs\ta b\tfrog\n"
	if err := os.WriteFile(set, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := tally(t, nil, "", "eval", "--gate", "--results", results, set)
	if got.code != exitOK || !strings.Contains(got.out, "2 memories, 2 questions") || !strings.Contains(got.out, "no memory") {
		t.Fatalf("code %d, %s%s", got.code, got.out, got.err)
	}
	raw, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	var last eval.Answered
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Question != "frog" || last.First != 1 || last.Found[0].ID != "b" {
		t.Errorf("%d results, the last %+v, err %v", len(lines), last, err)
	}
	out := strings.Split(strings.TrimSpace(tally(t, nil, "", "eval", "--json", set).out), "\n")
	var m measured
	if err := json.Unmarshal([]byte(out[len(out)-1]), &m); err != nil || len(m.Reports) != 4 || m.Reports[3].All.Any1 != 100 || len(m.Hash) != 64 {
		t.Errorf("%+v, err %v", m, err)
	}
	if got := tally(t, nil, "", "eval", filepath.Join(dir, "nowhere")); got.code == exitOK || !strings.Contains(got.err, "nowhere") {
		t.Errorf("a set that is not there: %d, %s", got.code, got.err)
	}
}

func TestTheGateOfEval(t *testing.T) {
	s := &eval.Set{Name: "made", Least: eval.Least{Any5: 90, Any10: 95}}
	o := evalOptions{gate: true}
	if err := o.judge(s, eval.Row{Any5: 90, Any10: 95}); err != nil {
		t.Error(err)
	}
	if err := o.judge(s, eval.Row{Any5: 90, Any10: 94.9}); err == nil {
		t.Error("worse than it should be, and no error")
	}
}
