package textmerge_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/textmerge"
)

func TestEditsOfDifferentPlacesAreJoined(t *testing.T) {
	for name, tt := range map[string]struct {
		base, ours, theirs, want string
		clash                    bool
	}{
		"both add at the ends": {"b\n", "a\nb\n", "b\nc\n", "a\nb\nc\n", false},
		"one deletes":          {"a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n", false},
		"the same edit":        {"a\n", "b\n", "b\n", "b\n", false},
		"the same place":       {"a\nx\nb\n", "a\ny\nb\n", "a\nz\nb\n", "a\nz\ny\nb\n", true},
		"edited and deleted":   {"a\nx\nb\n", "a\nb\n", "a\ny\nb\n", "a\ny\nb\n", true},
		"both new":             {"", "a\nb\n", "a\nc\n", "a\nc\nb\n", true},
		"no line end":          {"a", "a\nb", "c", "c\na\nb", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, clash := textmerge.Merge(tt.base, tt.ours, tt.theirs)
			if got != tt.want || clash != tt.clash {
				t.Errorf("%q, %v, want %q, %v", got, clash, tt.want, tt.clash)
			}
		})
	}
}

func TestNoLineThatSomebodyWroteIsLost(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a\n", "b\n", "c\n", "d\n", "e\n", "\n"}), 0, 12).Draw(t, "lines"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		base, ours, theirs := text.Draw(t, "base"), text.Draw(t, "ours"), text.Draw(t, "theirs")
		got, _ := textmerge.Merge(base, ours, theirs)
		have, was := slices.Collect(strings.Lines(got)), slices.Collect(strings.Lines(base))
		for _, side := range []string{ours, theirs} {
			for l := range strings.Lines(side) {
				if !slices.Contains(was, l) && !slices.Contains(have, l) {
					t.Fatalf("%q is lost from %q", l, got)
				}
			}
		}
		for _, same := range [][3]string{{base, ours, base}, {base, base, ours}, {base, ours, ours}} {
			if got, clash := textmerge.Merge(same[0], same[1], same[2]); got != ours || clash {
				t.Fatalf("%q: %q, %v", same, got, clash)
			}
		}
	})
}

func TestLargeTextsAreJoinedToo(t *testing.T) {
	base := strings.Repeat("x\n", 5000)
	if got, _ := textmerge.Merge(base, "ours\n"+base, base+"theirs\n"); !strings.Contains(got, "ours") || !strings.Contains(got, "theirs") {
		t.Error("an edit is lost")
	}
}
