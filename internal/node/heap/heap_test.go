package heap

import (
	"runtime"
	"testing"
)

// Memory is given back once after much work, and not while there is more to do.
func TestMemoryIsGivenBackWhenMuchWorkIsOver(t *testing.T) {
	const mb = 1 << 20
	var w work
	for i, step := range []struct {
		allocated uint64
		over      bool
	}{
		{1 * mb, false},
		{40 * mb, false},
		{200 * mb, false},
		{203 * mb, true},
		{204 * mb, false},
		{230 * mb, false},
		{231 * mb, false},
		{270 * mb, false},
		{271 * mb, true},
		{272 * mb, false},
	} {
		if got := w.over(step.allocated, 20*mb); got != step.over {
			t.Errorf("step %d, %d MiB: over %v", i, step.allocated/mb, got)
		}
	}
	if w.over(900*mb, 0); w.over(901*mb, 2000*mb) {
		t.Error("all that is live is looked through for little")
	}
	for _, name := range []string{"/gc/heap/allocs:bytes", "/gc/heap/live:bytes"} {
		if runtime.GC(); heapBytes(name) == 0 {
			t.Errorf("%s is nothing", name)
		}
	}
}
