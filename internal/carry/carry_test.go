package carry

import (
	"errors"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
)

func TestWhenToTryAgain(t *testing.T) {
	const pause = 100 * time.Millisecond
	tests := map[string]struct {
		err   error
		wait  time.Duration
		again bool
	}{
		"done":             {nil, 0, false},
		"gone":             {&client.UnreachableError{URL: "u", Err: errors.New("x")}, pause, true},
		"busy":             {&client.Error{Status: 429, RetryAfter: 3 * time.Second}, 3 * time.Second, true},
		"busy, impatient":  {&client.Error{Status: 503}, pause, true},
		"quorum":           {&client.Error{Status: 503, Code: "QUORUM_NOT_MET", RetryAfter: time.Second}, 0, false},
		"changed meantime": {&client.Error{Status: 409, Current: 3}, pause, true},
		"title taken":      {&client.Error{Status: 409, Code: "CONFLICT", ID: "1"}, 0, false},
		"invalid":          {&client.Error{Status: 400}, 0, false},
		"disk full":        {&client.Error{Status: 507}, 0, false},
	}
	for name, tc := range tests {
		if wait, again := Retry(tc.err, pause); wait != tc.wait || again != tc.again {
			t.Errorf("%s: %s, %v", name, wait, again)
		}
	}
}

func TestTheKeyOfAnImportIsThatOfTheRequest(t *testing.T) {
	a := client.Draft{Title: "T", Content: "x"}
	b := a
	b.Tags = []string{"t"}
	if Key(a, "") != Key(client.Draft{Title: "T", Content: "x"}, "") {
		t.Error("the same request has two keys")
	}
	if Key(a, "") == Key(b, "") || Key(a, "") == Key(a, client.All) {
		t.Error("two requests have one key")
	}
}
