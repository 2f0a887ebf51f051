package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
)

func TestTextOfMemoriesCannotDriveTheTerminal(t *testing.T) {
	var b bytes.Buffer
	evil := "a\x1b[2Jb\nc\td\u009b31m\u202egpj.exe\u2066"
	m := client.Memory{ID: "1", Title: evil, Content: evil, Namespace: evil}
	a := &app{stdio: stdio{out: &b, err: &b}}
	for _, show := range []func(w io.Writer) error{
		func(w io.Writer) error { return showMemory(w, &sighting{Memory: &m, State: client.StateLive}) },
		func(w io.Writer) error { return showHits(w, []client.Hit{{Memory: m}}, true) },
		func(w io.Writer) error { return showHits(w, []client.Hit{{Memory: m}}, false) },
		func(w io.Writer) error { return showList(a, w, []client.Memory{m}) },
		func(w io.Writer) error { say(w, "%s\n", evil); return nil },
	} {
		if err := a.show(nil, show); err != nil {
			t.Fatal(err)
		}
	}
	a.explain(errors.New(evil))
	a.json = true
	if err := a.printJSON(m); err != nil {
		t.Fatal(err)
	}
	a.explain(errors.New(evil))
	if strings.ContainsAny(b.String(), "\x1b\u009b\u202e\u2066") {
		t.Errorf("%q", b.String())
	}
	if !strings.Contains(b.String(), "<U+202E>gpj.exe") {
		t.Errorf("what turns the direction is not shown: %q", b.String())
	}
}

func TestProgressIsQuietAndPlainWithoutATerminal(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, "memories written")
	p.at(1, 0)
	if b.Len() > 0 {
		t.Errorf("short work prints %q", b.String())
	}
	p.last = p.last.Add(-time.Minute)
	p.at(10, 20)
	p.done()
	if got := b.String(); !strings.HasPrefix(got, "10 of 20 memories written") || strings.Contains(got, "\r") || !strings.HasSuffix(got, "\n") {
		t.Errorf("%q", got)
	}
	newProgress(io.Discard, "x").done()
}

func TestTimesMayBeAges(t *testing.T) {
	now := time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2026-05-01T00:00:00Z": time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
		"36h":                  now.Add(-36 * time.Hour),
		"7d":                   now.Add(-7 * 24 * time.Hour),
		"":                     {},
	} {
		if got, err := instant("--since", s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %s, %v", s, got, err)
		}
	}
}

// full is a file on a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// What could not be written was not said: a command whose answer, or whose help, did
// not get anywhere has failed, and says so once.
func TestWhatCannotBeWrittenIsAFailure(t *testing.T) {
	url := runningNode(t, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--node", "a")
	for _, line := range []string{"help", "list --help", "exit-codes", "completion bash", "version", "list", "status", "namespace list", "status --json", "config show"} {
		var errs bytes.Buffer
		home := []string{"HOME=" + t.TempDir(), "TALLY_SERVER=" + url}
		code := run(t.Context(), stdio{in: strings.NewReader(""), out: full{}, err: &errs, env: home, family: &fleet.Family{}}, strings.Fields(line))
		if code != exitOther || strings.Count(errs.String(), "no space left") != 1 {
			t.Errorf("%s: code %d, %q", line, code, errs.String())
		}
	}
}

// A write whose answer cannot be printed was made, and whoever gave it has to know: the
// command fails, and names what it has written.
func TestAWriteWhoseAnswerCannotBePrintedIsNamed(t *testing.T) {
	url := runningNode(t, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--node", "a")
	for _, flag := range []string{"", " --json"} {
		var errs bytes.Buffer
		home := []string{"HOME=" + t.TempDir(), "TALLY_SERVER=" + url}
		line := strings.Fields("remember title" + strings.TrimSpace(flag) + " text" + flag)
		code := run(t.Context(), stdio{in: strings.NewReader(""), out: full{}, err: &errs, env: home, family: &fleet.Family{}}, line)
		id := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).FindString(errs.String())
		kept := tally(t, home, "", "get", id)
		if code != exitOther || !strings.Contains(errs.String(), "no space left") || kept.code != exitOK || !strings.Contains(kept.out, "title"+strings.TrimSpace(flag)) {
			t.Errorf("code %d, %q; kept is %q, %q", code, errs.String(), kept.out, kept.err)
		}
	}
}

// With --json an error is one JSON object on stderr, of every command, also where the flags
// are wrong and --json stands behind them.
func TestEveryCommandSaysItsErrorsAsJSON(t *testing.T) {
	root := newRoot(&app{})
	list := root.Commands()
	for i := 0; i < len(list); i++ {
		c := list[i]
		list = append(list, c.Commands()...)
		if !c.Runnable() || c.Hidden || c.DisableFlagParsing || c.Name() == "hook" {
			continue // a hook never fails: it would stop the agent
		}
		path := strings.Fields(c.CommandPath())[1:]
		for _, rest := range [][]string{{"--json", "--nonesuch"}, {"--nonesuch", "--json"}, {"--nonesuch=1", "a", "b", "--json"}} {
			got := tally(t, nil, "", slices.Concat(path, rest)...)
			var said struct {
				Error string `json:"error"`
				Exit  int    `json:"exit"`
			}
			if err := json.Unmarshal([]byte(got.err), &said); err != nil || got.code != exitUsage || said.Exit != exitUsage || said.Error == "" || got.out != "" {
				t.Errorf("%s %v: code %d, %q, %q", c.CommandPath(), rest, got.code, got.out, got.err)
			}
		}
	}
}
