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
func limitFor(live uint64) int64 {
	const beside = 64 << 20
	return int64(beside + live + live/4)
}

// Collect lets the heap grow to a multiple of what is live, which is little, and
// makes the collector work harder only when it comes near the limit. What the
// environment says wins.
func Collect() {
	const percent = 150 // more saves nothing that can be measured, and costs memory in each node of many
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limitFor(heapBytes("/gc/heap/live:bytes")))
	}
}

// Follow raises the limit as indices grow, until ctx is done: with one that they alone
// fill, the collector would do nothing else. After much work it gives back to the system
// what that left behind.
func Follow(ctx context.Context) error {
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	follow, look := time.NewTicker(250*time.Millisecond), time.NewTicker(5*time.Second)
	defer follow.Stop()
	defer look.Stop()
	var w work
	for {
		live := heapBytes("/gc/heap/live:bytes")
		debug.SetMemoryLimit(limitFor(live))
		select {
		case <-follow.C:
		case <-look.C:
			if w.over(heapBytes("/gc/heap/allocs:bytes"), live) {
				debug.FreeOSMemory()
			}
		case <-ctx.Done():
			return nil
		}
	}
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

// heapBytes is what the runtime counts of the heap under a name.
func heapBytes(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}
