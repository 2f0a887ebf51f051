package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Word returns s in the form in which words are compared: compatibility forms
// (full width, ligatures) are replaced, case does not count in any script, and
// marks go where readers of the script do without them: accents in Latin and
// Greek, points in Hebrew, vowels in Arabic, ё in Russian, but not й, ї, が or a
// Devanagari vowel. Digits of all scripts become 0 to 9; what cannot be seen
// (soft hyphens, zero-width characters) is dropped, and so are bytes that are not
// UTF-8. Word(Word(s)) is Word(s).
func Word(s string) string {
	if lower, ok := ascii(s); ok {
		return lower
	}
	s = norm.NFKD.String(strings.ToValidUTF8(s, ""))
	out := make([]byte, 0, len(s))
	var base rune // the letter that marks belong to
	for _, r := range s {
		if Ignorable(r) || r == tatweel {
			continue
		}
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if !dropped(base, r) {
				out = utf8.AppendRune(out, r)
			}
			continue
		}
		out = appendLetter(out, r)
		base, _ = utf8.DecodeLastRune(out) // as it is now: a digit of another script is an ASCII one
	}
	return norm.NFC.String(string(out))
}

// ascii is Word for texts of nothing but ASCII.
func ascii(s string) (string, bool) {
	upper := false
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return "", false
		}
		upper = upper || 'A' <= c && c <= 'Z'
	}
	if upper {
		s = strings.ToLower(s)
	}
	return s, true
}

const tatweel = 'ـ' // only stretches a line

// appendLetter appends r with its case folded, and as the letters that readers
// without it on their keyboard write.
func appendLetter(out []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		return append(out, byte(unicode.ToLower(r)))
	}
	if unicode.Is(unicode.Nd, r) {
		return append(out, digit(r))
	}
	r = unicode.ToLower(unicode.ToUpper(r))
	switch r {
	case 'ß':
		return append(out, "ss"...)
	case 'æ':
		return append(out, "ae"...)
	case 'œ':
		return append(out, "oe"...)
	case 'þ':
		return append(out, "th"...)
	case 'ø':
		r = 'o'
	case 'đ', 'ð':
		r = 'd'
	case 'ł':
		r = 'l'
	case 'ħ':
		r = 'h'
	case 'ŧ':
		r = 't'
	case 'ı':
		r = 'i'
	case 'ٱ': // alef wasla
		r = 'ا'
	case 'ة': // the tied t, often written as h
		r = 'ه'
	case 'ى', 'ی': // alef maksura, Farsi yeh
		r = 'ي'
	case 'ک': // keheh
		r = 'ك'
	}
	return utf8.AppendRune(out, r)
}

// digit is the value of a decimal digit of any script, as an ASCII digit.
func digit(r rune) byte {
	// Unicode keeps the ten digits of a script together and in order, 0 first; runs
	// of several sets begin with a 0, too.
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte('0' + (r-rune(t.Lo))%10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte('0' + (r-rune(t.Lo))%10)
		}
	}
	return '0'
}

// Ignorable reports whether r is not seen in a text: soft hyphens, zero-width
// characters, marks of direction, variation selectors, fillers.
func Ignorable(r rune) bool {
	if r < 0xAD {
		return false
	}
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) ||
		unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// dropped reports whether readers hold base with the mark for the same letter as
// base alone. Both are decomposed.
func dropped(base, mark rune) bool {
	switch {
	case base < utf8.RuneSelf, unicode.In(base, unicode.Latin, unicode.Greek, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Common):
		return mark != voiced && mark != halfVoiced
	case unicode.Is(unicode.Cyrillic, base):
		return droppedCyrillic(unicode.ToLower(base), mark)
	}
	return unicode.Is(unicode.Mn, mark) && isNukta(mark) || unicode.Is(unicode.Me, mark)
}

// The marks of kana, which also stand alone.
const (
	voiced     = '\u3099'
	halfVoiced = '\u309A'
)

const (
	grave     = '\u0300'
	acute     = '\u0301'
	diaeresis = '\u0308'
)

// droppedCyrillic: stress is not spelled, and ё is written е as often as not. Any
// other mark makes another letter (й, ї, ѓ, ў).
func droppedCyrillic(base, mark rune) bool {
	switch mark {
	case acute, grave:
		return strings.ContainsRune("аеиоуыэюяіє", base)
	case diaeresis:
		return base == 'е'
	}
	return unicode.Is(unicode.Me, mark)
}

// isNukta reports whether r is the dot that Indic scripts put under a letter of
// foreign words, and that is often left out.
func isNukta(r rune) bool {
	switch r {
	case '\u093C', '\u09BC', '\u0A3C', '\u0ABC', '\u0B3C', '\u0CBC':
		return true
	}
	return false
}
