package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Name returns s in the form in which titles, tags, namespaces and aliases are
// compared: two names are one if a reader sees the same. Composed and decomposed
// letters are one, full-width and half-width forms, ligatures and presentation
// forms are the letters they show, what cannot be seen is dropped, and space is
// one blank between words. Case and accents count, and so do characters that show
// something else (x² is not x2). Name(Name(s)) is Name(s).
func Name(s string) string {
	if plain(s) {
		return s
	}
	out := make([]byte, 0, len(s))
	blank := false
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD")) {
		switch {
		case unicode.IsSpace(r):
			blank = len(out) > 0
		case Ignorable(r) && !joiner(r):
		default:
			if blank {
				out = append(out, ' ')
				blank = false
			}
			if shownAs(r) {
				out = norm.NFKC.AppendString(out, string(r))
			} else {
				out = utf8.AppendRune(out, r)
			}
		}
	}
	return strings.Join(strings.Fields(norm.NFC.String(string(out))), " ")
}

// plain reports whether s is its own normal form, as most names are: printable
// ASCII without a blank too many.
func plain(s string) bool {
	last := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7F || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return s == "" || last != ' '
}

// joiner reports whether r changes what the letters beside it look like (Persian,
// Indic scripts, emoji), so that it is a part of the name.
func joiner(r rune) bool { return r == '\u200C' || r == '\u200D' }

// shownAs reports whether r is another shape of other characters: width,
// ligatures, positional forms.
func shownAs(r rune) bool {
	return 0xFF01 <= r && r <= 0xFFEE || 0xFB00 <= r && r <= 0xFDFF || 0xFE30 <= r && r <= 0xFEFC
}
