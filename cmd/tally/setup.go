package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/setup"
	"github.com/tallystick/tallystick/internal/setup/machine"
)

// setupOptions say what is to be set up, and how.
type setupOptions struct {
	dryRun, undo, yes, noService bool
	hooks                        []string
	program                      string
}

func newSetup(a *app) *cobra.Command {
	var o setupOptions
	cmd := command("setup [flags] [CLIENT…]", "Connect the agents on this machine, and keep a node running", argCheck{0, -1}, nil)
	cmd.Long = `Write Tallystick into the settings of the programs that you use agents in, start the
node as a service of yours where the system has such, and say what to ask the agent.
Without a name the programs that are installed are shown, and you are asked; all is
every one that is installed. What else is in their files stays as it is, comments
too; a file that cannot be read is refused. Run it as often as you like.

  ` + strings.Join(clientNames(), " ") + `

Hooks are what some of these programs tell us of while you work. Each can be left
out, by naming the others:

  session-start       the briefing is there when a session begins
  user-prompt-submit  what is known about a question is there when you ask it
  pre-compact, stop,  what was said is kept, word for word, as memories of kind
  session-end         conversation; secrets in it are masked`
	cmd.Example = `  tally setup
  tally setup claude-code cursor --dry-run
  tally setup all --hooks session-start
  tally setup --undo`
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return runSetup(cmd.Context(), a, o, args) }
	flags := cmd.Flags()
	flags.BoolVar(&o.dryRun, "dry-run", false, "show the difference in each file, and write nothing")
	flags.BoolVar(&o.undo, "undo", false, "make the files what they were before")
	flags.BoolVarP(&o.yes, "yes", "y", false, "say yes to what would be asked")
	flags.BoolVar(&o.noService, "no-service", false, "leave it to me to start the node")
	flags.StringSliceVar(&o.hooks, "hooks", []string{"all"}, "what the programs tell us of: `EVENTS` with commas, all or none")
	flags.StringVar(&o.program, "program", "", "what they are to start (default this program)")
	return cmd
}

func clientNames() []string {
	var out []string
	for _, c := range setup.Clients() {
		out = append(out, c.Name)
	}
	return out
}

// setupRun is one run of setup.
type setupRun struct {
	*app
	setupOptions

	place   setup.Place
	wish    setup.Wish
	journal *machine.Journal
	lines   *bufio.Scanner // answers
	report  setupReport
}

// setupReport says what became of everything.
type setupReport struct {
	Clients []clientReport `json:"clients"`
	Node    string         `json:"node,omitempty"`   // how the node is run
	Memory  string         `json:"memory,omitempty"` // id of the first one
}

type clientReport struct {
	Name  string       `json:"name"`
	Files []fileReport `json:"files"`
}

type fileReport struct {
	Path  string `json:"path"`
	State string `json:"state"` // created, edited, removed, unchanged or refused
	Diff  string `json:"diff,omitempty"`
	Error string `json:"error,omitempty"`
}

func runSetup(ctx context.Context, a *app, o setupOptions, names []string) error {
	s, err := newSetupRun(a, o)
	if err != nil {
		return err
	}
	clients, err := s.choose(names)
	if err != nil {
		return err
	}
	a.leaves("each file is whole, as it was or as it was to be: run it again, or make all what they were with tally setup --undo")
	if s.dryRun {
		a.leaves(nothingWritten)
	}
	refused := false
	for i := range clients {
		r := s.client(&clients[i])
		s.report.Clients = append(s.report.Clients, r)
		refused = refused || slices.ContainsFunc(r.Files, func(f fileReport) bool { return f.Error != "" })
	}
	switch {
	case s.undo:
		err = s.stopService(ctx, len(names) == 0)
	case !s.dryRun && len(clients) > 0:
		err = s.startService(ctx)
	}
	if err != nil {
		return err
	}
	if err := a.show(s.report, s.tell); err != nil {
		return err
	}
	if refused {
		return usage("some files were left as they are: see above")
	}
	return nil
}

func newSetupRun(a *app, o setupOptions) (*setupRun, error) {
	home := a.getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return nil, err
		}
	}
	s := &setupRun{app: a, setupOptions: o, place: setup.Place{OS: runtime.GOOS, Home: home, Env: a.getenv}, lines: bufio.NewScanner(a.in)}
	events, err := hookEvents(o.hooks)
	if err != nil {
		return nil, err
	}
	s.wish = setup.Wish{Program: o.program, Agent: a.agent, Hooks: events}
	if s.wish.Program == "" {
		if s.wish.Program, err = thisProgram(a.getenv("PATH")); err != nil {
			return nil, err
		}
	}
	for flag, v := range map[string]string{"--server": cmp.Or(a.server, a.getenv("TALLY_SERVER")), "--api-key-file": cmp.Or(a.apiKeyFile, a.getenv("TALLY_API_KEY_FILE"))} {
		if v != "" {
			s.wish.Flags = append(s.wish.Flags, flag+"="+v)
		}
	}
	slices.Sort(s.wish.Flags)
	journal := a.statePath("setup.json")
	if journal == "" {
		return nil, usage("setup: there is no home directory")
	}
	s.journal, err = machine.OpenJournal(journal)
	return s, err
}

func hookEvents(names []string) ([]setup.Event, error) {
	switch {
	case slices.Equal(names, []string{"all"}):
		return setup.Events(), nil
	case slices.Equal(names, []string{"none"}), len(names) == 0:
		return nil, nil
	}
	var out []setup.Event
	for _, name := range names {
		e := setup.Event(strings.TrimSpace(name))
		if !slices.Contains(setup.Events(), e) {
			return nil, usage("--hooks %q: want all, none, or some of session-start, user-prompt-submit, pre-compact, stop, session-end", name)
		}
		out = append(out, e)
	}
	return out, nil
}

// thisProgram is the path by which clients are to start this program: that in the
// PATH if it is the same, because it stays when the program is updated.
func thisProgram(path string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	me, err := os.Stat(self)
	if err != nil {
		return "", err
	}
	for _, dir := range filepath.SplitList(path) {
		name := filepath.Join(dir, filepath.Base(os.Args[0]))
		if info, err := os.Stat(name); filepath.IsAbs(dir) && err == nil && os.SameFile(info, me) {
			return name, nil
		}
	}
	return self, nil
}

// choose says which clients are meant.
func (s *setupRun) choose(names []string) ([]setup.Client, error) {
	var out []setup.Client
	for _, name := range names {
		if name == "all" {
			return s.installed(), nil
		}
		c, ok := setup.ClientOf(name)
		if !ok {
			return nil, usage("setup: %q is no program that is known here: want %s, or all", name, strings.Join(clientNames(), ", "))
		}
		out = append(out, c)
	}
	if len(names) > 0 {
		return out, nil
	}
	if s.undo {
		return setup.Clients(), nil
	}
	found := s.installed()
	if len(found) == 0 {
		return nil, usage("setup: none of the programs that are known here is installed: name one of %s", strings.Join(clientNames(), ", "))
	}
	for _, c := range found {
		yes, err := s.agrees("Connect " + c.Title + "?")
		if err != nil {
			return nil, usage("setup: found %s: name those that you mean, or say all", strings.Join(namesOf(found), ", "))
		}
		if yes {
			out = append(out, c)
		}
	}
	return out, nil
}

func namesOf(list []setup.Client) []string {
	var out []string
	for i := range list {
		out = append(out, list[i].Name)
	}
	return out
}

func (s *setupRun) installed() []setup.Client {
	return slices.DeleteFunc(setup.Clients(), func(c setup.Client) bool {
		return !slices.ContainsFunc(c.Signs(s.place), func(path string) bool { _, err := os.Stat(path); return err == nil })
	})
}

var errNobody = errors.New("nobody is there to answer")

// agrees asks the person at the terminal.
func (s *setupRun) agrees(question string) (bool, error) {
	if s.yes {
		return true, nil
	}
	if !terminal(s.in) {
		return false, errNobody
	}
	say(s.err, "%s [Y/n] ", question)
	if !s.lines.Scan() {
		return false, errors.Join(errNobody, s.lines.Err())
	}
	answer := strings.ToLower(strings.TrimSpace(s.lines.Text()))
	return answer == "" || answer == "y" || answer == "yes", nil
}

// client does what is asked for with the files of a client. If one of them cannot
// be edited, none is.
func (s *setupRun) client(c *setup.Client) clientReport {
	r := clientReport{Name: c.Name, Files: []fileReport{}}
	var files []*machine.File
	broken := false
	for _, change := range c.Changes(s.place, s.wish) {
		f := s.plan(change)
		files = append(files, f)
		broken = broken || f.Refused != nil
	}
	for _, f := range files {
		r.Files = append(r.Files, s.file(f, broken))
	}
	return r
}

func (s *setupRun) plan(c setup.Change) *machine.File {
	if s.undo {
		return s.journal.Restore(c)
	}
	return machine.Look(c)
}

// file carries out what was planned for one file.
func (s *setupRun) file(f *machine.File, broken bool) fileReport {
	r := fileReport{Path: f.Path, State: "unchanged"}
	switch {
	case f.Refused != nil:
		r.State, r.Error = "refused", f.Refused.Error()
		return r
	case broken:
		return r
	case f.Changed():
		r.State, r.Diff = "edited", setup.Diff(f.Path, f.Before, f.After)
		if f.Before == nil {
			r.State = "created"
		}
		if f.After == nil {
			r.State = "removed"
		}
	}
	if s.dryRun {
		return r
	}
	var err error
	if s.undo {
		err = s.journal.Forget(f)
	} else {
		err = s.journal.Apply(f)
	}
	if err != nil {
		r.State, r.Error = "refused", err.Error()
	}
	return r
}

// tell writes the report for a person.
func (s *setupRun) tell(w io.Writer) error {
	for _, r := range s.report.Clients {
		c, _ := setup.ClientOf(r.Name)
		shown := false
		for _, f := range r.Files {
			switch {
			case s.undo && f.State == "unchanged":
				continue
			case s.dryRun && f.Diff != "":
				say(w, "%s", f.Diff)
			case f.Error != "":
				say(w, "%-15s %s: %s\n", c.Title, f.Path, f.Error)
			default:
				say(w, "%-15s %s: %s\n", c.Title, f.Path, f.State)
			}
			shown = true
		}
		if shown && c.Note != "" && !s.dryRun && !s.undo {
			say(w, "%-15s → %s\n", "", c.Note)
		}
	}
	if s.report.Node != "" {
		say(w, "%-15s %s\n", "node", s.report.Node)
	}
	if s.report.Memory != "" {
		say(w, "%-15s %s\n", "first memory", s.report.Memory)
	}
	if !s.dryRun && !s.undo {
		say(w, "\nStart a new session of your agent, and ask it:\n\n  What do you know about this project?\n")
	}
	return nil
}
