package index

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// cues notes how much of a text asks, and whom it names.
func (d *prepared) cues(s string) {
	if d.terms.Identifiers() {
		d.flags |= HasCode
	}
	said := spoken(s)
	if strings.HasSuffix(said, "?") || strings.HasSuffix(said, "？") {
		d.flags |= Asks
	}
	d.prior = prior(said, int(d.words))
	d.names = names(d.names, said)
}

// spoken returns s without what stands in brackets at its end: the caption of a picture.
func spoken(s string) string {
	s = strings.TrimSpace(s)
	for _, pair := range []string{"()", "[]"} {
		if s == "" || s[len(s)-1] != pair[1] {
			continue
		}
		if i := strings.LastIndexByte(s, pair[0]); i > 0 {
			return strings.TrimSpace(s[:i])
		}
	}
	return s
}

// askedWords is how long a sentence may be to count as a question: what is longer
// tells more than it asks.
const askedWords = 14

// prior returns 255 × how little of s is short questions. For texts of more than
// 40 words that counts less, beyond 80 not at all.
func prior(s string, words int) uint8 {
	if strings.IndexByte(s, '?') < 0 && !strings.Contains(s, "？") {
		return 255
	}
	var all, asked int
	for len(s) > 0 {
		end := sentenceEnd(s)
		stop := end
		for stop < len(s) {
			r, size := utf8.DecodeRuneInString(s[stop:])
			if r != '.' && r != '!' && r != '?' && r != '？' {
				break
			}
			stop += size
		}
		if end > 0 {
			sentence := s[:stop]
			all += len(sentence)
			sentence = strings.TrimSpace(sentence)
			if (strings.HasSuffix(sentence, "?") || strings.HasSuffix(sentence, "？")) && len(strings.Fields(sentence)) <= askedWords {
				asked += stop
			}
		}
		s = s[stop:]
	}
	if asked == 0 {
		return 255
	}
	weight := min(1, max(0, float64(80-words)/40))
	return uint8(255*(1-float64(asked)/float64(all)*weight) + 0.5)
}

// sentenceEnd returns where the first mark is that ends a sentence.
func sentenceEnd(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '.', '!', '?':
			return i
		case 0xEF:
			if strings.HasPrefix(s[i:], "？") {
				return i
			}
		}
	}
	return len(s)
}

// names appends the distinct capitalised words of s that do not begin a sentence.
func names(out []string, s string) []string {
	const most = 8
	for i := nextCapital(s, 1); i < len(s) && len(out) < most; i = nextCapital(s, i+1) {
		if isWordByte(s[i-1]) {
			continue
		}
		if i >= 2 && s[i-1] == ' ' && strings.IndexByte(".!?", s[i-2]) >= 0 {
			continue
		}
		end := i + 1
		for end < len(s) && 'a' <= s[end] && s[end] <= 'z' {
			end++
		}
		if end-i >= 3 {
			if w := strings.ToLower(s[i:end]); !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
		i = end - 1
	}
	return out
}

// nextCapital returns where in s the next capital of ASCII is, from i on; its length if
// there is none.
func nextCapital(s string, i int) int {
	for i+8 <= len(s) && !capitals(s[i:i+8]) {
		i += 8
	}
	for i < len(s) && s[i]-'A' >= 26 {
		i++
	}
	return i
}

// capitals reports whether one of eight bytes is a capital of ASCII.
func capitals(s string) bool {
	const each = 0x0101010101010101
	v := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	low := v &^ (0x80 * each)
	return (low+(0x80-'A')*each)&^(low+(0x80-'Z'-1)*each)&^v&(0x80*each) != 0
}

func isWordByte(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
