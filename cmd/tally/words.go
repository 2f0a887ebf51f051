package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/client"
)

// count writes a number with its noun: "1 entry", "2 entries".
func count[T int | int32 | int64 | uint64](n T, one string) string {
	switch {
	case n == 1:
		return "1 " + one
	case strings.HasSuffix(one, "y") && !strings.HasSuffix(one, "ay"):
		return fmt.Sprint(n) + " " + strings.TrimSuffix(one, "y") + "ies"
	}
	return fmt.Sprint(n) + " " + one + "s"
}

// decimal writes a number of any type.
func decimal[T int | int32 | int64 | uint64](n T) string { return fmt.Sprint(n) }

// stamp writes a time as flags take it, in the zone of the reader.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.RFC3339)
}

// span writes a time that is left, roughly: "40 minutes", "7 days".
func spanOf(d time.Duration) string {
	switch {
	case d < time.Minute:
		return count(max(0, int(d.Round(time.Second)/time.Second)), "second")
	case d < 2*time.Hour:
		return count(int(d.Round(time.Minute)/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d.Round(time.Hour)/time.Hour), "hour")
	}
	return count(int(d.Round(24*time.Hour)/(24*time.Hour)), "day")
}

// remains says when a memory expires, for a cell: "-" if it does not.
func remains(m *client.Memory, now time.Time) string {
	switch {
	case m.ExpiresAt.IsZero():
		return "-"
	case !m.ExpiresAt.After(now):
		return "expired"
	}
	return "in " + spanOf(m.ExpiresAt.Sub(now))
}

// keepHint says how to keep a memory that expires.
const keepHint = "to keep it: tally keep "

// expiry says when a memory expires and how to keep it, or "".
func expiry(m *client.Memory, now time.Time) string {
	if m.ExpiresAt.IsZero() {
		return ""
	}
	if !m.ExpiresAt.After(now) {
		return "expired " + stamp(m.ExpiresAt.Time) + "; bring it back: tally restore " + m.ID
	}
	text := "expires " + stamp(m.ExpiresAt.Time) + ", " + remains(m, now) + "; " + keepHint + m.ID
	if m.Tier != "long" {
		text += " (a recall that finds it prolongs it)"
	}
	return text
}

// printable makes s safe for one cell: no line breaks, no control sequences.
func printable(s string) string {
	return safe(strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\t', '\r', '\u2028', '\u2029':
			return ' '
		default:
			return r
		}
	}, s))
}

// safe takes out of a text what a terminal would act upon: control characters go,
// and what turns the direction of writing is shown by its number.
func safe(s string) string {
	if !strings.ContainsFunc(s, unsafe) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unsafe(r):
			b.WriteRune(r)
		case !unicode.IsControl(r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}

// escaped does for JSON what its encoder does for control characters also for
// what turns the direction of writing. It still is the same value.
func escaped(json string) string {
	if !strings.ContainsFunc(json, unsafe) {
		return json
	}
	var b strings.Builder
	for _, r := range json {
		if unsafe(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unsafe(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// cutTo shortens s to n characters.
func cutTo(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// shellQuoted makes s one word of a POSIX shell, whatever it has in it.
func shellQuoted(s string) string {
	plain := func(r rune) bool {
		return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("_-./:=@%+,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(safe(s), "'", `'\''`) + "'"
}
