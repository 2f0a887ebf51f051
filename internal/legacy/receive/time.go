package receive

import (
	"time"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// stampOf returns the stamp of an instant of another program's clock, the same on
// every node. Stamps order as the instants do, down to 16 ns, and what a stamp is
// shown as is never before the instant: else an edit of ours that follows it within
// the same millisecond would look older there.
func stampOf(at memory.Instant) memory.Stamp {
	if at <= 0 {
		return 0
	}
	ms, rest := int64(at)/int64(time.Millisecond), int64(at)%int64(time.Millisecond)
	return memory.Stamp(ms+1)<<memory.CounterBits | memory.Stamp(rest<<memory.CounterBits/int64(time.Millisecond))
}

// tells reports whether the time of a row is that of an entry: its own, or as this node
// tells it, or once told it.
func tells(entry, row memory.Stamp) bool {
	return entry == row || stampOf(wire.At(entry)) == row || stampOf(entry.Instant()) == row
}

// clock bounds stamps of other programs: what lies further ahead than this node's
// own clock would follow is of now.
type clock struct {
	now  func() time.Time
	lead time.Duration
}

// later returns the later of two times of rows. What is no time, or lies further ahead
// than any clock should, is none: nothing would ever be later than that.
func (c clock) later(than, at string) string {
	i, err := memory.ParseInstant(at)
	if err != nil || i.Time().After(c.now().Add(memory.DefaultMaxSkew)) {
		return than
	}
	return max(than, at)
}

// stamp returns the stamp of an instant, and whether it was its own.
func (c clock) stamp(at memory.Instant) (memory.Stamp, bool) {
	now := c.now()
	if s := stampOf(at); s <= memory.MakeStamp(now.Add(c.lead)) {
		return s, true
	}
	return memory.MakeStamp(now), false
}
