package search

import "testing"

func TestSignsOfAQueryMustStandThere(t *testing.T) {
	for _, tt := range []struct {
		query, text string
		want        bool
	}{
		{".NET", "net income", false},
		{".NET", "built on .net 8", true},
		{"#1", "1 of them", false},
		{"$5", "5 apples", false},
		{"50%", "50 apples", false},
		{"A+", "plan A", false},
		{"a_b", "a b", false},
		{"AT&T", "AT and T", false},
		{"👍🏽", "👍🏻 up", false},
		{"❤", "with ❤️", true},
		{"O'Brien", "Mr O’Brien", true},
		{"pre-edit", "the pre\u2011edit", true},
		{"café.", "the CAFE", true},
		{"(plan) \"B\", what?", "what plan b", true},
		{`"key=value here"`, "key=value here", true},
		{"-#1 plan", "plan", true},
		{"tag:c++ plan", "plan", true},
		{"two words", "words, two", true},
	} {
		if got := LiteralOf(tt.query).In(tt.text); got != tt.want {
			t.Errorf("%q in %q: %v", tt.query, tt.text, got)
		}
	}
	if !LiteralOf("plain words, and a sentence.").None() || LiteralOf("C++").None() {
		t.Error("what has signs is told wrongly")
	}
}
