package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/internal/demo"
)

func TestTheDemoHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three nodes and kills one")
	}
	dir := t.TempDir()
	t.Setenv(asProgram, "1") // the demo runs this program again
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	got := tally(t, os.Environ(), "", "demo", "--exit", "--json", "--dir", dir, "--import", "testdata")
	if got.code != exitOK {
		t.Fatalf("code %d\n%s", got.code, got.err)
	}
	r := parse[demo.Result](t, got.out)
	if r.Writes < 600 || !r.Equal || r.Accounted != r.Writes || len(r.Lost) > 0 || len(r.Hits) == 0 || len(r.Nodes) != 3 || r.Killed != "cedar" || len(r.SignedBy) < demo.Quorum || !r.Enough {
		t.Errorf("%+v", r)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestADemoThatIsInterruptedLeavesNothingBehind(t *testing.T) {
	tests := map[string]struct {
		signals int
		code    int
		clean   bool
	}{
		"once":  {1, exitInterrupted, true},
		"twice": {2, exitOther, false}, // the data stays, the processes must not
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cmd := program(t, "demo", "--dir", dir, "--import", "testdata")
			file, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close() //nolint:errcheck // the process writes to it
			cmd.Stdout, cmd.Stderr = file, file
			out := func() string {
				b, err := os.ReadFile(file.Name())
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "all nodes are up", func() bool { return strings.Contains(out(), "started cedar") })
			for range tc.signals {
				_ = cmd.Process.Signal(syscall.SIGINT)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != tc.code && (tc.signals == 1 || code != exitInterrupted) {
				t.Errorf("code %d; %s", code, out())
			}
			for line := range strings.Lines(out()) {
				_, host, ok := strings.Cut(strings.TrimSpace(line), " at http://")
				if !ok {
					continue
				}
				url := "http://" + host
				eventually(t, url+" is down", func() bool { return tally(t, nil, "", "status", "--server", url).code == exitUnreachable })
			}
			if left, err := os.ReadDir(dir); err != nil || tc.clean && len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
