package node

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryLimit is where the collector works harder, beside the index of words.
const memoryLimit = 96 << 20

// limitFor leaves room for garbage that grows a quarter as fast as the index of words:
// that has few pointers, and costs the collector little.
func limitFor(words int64) int64 { return memoryLimit + words + words/4 }

// collect lets the heap grow to a multiple of what is live, which is little, and
// makes the collector work harder only when it comes near the limit. What the
// environment says wins.
func collect() {
	const percent = 400
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// room raises the limit as the index of words grows, until ctx is done: with one
// that the index alone fills, the collector would do nothing else. After much work it
// gives back to the system what that left behind.
func (n *node) room(ctx context.Context) error {
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	var w work
	for {
		debug.SetMemoryLimit(limitFor(n.books.Words.Bytes()))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if w.over(everAllocated()) {
			debug.FreeOSMemory()
		}
	}
}

// work is how much a process has allocated, as it was seen last.
type work struct {
	seen  uint64
	freed uint64 // when memory was given back last
}

const (
	// muchWork, allocated since memory was given back, may have left much behind.
	muchWork = 64 << 20
	// littleWork, between two looks, is what a node allocates with little to do: it reads
	// its log now and then, and is asked how it is.
	littleWork = 24 << 20
)

// over reports whether much was allocated and little is now, so that it is time to give
// memory back.
func (w *work) over(allocated uint64) bool {
	quiet := allocated-w.seen < littleWork
	w.seen = allocated
	if !quiet || allocated-w.freed < muchWork {
		return false
	}
	w.freed = allocated
	return true
}

// everAllocated is how many bytes of the heap were ever allocated.
func everAllocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}
