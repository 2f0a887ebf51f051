package search

import (
	"strings"
	"time"
	"unicode"

	"github.com/tallystick/tallystick/internal/recall/fold"
)

// Literal are the signs of a query that must stand in a text as they are, with what is
// written together with them: those of ".NET", "#1" or "$5", by which the words alone do
// not go. Marks of sentences around a word are none.
type Literal struct{ pieces []string }

// LiteralOf reads them.
func LiteralOf(query string) Literal {
	var l Literal
	for s := strings.TrimSpace(query); s != ""; s = strings.TrimSpace(s) {
		negative := len(s) > 1 && s[0] == '-' && s[1] != '-' && !startsWithSpace(s[1:])
		if negative {
			s = s[1:]
		}
		key, rest := field(s)
		value, _, after := token(rest)
		s = after
		if (&Query{}).restrict(key, value, negative, time.Now()) || negative {
			continue
		}
		if key != "" {
			value = key + ":" + value
		}
		for word := range strings.FieldsSeq(value) {
			word = strings.TrimRight(strings.TrimLeft(plainSigns(word), `([{<"'¿¡,;:!?`), `)]}>"',;:.!?…`)
			if strings.ContainsFunc(word, isSign) {
				l.pieces = append(l.pieces, word)
			}
		}
	}
	return l
}

// None reports whether there are none, so that every text will do.
func (l Literal) None() bool { return len(l.pieces) == 0 }

// In reports whether all of them stand in texts.
func (l Literal) In(texts ...string) bool {
	all := plainSigns(strings.Join(texts, "\n"))
	for _, p := range l.pieces {
		if !strings.Contains(all, p) {
			return false
		}
	}
	return true
}

// plainSigns is s as words are compared, and with one form of apostrophes and of hyphens.
func plainSigns(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '’' || r == '‘' || r == '\u02BC' || r == '\u2032':
			return '\''
		case 0x2010 <= r && r <= 0x2015 || r == '\u2212':
			return '-'
		case r == '\uFE0E' || r == '\uFE0F':
			return -1 // in colour or not
		}
		return r
	}, fold.Word(s))
}

func isSign(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }
