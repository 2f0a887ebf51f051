package wire

import (
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Text writes a time as a real node does: with as many digits of the second as it
// needs, in groups of three; "" for none.
func Text(i memory.Instant) string {
	if i == 0 {
		return ""
	}
	t := i.Time()
	layout := "2006-01-02T15:04:05.000000000-07:00"
	switch ns := time.Duration(t.Nanosecond()); {
	case ns == 0:
		layout = "2006-01-02T15:04:05-07:00"
	case ns%time.Millisecond == 0:
		layout = "2006-01-02T15:04:05.000-07:00"
	case ns%time.Microsecond == 0:
		layout = "2006-01-02T15:04:05.000000-07:00"
	}
	return t.Format(layout)
}
