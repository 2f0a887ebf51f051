package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

type diagnosis struct {
	OK     bool      `json:"ok"`
	Checks []finding `json:"checks"`
}

func (d diagnosis) of(check string) finding {
	for _, f := range d.Checks {
		if f.Check == check {
			return f
		}
	}
	return finding{}
}

func TestAHealthyNodeIsFoundHealthy(t *testing.T) {
	dir := t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", dir)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	got := must[diagnosis](d, "doctor", "--data", dir)
	for _, check := range []string{"node", "ready", "version", "write quorum", "parked ops", "text index", "permissions"} {
		if f := got.of(check); f.State != client.FindingOK {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if text := d.reads("doctor"); !strings.Contains(text, "ok    node: a answers at "+d.url) || !strings.Contains(text, " 0 failures\n") {
		t.Errorf("for people: %s", text)
	}
}

func TestWhatIsWrongIsSaidWithWhatToDo(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "tally.toml")
	if err := os.WriteFile(config, []byte("node = 'a'\nlisten = '0.0.0.0:9077'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := tally(t, nil, "", "doctor", "--server", "http://127.0.0.1:1", "--config", config, "--data", filepath.Join(dir, "none"))
	if got.code != exitOther || got.err != "" {
		t.Errorf("code %d, stderr %q", got.code, got.err)
	}
	for _, want := range []string{"fail  node: ", "→ no node at http://127.0.0.1:1", "fail  settings: listen 0.0.0.0:9077", "fail  data directory: ", "3 failures"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
	if err := os.WriteFile(config, []byte("nod = 'a'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = tally(t, nil, "", "doctor", "--json", "--server", "http://127.0.0.1:1", "--config", config)
	if f := parse[diagnosis](t, got.out).of("settings"); f.State != client.FindingFail || !strings.Contains(f.Text, "line 1: unknown key nod") {
		t.Errorf("%+v", f)
	}
}

func TestAFixIsShownBeforeItIsDone(t *testing.T) {
	dir := t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	mode := func() os.FileMode {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	for _, args := range [][]string{{}, {"--dry-run"}, {"--fix", "--dry-run"}} {
		got := must[diagnosis](d, append([]string{"doctor", "--data", dir}, args...)...).of("permissions")
		if got.State != client.FindingWarn || got.Would == "" || got.Fixed != "" || mode() != 0o755 {
			t.Errorf("%v: %+v, mode %o", args, got, mode())
		}
	}
	if got := must[diagnosis](d, "doctor", "--data", dir, "--fix").of("permissions"); got.State != client.FindingOK || !strings.HasPrefix(got.Fixed, "done: ") || mode() != 0o700 {
		t.Errorf("%+v, mode %o", got, mode())
	}
}

func TestMembersThatAreAwayAreFound(t *testing.T) {
	nodes := federation(t, 3)
	nodes[2].Kill()
	d := nodes[0]
	d.reads("remember", "T", "x")
	eventually(t, "cedar is missed", func() bool {
		got := d.tally("doctor", "--json")
		f := parse[diagnosis](t, got.out).of("member cedar")
		return got.code == exitOther && f.State == client.FindingFail && strings.Contains(f.Next, "it does not answer")
	})
}

// Offering ops again does not mean that they are taken.
func TestOnlyAFixThatSettlesItMakesItFine(t *testing.T) {
	done := func(context.Context) error { return nil }
	uneasy := client.Finding{State: client.FindingWarn}
	d := &checkup{Checks: []finding{
		{Finding: uneasy, Would: "x", fix: done},
		{Finding: uneasy, Would: "x", fix: done, cures: true},
		{Finding: uneasy, Would: "x", fix: func(context.Context) error { return errDiffer }, cures: true},
		{Finding: client.Finding{State: client.FindingFail}},
	}}
	d.treat(t.Context())
	for i, want := range [][2]string{{client.FindingWarn, "done: x"}, {client.FindingOK, "done: x"}, {client.FindingWarn, "failed: the members differ"}, {client.FindingFail, ""}} {
		if got := d.Checks[i]; got.State != want[0] || got.Fixed != want[1] {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
}

// Two memories of one look are found, whatever they are spelled with, and no others.
func TestNamesThatLookAlikeAreFound(t *testing.T) {
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	d.reads("remember", "Gate code", "4711", "-n", "house")
	d.reads("remember", "Gate key", "in the shed", "-n", "house")
	d.reads("remember", "Gate code", "of the office", "-n", "office")
	if f := must[diagnosis](d, "doctor", "--names").of("names"); f.State != client.FindingOK {
		t.Errorf("%+v", f)
	}
	d.reads("remember", "Ｇate code", "4712", "-n", "house")
	f := must[diagnosis](d, "doctor", "--names").of("names")
	if f.State != client.FindingWarn || !strings.Contains(f.Text, "2 memories look alike, as 'Gate code': ") {
		t.Errorf("%+v", f)
	}
	if f := must[diagnosis](d, "doctor").of("names"); f.Text != "" {
		t.Errorf("without being asked: %+v", f)
	}
}
