// Package heap bounds how far the heap of a node grows beside what is live.
package heap

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// limitFor is where the collector works harder: it leaves room for garbage that grows a
// quarter as fast as what is live. That is indices and vectors for the most part, which
// have few pointers and cost the collector little.
func limitFor(live uint64) int64 { return int64(room + live + live/4) }

const room = 64 << 20

// The collector runs so many times a second at most where there is room for it, so that a
// node that does much lets more garbage gather than one of many that do little.
const timesASecond = 2

// garbageFor is how much garbage may gather beside what is live, when so much is allocated
// a second.
func garbageFor(live, aSecond uint64) uint64 {
	const least = 10 << 20
	most := min(live+live/2, room+live/4) // more saves nothing that can be measured
	return max(min(aSecond/timesASecond, most), min(live/4, most), least)
}

// percentFor says the same to the runtime.
func percentFor(live, aSecond uint64) int {
	const most = 800 // of next to nothing
	return int(min(garbageFor(live, aSecond)*100/max(live, 1), most))
}

// Collect begins as a node does that has little to do; [Follow] goes on from there. What
// the environment says wins.
func Collect() {
	const percent = 100
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		live, _ := counts()
		debug.SetMemoryLimit(limitFor(live))
	}
}

// Follow lets garbage gather as fast as the process makes it, and raises the limit as
// indices grow, until ctx is done: with one that they alone fill, the collector would do
// nothing else. After much work it gives back to the system what that left behind.
func Follow(ctx context.Context) error {
	const often = 250 * time.Millisecond
	follow, look := time.NewTicker(often), time.NewTicker(5*time.Second)
	defer follow.Stop()
	defer look.Stop()
	paced, limited := os.Getenv("GOGC") == "", os.Getenv("GOMEMLIMIT") == ""
	var w work
	var p pace
	for {
		live, allocated := counts()
		if percent, ok := p.percent(live, allocated, time.Now()); ok && paced {
			debug.SetGCPercent(percent)
		}
		if limited {
			debug.SetMemoryLimit(limitFor(live))
		}
		select {
		case <-follow.C:
		case <-look.C:
			if limited && w.over(allocated, live) {
				debug.FreeOSMemory()
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// pace is how fast a process allocates, as it was seen last.
type pace struct {
	at   time.Time
	seen uint64
	said int
}

// percent returns what is to be said to the runtime, if that is something else than
// before: to say it stops all for a moment.
func (p *pace) percent(live, allocated uint64, now time.Time) (percent int, ok bool) {
	took := now.Sub(p.at).Seconds()
	aSecond := uint64(0)
	if !p.at.IsZero() && took > 0 {
		aSecond = uint64(float64(allocated-p.seen) / took)
	}
	p.at, p.seen = now, allocated
	percent = percentFor(live, aSecond)
	if diff := percent - p.said; p.said > 0 && -p.said < 8*diff && 8*diff < p.said {
		return p.said, false
	}
	p.said = percent
	return percent, true
}

// work is how much a process has allocated, as it was seen last.
type work struct {
	seen  uint64
	freed uint64 // when memory was given back last
}

const (
	// muchWork, allocated since memory was given back, may have left much behind, if it is
	// not little beside what is live: all of that is looked through to find out.
	muchWork = 64 << 20
	// littleWork, between two looks, is what a node allocates with little to do: it reads
	// its log now and then, and is asked how it is.
	littleWork = 24 << 20
)

// over reports whether much was allocated and little is now, so that it is time to give
// memory back.
func (w *work) over(allocated, live uint64) bool {
	quiet := allocated-w.seen < littleWork
	w.seen = allocated
	if !quiet || allocated-w.freed < max(muchWork, live/2) {
		return false
	}
	w.freed = allocated
	return true
}

// counts are what the runtime counts of the heap: what was live when it was last looked
// through, and what was ever allocated.
func counts() (live, allocated uint64) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 || s[1].Value.Kind() != metrics.KindUint64 {
		return 0, 0
	}
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}
