package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/node"
)

// verdict is how a check ended.
type verdict string

const (
	fine   verdict = "ok"
	uneasy verdict = "warn"
	broken verdict = "fail"
)

// finding is the outcome of one check.
type finding struct {
	Check string  `json:"check"`
	State verdict `json:"state"`
	Text  string  `json:"text"`
	Next  string  `json:"next,omitempty"`  // what to do about it
	Would string  `json:"would,omitempty"` // what --fix does about it
	Fixed string  `json:"fixed,omitempty"` // what it did, or why it could not

	fix   func(context.Context) error
	cures bool // the fix settles it; other fixes only set something going
}

// does says what --fix does about a finding.
func (f *finding) does(what string, fix func(context.Context) error) { f.Would, f.fix = what, fix }

// doctor collects findings.
type doctor struct {
	app    *app
	data   string
	file   string
	cfg    node.Config
	Checks []finding `json:"checks"`
	OK     bool      `json:"ok"`
}

func (d *doctor) find(check string, state verdict, text, next string) *finding {
	d.Checks = append(d.Checks, finding{Check: check, State: state, Text: text, Next: next})
	return &d.Checks[len(d.Checks)-1]
}

func newDoctor(a *app) *cobra.Command {
	var fix, dryRun, names bool
	d := &doctor{app: a}
	cmd := command("doctor [flags]", "Check a node, and say what to do", argCheck{0, 0}, nil)
	cmd.Long = `Check a running node and, with --data and --config, its directory and its settings.
Each line says ok, warn or fail, and what to do about it. Ends with 0 if nothing
fails, with 1 if something does. --fix does what is safe: it offers parked ops
again, repairs members that differ, and closes the data directory to others.
--names reads the names of all live memories that the caller may see.`
	flags := cmd.Flags()
	flags.StringVar(&d.data, "data", "", "also check this data `directory`")
	flags.StringVar(&d.file, "config", "", "also check this TOML `file` (TALLY_CONFIG)")
	flags.BoolVar(&names, "names", false, "also look for names that look alike and are not the same")
	flags.BoolVar(&fix, "fix", false, "do what is safe about what is found")
	flags.BoolVar(&dryRun, "dry-run", false, "show what --fix would do, and stop")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d.checkConfig()
		if err := d.checkNode(cmd.Context()); err != nil {
			return err
		}
		if names {
			if err := d.checkNames(cmd.Context()); err != nil {
				return err
			}
		}
		d.checkFiles()
		d.checkIdentity()
		if fix && !dryRun {
			d.treat(cmd.Context())
		}
		d.OK = true
		for _, f := range d.Checks {
			d.OK = d.OK && f.State != broken
		}
		if err := a.show(d, func(w io.Writer) error { return d.print(w, fix || dryRun) }); err != nil {
			return err
		}
		if !d.OK {
			return errShown
		}
		return nil
	}
	return cmd
}

// treat does what is safe. Only what that settles is fine afterwards: whether a
// member takes what it is offered again, the next run will tell.
func (d *doctor) treat(ctx context.Context) {
	for i := range d.Checks {
		f := &d.Checks[i]
		if f.fix == nil {
			continue
		}
		if err := f.fix(ctx); err != nil {
			f.Fixed = "failed: " + err.Error()
			continue
		}
		f.Fixed = "done: " + f.Would
		if f.cures {
			f.State, f.Next = fine, ""
		}
	}
}

func (d *doctor) print(w io.Writer, fixes bool) error {
	counts := map[verdict]int{}
	for _, f := range d.Checks {
		counts[f.State]++
		say(w, "%-4s  %s: %s\n", f.State, f.Check, printable(f.Text))
		switch {
		case f.Fixed != "":
			say(w, "      → %s\n", printable(f.Fixed))
		case fixes && f.Would != "":
			say(w, "      → would %s\n", printable(f.Would))
		case f.Next != "":
			say(w, "      → %s\n", printable(f.Next))
		}
	}
	_, err := fmt.Fprintf(w, "%d ok, %d warnings, %d failures\n", counts[fine], counts[uneasy], counts[broken])
	return err
}
