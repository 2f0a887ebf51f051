package main

import (
	"testing"
	"time"
)

func TestAClockIsSetWrongOnlyIfThatIsAllowed(t *testing.T) {
	for text, tc := range map[string]struct {
		allowed bool
		want    time.Duration
		ok      bool
	}{
		"":     {want: 0, ok: true},
		"59s":  {allowed: true, want: 59 * time.Second, ok: true},
		"-2h":  {allowed: true, want: -2 * time.Hour, ok: true},
		"61s":  {},
		"soon": {allowed: true},
	} {
		got, err := clockOffset(text, tc.allowed)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
