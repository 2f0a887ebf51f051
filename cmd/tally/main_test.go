package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/fleet"
)

var update = flag.Bool("update", false, "rewrite the golden files; look at the difference before you commit it")

// asProgram makes the test binary behave as tally, so that tests can run real
// processes without building them.
const asProgram = "TALLYSTICK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		main()
		return
	}
	os.Exit(withProgram(m))
}

// plainProgram names the program as a file, if it is not the test binary: that is slow
// under the race detector, and many nodes are started. What runs in one is watched by the
// tests of its packages, in one process.
const plainProgram = "TALLYSTICK_TEST_PROGRAM"

func withProgram(m *testing.M) int {
	info, ok := debug.ReadBuildInfo()
	if !ok || !slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "tally")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	path := filepath.Join(dir, "tally")
	cmd := exec.Command("go", "build", "-trimpath", "-pgo", "tally.pgo", "-buildvcs=false", "-o", path, ".") // as it is released
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(plainProgram, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// result is what a command line left behind.
type result struct {
	out, err string
	code     int
}

// command line in this process, with an environment of its own.
func tally(t *testing.T, env []string, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	home := append([]string{"HOME=" + t.TempDir()}, env...)
	code := run(context.Background(), stdio{in: strings.NewReader(stdin), out: &out, err: &errs, env: home, family: &fleet.Family{}}, args)
	return result{out.String(), errs.String(), code}
}

func TestHelpReadsWell(t *testing.T) {
	for name, args := range map[string][]string{
		"help": {"--help"}, "exit-codes": {"help", "exit-codes"}, "config": {"help", "config"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tally(t, nil, "", args...)
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got.out), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.out); d != "" || got.code != exitOK {
				t.Errorf("code %d\n%s", got.code, d)
			}
			for line := range strings.Lines(got.out) {
				if n := len([]rune(line)); name == "help" && n > 100 {
					t.Errorf("%d characters: %s", n, line)
				}
			}
		})
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	root := newRoot(&app{})
	root.InitDefaultHelpCmd()
	list := root.Commands()
	for i := 0; i < len(list); i++ {
		c := list[i]
		list = append(list, c.Commands()...)
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short help %q", c.CommandPath(), c.Short)
		}
		if c.Name() == "help" || !c.Runnable() {
			continue
		}
		got := tally(t, nil, "", append(strings.Fields(c.CommandPath())[1:], "--help")...)
		if got.code != exitOK || !strings.Contains(got.out, c.Short) && !strings.Contains(got.out, c.Long) {
			t.Errorf("%s --help: code %d, %q", c.CommandPath(), got.code, got.out)
		}
	}
}

func TestNonsenseOnTheCommandLineIsRefused(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"unknown command":       {[]string{"remembr"}, `unknown command "remembr"; did you mean remember?`},
		"unknown sub-command":   {[]string{"pending", "aprove"}, `unknown command "aprove"; did you mean approve?`},
		"a word of others":      {[]string{"search", "x"}, `unknown command "search"; did you mean recall?`},
		"near to another":       {[]string{"rember", "x"}, `unknown command "rember"; did you mean remember?`},
		"not near enough":       {[]string{"remove", "x"}, `unknown command "remove"; did you mean archive or delete?`},
		"tier of an import":     {[]string{"import", "x", "--tier", "forever"}, `--tier "forever": want short, mid or long`},
		"namespace of one":      {[]string{"import", "x", "-n", "a//b"}, `--namespace "a//b"`},
		"a letter too few":      {[]string{"member", "lst"}, `unknown command "lst"; did you mean list`},
		"a flag that was meant": {[]string{"list", "--namespce", "x"}, "unknown flag: --namespce; did you mean --namespace?\nsee `tally list --help`"},
		"one of all commands":   {[]string{"get", "--agnet", "x"}, "unknown flag: --agnet; did you mean --agent?"},
		"unknown help topic":    {[]string{"help", "nonsense"}, `unknown command "nonsense"`},
		"unknown shell":         {[]string{"completion", "tcsh"}, `unknown command "tcsh"`},
		"unknown flag":          {[]string{"get", "--colour", "1"}, "unknown flag: --colour\nsee `tally get --help`"},
		"flag of serve":         {[]string{"serve", "--prot", "1"}, "unknown flag: --prot"},
		"too few":               {[]string{"link", "1"}, "link: too few arguments\nusage: tally link [flags] SOURCE TARGET"},
		"too many":              {[]string{"get", "1", "2"}, `get: unexpected argument "2"`},
		"serve takes none":      {[]string{"serve", "dir"}, `serve: unexpected argument "dir"`},
		"durability":            {[]string{"forget", "1", "--durability", "most"}, `--durability "most": want local, quorum or all`},
		"empty namespace":       {[]string{"list", "--namespace", ""}, "--namespace is empty"},
		"empty tag":             {[]string{"recall", "x", "--tag", " "}, "--tag is empty"},
		"nobody":                {[]string{"remember", "T", "x", "--agent", ""}, "--agent is empty"},
		"an end of nothing":     {[]string{"remember", "T", "x", "--ttl", ""}, "--ttl is empty"},
		"any relation":          {[]string{"unlink", "1", "2", "--relation", ""}, "--relation is empty"},
		"to nobody":             {[]string{"handoff", "T", "x", "--to", " "}, "--to is empty"},
		"all events":            {[]string{"subscription", "add", "https://x.example/", "-e", ""}, "--event is empty"},
		"a first version":       {[]string{"update", "1", "x", "--if-version", "0"}, "--if-version 0: want 1 or more"},
		"an empty argument":     {[]string{"namespace", "clear", ""}, "clear: an argument is empty"},
		"the log before it was": {[]string{"recall", "x", "--as-of", "0"}, "--as-of 0: want a local sequence number of 1 or more"},
		"priority to select":    {[]string{"list", "--min-priority", "99"}, "--min-priority 99: want 1 to 10"},
		"tier to select":        {[]string{"list", "--tier", "forever"}, `--tier "forever": want short, mid or long`},
		"an age in the future":  {[]string{"list", "--since", "-3d"}, `--since "-3d": want a time`},
		"offset":                {[]string{"list", "--offset", "-1"}, "--offset -1: want 0 or more"},
		"budget":                {[]string{"recall", "x", "--budget", "0"}, "--budget 0: want 1 or more"},
		"when short":            {[]string{"delete", "1", "--when-short", "maybe"}, `--when-short "maybe": want fail or local`},
		"limit":                 {[]string{"list", "--limit", "0"}, "--limit 0: want 1 or more"},
		"limit is no number":    {[]string{"list", "--limit", "x"}, `invalid argument "x" for "-l, --limit" flag: want a number`},
		"since":                 {[]string{"list", "--since", "soon"}, `--since "soon": want a time such as`},
		"metadata":              {[]string{"remember", "T", "x", "--metadata", "[1]"}, "--metadata: want a JSON object"},
		"ttl":                   {[]string{"remember", "T", "x", "--ttl", "5"}, `--ttl "5": want a time such as 90m or 30d`},
		"expires":               {[]string{"remember", "T", "x", "--expires", "2026"}, `--expires "2026": want RFC 3339`},
		"governance":            {[]string{"namespace", "set", "n", "--governance", "no"}, "--governance: want a JSON object"},
		"nothing to update":     {[]string{"update", "1"}, "update: nothing to change"},
		"consolidate one":       {[]string{"consolidate", "--title", "T", "1"}, "consolidate: too few arguments"},
		"consolidate untitled":  {[]string{"consolidate", "1", "2"}, "needs a --title"},
		"server":                {[]string{"status", "--server", "ftp://x"}, "--server: node URL"},
		"retry what":            {[]string{"parked", "retry"}, "name the ops"},
		"retry both":            {[]string{"parked", "retry", "--all", "n.1.1"}, "name the ops"},
		"one key for many":      {[]string{"delete", "--idempotency-key", "k", "1", "2"}, "one ID at a time"},
		"import nothing":        {[]string{"import", filepath.Join("testdata", "none")}, "no such file"},
		"import concurrency":    {[]string{"import", ".", "--concurrency", "0"}, "--concurrency 0"},
		"demo nothing":          {[]string{"demo", "--import", "testdata/none"}, "no such file"},
		"stdin over the limit":  {[]string{"remember", "T", "-"}, "stdin holds more than a memory can"},
		"priority out of range": {[]string{"remember", "T", "x", "--priority", "0"}, "--priority 0: want 1 to 10"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := tally(t, []string{"TALLY_SERVER=http://127.0.0.1:1"}, strings.Repeat("x", 70_000), tc.args...)
			if got.code != exitUsage || !strings.Contains(got.err, tc.want) || got.out != "" {
				t.Errorf("code %d, stdout %q, stderr %q, want %q", got.code, got.out, got.err, tc.want)
			}
		})
	}
}

func TestWithoutANodeTheMessageSaysWhatToDo(t *testing.T) {
	for _, args := range [][]string{
		{"status"},
		{"get", "1f0c4b6e"},
		{"remember", "T", "x"},
		{"import", "testdata"},
		{"export"},
	} {
		got := tally(t, nil, "", append(args, "--server", "http://127.0.0.1:1")...)
		if got.code != exitUnreachable || !strings.Contains(got.err, "no node at http://127.0.0.1:1: start it with `tally serve --data DIR`") {
			t.Errorf("%v: code %d, %q", args, got.code, got.err)
		}
		got = tally(t, []string{"TALLY_SERVER=127.0.0.1:1"}, "", append(args, "--json")...)
		if got.code != exitUnreachable || !strings.Contains(got.err, `"exit":6,"hint":"no node at http://127.0.0.1:1`) {
			t.Errorf("%v --json: code %d, %q", args, got.code, got.err)
		}
	}
}

func TestImportCanBeTriedWithoutANode(t *testing.T) {
	in := `{"title":"A","content":"x","namespace":"n"}
{"title":"B","content":"y"}
oops
{"source_id":"1","target_id":"2"}
`
	got := tally(t, []string{"TALLY_SERVER=127.0.0.1:1"}, in, "import", "-", "--dry-run", "--json")
	want := `{"format":"jsonl","memories":2,"links":1,"unreadable":1,"bytes":2,"namespaces":{"global":1,"n":1},"failed":1,` +
		`"node":false,"written":2,"updated":0,"unchanged":0}` + "\n"
	if got.out != want || got.code != exitOther || !strings.Contains(got.err, "unreadable: stdin line 3") || !strings.Contains(got.err, "no node answers") {
		t.Errorf("%+v", got)
	}
}

func TestVersionIsShown(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		if got := tally(t, nil, "", arg); got.code != exitOK || !strings.HasPrefix(got.out, "tally ") {
			t.Errorf("%s: %+v", arg, got)
		}
	}
	if got := tally(t, nil, "", "version", "--json"); !strings.Contains(got.out, `"platform":`) {
		t.Errorf("%+v", got)
	}
}
