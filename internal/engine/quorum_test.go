package engine

import (
	"testing"
	"testing/synctest"
	"time"
)

// All writes of a request wait until the same moment, however long it has been going on: if
// each took a part of what is left, the last ones would have no time to say what became of them.
func TestWritesOfARequestWaitUntilTheSameMoment(t *testing.T) {
	for _, tt := range []struct{ limit, want time.Duration }{{time.Second, 900 * time.Millisecond}, {time.Minute, 59 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			ctx, cancel := WithTimeout(t.Context(), tt.limit)
			defer cancel()
			for range 4 {
				if got := earlier(ctx, began.Add(time.Hour)).Sub(began); got != tt.want {
					t.Errorf("of %s they wait for %s, want %s", tt.limit, got, tt.want)
				}
				time.Sleep(tt.limit / 5)
			}
			if soon := began.Add(time.Millisecond); !earlier(ctx, soon).Equal(soon) {
				t.Error("they wait for longer than they would without a limit")
			}
			within, end := WithTimeout(ctx, time.Hour) // of a part of the request
			defer end()
			if got := earlier(within, began.Add(time.Hour)).Sub(began); got != tt.want {
				t.Errorf("within it they wait for %s, want %s", got, tt.want)
			}
			time.Sleep(tt.limit)
			if ctx.Err() == nil {
				t.Error("the request goes on")
			}
		})
	}
}
