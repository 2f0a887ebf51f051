// Package when reads the dates that a text names: absolute ones, and those that
// count from the day on which something was said. It is pure.
package when

import "time"

// Day is a day, counted from 1 January 1970.
type Day int32

// None is no day.
const None Day = -1 << 31

// DayOf returns the day of t in t's own zone.
func DayOf(t time.Time) Day { return Date(t.Year(), int(t.Month()), t.Day()) }

// Date returns a day of the Gregorian calendar.
func Date(year, month, day int) Day {
	return Day(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Civil returns the year, the month and the day of the month of d.
func (d Day) Civil() (year, month, day int) {
	t := time.Unix(int64(d)*86400, 0).UTC()
	return t.Year(), int(t.Month()), t.Day()
}

// monday is the first day of d's week.
func (d Day) monday() Day { return d - Day(d.weekday()) }

// weekday of d: 0 is Monday.
func (d Day) weekday() int { return int(((d+3)%7 + 7) % 7) }

// Span is a range of days, both included.
type Span struct{ First, Last Day }

func one(d Day) Span { return Span{d, d} }

func monthOf(year, month int) Span {
	return Span{Date(year, month, 1), Date(year, month+1, 1) - 1}
}

func yearOf(year int) Span { return Span{Date(year, 1, 1), Date(year, 12, 31)} }

// days is how much later the last day of s is than its first.
func (s Span) days() int { return int(s.Last - s.First) }

// Spec is a date that a question names: a span of days, or a month or a day of
// the year without the year.
type Spec struct {
	Span
	Month, Day int // Month is 0 for a span; Day is 0 for a whole month
}

// Match says how well something that happened in span fits s: 1 is a match, 0
// none. A span much longer than what was asked for counts half, and for a day
// asked for, those around it count a little.
func (s Spec) Match(span Span) float64 {
	switch {
	case s.Month != 0 && s.Day != 0:
		for d := span.First; d <= min(span.Last, span.First+31); d++ {
			if _, m, day := d.Civil(); m == s.Month && day == s.Day {
				return 1
			}
		}
		return 0
	case s.Month != 0:
		y1, m1, _ := span.First.Civil()
		y2, m2, _ := span.Last.Civil()
		if y1 == y2 && m1 <= s.Month && s.Month <= m2 && span.days() < 60 {
			return 1
		}
		return 0
	}
	if s.First <= span.Last && span.First <= s.Last {
		if span.days() <= max(31, s.days()) {
			return 1
		}
		return 0.5
	}
	gap := max(int(span.First-s.Last), int(s.First-span.Last))
	if s.days() <= 3 && gap <= 5 {
		return max(0, 0.6-0.1*float64(gap))
	}
	return 0
}
