package main

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

func TestANodeKnowsItsOwnName(t *testing.T) {
	dir := t.TempDir()
	d := serve(t, "--node", "otto", "--listen", "127.0.0.1:0", "--data", dir)
	d.reads("remember", "T", "x")
	other := func(args ...string) result {
		t.Helper()
		return tally(t, nil, "", append([]string{"config", "show", "--data", dir, "--origin"}, args...)...)
	}
	if got := other(); !strings.Contains(got.out, `node = "otto"`) || !strings.Contains(got.out, "data directory") {
		t.Errorf("while it runs: %+v", got)
	}
	d.Kill() // the write-ahead log is left as it is
	again := serve(t, "--listen", "127.0.0.1:0", "--data", dir)
	if s := must[client.Status](again, "status"); s.Node != "otto" || s.Counts.Live != 1 {
		t.Errorf("started again without a name: %+v", s)
	}
	again.terminate()
	cmd := program(t, "serve", "--node", "anna", "--listen", "127.0.0.1:0", "--data", dir)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), `belongs to node "otto", not "anna"`) {
		t.Errorf("under another name: %v, %s", err, out)
	}
	if got := tally(t, nil, "", "config", "show", "--data", filepath.Join(dir, "none")); strings.Contains(got.out, "otto") || got.code != exitOK {
		t.Errorf("where there are no data: %+v", got)
	}
}

func TestAFileThatIsNoDatabaseIsNamed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "tally.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("no database\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := program(t, "serve", "--listen", "127.0.0.1:0", "--data", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), file+" is no database") || !strings.Contains(string(out), "backup") {
		t.Errorf("%v, %s", err, out)
	}
}

func TestAKeyMayStandInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--api-key-file", file)
	for name, tc := range map[string]struct {
		env  []string
		args []string
		code int
	}{
		"none":              {nil, nil, exitForbidden},
		"flag":              {nil, []string{"--api-key-file", file}, exitOK},
		"environment":       {[]string{"TALLY_API_KEY_FILE=" + file}, nil, exitOK},
		"flag wins":         {[]string{"TALLY_API_KEY=wrong"}, []string{"--api-key-file", file}, exitOK},
		"key wins":          {nil, []string{"--api-key-file", file, "--api-key", "wrong"}, exitForbidden},
		"no such file":      {nil, []string{"--api-key-file", file + "x"}, exitUsage},
		"no file of a key":  {nil, []string{"--api-key-file", os.Args[0]}, exitUsage},
		"key, not the file": {[]string{"TALLY_API_KEY=secret", "TALLY_API_KEY_FILE=/none"}, nil, exitOK},
	} {
		got := tally(t, append(tc.env, "TALLY_SERVER="+d.url), "", append([]string{"status"}, tc.args...)...)
		if got.code != tc.code {
			t.Errorf("%s: %+v, want code %d", name, got, tc.code)
		}
	}
}

func TestANodeInTheClearSaysSo(t *testing.T) {
	const words = "insecure: clients are answered beyond this machine without TLS"
	at := func(args ...string) string {
		d := serve(t, append(args, "--node", "a", "--data", t.TempDir())...)
		return d.Logs()
	}
	if logs := at("--listen", "0.0.0.0:0", "--insecure-listen=true"); !strings.Contains(logs, words) {
		t.Errorf("beyond loopback: %s", logs)
	}
	if got := tally(t, nil, "", "serve", "--listen", "0.0.0.0:0", "--node", "a", "--data", t.TempDir()); got.code != exitUsage || !strings.Contains(got.err, "there is no TLS") {
		t.Errorf("beyond loopback, and nothing said: %+v", got)
	}
	loopback := net.JoinHostPort("127.0.0.1", "0")
	if logs := at("--listen", loopback); strings.Contains(logs, words) {
		t.Errorf("at loopback: %s", logs)
	}
}

func TestAMemoryStaysUnlessItOrTheNodeSaysOtherwise(t *testing.T) {
	for tier, args := range map[string][]string{"long": nil, "mid": {"--default-tier", "mid"}} {
		d := serve(t, append(args, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())...)
		if m := must[client.Outcome](d, "remember", "T", "x").Memory; m.Tier != tier || m.ExpiresAt.IsZero() != (tier == "long") {
			t.Errorf("%q: tier %s, expires %s", args, m.Tier, m.ExpiresAt)
		}
		if m := must[client.Outcome](d, "remember", "S", "x", "--tier", "short").Memory; m.Tier != "short" || m.ExpiresAt.IsZero() {
			t.Errorf("%q: asked for short, tier %s, expires %s", args, m.Tier, m.ExpiresAt)
		}
	}
	if got := tally(t, nil, "", "config", "show", "--default-tier", "ever"); got.code != exitUsage || !strings.Contains(got.err, "want short, mid or long") {
		t.Errorf("%+v", got)
	}
}

func TestANodeOfARehearsalEndsWithWhoStartedIt(t *testing.T) {
	cmd := program(t, "serve", "--end-with-stdin", "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	tie, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		t.Fatalf("%q, %v", line, err)
	}
	if err := tie.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
