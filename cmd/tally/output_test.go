package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/client"
)

func TestShortIDsTellAListApart(t *testing.T) {
	tests := map[string]struct{ ids, want []string }{
		"far apart":  {[]string{"aaaaaaaaaaaa", "bbbbbbbbbbbb"}, []string{"aaaaaaaa", "bbbbbbbb"}},
		"close":      {[]string{"aaaaaaaaaa11", "aaaaaaaaaa12"}, []string{"aaaaaaaaaa11", "aaaaaaaaaa12"}},
		"twice":      {[]string{"aaaaaaaaaaaa", "aaaaaaaaaaaa"}, []string{"aaaaaaaa", "aaaaaaaa"}},
		"of a kind":  {[]string{"abc", "abcdefghijkl"}, []string{"abc", "abcdefgh"}},
		"nothing":    {nil, []string{}},
		"one":        {[]string{"x"}, []string{"x"}},
		"own prefix": {[]string{"aaaaaaaa", "aaaaaaaab"}, []string{"aaaaaaaa", "aaaaaaaab"}},
	}
	for name, tc := range tests {
		if d := cmp.Diff(tc.want, shortIDs(tc.ids)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestTextOfMemoriesCannotDriveTheTerminal(t *testing.T) {
	var b bytes.Buffer
	evil := "a\x1b[2Jb\nc\td\u009b31m"
	m := client.Memory{ID: "1", Title: evil, Content: evil}
	if err := showMemory(&b, &m, nil); err != nil {
		t.Fatal(err)
	}
	if err := showHits(&b, []client.Hit{{Memory: m}}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\u009b") {
		t.Errorf("%q", b.String())
	}
}

func TestProgressIsQuietAndPlainWithoutATerminal(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, "memories written")
	p.at(1, 0)
	if b.Len() > 0 {
		t.Errorf("short work prints %q", b.String())
	}
	p.last = p.last.Add(-time.Minute)
	p.at(10, 20)
	p.done()
	if got := b.String(); !strings.HasPrefix(got, "10 of 20 memories written") || strings.Contains(got, "\r") || !strings.HasSuffix(got, "\n") {
		t.Errorf("%q", got)
	}
	newProgress(io.Discard, "x").done()
}

func TestTimesMayBeAges(t *testing.T) {
	now := time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2026-05-01T00:00:00Z": time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
		"36h":                  now.Add(-36 * time.Hour),
		"7d":                   now.Add(-7 * 24 * time.Hour),
		"":                     {},
	} {
		if got, err := instant("--since", s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %s, %v", s, got, err)
		}
	}
}
