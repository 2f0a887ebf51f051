//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/store"
)

// halfRestored begins a restore and holds it while the database is half made.
func halfRestored(t *testing.T, folder, data string) *exec.Cmd {
	t.Helper()
	work := filepath.Join(data, store.HalfMade, store.FileName)
	for range 20 {
		cmd := program(t, "restore", folder, "--data", data)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for running := true; running; <-tick.C {
			_, err := os.Stat(filepath.Join(data, store.FileName))
			if _, half := os.Stat(work); half == nil {
				if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(work); err == nil {
					return cmd
				}
				_ = cmd.Process.Signal(syscall.SIGCONT)
			}
			running = err != nil
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(data); err != nil { // it was too fast
			t.Fatal(err)
		}
	}
	t.Fatal("no restore could be held half way")
	return nil
}

// A restore that goes on keeps nodes off its directory, and one that was cut off leaves
// nothing that a node takes for its own: neither is overwritten, and it can be repeated.
func TestARestoreIsThereWholeOrNotAtAll(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	dir := t.TempDir()
	n := serve(t, "--node", "alder", "--data", filepath.Join(dir, "first"), "--listen", "127.0.0.1:0")
	var lines strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&lines, "{\"title\":\"note %d\",\"content\":\"text %d\"}\n", i, i)
	}
	if got := n.tally("import", put(t, "notes.jsonl", lines.String())); got.code != exitOK {
		t.Fatal(got.err)
	}
	folder := filepath.Join(dir, "backup")
	if got := n.tally("backup", folder); got.code != exitOK {
		t.Fatal(got.err)
	}
	want := must[client.Status](n, "status").Digest

	data := filepath.Join(dir, "data")
	refused := func(when, why string, args ...string) {
		t.Helper()
		cmd := program(t, args...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		_ = cmd.Run() // judged by its status
		if code := cmd.ProcessState.ExitCode(); code != exitOther || !strings.Contains(errs.String(), why) {
			t.Errorf("%v %s: code %d, %s", args, when, code, errs.String())
		}
	}
	begin := []string{"serve", "--node", "alder", "--data", data, "--listen", "127.0.0.1:0"}
	cmd := halfRestored(t, folder, data)
	refused("beside a restore", "in use by another process", begin...)
	refused("beside a restore", "in use by another process", "restore", folder, "--data", data)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	refused("after half a restore", "repeat it", begin...)
	if got := tally(t, nil, "", "restore", folder, "--data", data); got.code != exitOK {
		t.Fatalf("repeated: %+v", got)
	}
	if list, err := os.ReadDir(data); err != nil || len(list) != 2 {
		t.Errorf("the directory has %v, %v; want a database and a lock", list, err)
	}
	again := serve(t, begin[1:]...)
	if got := must[client.Status](again, "status").Digest; got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

// An empty directory may be the root of a file system, which nothing can be renamed to.
func TestARestoreStaysInItsDirectory(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	t.Parallel()
	n := alone(t, "alder")
	n.tally("remember", "T", "x")
	dir := t.TempDir()
	folder, data := filepath.Join(dir, "backup"), filepath.Join(dir, "data")
	if got := n.tally("backup", folder); got.code != exitOK {
		t.Fatal(got.err)
	}
	for _, name := range []string{data, filepath.Join(data, "lost+found")} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := tally(t, nil, "", "restore", folder, "--data", data); got.code != exitOK {
		t.Fatal(got.err)
	}
	is, err := os.Stat(data)
	if err != nil || !os.SameFile(was, is) {
		t.Errorf("the directory is another one: %v", err)
	}
}
