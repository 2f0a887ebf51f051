package recall_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

func TestMatch(t *testing.T) {
	tests := map[string]struct {
		text string
		all  bool
		want []string
	}{
		"any":                         {"heron frog", false, []string{"heron", "frog"}},
		"all":                         {"heron frog", true, []string{"heron", "frog"}},
		"one word":                    {"heron", true, []string{"heron"}},
		"case and punctuation":        {"Heron, FROG!", false, []string{"heron", "frog"}},
		"stop words go":               {"Where is the heron of the pond?", false, []string{"heron", "pond"}},
		"nothing but stop words":      {"to be or not to be", false, []string{"to", "be", "or", "not"}},
		"repeated words":              {"heron Heron HERON", false, []string{"heron"}},
		"apostrophes":                 {"Caroline's dog didn't", false, []string{"caroline", "dog"}},
		"quotes are no syntax":        {`"a b" OR heron NOT frog*`, true, []string{"b", "heron", "frog"}},
		"columns are no syntax":       {"title:heron ^frog {a}", true, []string{"title", "heron", "frog"}},
		"near is no syntax":           {"NEAR(heron frog, 2)", true, []string{"near", "heron", "frog", "2"}},
		"other scripts":               {"Café Цапля 鹭", false, []string{"cafe", "цапля", "鹭"}},
		"numbers":                     {"room 42", true, []string{"room", "42"}},
		"empty":                       {"", false, nil},
		"no words":                    {"?! ... \x00 \"\"", false, nil},
		"a combining mark is no word": {"\u0301 heron", true, []string{"heron"}},
		"not UTF-8":                   {"her\xffon", true, []string{"heron"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(memory.TextQuery{Terms: tc.want, All: tc.all}, recall.Match(tc.text, tc.all)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTermsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(strings.Repeat("x", i+1))
		b.WriteByte(' ')
	}
	terms := recall.Terms(b.String())
	if len(terms) != 64 {
		t.Errorf("%d terms", len(terms))
	}
	for _, w := range recall.Terms(strings.Repeat("é", 10_000)) {
		if n := utf8.RuneCountInString(w); n != 64 {
			t.Errorf("a term of %d characters", n)
		}
	}
}
