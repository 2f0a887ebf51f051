// Package screen finds secrets in texts: keys, tokens, passwords, private keys,
// connection strings, and what somebody has marked as <private>. It is pure, and
// works without a model: what a secret looks like, or what stands before it, tells it.
package screen

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// Finding is a secret in a text.
type Finding struct {
	Rule       string // what kind it is, such as github-token
	Start, End int    // its bytes
}

// Screen finds secrets. It is safe for concurrent use.
type Screen struct {
	rules []compiled
	// first says by the first two bytes of a word where in starts the words are that
	// begin so; 0 is none. Nearly all texts have none of the words, and are passed
	// over once.
	first  [1 << 16]uint8
	starts [][]start
}

// start is a word of a rule.
type start struct {
	word string
	rule int
}

type compiled struct {
	rule

	pattern *regexp.Regexp
}

// New returns a screen with all rules.
func New() *Screen {
	s := &Screen{starts: make([][]start, 1)}
	for i, r := range rules() {
		s.rules = append(s.rules, compiled{r, regexp.MustCompile(r.pattern)})
		for _, w := range r.words {
			pair := pairOf(w)
			if s.first[pair] == 0 {
				s.first[pair] = uint8(len(s.starts))
				s.starts = append(s.starts, nil)
			}
			n := s.first[pair]
			s.starts[n] = append(s.starts[n], start{w, i})
		}
	}
	return s
}

func pairOf(s string) int { return int(s[0])<<8 | int(s[1]) }

// candidates are the rules of which a word occurs in a text in lower case.
func (s *Screen) candidates(lower string) []bool {
	var out []bool
	for i := range max(0, len(lower)-1) {
		n := s.first[pairOf(lower[i:])]
		if n == 0 {
			continue
		}
		for _, w := range s.starts[n] {
			if strings.HasPrefix(lower[i:], w.word) {
				if out == nil {
					out = make([]bool, len(s.rules))
				}
				out[w.rule] = true
			}
		}
	}
	return out
}

// Find returns the secrets in a text, in their order. They do not overlap: of two
// that do, the one that begins first counts, then the longer one.
func (s *Screen) Find(text string) []Finding {
	lower := lowered(text)
	var out []Finding
	for i, may := range s.candidates(lower) {
		if !may {
			continue
		}
		r := &s.rules[i]
		if r.near != nil && !r.near(lower) {
			continue
		}
		for _, m := range r.pattern.FindAllStringSubmatchIndex(text, -1) {
			start, end := secretIn(m)
			if r.accept == nil || r.accept(text[start:end]) {
				out = append(out, Finding{Rule: r.name, Start: start, End: end})
			}
		}
	}
	return disjoint(out)
}

// secretIn is the last group of a match that takes part, or the match.
func secretIn(m []int) (start, end int) {
	for g := len(m) - 2; g >= 2; g -= 2 {
		if m[g] >= 0 {
			return m[g], m[g+1]
		}
	}
	return m[0], m[1]
}

// lowered is s with each letter that a pattern takes for one of ASCII as that one, in
// lower case: the Kelvin sign is a k already in lower case, the long s is none. Places in
// it are not those in s.
func lowered(s string) string { return strings.ReplaceAll(strings.ToLower(s), "\u017f", "s") }

func disjoint(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	var out []Finding
	for _, f := range list {
		if n := len(out); n == 0 || f.Start >= out[n-1].End {
			out = append(out, f)
		}
	}
	return out
}

// Mask returns text with the name of its rule in the place of each finding.
func Mask(text string, list []Finding) string {
	if len(list) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, f := range list {
		b.WriteString(text[at:f.Start])
		b.WriteString("[masked: " + f.Rule + "]")
		at = f.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// Masked is text without its secrets.
func (s *Screen) Masked(text string) string { return Mask(text, s.Find(text)) }

// Names are the kinds of findings, each once, in their order.
func Names(list []Finding) []string {
	var out []string
	for _, f := range list {
		if !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	return out
}

// entropy is how many bits a character of s tells, by how often each occurs.
func entropy(s string) float64 {
	var n [256]int
	for i := range len(s) {
		n[s[i]]++
	}
	bits := 0.0
	for _, c := range n {
		if c > 0 {
			p := float64(c) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
