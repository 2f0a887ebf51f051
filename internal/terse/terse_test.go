package terse_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/terse"
)

// written is a logger, and what it has written.
func written() (*slog.Logger, func() []string) {
	var b bytes.Buffer
	return slog.New(terse.New(slog.NewTextHandler(&b, nil))), func() []string {
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		b.Reset()
		if lines[0] == "" {
			return nil
		}
		return lines
	}
}

// What goes wrong four times a second for a day is told some two hundred times, and each
// line says how many are missing: none is left out of the count.
func TestWhatGoesOnIsToldEverMoreRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, lines := written()
		const times = 4 * 3600 * 24
		told := 0
		for range times {
			log.Error("the keys cannot be read", "err", errors.New("denied"))
			time.Sleep(time.Second / 4)
		}
		got := lines()
		for _, l := range got {
			n := 0
			if _, tail, has := strings.Cut(l, "withheld="); has {
				if _, err := fmt.Sscan(tail, &n); err != nil {
					t.Fatal(err)
				}
			}
			told += n + 1
		}
		if len(got) < 140 || len(got) > 160 || told < times-4*601 || told > times {
			t.Errorf("%d lines, which tell of %d of %d", len(got), told, times)
		}
		// Another reason is told at once, and so is the old one after a quiet hour.
		log.Error("the keys cannot be read", "err", errors.New("no such file"))
		time.Sleep(time.Hour)
		log.Error("the keys cannot be read", "err", errors.New("denied"))
		if got := lines(); len(got) != 2 {
			t.Errorf("%q", got)
		}
	})
}

// What strangers make differ cannot fill a disk.
func TestLinesOfOneMessageHaveABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, lines := written()
		for i := range 100_000 {
			log.Warn("request refused", "from", i)
			log.With("peer", i).Warn("request of a member refused")
			log.Warn("request failed", "request_id", i)
			time.Sleep(10 * time.Millisecond) // 1,000 s altogether
		}
		count := map[string]int{}
		for _, l := range lines() {
			for _, m := range []string{`"request refused"`, `"request of a member refused"`, `"request failed"`} {
				if strings.Contains(l, m) {
					count[m]++
				}
			}
		}
		for m, most := range map[string]int{`"request refused"`: 54, `"request of a member refused"`: 54, `"request failed"`: 8} {
			if count[m] < most/2 || count[m] > most {
				t.Errorf("%s comes %d times, want up to %d", m, count[m], most)
			}
		}
		log.Info("member answers again")
		log.Info("member answers again")
		log.Warn("something else")
		if got := lines(); len(got) != 3 {
			t.Errorf("%q", got)
		}
	})
}

// Nor can what a line comes with for every write, and then it says how many are missing.
func TestLinesOfEveryWriteHaveABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, lines := written()
		for i := range 100_000 {
			log.Info("a secret was found", "memory", i)
			time.Sleep(10 * time.Millisecond) // 1,000 s altogether
		}
		time.Sleep(time.Minute)
		log.Info("a secret was found", "memory", "the last")
		log.Info("membership", "epoch", 2)
		got := lines()
		told := 0
		for _, l := range got[:len(got)-1] {
			var withheld int
			if _, after, some := strings.Cut(l, terse.Withheld+"="); some {
				if _, err := fmt.Sscan(after, &withheld); err != nil {
					t.Fatal(err)
				}
			}
			told += 1 + withheld
		}
		if n := len(got) - 1; n < 1900 || n > 2100 || told != 100_001 {
			t.Errorf("%d lines tell of %d writes, want some 2,000 of 100,001", n, told)
		}
		if !strings.Contains(got[len(got)-1], "membership") {
			t.Errorf("another message is left out: %q", got[len(got)-1])
		}
	})
}

// All that fall silent at once are named, however many there are.
func TestEachMemberIsNamed(t *testing.T) {
	log, lines := written()
	for i := range 40 {
		log.Warn("member does not answer", "member", fmt.Sprint("n", i))
	}
	if got := lines(); len(got) != 40 {
		t.Errorf("%d lines, want 40: %q", len(got), got)
	}
}

// One that comes and goes is at the end told to be as it is.
func TestTheLastLineOfAMemberIsHowItIs(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			log, lines := written()
			of := log.With("member", "birch")
			for i := range 500 {
				if i%2 == 0 {
					log.Warn("member does not answer", "member", "birch", "retry_in", time.Duration(i%6)*time.Second)
					of.Error("state differs from a member's at equal heads")
				} else {
					log.Info("member answers again", "member", "birch")
				}
				time.Sleep(every)
				got := lines()
				if n := (i + 1) % 2; len(got) != n+1 {
					t.Fatalf("%d: %q", i, got)
				}
			}
		})
	}
}

func TestItIsAHandler(t *testing.T) {
	var b bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		b.Reset()
		return terse.New(slog.NewJSONHandler(&b, nil))
	}, func(t *testing.T) map[string]any {
		t.Helper()
		var m map[string]any
		if err := json.Unmarshal(b.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		return m
	})
}
