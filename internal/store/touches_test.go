package store

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// Reads are folded in one slice after another for at most a tenth of a second, and for a
// tenth of the time in all.
func TestReadsAreFoldedInBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slice = 30 * time.Millisecond
		var x touches
		for i := range 10 * foldSlice {
			x.add([]string{strconv.Itoa(i)}, 1)
		}
		var slices, burst int
		var began time.Time
		for start := time.Now(); x.waiting(); {
			if by := x.due(time.Now()); len(by) != foldSlice {
				t.Fatalf("a slice of %d", len(by))
			}
			if burst == 0 {
				began = time.Now()
			}
			time.Sleep(slice) // in a bubble: the writer is at work
			x.rest(foldSlice, slice)
			slices, burst = slices+1, burst+1
			wait := x.idle()
			if wait <= 0 {
				continue
			}
			if spent := time.Duration(burst) * slice; spent > foldRest/foldShare+slice || spent != time.Since(began) {
				t.Fatalf("%d slices took %v in one burst", burst, time.Since(began))
			}
			if x.waiting() && wait != foldRest {
				t.Fatalf("a rest of %v behind a full burst", wait)
			}
			if x.due(time.Now()) != nil {
				t.Fatal("due while it rests")
			}
			time.Sleep(wait)
			burst = 0
			if slices > 10 {
				t.Fatalf("%d slices in %v", slices, time.Since(start))
			}
		}
		if slices != 10 {
			t.Errorf("%d slices, 10 are wanted", slices)
		}
		// What comes while a few are folded in waits: each slice is a commit.
		x.add([]string{"one"}, 1)
		n := len(x.due(time.Now()))
		x.add([]string{"two"}, 1)
		if x.rest(n, time.Millisecond); n != 1 || x.idle() != foldShare*time.Millisecond {
			t.Errorf("the next slice is due in %v behind one of %d", x.idle(), n)
		}
	})
}
