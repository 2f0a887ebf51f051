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

// At is the time that a stamp is told as: its counter is spread over the millisecond, so
// that times order as stamps do also for who keeps less than a nanosecond's difference.
// [memory.Stamp.Instant], with the counter as nanoseconds, is at most a millisecond off.
func At(s memory.Stamp) memory.Instant {
	const all = 1 << memory.CounterBits
	within := (int64(s%all)*int64(time.Millisecond) + all - 1) / all
	return min((s-s%all).Instant()+memory.Instant(within), memory.MaxInstant)
}
