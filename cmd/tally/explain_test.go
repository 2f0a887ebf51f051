package main

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

func TestARecallIsExplained(t *testing.T) {
	d := single(t)
	kept := must[client.Outcome](d, "remember", "Gate", "the gate code is 4711", "-n", "house", "--tag", "pinned")
	other := must[client.Outcome](d, "remember", "Boat", "the boat lies in the harbour", "-n", "house")
	got := must[client.Recalled](d, "recall", "-n", "house", "--explain", "--why-not", other.ID, "--standing", "--deadline", "30s", "--freshness", "quorum", "gate", "code")
	if got.Count != 1 || got.Memories[0].ID != kept.ID || got.Memories[0].Band == "" || got.Memories[0].Parts["words"] == 0 || got.Found != 1 || got.Abstained {
		t.Errorf("%+v", got)
	}
	if len(got.Arms) == 0 || got.WhyNot == nil || got.WhyNot.Reason == "" || got.Standing == nil || !strings.Contains(got.Standing.Text, "Gate") {
		t.Errorf("arms %+v, why not %+v, standing %+v", got.Arms, got.WhyNot, got.Standing)
	}
	text := d.reads("recall", "-n", "house", "--explain", "--why-not", other.ID, "gate", "code")
	for _, want := range []string{"MADE OF", "words ", "text: ran", "dates: skipped, the question names no date", "why not " + other.ID} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if got := d.tally("recall", "--freshness", out(kept), "gate"); got.code != exitOK {
		t.Errorf("with a write: %+v", got)
	}
	if got := d.tally("recall", "-n", "house", "which", "harbour", "masters", "signed", "quarterly", "customs", "declarations", "lately"); !strings.Contains(got.err, "nothing fits well") {
		t.Errorf("a question that nothing answers: %+v", got)
	}
	for name, args := range map[string][]string{
		"--explain does not go with --all": {"--all", "--explain", "x"}, "--deadline 1µs": {"--deadline", "1us", "x"}, "freshness": {"--freshness", "soon", "x"},
	} {
		if got := d.tally(append([]string{"recall"}, args...)...); got.code == exitOK || !strings.Contains(got.err, name) {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

// The first recall of README.md, word by word, is of a node that has one memory: how common
// a word is cannot be told there.
func TestTheFirstRecallOfTheReadmeFitsWell(t *testing.T) {
	d := single(t)
	d.reads("remember", "Gate code", "It is 4711, since May.")
	got := d.tally("recall", "how do I open the gate")
	if got.code != exitOK || !strings.Contains(got.out, "It is 4711, since May.") || got.err != "" {
		t.Errorf("%+v", got)
	}
	if got := d.tally("recall", "who wrote the novel about whales"); strings.Contains(got.out, "4711") && !strings.Contains(got.err, "nothing fits well") {
		t.Errorf("a question of other things: %+v", got)
	}
}

// out is the write that an outcome has a receipt of.
func out(o client.Outcome) string { return o.Receipt.Dot }
