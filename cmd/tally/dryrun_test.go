package main

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

func TestADryRunSaysWhatWouldChangeAndChangesNothing(t *testing.T) {
	d := single(t)
	a := must[client.Outcome](d, "remember", "Alpha", "x").ID
	b := must[client.Outcome](d, "remember", "Beta", "y").ID
	d.reads("link", a, b, "--relation", "supersedes")
	d.reads("link", a, b)
	d.reads("namespace", "set", "team", "--governance", `{"write_quorum": 1}`)
	before := must[client.Status](d, "status")

	tests := map[string]struct {
		args []string
		list []string
	}{
		"forget":       {[]string{"forget", a, b}, []string{"archive " + a, "archive " + b}},
		"delete":       {[]string{"delete", a}, []string{"delete " + a}},
		"archive":      {[]string{"archive", a}, []string{"archive " + a}},
		"unlink":       {[]string{"unlink", a, b}, []string{"unlink " + a, "unlink " + a}},
		"one relation": {[]string{"unlink", a, b, "--relation", "supersedes"}, []string{"unlink " + a}},
		"no link":      {[]string{"unlink", b, a}, nil},
		"consolidate":  {[]string{"consolidate", "--title", "Both", a, b}, []string{"write ", "archive " + a, "archive " + b}},
		"no standard":  {[]string{"namespace", "clear", "nobody"}, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, it := range must[rehearsal](d, append(tc.args, "--dry-run")...).Intended {
				got = append(got, it.Would+" "+it.ID)
			}
			if strings.Join(got, "\n") != strings.Join(tc.list, "\n") {
				t.Errorf("%q, want %q", got, tc.list)
			}
			want := "would "
			if tc.list == nil {
				want = "nothing would change\n"
			}
			if text := d.reads(append(tc.args, "--dry-run")...); !strings.HasPrefix(text, want) {
				t.Errorf("for people: %q", text)
			}
		})
	}
	if got := must[rehearsal](d, "namespace", "clear", "team", "--dry-run").Intended; len(got) != 1 || !strings.HasPrefix(got[0].What, "team ") {
		t.Errorf("clear: %+v", got)
	}
	if got := d.tally("forget", "--dry-run", "00000000-0000-8000-8000-000000000000"); got.code != exitNotFound {
		t.Errorf("of nothing: %+v", got)
	}
	if after := must[client.Status](d, "status"); after.Digest != before.Digest || after.LSN != before.LSN {
		t.Errorf("digest %s at %d became %s at %d", before.Digest, before.LSN, after.Digest, after.LSN)
	}
}

// What a command takes away is shown first, if asked for.
func TestWhateverTakesAwayHasADryRun(t *testing.T) {
	root := newRoot(&app{})
	for _, path := range []string{
		"forget", "archive", "delete", "erase", "unlink", "consolidate", "namespace clear", "repair", "subscription remove", "import",
	} {
		cmd, _, err := root.Find(strings.Fields(path))
		if err != nil || cmd.Flags().Lookup("dry-run") == nil {
			t.Errorf("%s has no --dry-run (%v)", path, err)
		}
	}
}
