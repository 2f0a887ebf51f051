package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/doctor"
	"github.com/tallystick/tallystick/internal/node"
)

// finding is the outcome of one check, and what --fix makes of it.
type finding struct {
	client.Finding

	Would string `json:"would,omitempty"` // what --fix does about it
	Fixed string `json:"fixed,omitempty"` // what it did, or why it could not

	fix   func(context.Context) error
	cures bool // the fix settles it; other fixes only set something going
}

// does says what --fix does about a finding.
func (f *finding) does(what string, fix func(context.Context) error) { f.Would, f.fix = what, fix }

// checkup collects findings.
type checkup struct {
	app    *app
	data   string
	file   string
	cfg    node.Config
	Checks []finding `json:"checks"`
	OK     bool      `json:"ok"`
}

func (d *checkup) find(check, state, text, next string) {
	d.add(client.Finding{Check: check, State: state, Text: text, Next: next})
}

func (d *checkup) add(f client.Finding) *finding {
	d.Checks = append(d.Checks, finding{Finding: f})
	return &d.Checks[len(d.Checks)-1]
}

// knows reports whether something was looked at already.
func (d *checkup) knows(check string) bool {
	return slices.ContainsFunc(d.Checks, func(f finding) bool { return f.Check == check })
}

func newDoctor(a *app) *cobra.Command {
	var fix, dryRun, names bool
	d := &checkup{app: a}
	cmd := command("doctor [flags]", "Check a node, and say what to do", argCheck{0, 0}, nil)
	cmd.Long = `Check a running node and, with --data and --config, its directory and its settings.
With the operator's key, which is found by itself on the machine of the node, the
node looks at its own disk, files, certificate and backup, too.
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
		d.checkFiles()
		if err := d.checkNode(cmd.Context()); err != nil {
			return err
		}
		if names {
			if err := d.checkNames(cmd.Context()); err != nil {
				return err
			}
		}
		if fix && !dryRun {
			d.treat(cmd.Context())
		}
		d.OK = !slices.ContainsFunc(d.Checks, func(f finding) bool { return f.State == client.FindingFail })
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

// checkConfig reads the settings as serve would.
func (d *checkup) checkConfig() {
	d.cfg = node.Default()
	if d.file == "" {
		d.file = d.app.getenv("TALLY_CONFIG")
	}
	flags := given{}
	if d.data != "" {
		flags["data"] = []string{d.data}
	}
	cfg, err := resolve(flags, d.app.getenv, d.file)
	if err == nil {
		err = validQuorum(cfg)
	}
	switch {
	case err != nil:
		d.find("settings", client.FindingFail, err.Error(), "the node will not start again with them; see `tally help config`")
		return
	case d.file != "":
		d.find("settings", client.FindingOK, d.file+" is valid", "")
	}
	d.cfg = cfg
	if f := doctor.Listening(cfg.Listen, cfg.InsecureListen); d.file != "" || f.State != client.FindingOK {
		d.add(f)
	}
}

// checkFiles looks at the data directory, and at the certificate in it.
func (d *checkup) checkFiles() {
	if d.data == "" {
		return
	}
	files := doctor.DataDirectory(d.data, "in this shell")
	for _, f := range files.Findings {
		at := d.add(f)
		if f.Fix == client.FixCloseFiles {
			at.does(fmt.Sprintf("close %d of them to others (chmod 0700, 0600)", files.Open()), func(context.Context) error { return files.Close() })
			at.cures = true
		}
	}
	for _, f := range node.CheckIdentity(d.data, d.cfg.ExpiredGrace) {
		d.add(f)
	}
}

// treat does what is safe. Only what that settles is fine afterwards: whether a
// member takes what it is offered again, the next run will tell.
func (d *checkup) treat(ctx context.Context) {
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
			f.State, f.Next = client.FindingOK, ""
		}
	}
}

func (d *checkup) print(w io.Writer, fixes bool) error {
	counts := map[string]int{}
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
	_, err := fmt.Fprintf(w, "%d ok, %d warnings, %d failures\n", counts[client.FindingOK], counts[client.FindingWarn], counts[client.FindingFail])
	return err
}
