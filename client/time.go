package client

import (
	"fmt"
	"strings"
	"time"
)

// Time is an instant as the API writes it: RFC 3339 in UTC with nine fractional
// digits and +00:00, so that the order of texts is the order of instants. The
// zero value is no time, and is left out of JSON where a field may be absent.
type Time struct{ time.Time }

// timeLayout is how a [Time] is written.
const timeLayout = "2006-01-02T15:04:05.000000000-07:00"

// TimeOf is t as the API writes it.
func TimeOf(t time.Time) Time { return Time{t} }

// TimeError says that a text is no time.
type TimeError struct{ Text string }

func (e *TimeError) Error() string {
	return fmt.Sprintf("%.64q: want a time in RFC 3339, such as 2026-01-31T12:00:00Z", e.Text)
}

// String is the text of the API.
func (t Time) String() string { return t.UTC().Format(timeLayout) }

// MarshalText writes the text of the API.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON writes the text of the API.
func (t Time) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, len(timeLayout)+2), '"')
	return append(t.UTC().AppendFormat(b, timeLayout), '"'), nil
}

// UnmarshalText reads a time of RFC 3339 in any of its forms: small letters, any
// offset, and the second 60 of a leap second, which is the one after it. Anything
// else is a *[TimeError].
func (t *Time) UnmarshalText(b []byte) error {
	text := strings.ToUpper(string(b))
	if len(text) > 10 && text[10] == ' ' { // RFC 3339 leaves that to those who write it
		text = text[:10] + "T" + text[11:]
	}
	leap := strings.Contains(text, ":60") && len(text) > 19 && text[16:19] == ":60"
	if leap {
		text = text[:16] + ":59" + text[19:]
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || strings.Contains(text, ",") || !offsetIn(text) {
		return &TimeError{string(b)}
	}
	if leap {
		at = at.Add(time.Second)
	}
	t.Time = at.UTC()
	return nil
}

// offsetIn reports whether the offset at the end of a time is one of RFC 3339: package
// time takes 24:00 and 23:60, too.
func offsetIn(text string) bool {
	if strings.HasSuffix(text, "Z") {
		return true
	}
	n := len(text) - len("00:00")
	return text[n:] < "24" && text[n+3:] < "60"
}

// UnmarshalJSON reads a time of RFC 3339; null leaves t as it is.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" {
		return nil
	}
	if len(s) < 2 || s[0] != '"' {
		return &TimeError{s}
	}
	return t.UnmarshalText(b[1 : len(b)-1])
}

// When is a pointer to t, for fields that may be absent.
func When(t time.Time) *Time { return &Time{t} }
