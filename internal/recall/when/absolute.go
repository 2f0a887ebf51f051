package when

import (
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/recall/text"
)

// words are the words of a text in order, and what is written between digits.
type words struct {
	text   *text.Terms
	list   []int32 // by word: its number as a term
	used   []bool  // by word: part of a date that was read
	months []int32 // words that are names of months
	years  []int32 // words of four digits
}

// read takes the words out of the section of t, in the memory of those before, and
// appends the dates that are written as one (2026-03-04, 4.3.2026) to specs.
func (w *words) read(t *text.Terms, specs []Spec) []Spec {
	*w = words{text: t, list: w.list[:0], used: w.used[:0], months: w.months[:0], years: w.years[:0]}
	chunk := -1 // the one at hand
	first := 0  // its first word
	for i := t.First(); i < t.Len(); i++ {
		term, kind := t.At(i)
		if t.Chunk(i) != chunk {
			chunk, first = t.Chunk(i), len(w.list)
		}
		switch kind {
		case text.Word:
			n := int32(len(w.list))
			w.list = append(w.list, int32(i))
			w.used = append(w.used, false)
			switch {
			case len(term) == 4 && '0' <= term[0] && term[0] <= '9':
				w.years = append(w.years, n)
			case monthNumber(term) != 0:
				w.months = append(w.months, n)
			}
		case text.Whole:
			if len(term) < len("2.3.2026") {
				continue
			}
			day, ok := numeric(string(term))
			if !ok {
				continue
			}
			specs = append(specs, Spec{Span: one(day)})
			w.take(first, len(w.list)) // not read a second time
		case text.Sign, text.Part:
		}
	}
	return specs
}

// numeric reads 2026-03-04, 2026/3/4 and 4.3.2026, also before a T and a time.
func numeric(s string) (Day, bool) {
	if i := strings.IndexByte(s, 't'); i >= 8 {
		s = s[:i]
	}
	for _, sep := range []string{"-", "/", "."} {
		p := strings.Split(s, sep)
		if len(p) != 3 {
			continue
		}
		if len(p[0]) == 4 {
			return civil(p[0], p[1], p[2])
		}
		if sep == "." && len(p[2]) == 4 {
			return civil(p[2], p[1], p[0])
		}
	}
	return 0, false
}

func civil(year, month, day string) (Day, bool) {
	y, err1 := strconv.Atoi(year)
	m, err2 := strconv.Atoi(month)
	d, err3 := strconv.Atoi(day)
	if err1 != nil || err2 != nil || err3 != nil {
		return 0, false
	}
	return valid(y, m, d)
}

func valid(y, m, d int) (Day, bool) {
	if y < 1 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	day := Date(y, m, d)
	if _, got, _ := day.Civil(); got != m {
		return 0, false // 31 April
	}
	return day, true
}

// at returns word i, "" beyond the ends.
func (w *words) at(i int) string {
	if i < 0 || i >= len(w.list) {
		return ""
	}
	return string(w.word(i))
}

func (w *words) word(i int) []byte {
	term, _ := w.text.At(int(w.list[i]))
	return term
}

// take marks the words [i, j) as read.
func (w *words) take(i, j int) {
	for k := i; k < j; k++ {
		w.used[k] = true
	}
}

// Named returns the dates that the text of t names with day, month or year. A
// month or a day without a year is one of every year.
func Named(t *text.Terms) []Spec {
	var w words
	return w.absolute(w.read(t, nil), 0)
}

// absolute appends the absolute dates of w; year completes those without one,
// unless it is 0.
func (w *words) absolute(specs []Spec, year int) []Spec {
	for _, at := range w.months {
		if i := int(at); !w.used[i] {
			if s, ok := w.dayAndMonth(i, monthNumber(w.word(i)), year); ok {
				specs = append(specs, s)
			}
		}
	}
	for _, at := range w.months {
		if i := int(at); !w.used[i] {
			specs = append(specs, w.monthAlone(i, monthNumber(w.word(i)), year)...)
		}
	}
	for _, i := range w.years {
		if y := yearNumber(w.at(int(i))); y >= 1900 && y < 2100 && !w.used[i] {
			specs = append(specs, Spec{Span: yearOf(y)})
		}
	}
	return specs
}

// dayAndMonth reads "4 [of] March [2026]" and "March 4 [2026]" around the month at i.
func (w *words) dayAndMonth(i, month, year int) (Spec, bool) {
	first, day, last := i, 0, i+1
	before := i - 1
	if w.at(before) == "of" {
		before--
	}
	if d := dayNumber(w.at(before)); d != 0 && !w.used[before] {
		first, day = before, d
	} else if d := dayNumber(w.at(i + 1)); d != 0 && monthNumber([]byte(w.at(i+2))) == 0 {
		day, last = d, i+2
	}
	if day == 0 {
		return Spec{}, false
	}
	if y := yearNumber(w.at(last)); y != 0 {
		year = y
		last++
	}
	if year == 0 {
		w.take(first, last)
		return Spec{Month: month, Day: day}, true
	}
	d, ok := valid(year, month, day)
	if ok {
		w.take(first, last)
	}
	return Spec{Span: one(d)}, ok
}

// monthAlone reads "March [of] [2026]" at i.
func (w *words) monthAlone(i, month, year int) []Spec {
	last := i + 1
	y := yearNumber(w.at(last))
	if y == 0 && w.at(last) == "of" {
		if y = yearNumber(w.at(last + 1)); y != 0 {
			last++
		}
	}
	if y != 0 {
		last++
		year = y
	} else if w.at(i) == "may" && !beforeMonth(w.at(i-1)) {
		return nil // the verb
	}
	w.take(i, last)
	if year == 0 {
		return []Spec{{Month: month}}
	}
	return []Spec{{Span: monthOf(year, month)}}
}

func beforeMonth(word string) bool {
	switch word {
	case "in", "last", "since", "during", "this", "until", "of":
		return true
	}
	return false
}

// yearNumber reads four digits; 0 is none.
func yearNumber(s string) int {
	if len(s) != 4 {
		return 0
	}
	return number(s)
}

// dayNumber reads a day of the month, 1 to 31, also as 1st; 0 is none.
func dayNumber(s string) int {
	if len(s) > 2 {
		switch s[len(s)-2:] {
		case "st", "nd", "rd", "th":
			s = s[:len(s)-2]
		}
	}
	if len(s) > 2 {
		return 0
	}
	if d := number(s); d <= 31 {
		return d
	}
	return 0
}

// number reads digits; 0 if s is anything else.
func number(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 1<<24 {
			return 0
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// monthNumber reads the name of a month, folded, in one of some languages, or a
// short English one; 0 is none.
func monthNumber(s []byte) int {
	if len(s) < 3 || len(s) > len("septiembre") {
		return 0
	}
	switch uint16(s[0])<<8 | uint16(s[1]) { // all of them begin so, and few other words do
	case 'j'<<8 | 'a', 'e'<<8 | 'n', 'g'<<8 | 'e', 'f'<<8 | 'e', 'm'<<8 | 'a', 'a'<<8 | 'p', 'a'<<8 | 'v', 'a'<<8 | 'b',
		'j'<<8 | 'u', 'g'<<8 | 'i', 'l'<<8 | 'u', 'a'<<8 | 'u', 'a'<<8 | 'o', 'a'<<8 | 'g',
		's'<<8 | 'e', 'o'<<8 | 'c', 'o'<<8 | 'k', 'o'<<8 | 'u', 'o'<<8 | 't', 'n'<<8 | 'o', 'd'<<8 | 'e', 'd'<<8 | 'i':
	default:
		return 0
	}
	switch string(s) {
	case "january", "jan", "januar", "janvier", "enero", "janeiro", "gennaio", "januari":
		return 1
	case "february", "feb", "februar", "fevrier", "febrero", "fevereiro", "febbraio", "februari":
		return 2
	case "march", "marz", "marzo", "marco", "maart":
		return 3
	case "april", "apr", "avril", "abril", "aprile":
		return 4
	case "may", "mayo", "maio", "maggio":
		return 5
	case "june", "jun", "juni", "juin", "junio", "junho", "giugno":
		return 6
	case "july", "jul", "juli", "juillet", "julio", "julho", "luglio":
		return 7
	case "august", "aug", "aout", "agosto", "augustus":
		return 8
	case "september", "sept", "sep", "septembre", "septiembre", "setembro", "settembre":
		return 9
	case "october", "oct", "oktober", "octobre", "octubre", "outubro", "ottobre":
		return 10
	case "november", "nov", "novembre", "noviembre", "novembro":
		return 11
	case "december", "dec", "dezember", "decembre", "diciembre", "dezembro", "dicembre": //nolint:misspell // French
		return 12
	}
	return 0
}

// Month returns the month that a folded word names; 0 is none.
func Month(word []byte) int { return monthNumber(word) }

// Piece returns what a word may be in a date: a day of the month, a month, a
// year; 0 for what it is not.
func Piece(word string) (day, month, year int) {
	if y := yearNumber(word); y >= 1900 && y < 2100 {
		return 0, 0, y
	}
	return dayNumber(word), monthNumber([]byte(word)), 0
}
