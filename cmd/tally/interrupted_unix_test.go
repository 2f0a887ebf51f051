//go:build unix

package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// Who interrupts a command is told what there is then, and how to go on; and a file is there
// whole or not at all.
func TestWhoInterruptsACommandIsToldWhatThereIs(t *testing.T) {
	d := alone(t, "alder")
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // only listened to
	asked := make(chan net.Conn, 8)
	go func() {
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			asked <- c
		}
	}()
	file := put(t, "there.jsonl", "as it was")
	temporary, home := t.TempDir(), t.TempDir()
	token := ok(t, "cluster", "token", "--data", foundCluster(t).dir)
	_, place := placed(t)
	files := func() int {
		list, err := os.ReadDir(temporary)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	for name, tc := range map[string]struct {
		args   []string
		server string
		begun  func(t *testing.T, in io.Writer)
		want   string
	}{
		"an import": {
			[]string{"import", "-"}, d.url, func(t *testing.T, in io.Writer) {
				t.Helper()
				if _, err := io.WriteString(in, strings.Repeat(`{"title":"T","content":"x","namespace":"n"}`+"\n", 2000)); err != nil {
					t.Fatal(err)
				}
				eventually(t, "some of it is there", func() bool { return must[client.Page](d, "list").Count > 0 })
			}, "run it again, and that is left alone",
		},
		"an import of an archive": {
			[]string{"import", "-"}, d.url, func(t *testing.T, in io.Writer) {
				t.Helper()
				if _, err := io.WriteString(in, "PK\x03\x04"+strings.Repeat("x", 1<<20)); err != nil {
					t.Fatal(err)
				}
				eventually(t, "it is in a file", func() bool { return files() > 0 })
			}, "nothing was written",
		},
		"an export": {
			[]string{"export", "-o", file},
			"http://" + silent.Addr().String(),
			func(*testing.T, io.Writer) { <-asked }, "is as it was",
		},
		"a sync": {
			[]string{"sync", put(t, "AGENTS.md", "<!-- tally:begin -->\nnote\n<!-- tally:end -->\n")},
			"http://" + silent.Addr().String(),
			func(*testing.T, io.Writer) { <-asked }, "the next run goes on from there",
		},
		"a setup": {
			[]string{"setup", "cursor", "--yes"},
			"http://" + silent.Addr().String(),
			func(*testing.T, io.Writer) { <-asked }, "tally setup --undo",
		},
		"a join": {
			append([]string{"join", "https://" + silent.Addr().String(), token, "--node", "b", "--no-serve", "--data", filepath.Join(home, "b")}, place...), d.url,
			func(*testing.T, io.Writer) { <-asked }, "give the same command again",
		},
		"a model of a server": {
			[]string{"model", "add", "--ollama", "http://" + silent.Addr().String(), "--name", "m", "--data", t.TempDir()},
			d.url,
			func(*testing.T, io.Writer) { <-asked }, "nothing was added",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t, tc.args...)
			cmd.Env = append(cmd.Env, "TALLY_SERVER="+tc.server, "TMPDIR="+temporary, "HOME="+home)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			tc.begun(t, in)
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // judged by its status
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(errs.String(), tc.want) {
				t.Errorf("code %d, want %d; %q, want %q", code, exitInterrupted, errs.String(), tc.want)
			}
		})
	}
	if files() > 0 {
		t.Error("a temporary file is left")
	}
	if list, err := os.ReadDir(filepath.Dir(file)); err != nil || len(list) != 1 {
		t.Errorf("files beside the one that was to be written: %v, %v", list, err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "as it was" {
		t.Errorf("the file that was to be written: %q, %v", text, err)
	}
}
