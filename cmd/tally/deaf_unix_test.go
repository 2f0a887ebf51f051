//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A read of a terminal, a pipe or a file to which nobody writes does not hear that the
// command was told to end. It ends all the same.
func TestACommandThatReadsFromNobodyCanBeInterrupted(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"a key":    {"status", "--api-key-file"},
		"settings": {"config", "show", "--config"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := program(t, append(args, pipe)...)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			in, err := os.OpenFile(pipe, os.O_WRONLY, 0) // when the command has opened it, too
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close() //nolint:errcheck // nothing was written
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // judged by its status
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(errs.String(), "interrupted") {
				t.Errorf("code %d, want %d; %s", code, exitInterrupted, errs.String())
			}
		})
	}
}
