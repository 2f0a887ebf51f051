package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// parts appends the parts of one word: those of camelCase, a number and its unit.
func (t *Terms) parts(first int, s string) {
	if number, unit := splitUnit(s); unit != "" {
		t.word(Part, first, number)
		t.word(Part, first, unit)
		return
	}
	if !mixed(s) {
		return
	}
	start := 0
	var humps int
	emit := func(end int) {
		if end-start > 1 && (start > 0 || end < len(s)) {
			t.word(Part, first, s[start:end])
			humps++
		}
		start = end
	}
	prev, size := utf8.DecodeRuneInString(s)
	for i := size; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		next, _ := utf8.DecodeRuneInString(s[i+n:])
		switch {
		case unicode.IsUpper(r) && !unicode.IsUpper(prev),
			unicode.IsUpper(r) && unicode.IsUpper(prev) && unicode.IsLower(next),
			unicode.IsDigit(r) != unicode.IsDigit(prev) && i > start:
			emit(i)
		}
		prev = r
		i += n
	}
	if humps > 0 || start > 0 {
		emit(len(s))
		t.code = true
	}
}

// mixed reports whether an upper-case letter follows a lower-case one or a digit,
// or a lower-case letter follows two upper-case ones: then s has humps.
func mixed(s string) bool {
	upper, lower := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			return mixedRunes(s)
		case 'A' <= c && c <= 'Z':
			if lower {
				return true
			}
			upper++
		case 'a' <= c && c <= 'z':
			if upper > 1 {
				return true
			}
			lower = true
		}
	}
	return false
}

func mixedRunes(s string) bool {
	lower, upper := false, 0
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			if lower {
				return true
			}
			upper++
		case unicode.IsLower(r):
			if upper > 1 {
				return true
			}
			lower = true
		}
	}
	return false
}

// splitUnit cuts 25MB into 25 and MB.
func splitUnit(s string) (number, unit string) {
	i := 0
	for i < len(s) && isDigit(rune(s[i])) {
		i++
	}
	if i > 0 && i < len(s) && isUnit(s[i:]) {
		return s[:i], s[i:]
	}
	return "", ""
}

// isUnit reports whether s is a unit that is written with or without a space
// after its number.
func isUnit(s string) bool {
	if len(s) > 5 {
		return false
	}
	switch strings.ToLower(s) {
	case "b", "kb", "mb", "gb", "tb", "pb", "kib", "mib", "gib", "tib", "bit", "kbit", "mbit", "gbit", "mbps", "gbps",
		"ns", "us", "µs", "μs", "ms", "s", "sec", "min", "h", "hr", "hrs", "d",
		"nm", "mm", "cm", "m", "km", "mi", "ft", "in", "kmh", "mph",
		"mg", "g", "kg", "t", "oz", "lb", "lbs", "ml", "l",
		"hz", "khz", "mhz", "ghz", "w", "kw", "mw", "kwh", "v", "mv", "a", "ma", "mah",
		"px", "pt", "dpi", "fps", "rpm", "am", "pm", "usd", "eur", "gbp", "chf", "jpy", "k":
		return true
	}
	return false
}

// wholes appends what the punctuation inside a chunk has cut: O'Brien as obrien,
// a path, a version, an address as it stands, a number without its grouping.
func (t *Terms) wholes(first int, s string) {
	n := len(t.runs)
	if n == 0 {
		return
	}
	if s[0] == '.' && t.runs[0].start == 1 && !isDigit(rune(s[1])) && t.runs[0].end-1 <= maxPart {
		t.word(Whole, first, s[:t.runs[0].end]) // .NET, .gitignore
	}
	if n == 1 {
		return
	}
	whole := s[t.runs[0].start:t.runs[n-1].end]
	if len(whole) > maxPart {
		t.joined(first, s)
		return
	}
	if digits, ok := ungrouped(whole); ok {
		t.put(Whole, first, digits)
	}
	if t.identifier(s) {
		t.code = true
		t.word(Whole, first, whole)
	}
	t.joined(first, s)
}

// identifier reports whether the runs of a chunk are held together by more than
// hyphens and apostrophes between words.
func (t *Terms) identifier(s string) bool {
	digits, hyphen := false, false
	for i, r := range t.runs {
		if r.dense {
			return false
		}
		digits = digits || strings.ContainsAny(s[r.start:r.end], "0123456789")
		switch {
		case i == 0:
		case r.before == '-':
			hyphen = true
		case classOf(r.before) == connector:
			return true
		}
	}
	return hyphen && digits
}

// joined appends words that are cut by nothing but an apostrophe, as one.
func (t *Terms) joined(first int, s string) {
	for i := 1; i < len(t.runs); i++ {
		a, b := t.runs[i-1], t.runs[i]
		if b.before != 0 && classOf(b.before) == apostrophe && !a.dense && !b.dense && !t.possessive(s, i) && b.end-a.start <= maxPart {
			t.word(Whole, first, s[a.start:a.end]+s[b.start:b.end])
		}
	}
}

// ungrouped returns a number without what groups its digits by three.
func ungrouped(s string) (string, bool) {
	groups := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '.' || r == '\'' || r == '’' })
	if len(groups) < 2 || len(groups[0]) > 3 || len(groups) > 6 {
		return "", false
	}
	for i, g := range groups {
		if !isDigits(g) || i > 0 && len(g) != 3 {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}
