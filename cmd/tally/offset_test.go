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
		// Times that no memory can have: a node that takes no write is of no use.
		"-500000h":  {allowed: true},
		"-2562047h": {allowed: true},
		"2562047h":  {allowed: true},
		"262800h":   {allowed: true, want: 262800 * time.Hour, ok: true},
	} {
		got, err := clockOffset(text, tc.allowed)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
