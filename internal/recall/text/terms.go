package text

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/internal/recall/fold"
)

// Kind says what a term is.
type Kind uint8

// The kinds of terms.
const (
	Word  Kind = iota // as it stands in the text, one position each
	Sign              // an emoji or a symbol: a position, but no length
	Part              // a piece of the word before it: no position
	Whole             // the words of a chunk as one, or a word and its unit: no position
)

// maxPart bounds the wholes that are kept beside their words.
const maxPart = 96

// Terms are the terms of a text in order. The zero value is empty and ready.
type Terms struct {
	buf  []byte
	list []term
	from int   // the first of the section
	runs []run // of the chunk at hand
	code bool  // an identifier is among those of the section
}

type term struct {
	end  uint32 // in buf
	open uint32 // where the chunk that it is of begins, as a number of a term
	kind Kind
}

// Len is the number of terms.
func (t *Terms) Len() int { return len(t.list) }

// At returns a term and its kind. The bytes are valid until Reset.
func (t *Terms) At(i int) ([]byte, Kind) {
	start := uint32(0)
	if i > 0 {
		start = t.list[i-1].end
	}
	end := t.list[i].end
	return t.buf[start:end:end], t.list[i].kind
}

// Chunk returns the number of the first term that was written together with
// term i, without a space between them.
func (t *Terms) Chunk(i int) int { return int(t.list[i].open) }

// Section begins another part of what is read, such as the body behind the title: Words,
// Identifiers and First tell of what is added from here on.
func (t *Terms) Section() { t.from, t.code = len(t.list), false }

// First is the number of the first term of the section.
func (t *Terms) First() int { return t.from }

// Words is the number of terms that make up the length of the section.
func (t *Terms) Words() int {
	n := 0
	for i := range t.list[t.from:] {
		if t.list[t.from+i].kind == Word {
			n++
		}
	}
	return n
}

// Identifiers reports whether there is an identifier in the section: a name with humps
// or underscores, a path, a version.
func (t *Terms) Identifiers() bool { return t.code }

// Reset empties t and keeps its memory.
func (t *Terms) Reset() {
	t.buf, t.list = t.buf[:0], t.list[:0]
	t.Section()
}

// Add appends the terms of s. Bytes that are not UTF-8 are no part of any.
func (t *Terms) Add(s string) {
	if !isASCII(s) {
		s = norm.NFKC.String(strings.ToValidUTF8(s, ""))
	}
	number := ""   // the last chunk, if it is a number
	numberEnd := 0 // where it ended
	for i := 0; i < len(s); {
		if number == "" {
			if end := t.simple(s, i); end > i {
				i = end
				continue
			}
		}
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		switch classOf(r) {
		case gap, hidden:
			i += size
		case sign:
			i += t.sign(s[i:], r, size)
		case letter, dense, apostrophe, connector:
			end := i + chunkEnd(s[i:])
			first := len(t.list)
			t.chunk(s[i:end])
			if number != "" && i == numberEnd+1 && s[numberEnd] == ' ' && isUnit(s[i:end]) {
				t.put(Whole, first, strings.ToLower(number+s[i:end]))
			}
			number, numberEnd = "", end
			if isDigits(s[i:end]) {
				number = s[i:end]
			}
			i = end
		}
	}
}

// simple appends the word at i if it is of ASCII letters alone and nothing is glued to
// it, as most are, and returns the end of the space behind it; else it returns i.
func (t *Terms) simple(s string, i int) int {
	t.buf = slices.Grow(t.buf, len(s)-i)
	start := len(t.buf)
	out := t.buf[start : start+len(s)-i]
	inside := byte(0x20) // 0 if a letter behind the first is a capital
	n := 0
	for ; n < len(out); n++ {
		c := s[i+n]
		lower := c | 0x20
		if lower-'a' >= 26 {
			break
		}
		out[n] = lower
		if n > 0 {
			inside &= c
		}
	}
	end := i + n
	next := end
	switch {
	case n == 0:
		return i
	case end == len(s):
	case s[end] == ' ', s[end] == '\n':
		next++
	default:
		switch s[end] {
		case '.', ',', ':', ';', '!', '?', ')':
			if next++; next < len(s) && s[next] != ' ' && s[next] != '\n' {
				return i
			}
		default:
			return i
		}
	}
	first := len(t.list)
	t.buf = t.buf[:start+n]
	t.list = append(t.list, term{end: uint32(start + n), open: uint32(first)})
	if inside == 0 && mixed(s[i:end]) {
		t.parts(first, s[i:end])
	}
	return next
}

func (t *Terms) put(k Kind, first int, term string) {
	t.buf = append(t.buf, term...)
	t.end(k, first)
}

// end makes what was appended to buf a term, unless it is nothing.
func (t *Terms) end(k Kind, first int) {
	start := uint32(0)
	if n := len(t.list); n > 0 {
		start = t.list[n-1].end
	}
	if uint32(len(t.buf)) == start {
		return
	}
	t.list = append(t.list, term{end: uint32(len(t.buf)), open: uint32(first), kind: k})
}

// sign appends a symbol and returns how many bytes of s it takes. Two regional
// indicators are one flag.
func (t *Terms) sign(s string, r rune, size int) int {
	if isRegional(r) {
		if next, more := utf8.DecodeRuneInString(s[size:]); isRegional(next) {
			size += more
		}
	}
	t.put(Sign, len(t.list), s[:size])
	return size
}

func isRegional(r rune) bool { return 0x1F1E6 <= r && r <= 0x1F1FF }

// chunkEnd is where the characters end that are written together with the first.
func chunkEnd(s string) int {
	last := rune(0)
	for i, r := range s {
		switch classOf(r) {
		case gap:
			// 1,234 is one number.
			if r != ',' || !isDigit(last) || i+1 >= len(s) || !isDigit(rune(s[i+1])) {
				return i
			}
		case sign:
			return i
		case letter, dense, apostrophe, connector, hidden:
		}
		last = r
	}
	return len(s)
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(rune(s[i])) {
			return false
		}
	}
	return s != ""
}

func isASCII(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		if (s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7])&utf8.RuneSelf != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// run is a stretch of one class in a chunk.
type run struct {
	start, end int
	dense      bool
	before     rune // what joins it to the run before; 0: nothing, or it is the first
}

// chunk appends the terms of what is written together.
func (t *Terms) chunk(s string) {
	first := len(t.list)
	t.cut(s)
	for i, r := range t.runs {
		switch {
		case r.dense:
			t.pairs(first, s[r.start:r.end])
		case i > 0 && t.possessive(s, i):
		default:
			t.word(Word, first, s[r.start:r.end])
			t.parts(first, s[r.start:r.end])
		}
	}
	t.wholes(first, s)
}

// cut fills t.runs with the runs of s.
func (t *Terms) cut(s string) {
	t.runs = t.runs[:0]
	var at class // class of the open run
	var joint rune
	start := 0
	closeRun := func(end int) {
		if at == letter || at == dense {
			t.runs = append(t.runs, run{start: start, end: end, dense: at == dense, before: joint})
			joint = 0
		}
		at = gap
	}
	skip := 0
	for i, r := range s {
		if i < skip {
			continue
		}
		switch c := classOf(r); c {
		case hidden:
		case letter, dense:
			if c != at {
				closeRun(i)
				at, start = c, i
			}
		case gap, apostrophe, connector, sign:
			if at == letter {
				if n := asOne(s[start:], i-start); n > 0 {
					skip = i + n
					closeRun(skip)
					joint = r
					continue
				}
			}
			closeRun(i)
			joint = r
		}
	}
	if at != gap {
		closeRun(len(s))
	}
}

// asOne returns how many bytes of the signs after a short word of n letters are
// part of its name: C++, C#.
func asOne(s string, n int) int {
	if n > 3 || !isLetters(s[:n]) {
		return 0
	}
	rest := s[n:]
	switch {
	case strings.HasPrefix(rest, "++") && !strings.HasPrefix(rest, "+++"):
		return 2
	case strings.HasPrefix(rest, "#"):
		if next, _ := utf8.DecodeRuneInString(rest[1:]); classOf(next) != letter {
			return 1
		}
	}
	return 0
}

func isLetters(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}

// possessive reports whether run i is the s of a genitive.
func (t *Terms) possessive(s string, i int) bool {
	r := t.runs[i]
	return classOf(r.before) == apostrophe && r.before != 0 && r.end-r.start == 1 && s[r.start]|0x20 == 's' &&
		(i+1 == len(t.runs) || t.runs[i+1].before != 0) && !t.runs[i-1].dense
}

// word appends one word in its form.
func (t *Terms) word(k Kind, first int, s string) {
	if isASCII(s) {
		start := len(t.buf)
		t.buf = append(t.buf, s...)
		for i := start; i < len(t.buf); i++ {
			if c := t.buf[i]; 'A' <= c && c <= 'Z' {
				t.buf[i] = c | 0x20
			}
		}
		t.end(k, first)
		return
	}
	t.put(k, first, fold.Word(s))
}

// pairs appends the overlapping pairs of characters of s; one alone stays alone.
func (t *Terms) pairs(first int, s string) {
	s = fold.Word(s)
	var starts []int
	for i, r := range s {
		if classOf(r) == dense {
			starts = append(starts, i)
		}
	}
	switch len(starts) {
	case 0:
		t.put(Word, first, s)
		return
	case 1:
		t.put(Word, first, s[starts[0]:])
		return
	}
	for i := range len(starts) - 1 {
		end := len(s)
		if i+2 < len(starts) {
			end = starts[i+2]
		}
		t.put(Word, first, s[starts[i]:end])
	}
}
