package ca

import "time"

// RenewAt says when what holds from one time to another is renewed: at half of its
// life, a tenth of the life earlier or later. chance, from 0 to 1, spreads the
// members, so that they do not all come at once.
func RenewAt(from, to time.Time, chance float64) time.Time {
	life := to.Sub(from)
	return from.Add(life/2 + time.Duration((2*chance-1)*float64(life)/10))
}

// RetryAfter says how long to wait after the nth failed renewal in a row, n from 1:
// from half a minute, doubling to half an hour, so that a leaf is asked for some
// thirty times before it ends.
func RetryAfter(n int) time.Duration {
	const first, last = 30 * time.Second, 30 * time.Minute
	if n > 6 {
		return last
	}
	return first << max(n-1, 0)
}

// Health is how a member stands with its certificate.
type Health uint8

// States of a certificate, from good to bad.
const (
	Fresh   Health = iota // it will be renewed, or just was
	Overdue               // a renewal should have come: warn
	InGrace               // it has ended and is still taken: it soon will not be
	Ended                 // nobody takes it
)

// HealthOf judges what holds from one time to another. It is overdue when less than
// a third of its life is left: by then renewal has failed for hours.
func HealthOf(from, to time.Time, grace time.Duration, now time.Time) Health {
	switch left := to.Sub(now); {
	case left > to.Sub(from)/3:
		return Fresh
	case left > 0:
		return Overdue
	case left > -grace:
		return InGrace
	}
	return Ended
}
