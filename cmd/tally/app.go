package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
)

// stdio is what a process has of the world.
type stdio struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	env []string // KEY=value

	family  *fleet.Family     // processes that end with this one
	started func(*os.Process) // told of each that does not; nil: nobody is
	lingers func()            // called by a command that takes its time to end; nil: by nobody
	ifCut   func(note string) // told what there is if the command does not get to its end; nil: nobody is
	cut     string            // what it was told last
}

// linger says that the command winds up what it has begun, and ends by itself.
func (s stdio) linger() {
	if s.lingers != nil {
		s.lingers()
	}
}

// leaves says what there is, and what to do, if the command does not get to its end.
func (s *stdio) leaves(note string) {
	s.cut = note
	if s.ifCut != nil {
		s.ifCut(note)
	}
}

func (s stdio) getenv(key string) string {
	for _, kv := range slices.Backward(s.env) {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			return v
		}
	}
	return ""
}

// app is what the commands share: where to read and write, and the global flags.
type app struct {
	stdio

	json         bool
	server       string
	apiKey       string
	apiKeyFile   string
	operatorFile string // "": TALLY_OPERATOR_KEY, or found by itself
	authority    string // file of certificates; "": TALLY_CA, or the system's
	agent        string
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, io stdio, args []string) int {
	a := &app{stdio: io}
	root := newRoot(a) //nolint:contextcheck // commands get theirs from ExecuteContext
	root.SetArgs(args)
	root.SetIn(io.in)
	help := &attentive{w: io.out}
	root.SetOut(help)
	root.SetErr(io.err)
	addCompletion(root)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = help.err
	}
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	if rest, _, _ := strings.Cut(strings.Join(args, "\n")+"\n", "\n--\n"); strings.Contains("\n"+rest+"\n", "\n--json\n") {
		a.json = true // it may stand behind the flag that ended the reading of flags
	}
	a.explain(err)
	return exitCode(err)
}

// address is the node that client commands speak to.
func (a *app) address() string {
	for _, s := range []string{a.server, a.getenv("TALLY_SERVER")} {
		if s != "" {
			return s
		}
	}
	return client.DefaultURL
}

// connect speaks to the node that is named or, if several are, with commas
// between them, to the first of them that answers.
func (a *app) connect(ctx context.Context) (*client.Client, error) {
	list := strings.Split(a.address(), ",")
	for _, url := range list[:len(list)-1] {
		c, err := a.connectTo(strings.TrimSpace(url))
		if err != nil {
			return nil, err
		}
		if answers(ctx, c) {
			return c, nil
		}
	}
	return a.connectTo(strings.TrimSpace(list[len(list)-1]))
}

// answers reports whether a node takes requests.
func answers(ctx context.Context, c *client.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return c.Ready(ctx) == nil
}

func (a *app) connectTo(url string) (*client.Client, error) {
	return a.connectAs(url, a.speaker())
}

// speaker is the agent for whom the command speaks; "" for none.
func (a *app) speaker() string {
	if a.agent != "" {
		return a.agent
	}
	return a.getenv("TALLY_AGENT")
}

// connectAs speaks for an agent.
func (a *app) connectAs(url, agent string) (*client.Client, error) {
	key, err := a.key()
	if err != nil {
		return nil, err
	}
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	operator, err := a.operatorKey()
	if err != nil {
		return nil, err
	}
	opts := client.Options{URL: url, APIKey: key, OperatorKey: operator, FindKey: key == "" && operator == "", Agent: agent}
	if file := cmp.Or(a.authority, a.getenv("TALLY_CA")); file != "" {
		if opts.Authority, err = os.ReadFile(file); err != nil { //nolint:gosec // the user names this file
			return nil, usage("--ca: %v", err)
		}
	}
	c, err := client.New(opts)
	if err != nil {
		return nil, usage("--server: %v", err)
	}
	return c, nil
}

// printJSON prints v on one line.
func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(a.out, escaped(b.String()))
	return unsaid(v, err)
}

// unsaidError is that the answer to a write could not be printed.
type unsaidError struct {
	err     error
	ID      string          `json:"id"`
	Receipt *client.Receipt `json:"receipt"`
}

func (e *unsaidError) Error() string {
	what := e.Receipt.Dot
	if e.ID != "" {
		what = e.ID + ", " + what
	}
	return e.err.Error() + "; the write was made all the same: " + what
}

func (e *unsaidError) Unwrap() error { return e.err }

// unsaid is err, of printing an answer, with what is to be known of it if a write was made.
func unsaid(v any, err error) error {
	if err == nil {
		return nil
	}
	e := &unsaidError{err: err}
	raw, bad := json.Marshal(v)
	if bad != nil || json.Unmarshal(raw, e) != nil || e.Receipt == nil || e.Receipt.Dot == "" {
		return err
	}
	return e
}

// show prints v as JSON if that was asked for, else what human writes.
func (a *app) show(v any, human func(w io.Writer) error) error {
	if a.json {
		return a.printJSON(v)
	}
	p := &printer{w: a.out}
	if err := human(p); err != nil {
		return unsaid(v, err)
	}
	return unsaid(v, p.err)
}

// showAll is show for a list: as JSON it is an object with the list under its name
// and how many there are.
func showAll[T any](a *app, name string, list []T, human func(w io.Writer) error) error {
	if list == nil {
		list = []T{}
	}
	return a.show(map[string]any{name: list, "count": len(list)}, human)
}

// attentive remembers that something could not be written: cobra, which writes help
// texts, does not say.
type attentive struct {
	w   io.Writer
	err error
}

// Write implements [io.Writer].
func (a *attentive) Write(b []byte) (int, error) {
	n, err := a.w.Write(b)
	if err != nil {
		a.err = err
	}
	return n, err
}

// printer remembers the first error, so that the lines of an answer need not
// check each for itself. After an error it writes nothing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	// Texts come from anybody, and must not act upon a terminal. Files are as safe.
	if _, p.err = io.WriteString(p.w, safe(string(b))); p.err != nil {
		return 0, p.err
	}
	return len(b), nil
}

// say writes to a [printer], or to stderr, where an error has nobody to go to.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// asks is the body of a command that speaks to a node.
func (a *app) asks(f func(ctx context.Context, c *client.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		return f(cmd.Context(), c, args)
	}
}

// writes is the body of a command that changes something.
func (a *app) writes(w *writeFlags, f func(ctx context.Context, c *client.Client, with client.With, args []string) error) func(*cobra.Command, []string) error {
	return a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		return f(ctx, c, with, args)
	})
}

// text is an argument, or stdin for "-", with lines ended by LF and none at the
// end.
func (a *app) text(arg string) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	b, err := io.ReadAll(io.LimitReader(a.in, maxStdin+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxStdin {
		return "", usage("stdin holds more than a memory can: %d KiB; cut long texts with `tally import`", maxContent>>10)
	}
	return strings.TrimRight(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n"), nil
}

const (
	maxContent = 64 << 10 // bytes of a memory's content
	maxStdin   = maxContent + 1<<10
)

// terminal reports whether f is one, and not a file, a pipe or a buffer.
func terminal(f any) bool {
	file, ok := f.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// command is a cobra command with our checks around it.
func command(use, short string, args argCheck, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args.check, RunE: run, DisableFlagsInUseLine: true}
}

// argCheck bounds the number of arguments; most < 0 is no bound.
type argCheck struct{ least, most int }

func (n argCheck) check(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) < n.least:
		return usage("%s: too few arguments\nusage: %s", cmd.Name(), cmd.UseLine())
	case n.most >= 0 && len(args) > n.most:
		return usage("%s: unexpected argument %q\nusage: %s", cmd.Name(), args[n.most], cmd.UseLine())
	case slices.Contains(args, ""):
		return usage("%s: an argument is empty\nusage: %s", cmd.Name(), cmd.UseLine())
	}
	return nil
}
