package memory_test

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
)

func noon() time.Time { return time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC) }

func TestTheClockNeverRepeatsAndNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wall := noon()
		c := memory.NewClock(func() time.Time { return wall }, time.Minute)
		var last memory.Stamp
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0: // the wall clock jumps, also back
				wall = wall.Add(time.Duration(rapid.IntRange(-100_000, 100_000).Draw(t, "jump")) * time.Millisecond)
			case 1:
				ahead := time.Duration(rapid.IntRange(-100_000, 100_000).Draw(t, "ahead")) * time.Millisecond
				s := memory.MakeStamp(wall.Add(ahead)) + memory.Stamp(rapid.IntRange(0, 65535).Draw(t, "counter"))
				if c.Observe(s) == nil && s <= memory.MakeStamp(wall.Add(15*time.Second)) {
					last = max(last, s)
				}
			default:
				s := c.Now()
				if s <= last {
					t.Fatalf("%d after %d", s, last)
				}
				if s < memory.MakeStamp(wall) {
					t.Fatalf("%d lies before the wall clock", s)
				}
				last = s
			}
		}
	})
}

// Whatever one clock does, the others understand each other: what a node issues
// after it has taken something of a clock that is wrong, nodes take whose clocks
// are some seconds behind its own.
func TestOneClockCannotFailTheOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const bound = time.Minute
		apart := time.Duration(rapid.IntRange(-20_000, 20_000).Draw(t, "apart")) * time.Millisecond
		a := memory.NewClock(noon, bound)
		b := memory.NewClock(func() time.Time { return noon().Add(apart) }, bound)
		for range rapid.IntRange(1, 20).Draw(t, "ops of the wrong clock") {
			ahead := time.Duration(rapid.IntRange(-200_000, 200_000).Draw(t, "ahead")) * time.Millisecond
			wrong := memory.MakeStamp(noon().Add(ahead))
			_ = a.Observe(wrong)
			if rapid.Bool().Draw(t, "b has heard it, too") {
				_ = b.Observe(wrong)
			}
			from, to := a, b
			if rapid.Bool().Draw(t, "b writes") {
				from, to = b, a
			}
			if err := to.Observe(from.Now()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTheClockIsSafeForConcurrentUse(t *testing.T) {
	c := memory.NewClock(time.Now, time.Minute)
	var (
		mu   sync.Mutex
		seen = map[memory.Stamp]bool{}
		wg   sync.WaitGroup
	)
	for range 8 {
		wg.Go(func() {
			for range 500 {
				s := c.Now()
				_ = c.Observe(s + 1)
				mu.Lock()
				if seen[s] {
					t.Errorf("%d was issued twice", s)
				}
				seen[s] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestObserveAdoptsUpToTheBound(t *testing.T) {
	tests := map[string]struct {
		ahead   time.Duration
		ok      bool
		adopted bool
	}{
		"the past":                       {-24 * time.Hour, true, true},
		"now":                            {0, true, true},
		"a quarter of the bound":         {15 * time.Second, true, true},
		"a millisecond beyond a quarter": {15*time.Second + time.Millisecond, true, false},
		"at the bound":                   {time.Minute, true, false},
		"a millisecond beyond":           {time.Minute + time.Millisecond, false, false},
		"a year ahead":                   {365 * 24 * time.Hour, false, false},
		"two centuries ahead":            {200 * 365 * 24 * time.Hour, false, false},
		"beyond what a time is":          {math.MaxInt64, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := memory.NewClock(noon, time.Minute)
			s := memory.MakeStamp(noon().Add(tt.ahead))
			err := c.Observe(s)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v", err)
			}
			if next := c.Now(); tt.adopted && next <= s {
				t.Errorf("%d was adopted, and %d issued after it", s, next)
			} else if !tt.adopted && next != memory.MakeStamp(noon()) {
				t.Errorf("a stamp that is not adopted moved the clock to %d", next)
			} else if c.Last() != next {
				t.Errorf("the last stamp is %d, want %d", c.Last(), next)
			}
			if tt.ok {
				return
			}
			skew, ok := errors.AsType[*memory.SkewError](err)
			if !ok || !errors.Is(err, memory.ErrSkew) || memory.RefusalCode(err) != memory.CodeSkew {
				t.Fatalf("%v is no skew", err)
			}
			if skew.Stamp != s || skew.Ahead <= time.Minute || !skew.Retry.After(noon()) {
				t.Errorf("%+v", skew)
			}
			later := memory.NewClock(func() time.Time { return skew.Retry }, time.Minute)
			if err := later.Observe(s); err != nil && tt.ahead < 100*365*24*time.Hour {
				t.Errorf("at the time of the retry: %v", err)
			}
		})
	}
}

func TestTheHighestStampIsStillInTheFuture(t *testing.T) {
	c := memory.NewClock(noon, time.Minute)
	skew, ok := errors.AsType[*memory.SkewError](c.Observe(math.MaxUint64))
	if !ok || skew.Ahead <= 0 || !skew.Retry.After(noon()) {
		t.Errorf("%+v", skew)
	}
}

func TestRestoreHasNoBound(t *testing.T) {
	c := memory.NewClock(noon, time.Minute)
	s := memory.MakeStamp(noon().Add(24 * time.Hour))
	c.Restore(s)
	if got := c.Now(); got <= s {
		t.Errorf("%d was issued again", got)
	}
	c.Restore(1)
	if got := c.Now(); got <= s {
		t.Error("restoring a lower stamp moved the clock back")
	}
	if !c.Wall().Equal(noon()) {
		t.Error("the wall clock is not the one given")
	}
}

func TestTheCounterRunsOverIntoTheMilliseconds(t *testing.T) {
	c := memory.NewClock(noon, time.Minute)
	first := c.Now()
	c.Restore(first + 65535)
	if got := c.Now(); got != first+65536 || !got.Time().After(noon()) {
		t.Errorf("got %d after %d", got, first+65535)
	}
}

func TestStampsBefore1970AreZero(t *testing.T) {
	if s := memory.MakeStamp(time.Unix(-5, 0)); s != 0 {
		t.Errorf("got %d", s)
	}
}

func TestTextOrderOfInstantsIsTheOrderOfStamps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := memory.Stamp(rapid.Uint64().Draw(t, "a")), memory.Stamp(rapid.Uint64().Draw(t, "b"))
		if a > b {
			a, b = b, a
		}
		x, y := a.Instant(), b.Instant()
		if x > y || x < 0 {
			t.Fatalf("stamps %d ≤ %d, instants %d and %d", a, b, x, y)
		}
		if x != 0 && x.String() > y.String() {
			t.Fatalf("stamps %d ≤ %d, texts %s and %s", a, b, x, y)
		}
	})
}

func TestInstantsComeBackFromText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := memory.Instant(rapid.Int64Range(0, int64(memory.MaxInstant)).Draw(t, "instant"))
		text, err := i.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		back := memory.Instant(42)
		if err := back.UnmarshalText(text); err != nil || back != i {
			t.Fatalf("%d is %q, which is %d, %v", i, text, back, err)
		}
	})
}

func TestParseInstant(t *testing.T) {
	tests := map[string]struct {
		text string
		want string // "" if it is refused
	}{
		"UTC":                    {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000000+00:00"},
		"another zone":           {"2026-01-31T12:00:00.5+02:00", "2026-01-31T10:00:00.500000000+00:00"},
		"nine digits":            {"2026-01-31T12:00:00.123456789+00:00", "2026-01-31T12:00:00.123456789+00:00"},
		"the last instant":       {"2261-12-31T23:59:59.999999999Z", "2261-12-31T23:59:59.999999999+00:00"},
		"after the last instant": {"2262-01-01T00:00:00Z", ""},
		"before 1970":            {"1969-12-31T23:59:59Z", ""},
		"no zone":                {"2026-01-31T12:00:00", ""},
		"a date":                 {"2026-01-31", ""},
		"the 30th of February":   {"2026-02-30T12:00:00Z", ""},
		"a space":                {"2026-01-31 12:00:00Z", ""},
		"seconds":                {"1767225600", ""},
		"nothing":                {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := memory.ParseInstant(tt.text)
			if got.String() != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("%v is not an invalid value", err)
			}
		})
	}
}

func FuzzParseInstant(f *testing.F) {
	f.Add("2026-01-31T12:00:00Z")
	f.Add("2261-12-31T23:59:59.999999999+23:59")
	f.Add("1970-01-01T00:00:00-00:01")
	f.Fuzz(func(t *testing.T, s string) {
		i, err := memory.ParseInstant(s)
		if err != nil {
			if !errors.Is(err, memory.ErrInvalid) {
				t.Fatalf("%v is not an invalid value", err)
			}
			return
		}
		if i == 0 {
			return // the first instant of all is "none"
		}
		if back, err := memory.ParseInstant(i.String()); err != nil || back != i {
			t.Fatalf("%q is %d, whose text is %d, %v", s, i, back, err)
		}
	})
}
