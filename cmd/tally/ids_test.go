package main

import (
	"io"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// argumentsOf gives the command line of a command that takes ids, with id for
// each of them; nil if it takes none.
func argumentsOf(use, id string) []string {
	var out []string
	found := false
	for _, word := range strings.Fields(use)[1:] {
		switch strings.Trim(word, "[]…") {
		case "ID", "SOURCE", "TARGET":
			out, found = append(out, id), true
		case "NAMESPACE":
			out = append(out, "ns")
		case "TEXT":
			out = append(out, "new text")
		case "--title", "TITLE":
			out = append(out, strings.Trim(word, "[]…"))
		}
	}
	if !found {
		return nil
	}
	return out
}

// What begins as an id that there is not is another memory.
func TestNoCommandChangesAMemoryWhoseIDOnlyBeginsSo(t *testing.T) {
	d := single(t)
	d.reads("remember", "Ten", "text", "--id", "customer-10")
	d.reads("remember", "Away", "text", "--id", "archived-10")
	d.reads("archive", "archived-10")
	before := must[client.Status](d, "status").Digest
	tried := 0
	for name, cmd := range leaves(newRoot(&app{stdio: stdio{out: io.Discard}}), "") {
		if !changes(cmd) {
			continue
		}
		for _, id := range []string{"customer-1", "customer-1…", "customer-1...", "archived-1", "archived-1…", ""} {
			args := argumentsOf(cmd.Use, id)
			if args == nil {
				continue
			}
			tried++
			args = append(strings.Fields(name), args...)
			if name == "erase" {
				args = append(args, "--yes")
			}
			if got := d.tally(args...); got.code == exitOK || got.code == exitPending || got.err == "" {
				t.Errorf("%q ends with %d: %s%s", args, got.code, got.out, got.err)
			}
			if must[client.Status](d, "status").Digest != before {
				t.Fatalf("%q changed a memory", args)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d command lines were tried", tried)
	}
}

func TestReadersTakeTheBeginningOfAnIDOnlyIfItIsMarked(t *testing.T) {
	d := single(t)
	for id, title := range map[string]string{"customer-10": "Ten", "customer-11": "Eleven", "other-1": "Other", "gone-1": "Gone"} {
		d.reads("remember", title, "text of "+title, "--id", id)
	}
	d.reads("archive", "gone-1")
	for _, command := range []string{"get", "history"} {
		for id, want := range map[string]string{"other…": "Other", "other...": "Other", "other-1": "Other", "gone…": "Gone", "gone-1": "Gone"} {
			if got := d.tally(command, id); got.code != exitOK || !strings.Contains(got.out, want) {
				t.Errorf("%s %s: %+v", command, id, got)
			}
		}
		for id, want := range map[string]struct {
			code  int
			words []string
		}{
			"customer-1":  {exitNotFound, []string{`no memory "customer-1"`, "ids that begin so", "customer-10  Ten", "customer-11  Eleven"}},
			"customer-1…": {exitUsage, []string{`more than one id begins with "customer-1"`, "customer-10  Ten", "customer-11  Eleven"}},
			"other":       {exitNotFound, []string{`no memory "other"`, "other-1  Other"}},
			"zzz":         {exitNotFound, []string{`no memory "zzz"`}},
			"zzz…":        {exitNotFound, []string{`no memory "zzz"`}},
			"":            {exitUsage, []string{"an argument is empty"}},
			"…":           {exitUsage, []string{"an id is missing"}},
		} {
			got := d.tally(command, id)
			for _, w := range want.words {
				if got.code != want.code || !strings.Contains(got.err, w) {
					t.Errorf("%s %q: code %d, %q, want %d and %q", command, id, got.code, got.err, want.code, w)
				}
			}
		}
	}
	got := d.tally("get", "customer-1…", "--json")
	answer := parse[struct {
		Code       string
		Candidates []candidate
	}](t, got.err)
	if answer.Code != "AMBIGUOUS_ID" || len(answer.Candidates) != 2 || answer.Candidates[0].ID != "customer-10" {
		t.Errorf("as JSON: %s", got.err)
	}
}

func TestWhatIsNotThereIsNamed(t *testing.T) {
	d := single(t)
	d.reads("remember", "Away", "text", "--id", "away-1")
	d.reads("archive", "away-1")
	d.reads("remember", "A", "text", "--id", "a-1")
	for _, tc := range []struct {
		args string
		want string
	}{
		{"update away-1 text", "memory away-1 is archived, not live; bring it back with: tally restore away-1"},
		{"forget away-1", "memory away-1 is archived"},
		{"delete nothing", `no memory "nothing"`},
		{"archive nothing", `no memory "nothing"`},
		{"keep nothing", `no memory "nothing"`},
		{"restore nothing", `no memory "nothing"`},
		{"erase nothing --yes", `no memory "nothing"`},
		{"resolve nothing", `no memory "nothing"`},
		{"link a-1 nothing", `"nothing"`},
		{"consolidate --title T a-1 nothing", `"nothing"`},
		{"diff east", `no member "east"`},
		{"repair east", `no member "east"`},
		{"receipt a.1.99", `no op a.1.99`},
		{"pending approve nothing", `no proposal "nothing"`},
		{"pending reject nothing", `no proposal "nothing"`},
		{"subscription remove nothing", `no subscription "nothing"`},
		{"subscription adopt nothing", `no subscription "nothing"`},
		{"subscription replay nothing", `no subscription "nothing"`},
		{"namespace get nothing", "namespace nothing has no standard"},
		{"namespace set ns nothing", `no memory "nothing"`},
		{"status --server " + d.url + "/api/v1", "without a path"},
	} {
		got := d.tally(strings.Fields(tc.args)...)
		if got.code != exitNotFound || !strings.Contains(got.err, tc.want) {
			t.Errorf("%s: code %d, %q, want %q", tc.args, got.code, got.err, tc.want)
		}
	}
}

func TestWhatExpiresCanBeKeptAndBroughtBack(t *testing.T) {
	d := single(t)
	d.reads("remember", "Short", "soon gone", "--ttl", "1s", "--id", "short-1")
	d.reads("remember", "Away", "archived by hand", "--id", "away-1")
	d.reads("archive", "away-1")
	if text := d.reads("remember", "Day", "text", "--ttl", "25h", "--id", "day-1"); !strings.Contains(text, "in 25 hours; to keep it: tally keep day-1") {
		t.Errorf("remember says %s", text)
	}
	for _, args := range [][]string{{"list"}, {"recall", "day"}, {"get", "day-1"}} {
		if text := d.reads(args...); !strings.Contains(text, "in 25 hours") || !strings.Contains(text, "tally keep") {
			t.Errorf("%v says %s", args, text)
		}
	}
	if kept := must[client.Outcome](d, "keep", "day-1"); !kept.Memory.ExpiresAt.IsZero() || kept.Memory.Tier != "long" {
		t.Errorf("kept %+v", kept.Memory)
	}
	if text := d.reads("list", "--namespace", "global"); strings.Contains(text, "in 25 hours") {
		t.Errorf("after that: %s", text)
	}
	eventually(t, "it has expired", func() bool { return must[client.Page](d, "list", "--expired").Count == 1 })
	if list := must[client.Page](d, "list", "--expired").Memories; list[0].ID != "short-1" {
		t.Errorf("expired: %+v", list)
	}
	if list := must[client.Page](d, "list", "--archived"); list.Count != 2 {
		t.Errorf("the archive has %+v", list)
	}
	if text := d.reads("list", "--expired"); !strings.Contains(text, "tally restore") {
		t.Errorf("for people: %s", text)
	}
	if text := d.reads("get", "short-1"); !strings.Contains(text, "soon gone") || !strings.Contains(text, "bring it back: tally restore short-1") {
		t.Errorf("what expired: %s", text)
	}
	d.reads("restore", "short-1")
	if got := must[shown](d, "get", "short-1"); got.Memory.Content != "soon gone" {
		t.Errorf("restored: %+v", got)
	}
}
