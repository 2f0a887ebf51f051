package index

import (
	"hash/maphash"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/text"
)

func TestWordsTellOfNumbersAndTimes(t *testing.T) {
	x := newLexicon(maphash.MakeSeed())
	for _, tc := range []struct {
		words string
		want  Flags
	}{
		{"seven dozen 7 12 12345", HasNumber},
		{"1999 0000", HasNumber | HasTime | mayDate},
		{"twice", HasNumber | HasDuration},
		{"yesterday soon friday march october september", HasTime | mayDate},
		{"may jan oct now", mayDate},
		{"week day", HasTime | HasDuration | mayDate},
		{"since", HasTime | HasDuration},
		{"often hours", HasDuration},
		{"heron the der 1st 7a c++ x mars 東京 é + octopus", 0},
	} {
		for w := range strings.FieldsSeq(tc.words) {
			if _, got := x.find([]byte(w), maphash.String(x.seed, w)); got != tc.want {
				t.Errorf("%s tells of %b, want %b", w, got, tc.want)
			}
		}
	}
}

func TestAllMarksOfLanguagesAreKnown(t *testing.T) {
	x := newLexicon(maphash.MakeSeed())
	for w, want := range text.Marks() {
		if got, _ := x.find([]byte(w), maphash.String(x.seed, w)); got != want {
			t.Errorf("%s is a mark of %b, want %b", w, got, want)
		}
	}
	if got, cue := x.find([]byte("heron"), 0); got != 0 || cue != 0 {
		t.Errorf("another word is a mark of %b and tells of %b", got, cue)
	}
}
