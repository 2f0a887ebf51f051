package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
)

// daemon is a real process that runs `tally serve`.
type daemon struct {
	*fleet.Node

	t   *testing.T
	url string
}

// programEnv makes a process of the test binary the program itself.
func programEnv() []string { return append(fleet.Environ(os.Environ()), asProgram+"=1") }

// self is the program: see [plainProgram].
func self(t *testing.T) string {
	t.Helper()
	if path := os.Getenv(plainProgram); path != "" {
		return path
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// program is this program, not started yet, as a process that is no node.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(self(t), args...)
	cmd.Env = programEnv()
	return cmd
}

// serve starts a node and waits until it serves. It is ended with the test.
func serve(t *testing.T, args ...string) *daemon {
	t.Helper()
	var family fleet.Family
	d := &daemon{t: t, Node: family.Node(fleet.Config{
		Name: "node", Program: self(t), Args: append([]string{"serve"}, args...), Env: programEnv(),
		Log: filepath.Join(t.TempDir(), "log"),
	})}
	d.start()
	t.Cleanup(d.terminate)
	return d
}

func (d *daemon) start() {
	d.t.Helper()
	if err := d.Start(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	d.url = d.URL()
}

// terminate ends the node if it runs.
func (d *daemon) terminate() {
	if err := d.Stop(); err != nil {
		d.t.Error(err)
	}
	if _, rest := d.Wait(); rest != "" {
		d.t.Errorf("%v: stdout has %q", d.Args, rest)
	}
}

// tally runs a client command against d.
func (d *daemon) tally(args ...string) result {
	d.t.Helper()
	return tally(d.t, []string{"TALLY_SERVER=" + d.url}, "", args...)
}

// must runs a client command with --json that has to succeed, and decodes its answer.
func must[T any](d *daemon, args ...string) T {
	d.t.Helper()
	got := d.tally(append(args, "--json")...)
	if got.code != exitOK {
		d.t.Fatalf("%v: code %d, %s", args, got.code, got.err)
	}
	return parse[T](d.t, got.out)
}

// mustAll is must for a command that lists things, which are under a name.
func mustAll[T any](d *daemon, name string, args ...string) []T {
	d.t.Helper()
	list, ok := must[map[string]json.RawMessage](d, args...)[name]
	if !ok {
		d.t.Fatalf("%v: no %s", args, name)
	}
	return parse[[]T](d.t, string(list))
}

func parse[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// federation starts n nodes that know each other.
func federation(t *testing.T, n int, more ...string) []*daemon {
	t.Helper()
	places, err := fleet.Places(t.Context(), []string{"alder", "birch", "cedar"}[:n]...)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*daemon, n)
	for i := range out {
		out[i] = serve(t, append(fleet.Flags(places, i, t.TempDir()), more...)...)
	}
	for _, d := range out {
		eventually(t, "the nodes have met", func() bool {
			return !slices.ContainsFunc(must[client.Status](d, "status").Members, func(m client.Member) bool { return m.State != "ok" })
		})
	}
	return out
}

// eventually repeats check until it is true.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(30 * time.Second)
	for !check() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

func TestANodeThatCannotStartSaysWhy(t *testing.T) {
	running := t.TempDir()
	node := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", running)
	taken := strings.TrimPrefix(node.url, "http://")
	dir := t.TempDir()
	config := filepath.Join(dir, "tally.toml")
	if err := os.WriteFile(config, []byte("node = 'a'\nwrite_qourum = 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer")
	serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", newer).terminate()
	makeNewer(t, newer)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	tests := map[string]struct {
		args []string
		want string
		code int
	}{
		"data directory in use":  {[]string{"--data", running}, "in use by another process", exitOther},
		"port in use":            {[]string{"--listen", taken}, "choose another address with --listen", exitOther},
		"newer database":         {[]string{"--data", newer}, "use the newer program", exitOther},
		"data is a file":         {[]string{"--data", file}, "data directory", exitOther},
		"unknown key":            {[]string{"--config", config}, "line 2: unknown key write_qourum", exitUsage},
		"member is itself":       {[]string{"--member", "a=http://127.0.0.1:1"}, "member a is this node itself", exitUsage},
		"bound of a stranger":    {[]string{"--member", "b=http://127.0.0.1:1", "--bound", "x=team"}, "bound of x: it is no member", exitUsage},
		"bound to nothing":       {[]string{"--member", "b=http://127.0.0.1:1", "--bound", "b"}, "want NAME=NAMESPACE", exitUsage},
		"bound to no namespace":  {[]string{"--member", "b=http://127.0.0.1:1", "--bound", "b=a//b"}, "bound of b: namespace", exitUsage},
		"member named twice":     {[]string{"--member", "b=http://127.0.0.1:1", "--member", "b=http://127.0.0.1:2"}, "member b is named twice", exitUsage},
		"one URL twice":          {[]string{"--member", "b=http://127.0.0.1:1", "--member", "c=HTTP://127.0.0.1:1/"}, "have the same URL", exitUsage},
		"quorum over members":    {[]string{"--member", "b=http://127.0.0.1:1", "--write-quorum", "3"}, "write quorum 3: want 1 to 2", exitUsage},
		"listen without a port":  {[]string{"--listen", "localhost"}, "want HOST:PORT", exitUsage},
		"timeout without a unit": {[]string{"--quorum-timeout", "2"}, `--quorum-timeout "2": want a time`, exitUsage},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"serve", "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, tc.args...)
			cmd := program(t, args...)
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			_ = cmd.Run() // judged by its status
			if code := cmd.ProcessState.ExitCode(); code != tc.code || !strings.Contains(errs.String(), tc.want) || out.Len() > 0 {
				t.Errorf("code %d, want %d; stdout %q; stderr %q, want %q", code, tc.code, out.String(), errs.String(), tc.want)
			}
		})
	}
	if got := node.tally("status"); got.code != exitOK {
		t.Errorf("the node that was there before does not answer: %s", got.err)
	}
}

// makeNewer makes a database look as if a later version had written it.
func makeNewer(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil || len(files) != 1 {
		t.Fatalf("databases %v, %v", files, err)
	}
	db, err := sql.Open("sqlite", files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
}

func TestSignalsDrainANode(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--log-format", "json")
		if got := d.tally("remember", "T", "x"); got.code != exitOK {
			t.Fatal(got.err)
		}
		if err := d.Signal(sig); err != nil {
			t.Fatal(err)
		}
		code, rest := d.Wait()
		if code != 0 || rest != "" {
			t.Errorf("%v gives code %d, stdout %q", sig, code, rest)
		}
		for line := range strings.Lines(d.Logs()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("log line is not JSON: %s", line)
			}
		}
		d.start() // and what was written is there
		if got := d.tally("recall", "T"); !strings.Contains(got.out, "x") {
			t.Errorf("after the restart: %+v", got)
		}
	}
}

func TestASecondSignalEndsANodeAtOnce(t *testing.T) {
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	// A request that does not come to its end keeps the drain waiting.
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	head := "POST /api/v1/memories HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") {
		t.Fatalf("%q (%v): the node does not ask for the body", line, err)
	}
	_ = d.Signal(syscall.SIGTERM)
	eventually(t, "the node drains", func() bool { return strings.Contains(d.Logs(), "draining") })
	_ = d.Signal(syscall.SIGTERM)
	if code, _ := d.Wait(); code != exitInterrupted {
		t.Errorf("code %d, want %d", code, exitInterrupted)
	}
}

func TestTheAPIKeyIsAskedFor(t *testing.T) {
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--api-key", "secret")
	if got := d.tally("status"); got.code != exitForbidden || !strings.Contains(got.err, "--api-key") {
		t.Errorf("%+v", got)
	}
	if got := d.tally("status", "--api-key", "secret"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	if got := tally(t, []string{"TALLY_SERVER=" + d.url, "TALLY_API_KEY=secret"}, "", "status"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	if strings.Contains(d.Logs(), "secret") {
		t.Error("the key is in the log")
	}
}
