package heap

import (
	"runtime"
	"testing"
	"time"
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
	runtime.GC()
	if live, allocated := counts(); live == 0 || allocated < live {
		t.Errorf("%d bytes are live of %d", live, allocated)
	}
}

// What may gather follows how much is allocated, between what costs a little node little
// memory and what costs a large one little work.
func TestGarbageGathersAsFastAsItIsMade(t *testing.T) {
	const mb = 1 << 20
	for _, x := range []struct{ live, aSecond, want uint64 }{
		{2 * mb, 0, 10 * mb},
		{10 * mb, 5 * mb, 10 * mb},
		{10 * mb, 24 * mb, 12 * mb},
		{10 * mb, 10_000 * mb, 15 * mb},
		{40 * mb, 100 * mb, 50 * mb},
		{100 * mb, 10_000 * mb, 89 * mb},
		{60 * mb, 0, 15 * mb},
		{60 * mb, 100 * mb, 50 * mb},
		{1000 * mb, 0, 250 * mb},
		{1000 * mb, 10_000 * mb, 314 * mb},
	} {
		if got := garbageFor(x.live, x.aSecond); got != x.want {
			t.Errorf("%d MiB live, %d a second: %d MiB, want %d", x.live/mb, x.aSecond/mb, got/mb, x.want/mb)
		}
		// The limit is never below what the percentage allows: else nothing but it would count.
		if int64(x.live+garbageFor(x.live, x.aSecond)) > limitFor(x.live) {
			t.Errorf("%d MiB live: the limit is below the goal", x.live/mb)
		}
	}
	if got := percentFor(0, 0); got != 800 {
		t.Errorf("of nothing live: %d %%", got)
	}
}

// The runtime is told what has changed by an eighth, and nothing else.
func TestThePaceIsSaidWhenItChanges(t *testing.T) {
	const mb = 1 << 20
	var p pace
	at := time.Now()
	allocated := uint64(0)
	for i, step := range []struct {
		live, more uint64
		percent    int
		said       bool
	}{
		{10 * mb, 500 * mb, 100, true}, // before it began to look
		{10 * mb, 1 * mb, 100, false},
		{10 * mb, 7 * mb, 140, true},
		{10 * mb, 8 * mb, 140, false},
		{10 * mb, 6 * mb, 120, true},
		{10 * mb, 0, 100, true},
		{11 * mb, 0, 100, false},
		{12 * mb, 0, 83, true},
	} {
		allocated += step.more
		at = at.Add(250 * time.Millisecond)
		if percent, said := p.percent(step.live, allocated, at); percent != step.percent || said != step.said {
			t.Errorf("step %d: %d %%, %v; want %d %%, %v", i, percent, said, step.percent, step.said)
		}
	}
}
