package memory_test

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

func TestTouchesProlong(t *testing.T) {
	at := func(h int) memory.Stamp {
		return memory.MakeStamp(time.Unix(1_700_000_000, 0).Add(time.Duration(h) * time.Hour))
	}
	for name, tc := range map[string]struct {
		tier          memory.Tier
		expires       memory.Instant
		touched       memory.Touches
		content, life memory.Stamp
		want          memory.Instant
	}{
		"without one":                          {memory.Mid, at(10).Instant(), memory.Touches{}, at(0), at(0), at(10).Instant()},
		"a day for the mid tier":               {memory.Mid, at(10).Instant(), memory.Touches{Last: at(9)}, at(0), at(0), at(33).Instant()},
		"an hour for the short one":            {memory.Short, at(10).Instant(), memory.Touches{Last: at(9) + 1}, at(0), at(0), (at(10) + 1).Instant()},
		"never less than before":               {memory.Mid, at(100).Instant(), memory.Touches{Last: at(9)}, at(0), at(0), at(100).Instant()},
		"what does not expire":                 {memory.Mid, 0, memory.Touches{Last: at(9)}, at(0), at(0), 0},
		"found often":                          {memory.Mid, at(10).Instant(), memory.Touches{Kept: at(9)}, at(0), at(0), 0},
		"an edit is the last word":             {memory.Mid, at(10).Instant(), memory.Touches{Last: at(9), Kept: at(8)}, at(9), at(0), at(10).Instant()},
		"restored after it had expired: stays": {memory.Mid, at(10).Instant(), memory.Touches{Last: at(12)}, at(0), at(11), 0},
		"restored, and given one since":        {memory.Mid, at(10).Instant(), memory.Touches{}, at(12), at(11), at(10).Instant()},
		"made by a clock that runs ahead":      {memory.Mid, at(10).Instant(), memory.Touches{Last: at(12)}, at(11), at(11), at(36).Instant()},
		"the long tier goes by its own expiry": {memory.Long, at(10).Instant(), memory.Touches{Last: at(9)}, at(0), at(0), at(10).Instant()},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory.Memory{Tier: tc.tier, ExpiresAt: tc.expires}
			if got := tc.touched.Prolong(m, tc.content, tc.life); got != tc.want {
				t.Errorf("it expires at %s, want %s", got, tc.want)
			}
		})
	}
}
