package memory

import (
	"fmt"
	"sync"
	"time"
)

// Stamp is a reading of the hybrid logical clock (Kulkarni et al., "Logical
// Physical Clocks", 2014): 48 bits of Unix milliseconds, then 16 bits of
// counter. Stamps of one node never repeat and never go back.
type Stamp uint64

// CounterBits of a stamp count within its millisecond.
const CounterBits = 16

// MakeStamp returns the first stamp of t's millisecond. Times before 1970 give 0.
func MakeStamp(t time.Time) Stamp {
	ms := t.UnixMilli()
	if ms < 0 {
		return 0
	}
	return Stamp(ms) << CounterBits
}

// Instant returns s as nanoseconds: the milliseconds, and the counter as the
// nanoseconds within. So the text order of instants is the order of stamps.
// Stamps beyond [MaxInstant] give that.
func (s Stamp) Instant() Instant {
	ms := uint64(s >> CounterBits)
	if ms > uint64(MaxInstant)/uint64(time.Millisecond) {
		return MaxInstant
	}
	return min(Instant(int64(ms)*int64(time.Millisecond)+int64(s&(1<<CounterBits-1))), MaxInstant)
}

// Time returns the wall clock part of s in UTC, with the counter as nanoseconds.
func (s Stamp) Time() time.Time { return s.Instant().Time() }

// Instant is a point in time: nanoseconds since 1970 UTC. Zero means "none".
// As JSON it is RFC 3339 with exactly nine fractional digits and "+00:00", so
// that text order is time order for readers that compare strings.
type Instant int64

// MaxInstant is the last nanosecond of 2261: no later one has a text form.
const MaxInstant Instant = 9214646399_999999999

const instantLayout = "2006-01-02T15:04:05.000000000-07:00"

// InstantOf converts t.
func InstantOf(t time.Time) Instant { return Instant(t.UnixNano()) }

// Time converts i to UTC.
func (i Instant) Time() time.Time { return time.Unix(0, int64(i)).UTC() }

// String renders i as RFC 3339 with nine digits, or "" for none.
func (i Instant) String() string {
	if i == 0 {
		return ""
	}
	return i.Time().Format(instantLayout)
}

// MarshalText implements [encoding.TextMarshaler].
func (i Instant) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads RFC 3339 in any zone and precision; "" is none.
func (i *Instant) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*i = 0
		return nil
	}
	v, err := ParseInstant(string(b))
	if err != nil {
		return err
	}
	*i = v
	return nil
}

// ParseInstant reads RFC 3339 between 1970 and 2262; anything else is [ErrInvalid].
func ParseInstant(s string) (Instant, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("time %.64q: want RFC 3339, such as 2026-01-31T12:00:00Z: %w", s, ErrInvalid)
	}
	if y := t.UTC().Year(); y < 1970 || y > 2261 {
		return 0, fmt.Errorf("time %q: want a year from 1970 to 2261: %w", s, ErrInvalid)
	}
	return InstantOf(t), nil
}

// Clock issues stamps. It is safe for concurrent use. Persist it by observing,
// at start, the highest stamp of the log.
type Clock struct {
	now     func() time.Time
	maxSkew time.Duration

	mu   sync.Mutex
	last Stamp
}

// DefaultMaxSkew is how far ahead of a node's own clock a stamp may lie.
const DefaultMaxSkew = time.Minute

// lead is the part of the bound on what is taken that a node's own stamps may run
// ahead of its own clock. It is less than the whole, so that a stamp which one
// node adopts is within the bound of a node whose clock is a little behind.
const lead = 4

// NewClock returns a clock over now, which bounds what [Clock.Observe] takes to
// maxSkew ahead of it, and what it adopts to a quarter of that.
func NewClock(now func() time.Time, maxSkew time.Duration) *Clock {
	return &Clock{now: now, maxSkew: maxSkew}
}

// Now returns a stamp higher than every stamp issued or adopted before.
func (c *Clock) Now() Stamp {
	wall := MakeStamp(c.now())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(wall, c.last+1)
	return c.last
}

// Wall returns the physical clock that c is built on.
func (c *Clock) Wall() time.Time { return c.now() }

// Observe takes a stamp from elsewhere, so that what is issued next is higher,
// unless it lies further ahead of the wall clock than a quarter of the bound: then
// it is not adopted, or one wrong clock would be that of all. One beyond the bound
// is an error: a *[SkewError] says when it may be tried again.
func (c *Clock) Observe(s Stamp) error {
	if err := c.Check(s); err != nil {
		return err
	}
	if s > MakeStamp(c.now().Add(c.maxSkew/lead)) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, s)
	return nil
}

// Check is the error that [Clock.Observe] would return, and adopts nothing.
func (c *Clock) Check(s Stamp) error {
	wall := c.now()
	if limit := MakeStamp(wall.Add(c.maxSkew)); s > limit {
		return &SkewError{Stamp: s, Ahead: s.Time().Sub(wall), Retry: s.Time().Add(-c.maxSkew)}
	}
	return nil
}

// Last returns the highest stamp issued or adopted.
func (c *Clock) Last() Stamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Restore adopts the highest stamp of the node's own log without a bound: what
// was issued once must not be issued again, however wrong the clock was then.
func (c *Clock) Restore(s Stamp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, s)
}

// SkewError says that a stamp lies further in the future than the bound.
type SkewError struct {
	Stamp Stamp
	Ahead time.Duration // how far ahead of the local clock
	Retry time.Time     // when the stamp will be within the bound
}

func (e *SkewError) Error() string {
	return fmt.Sprintf("stamp %s is %s ahead of this node's clock", e.Stamp.Instant(), e.Ahead.Round(time.Millisecond))
}

// Is makes errors.Is(err, [ErrSkew]) true.
func (e *SkewError) Is(target error) bool { return target == ErrSkew }
