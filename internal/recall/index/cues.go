package index

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// cues notes what kinds of answers a text can give, and how much of it asks.
func (d *prepared) cues(t *text.Terms, s string) {
	for i := range t.Len() {
		term, kind := t.At(i)
		switch {
		case kind == text.Word:
			d.flags |= cue(string(term))
		case kind == text.Whole && len(term) >= 8 && '0' <= term[0] && term[0] <= '9':
			d.flags |= mayDate // 2026-03-04
		}
	}
	if t.Identifiers() {
		d.flags |= HasCode
	}
	said := spoken(s)
	if strings.HasSuffix(said, "?") || strings.HasSuffix(said, "？") {
		d.flags |= Asks
	}
	d.prior = prior(said, int(d.words))
	d.names = names(d.names, said)
}

// cue returns what a word tells of: a number, a time, a duration.
func cue(w string) Flags {
	if len(w) < 3 {
		return digitCue(w)
	}
	switch w {
	case "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"dozen", "hundred", "thousand", "couple", "half":
		return HasNumber
	case "once", "twice":
		return HasNumber | HasDuration
	case "yesterday", "today", "tonight", "tomorrow", "last", "next", "ago", "weekend", "morning", "recently", "soon",
		"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday":
		return HasTime | mayDate
	case "week", "month", "year", "day":
		return HasTime | HasDuration | mayDate
	case "since":
		return HasTime | HasDuration
	case "years", "months", "weeks", "days", "hour", "hours", "minute", "minutes", "time", "times", "every", "daily", "weekly", "long", "often":
		return HasDuration
	case "now", "night", "afternoon":
		return mayDate
	}
	_, month, _ := when.Piece(w)
	if month != 0 {
		if len(w) > 3 {
			return HasTime | mayDate
		}
		return mayDate
	}
	return digitCue(w)
}

func digitCue(w string) Flags {
	for i := range len(w) {
		if w[i] < '0' || w[i] > '9' {
			return 0
		}
	}
	if len(w) == 4 {
		return HasNumber | HasTime | mayDate
	}
	return HasNumber
}

// spoken returns s without what stands in brackets at its end: the caption of a picture.
func spoken(s string) string {
	s = strings.TrimSpace(s)
	for _, pair := range []string{"()", "[]"} {
		if i := strings.LastIndexByte(s, pair[0]); i > 0 && s[len(s)-1] == pair[1] {
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
	for i := 1; i < len(s) && len(out) < most; i++ {
		if c := s[i]; c < 'A' || c > 'Z' || isWordByte(s[i-1]) {
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

func isWordByte(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
