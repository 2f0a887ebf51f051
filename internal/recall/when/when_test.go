package when_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

func day(d when.Day) string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

func span(s when.Span) string {
	if s.First == s.Last {
		return day(s.First)
	}
	return day(s.First) + ".." + day(s.Last)
}

func analysed(s string) *text.Terms {
	var t text.Terms
	t.Add(s)
	return &t
}

func TestTold(t *testing.T) {
	said := when.Date(2023, 5, 10) // a Wednesday
	tests := map[string]string{
		"I went there today":             "2023-05-10",
		"just now":                       "2023-05-10",
		"Yesterday we met":               "2023-05-09",
		"the day before yesterday":       "2023-05-08",
		"last night":                     "2023-05-09",
		"See you tomorrow!":              "2023-05-11",
		"It was last week":               "2023-05-01..2023-05-07",
		"next week":                      "2023-05-15..2023-05-21",
		"this week":                      "2023-05-08..2023-05-14",
		"last weekend":                   "2023-05-06..2023-05-07",
		"last month":                     "2023-04-01..2023-04-30",
		"next year":                      "2024-01-01..2024-12-31",
		"on Friday":                      "2023-05-05",
		"next Friday":                    "2023-05-12",
		"last Wednesday":                 "2023-05-03",
		"last fri":                       "2023-05-05",
		"sat down":                       "",
		"three days ago":                 "2023-05-07",
		"a couple of weeks ago":          "2023-04-24..2023-04-30",
		"2 months ago":                   "2023-03-01..2023-03-31",
		"ten years ago":                  "2013-01-01..2013-12-31",
		"on 4 March":                     "2023-03-04",
		"March 4th, 2022":                "2022-03-04",
		"the 4th of March 2022":          "2022-03-04",
		"in March 2022":                  "2022-03-01..2022-03-31",
		"in May":                         "2023-05-01..2023-05-31",
		"I may go":                       "",
		"in 2019":                        "2019-01-01..2019-12-31",
		"at 2026-03-04":                  "2026-03-04",
		"2026-03-04T10:00:00Z":           "2026-03-04",
		"am 4.3.2026":                    "2026-03-04",
		"am 14. Oktober 2025":            "2025-10-14",
		"le 3 décembre 2024":             "2024-12-03",
		"31 April 2022":                  "2022-04-01..2022-04-30",
		"nothing of that":                "",
		"from 3 May 2022 to 7 June 2022": "2022-05-03 2022-06-07",
		"9999999999999 days ago":         "",
		"v1.2.3 and 1.2.3.4 and 10.20.3000 are no day": "",
	}
	for s, want := range tests {
		var got []string
		for _, sp := range new(when.Reader).Told(nil, analysed(s), said) {
			got = append(got, span(sp))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", s, diff)
		}
	}
	if got := new(when.Reader).Told(nil, analysed("yesterday, in March, on 4 March 2022"), when.None); len(got) != 1 {
		t.Errorf("without a day: %v", got)
	}
}

func TestMonthsAreKnownByAllTheirNames(t *testing.T) {
	for i, names := range []string{
		"january jan januar janvier enero janeiro gennaio januari", "february feb februar fevrier febrero fevereiro febbraio februari",
		"march marz marzo marco maart", "april apr avril abril aprile", "may mayo maio maggio", "june jun juni juin junio junho giugno",
		"july jul juli juillet julio julho luglio", "august aug aout agosto augustus",
		"september sept sep septembre septiembre setembro settembre", "october oct oktober octobre octubre outubro ottobre",
		"november nov novembre noviembre novembro", "december dec dezember decembre diciembre dezembro dicembre", //nolint:misspell // French
	} {
		for name := range strings.FieldsSeq(names) {
			if got := when.Month([]byte(name)); got != i+1 {
				t.Errorf("%s is month %d, want %d", name, got, i+1)
			}
		}
	}
	for _, other := range []string{"", "ma", "mars", "ja", "octopus", "a", "novembers", "septiembres"} {
		if got := when.Month([]byte(other)); got != 0 {
			t.Errorf("%s is month %d", other, got)
		}
	}
}

func TestNamed(t *testing.T) {
	tests := map[string]string{
		"What happened in August 2023?":   "2023-08-01..2023-08-31",
		"What did she do on 8 May, 2023?": "2023-05-08",
		"what in July?":                   "month 7 day 0",
		"on July 3rd":                     "month 7 day 3",
		"yesterday":                       "",
	}
	for s, want := range tests {
		var got []string
		for _, spec := range when.Named(analysed(s)) {
			if spec.Month != 0 {
				got = append(got, fmt.Sprintf("month %d day %d", spec.Month, spec.Day))
			} else {
				got = append(got, span(spec.Span))
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", s, diff)
		}
	}
}

func TestMatch(t *testing.T) {
	d := func(y, m, day int) when.Span { x := when.Date(y, m, day); return when.Span{First: x, Last: x} }
	year := when.Span{First: when.Date(2023, 1, 1), Last: when.Date(2023, 12, 31)}
	july := when.Span{First: when.Date(2023, 7, 1), Last: when.Date(2023, 7, 31)}
	tests := map[string]struct {
		spec when.Spec
		span when.Span
		want float64
	}{
		"the day":                   {when.Spec{Span: d(2023, 7, 3)}, d(2023, 7, 3), 1},
		"the day after":             {when.Spec{Span: d(2023, 7, 3)}, d(2023, 7, 4), 0.5},
		"five days before":          {when.Spec{Span: d(2023, 7, 8)}, d(2023, 7, 3), 0.1},
		"far off":                   {when.Spec{Span: d(2023, 7, 3)}, d(2023, 8, 3), 0},
		"its month":                 {when.Spec{Span: d(2023, 7, 3)}, july, 1},
		"its year":                  {when.Spec{Span: d(2023, 7, 3)}, year, 0.5},
		"month, day in it":          {when.Spec{Span: july}, d(2023, 7, 31), 1},
		"month of any year":         {when.Spec{Month: 7}, d(1999, 7, 31), 1},
		"another month":             {when.Spec{Month: 7}, d(1999, 8, 1), 0},
		"a year is no month":        {when.Spec{Month: 7}, year, 0},
		"day of any year":           {when.Spec{Month: 7, Day: 3}, d(1999, 7, 3), 1},
		"day of any year, in month": {when.Spec{Month: 7, Day: 3}, july, 1},
		"another day of the year":   {when.Spec{Month: 7, Day: 3}, d(1999, 7, 4), 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tc.spec.Match(tc.span); got < tc.want-1e-9 || got > tc.want+1e-9 {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestDaysAreThoseOfTheCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<34, 1<<34).Draw(t, "seconds"), 0).UTC()
		d := when.DayOf(at)
		if y, m, day := d.Civil(); y != at.Year() || m != int(at.Month()) || day != at.Day() {
			t.Fatalf("%v is %d-%d-%d", at, y, m, day)
		}
	})
}

func FuzzTold(f *testing.F) {
	for _, s := range []string{"last week", "0 days ago", "31 February 2020", "May", "of", "9999-99-99", "1 of of of May 20"} {
		f.Add(s, int32(19_000))
	}
	f.Fuzz(func(t *testing.T, s string, said int32) {
		if said < -1<<20 || said > 1<<20 {
			said = 0
		}
		for _, sp := range new(when.Reader).Told(nil, analysed(s), when.Day(said)) {
			if sp.First > sp.Last {
				t.Fatalf("%q tells of %v", s, sp)
			}
			for _, spec := range when.Named(analysed(s)) {
				if m := spec.Match(sp); m < 0 || m > 1 {
					t.Fatalf("%q matches %v by %v", s, sp, m)
				}
			}
		}
	})
}
