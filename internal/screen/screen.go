// Package screen finds secrets in texts: keys, tokens, passwords, private keys,
// connection strings, and what somebody has marked as <private>. It is pure, and
// works without a model: what a secret looks like, or what stands before it, tells it.
package screen

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Finding is a secret in a text.
type Finding struct {
	Rule       string // what kind it is, such as github-token
	Start, End int    // its bytes
}

// Screen finds secrets. It is safe for concurrent use.
type Screen struct {
	rules []compiled
	// first says by a hash of the first three bytes of a word where in starts the words
	// are that begin so; 0 is none. Nearly all texts have few of the words, and are
	// passed over once.
	first [1 << 16]uint8
	// any says of which hashes first is not 0: it stays close to the processor.
	any    [1 << 10]uint64
	starts [][]start
}

// start is a word of a rule, or one of those near which more is looked for.
type start struct {
	word string
	rule int
	near *near
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
			s.add(start{w, i, nil})
		}
		if r.near != nil {
			for _, w := range r.near.names {
				s.add(start{w, i, r.near})
			}
		}
	}
	return s
}

func (s *Screen) add(w start) {
	h := hash(uint32(w.word[0])<<16 | uint32(w.word[1])<<8 | uint32(w.word[2]))
	s.any[h/64] |= 1 << (h % 64)
	n := &s.first[h]
	if *n == 0 {
		*n = uint8(len(s.starts))
		s.starts = append(s.starts, nil)
	}
	s.starts[*n] = append(s.starts[*n], w)
}

// hash is of the lowest three bytes.
func hash(three uint32) uint16 { return uint16((three << 8) * 0x9E3779B1 >> 16) } // Knuth's, of the golden ratio

// candidates are the rules of which a text may have a secret, and of some of them the
// parts of the text in which that would stand.
type candidates struct {
	may []bool   // by rule; nil: none
	in  [][]part // by rule, if not nil
}

func (c *candidates) parts(rule int) []part {
	if c.in == nil {
		return nil
	}
	return c.in[rule]
}

// candidates says of which rules a text in lower case may have a secret.
func (s *Screen) candidates(lower string) (c candidates) {
	if len(lower) < 2 {
		return c
	}
	three := uint32(lower[0])<<8 | uint32(lower[1]) // bytes, the last ones
	for at := 2; at < len(lower); at++ {
		three = three<<8 | uint32(lower[at])
		h := hash(three)
		if s.any[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		for _, w := range s.starts[s.first[h]] {
			s.begins(&c, w, lower, at-2)
		}
	}
	for i := range c.may {
		c.may[i] = c.may[i] && s.rules[i].near.may(lower, c.parts(i) != nil)
	}
	return c
}

// begins notes what it means that a text may have the word w at i.
func (s *Screen) begins(c *candidates, w start, lower string, i int) {
	if !strings.HasPrefix(lower[i:], w.word) {
		return
	}
	if c.may == nil {
		c.may = make([]bool, len(s.rules))
	}
	if w.near == nil {
		c.may[w.rule] = true
		return
	}
	if !w.near.follows(lower[i+len(w.word):]) {
		return
	}
	if c.in == nil {
		c.in = make([][]part, len(s.rules))
	}
	c.in[w.rule] = joined(c.in[w.rule], around(lower, i))
}

// Find returns the secrets in a text, in their order. They do not overlap: of two
// that do, the one that begins first counts, then the longer one.
func (s *Screen) Find(text string) []Finding {
	lower, ascii := lowered(text)
	c := s.candidates(lower)
	var out []Finding
	for i, may := range c.may {
		switch in := c.parts(i); {
		case !may:
		case in == nil || !ascii: // places in lower are not those in text
			out = s.rules[i].find(text, out)
		default:
			for _, p := range in {
				n := len(out)
				out = s.rules[i].find(text[p.start:p.end], out)
				for k := range out[n:] {
					out[n+k].Start += p.start
					out[n+k].End += p.start
				}
			}
		}
	}
	return disjoint(out)
}

// find appends what the pattern finds.
func (r *compiled) find(text string, out []Finding) []Finding {
	for _, m := range r.pattern.FindAllStringSubmatchIndex(text, -1) {
		start, end := secretIn(m)
		if r.accept == nil || r.accept(text[start:end]) {
			out = append(out, Finding{Rule: r.name, Start: start, End: end})
		}
	}
	return out
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
// it are those in s if s is ASCII.
func lowered(s string) (lower string, ascii bool) {
	var b strings.Builder
	b.Grow(len(s))
	var part [128]byte // a builder that gets each byte asks for room each time
	high := byte(0)
	for rest := s; rest != ""; {
		n := copy(part[:], rest)
		for i, c := range part[:n] {
			high |= c
			if c-'A' < 26 {
				part[i] = c + ('a' - 'A')
			}
		}
		b.Write(part[:n])
		rest = rest[n:]
	}
	if high >= utf8.RuneSelf {
		return strings.ReplaceAll(strings.ToLower(s), "\u017f", "s"), false
	}
	return b.String(), true
}

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
