package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// aHome has the programs of the paths in it.
func aHome(t *testing.T, paths ...string) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	for _, p := range paths {
		if err := os.MkdirAll(filepath.Join(dir, p), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir, []string{"HOME=" + dir}
}

// nowhere is an address at which nobody listens.
const nowhere = "TALLY_SERVER=http://127.0.0.1:9"

func TestSetupChangesWhatItShowedAndTakesItBack(t *testing.T) {
	home, env := aHome(t, ".claude", ".cursor")
	env = append(env, nowhere)
	settings := filepath.Join(home, ".claude", "settings.json")
	before := "{\n  // mine\n  \"theme\": \"dark\"\n}\n"
	if err := os.WriteFile(settings, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	dry := tally(t, env, "", "setup", "all", "--dry-run", "--program", "/bin/tally")
	if dry.code != exitOK || strings.Count(dry.out, "+++ ") != 4 || !strings.Contains(dry.out, "hook session-end --client claude-code") {
		t.Fatalf("%+v", dry)
	}
	if got, err := os.ReadFile(settings); err != nil || string(got) != before {
		t.Fatalf("a dry run wrote %s, %v", got, err)
	}
	done := tally(t, env, "", "setup", "all", "--program", "/bin/tally")
	if done.code != exitOK || !strings.Contains(done.out, "What do you know about this project?") || !strings.Contains(done.out, "does not answer") {
		t.Fatalf("%+v", done)
	}
	if got := tally(t, env, "", "setup", "all", "--program", "/bin/tally"); strings.Contains(got.out, "edited") || strings.Contains(got.out, "created") {
		t.Errorf("a second time: %s", got.out)
	}
	entry, err := os.ReadFile(filepath.Join(home, ".claude.json"))
	if err != nil || !strings.Contains(string(entry), "--server=http://127.0.0.1:9") {
		t.Errorf("%s, %v", entry, err)
	}
	if got := tally(t, env, "", "setup", "--undo"); got.code != exitOK || !strings.Contains(got.out, "removed") {
		t.Errorf("%+v", got)
	}
	if got, err := os.ReadFile(settings); err != nil || string(got) != before {
		t.Errorf("after the undo: %s, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(home, ".cursor", "mcp.json")); err == nil {
		t.Error("a file that was not there is left over")
	}
}

func TestSetupAsksOnlyPeople(t *testing.T) {
	_, env := aHome(t, ".codex", ".gemini")
	got := tally(t, append(env, nowhere), "y\ny\n", "setup")
	if got.code != exitUsage || !strings.Contains(got.err, "codex, gemini") {
		t.Errorf("%+v", got)
	}
	_, env = aHome(t)
	if got := tally(t, append(env, nowhere), "", "setup"); got.code != exitUsage || !strings.Contains(got.err, "none of the programs") {
		t.Errorf("%+v", got)
	}
	for _, args := range [][]string{{"setup", "emacs"}, {"setup", "codex", "--hooks", "lunch"}} {
		if got := tally(t, append(env, nowhere), "", args...); got.code != exitUsage {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

func TestSetupLeavesAClientAloneIfOneOfItsFilesIsBroken(t *testing.T) {
	home, env := aHome(t, ".claude", ".cursor")
	broken := filepath.Join(home, ".claude", "settings.json")
	if err := os.WriteFile(broken, []byte("{\n  \"theme\": dark\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := tally(t, append(env, nowhere), "", "setup", "all", "--json", "--program", "/bin/tally")
	if got.code != exitUsage || !strings.Contains(got.out, "line 2: want a value") {
		t.Fatalf("%+v", got)
	}
	if _, err := os.Stat(filepath.Join(home, ".claude.json")); err == nil {
		t.Error("the other file of the client was written")
	}
	if _, err := os.Stat(filepath.Join(home, ".cursor", "mcp.json")); err != nil {
		t.Error("the other client was not set up")
	}
}

func TestSetupWritesAFirstMemoryIfThePersonAgrees(t *testing.T) {
	d := alone(t, "desk")
	_, env := aHome(t, ".cursor")
	env = append(env, "TALLY_SERVER="+d.url)
	if got := tally(t, env, "", "setup", "all"); got.code != exitOK || strings.Contains(got.out, "first memory") || !strings.Contains(got.out, "runs at") {
		t.Errorf("without an answer: %+v", got)
	}
	for range 2 {
		if got := tally(t, env, "", "setup", "all", "--yes"); got.code != exitOK || !strings.Contains(got.out, "first memory") {
			t.Errorf("%+v", got)
		}
	}
	if got := tally(t, env, "", "recall", "which agents remember"); !strings.Contains(got.out, "cursor") {
		t.Errorf("%+v", got)
	}
}

func TestSetupStartsAServiceOnlyWhereThereIsOne(t *testing.T) {
	_, env := aHome(t, ".cursor")
	s, err := newSetupRun(&app{stdio: stdio{env: env, in: strings.NewReader("")}}, setupOptions{program: "/bin/tally"})
	if err != nil {
		t.Fatal(err)
	}
	s.place.OS = "linux"
	if _, has := s.service(); has {
		t.Error("a service, and nothing that runs it")
	}
	run := t.TempDir()
	if err := os.Mkdir(filepath.Join(run, "systemd"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "XDG_RUNTIME_DIR="+run)
	svc, has := s.service()
	text, err := svc.Change.Edit(nil)
	if !has || err != nil || !strings.Contains(string(text), `ExecStart="/bin/tally" serve`) {
		t.Errorf("%v, %v, %s", has, err, text)
	}
	s.place.OS = "darwin"
	if svc, has = s.service(); !has || !strings.Contains(svc.Change.Path, "LaunchAgents") {
		t.Errorf("%v, %s", has, svc.Change.Path)
	}
}
