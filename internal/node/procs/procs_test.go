package procs

import (
	"context"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// One processor is enough for who has used little for a while; who uses much has all of
// them at once, and in between nothing changes.
func TestOneProcessorIsForWhoDoesLittle(t *testing.T) {
	var u use
	now, taken := time.Unix(1_700_000_000, 0), time.Duration(0)
	look := func(times int, share float64) (last verdict) {
		for range times {
			if last != same {
				t.Fatalf("%d before the last look", last)
			}
			now = now.Add(often)
			taken += time.Duration(share * float64(often))
			last = u.look(now, taken)
		}
		return last
	}
	for i, step := range []struct {
		times int
		share float64
		want  verdict
	}{
		{1, 0, same}, // of what was before nothing is known
		{11, 0.1, same},
		{1, 0.3, same}, // begins anew
		{12, 0.2, one},
		{40, 0.4, same},
		{1, 0.6, all},
		{40, 0.4, same},
		{40, 1.9, same},
		{12, 0.01, one},
		{1, 1, all},
		{11, 0, same},
	} {
		if got := look(step.times, step.share); got != step.want {
			t.Fatalf("step %d: %d, want %d", i, got, step.want)
		}
	}
}

// A process that does nothing comes to use one processor, and has all again in the end.
func TestWhoFollowsUsesOneProcessor(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	if before == 1 || os.Getenv("GOMAXPROCS") != "" {
		t.Log("there is one processor, or the environment says how many to use")
		return
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*patience*often)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- Follow(ctx) }()
		time.Sleep((patience + 2) * often)
		synctest.Wait()
		// The clock of the test runs ahead of what is used, so that it is next to nothing.
		if n := runtime.GOMAXPROCS(0); n != 1 {
			t.Errorf("%d processors, want 1", n)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if n := runtime.GOMAXPROCS(0); n != before {
		t.Errorf("%d processors in the end, want %d", n, before)
	}
}
