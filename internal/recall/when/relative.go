package when

import "github.com/tallystick/tallystick/internal/recall/text"

// Reader reads dates in texts, one after the other, in the same memory. Its zero value is
// ready.
type Reader struct {
	words words
	specs []Spec
}

// Told appends to out the days that the section of a text names which was said on the
// day said: its absolute dates, and what it says of today, last week, three days ago.
// Without a day on which it was said there are only the dates that name their year.
func (r *Reader) Told(out []Span, t *text.Terms, said Day) []Span {
	w := &r.words
	r.specs = w.read(t, r.specs[:0])
	year := 0
	if said != None {
		out = w.relative(out, said)
		year, _, _ = said.Civil()
	}
	r.specs = w.absolute(r.specs, year)
	for _, s := range r.specs {
		if s.Month == 0 {
			out = append(out, s.Span)
		}
	}
	return out
}

// relative appends what counts from the day d.
func (w *words) relative(out []Span, d Day) []Span {
	for i := range w.list {
		var s Span
		var ok bool
		switch string(w.word(i)) {
		case "week", "weekend", "month", "year":
			s, ok = period(d, w.at(i-1), w.at(i))
		case "ago":
			s, ok = w.ago(d, i)
		case "today", "tonight", "tomorrow", "morning", "afternoon", "now", "night", "yesterday":
			s, ok = w.near(d, i)
		default:
			s, ok = w.onWeekday(d, i)
		}
		if ok {
			out = append(out, s)
		}
	}
	return out
}

// near reads the days around d: the word at i with what stands before it.
func (w *words) near(d Day, i int) (Span, bool) {
	before := w.at(i - 1)
	switch w.at(i) {
	case "today", "tonight":
		return one(d), true
	case "tomorrow":
		return one(d + 1), true
	case "morning", "afternoon":
		return one(d), before == "this"
	case "now":
		return one(d), before == "just"
	case "night":
		return one(d - 1), before == "last"
	case "yesterday":
		if before == "before" && w.at(i-2) == "day" {
			return one(d - 2), true
		}
		return one(d - 1), true
	}
	return Span{}, false
}

// period is the last, this or next week, weekend, month or year as seen on d.
func period(d Day, which, unit string) (Span, bool) {
	k := 0
	switch which {
	case "last", "past":
		k = -1
	case "this":
	case "the":
		if unit != "weekend" {
			return Span{}, false
		}
	case "next":
		k = 1
	default:
		return Span{}, false
	}
	mon := d.monday()
	switch unit {
	case "week":
		return Span{mon + Day(7*k), mon + Day(7*k) + 6}, true
	case "weekend":
		switch k {
		case -1:
			return Span{mon - 2, mon - 1}, true
		case 0: // the one before or the one to come
			return Span{mon - 2, mon + 6}, true
		}
		return Span{mon + 5, mon + 13}, true
	case "month":
		y, m, _ := d.Civil()
		return monthOf(y, m+k), true
	}
	y, _, _ := d.Civil()
	return yearOf(y + k), true
}

// ago reads "three days ago", whose last word is at i.
func (w *words) ago(d Day, i int) (Span, bool) {
	n := smallNumber(w.at(i - 2))
	if w.at(i-2) == "of" && w.at(i-3) == "couple" {
		n = 2
	}
	if n == 0 || n > 10_000 {
		return Span{}, false
	}
	mon := d.monday()
	y, m, _ := d.Civil()
	switch w.at(i - 1) {
	case "day", "days":
		return one(d - Day(n)), true
	case "week", "weeks", "weekend", "weekends":
		return Span{mon - Day(7*n), mon - Day(7*n) + 6}, true
	case "month", "months":
		return monthOf(y, m-n), true
	case "year", "years":
		return yearOf(y - n), true
	}
	return Span{}, false
}

func smallNumber(s string) int {
	switch s {
	case "a", "an", "one":
		return 1
	case "two", "couple":
		return 2
	case "three", "few", "several":
		return 3
	case "four":
		return 4
	case "five":
		return 5
	case "six":
		return 6
	case "seven":
		return 7
	case "eight":
		return 8
	case "nine":
		return 9
	case "ten":
		return 10
	}
	return number(s)
}

// onWeekday reads "[last|next|this|on] Friday" at i. Without a word before it, or
// with any but next, it is the last one.
func (w *words) onWeekday(d Day, i int) (Span, bool) {
	day, short := weekdayNumber(w.word(i))
	if day < 0 {
		return Span{}, false
	}
	which := w.at(i - 1)
	if short && which != "last" && which != "next" && which != "this" {
		return Span{}, false
	}
	if which == "next" {
		return one(d + 1 + Day((day-d.weekday()+13)%7)), true
	}
	return one(d - 1 - Day((d.weekday()-day+13)%7)), true
}

// weekdayNumber is 0 for Monday, -1 for what is no day; short if it is cut.
func weekdayNumber(word []byte) (day int, short bool) {
	if len(word) < 3 || len(word) > len("wednesday") {
		return -1, false
	}
	switch s := string(word); s {
	case "monday", "mon":
		return 0, s == "mon"
	case "tuesday", "tue":
		return 1, s == "tue"
	case "wednesday", "wed":
		return 2, s == "wed"
	case "thursday", "thu", "thur":
		return 3, s != "thursday"
	case "friday", "fri":
		return 4, s == "fri"
	case "saturday", "sat":
		return 5, s == "sat"
	case "sunday", "sun":
		return 6, s == "sun"
	}
	return -1, false
}
