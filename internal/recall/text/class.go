package text

import (
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/recall/fold"
)

// class is what a character is to the analysis.
type class uint8

const (
	gap        class = iota // ends everything
	letter                  // letters, digits, and the marks on them
	dense                   // letters of scripts that do not space words
	apostrophe              // between letters: part of the word
	connector               // between letters: part of an identifier
	sign                    // emoji, symbols
	hidden                  // not seen, belongs to what stands before
)

func classOf(r rune) class {
	if r < utf8.RuneSelf {
		return asciiClass(byte(r))
	}
	switch {
	case r == '’' || r == '\u02BC' || r == '\u2032':
		return apostrophe
	case isDense(r):
		return dense
	case unicode.IsLetter(r), unicode.IsNumber(r):
		return letter
	case unicode.IsMark(r):
		return hidden
	case fold.Ignorable(r):
		return hidden
	case unicode.In(r, unicode.So, unicode.Sm, unicode.Sc, unicode.Sk):
		if 0x1F3FB <= r && r <= 0x1F3FF {
			return hidden // a tone of skin
		}
		return sign
	}
	return gap
}

func asciiClass(c byte) class {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return letter
	}
	switch c {
	case '\'':
		return apostrophe
	case '_', '.', '-', '/', '\\', ':', '@', '+', '#':
		return connector
	}
	return gap
}

// isDense reports whether r is a letter of a script that is written without
// spaces between words, or with spaces between phrases only, or that glues
// particles to words (Korean).
func isDense(r rune) bool {
	if r < 0x0E00 {
		return false
	}
	if r == '々' || r == 'ー' || r == '〆' {
		return true
	}
	return (unicode.IsLetter(r) || unicode.Is(unicode.Nl, r)) && unicode.In(r,
		unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Yi)
}

// Dense reports whether a term is made of the characters of a script that does
// not space words, so that a single one of them may be inside a longer term.
func Dense(term []byte) bool {
	r, _ := utf8.DecodeRune(term)
	return isDense(r)
}
