package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

func TestDuplicatesAreFoundAndMadeOne(t *testing.T) {
	d := single(t)
	mk := func(title, text string, more ...string) string {
		t.Helper()
		return must[client.Outcome](d, append([]string{"remember", title, text, "-n", "house"}, more...)...).ID
	}
	first := mk("Gate code", "The code of the gate in the garden is 4711, says Anna.", "-p", "7")
	second := mk("The gate code", "The code of the gate in the garden is 4711, says Anna!")
	mk("Boat", "The boat lies in the harbour.")
	mk("Gate code", "The code of the gate in the garden is 4711, says Anna.", "-n", "office")
	got := must[client.DuplicateGroups](d, "duplicates", "--namespace", "house")
	if got.Count != 1 || got.Looked != 3 || got.Groups[0].Memories[0].ID != first || !slices.Equal(got.Groups[0].Proposal.IDs, []string{first, second}) {
		t.Fatalf("%+v", got)
	}
	text := d.reads("duplicates", "-n", "house")
	_, line, ok := strings.Cut(text, "tally consolidate ")
	if !ok || !strings.Contains(line, first+" "+second) || !strings.Contains(text, "1 group") {
		t.Errorf("for people: %s", text)
	}
	p := got.Groups[0].Proposal
	made := must[client.Outcome](d, append([]string{"consolidate", "--title", p.Title, "--summary", p.Summary, "-n", p.Namespace}, p.IDs...)...)
	if got := must[client.DuplicateGroups](d, "duplicates", "-n", "house"); got.Count != 0 || got.Looked != 2 || made.ID == "" {
		t.Errorf("after what it proposes: %+v", got)
	}
	if got := d.tally("duplicates", "--threshold", "2"); got.code == exitOK || !strings.Contains(got.err, "threshold") {
		t.Errorf("%+v", got)
	}
}

func TestConflictsAreNoticedWhenAsked(t *testing.T) {
	d := single(t)
	first := must[client.Outcome](d, "remember", "Gate code", "The code of the gate in the garden is 4711, says Anna.").ID
	again := []string{"remember", "Gate code, once more", "The code of the gate in the garden is 4711, says Anna, once more."}
	same := []string{"remember", "The gate code", "The code of the gate in the garden is 4711, says Anna."}
	if got := d.tally(append(same, "--detect-conflicts")...); got.code != exitConflict || !strings.Contains(got.err, first) {
		t.Errorf("nearly the same: %+v", got)
	}
	if got := d.tally(append(same, "--detect-conflicts", "--force")...); got.code != exitOK {
		t.Errorf("forced: %+v", got)
	}
	if got := must[client.Outcome](d, append(again, "--detect-conflicts")...); !slices.Contains(got.PotentialContradictions, first) {
		t.Errorf("about the same: %+v", got)
	}
	if got := must[client.Outcome](d, "remember", "Boat", "It lies in the harbour.", "--detect-conflicts"); got.PotentialContradictions != nil {
		t.Errorf("about something else: %+v", got)
	}
	// What is written again is no conflict with itself.
	if got := d.tally("remember", "Boat", "It lies in the harbour.", "--detect-conflicts", "--on-conflict", "merge"); got.code != exitOK {
		t.Errorf("again: %+v", got)
	}
}
