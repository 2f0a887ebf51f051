// Package recall turns a question into a text query, and scores what the query
// found. It is pure: no clock, no store.
package recall

import (
	"strings"
	"unicode"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// Limits of a query: what is beyond them is left out.
const (
	maxTerms = 64
	maxTerm  = 64 // characters
)

// Match returns the query for the words of s: any of them, or all. Words that
// say nothing ("the", "when") are left out, unless there are no others. It is zero
// if s has no words: nothing matches.
func Match(s string, all bool) memory.TextQuery {
	return memory.TextQuery{Terms: Terms(s), All: all}
}

// Terms returns the distinct words of s that are worth looking for, in lower
// case and in order.
func Terms(s string) []string {
	seen := map[string]bool{}
	var telling, rest []string
	for _, w := range Words(s) {
		if r := []rune(w); len(r) > maxTerm {
			w = string(r[:maxTerm])
		}
		// A combining mark alone is no word to the tokenizer, and an empty phrase is an error.
		if seen[w] || !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			continue
		}
		seen[w] = true
		if stopWord(w) {
			rest = append(rest, w)
		} else {
			telling = append(telling, w)
		}
	}
	if len(telling) == 0 {
		telling = rest
	}
	return telling[:min(len(telling), maxTerms)]
}

// stopWord reports whether w is an English word too common to tell texts apart,
// or what an apostrophe cuts off.
func stopWord(w string) bool {
	switch w {
	case "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at",
		"be", "because", "been", "before", "being", "between", "both", "but", "by",
		"can", "could", "did", "do", "does", "doing", "down", "during", "each", "for", "from", "further",
		"had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how",
		"i", "if", "in", "into", "is", "it", "its", "just", "me", "more", "most", "my", "no", "nor", "not", "now",
		"of", "off", "on", "once", "only", "or", "other", "our", "ours", "out", "over", "own",
		"same", "she", "should", "so", "some", "such", "than", "that", "the", "their", "theirs", "them", "then",
		"there", "these", "they", "this", "those", "through", "to", "too", "under", "until", "up", "very",
		"was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will",
		"with", "would", "you", "your", "yours",
		"s", "t", "d", "m", "ll", "re", "ve", "don", "didn", "doesn", "isn", "wasn":
		return true
	}
	return false
}

// Words returns all words of a text as they are compared, in order, the common
// ones and repetitions included.
func Words(s string) []string {
	var t text.Terms
	t.Add(s)
	var out []string
	for i := range t.Len() {
		if w, kind := t.At(i); kind == text.Word || kind == text.Sign {
			out = append(out, string(w))
		}
	}
	return out
}
