package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/node"
)

func newServe(a *app) *cobra.Command {
	cmd := command("serve [flags]", "Run a node", argCheck{0, 0}, nil)
	cmd.Long = `Run a node until SIGINT or SIGTERM. It then takes no new requests, finishes those
it has, and ends with 0; a second signal ends it at once. What is still owed to
other members is delivered after the next start.

When the node serves, one line goes to stdout: ready URL. Logs go to stderr.
All settings, also as environment variables and as a file: tally help config`
	cmd.Example = `  tally serve
  tally serve --node north --listen 10.0.0.1:9077 --data /var/lib/tallystick \
    --member east=http://10.0.0.2:9077 --member west=http://10.0.0.3:9077`
	config := configOf(cmd, a)
	tied := cmd.Flags().Bool(fleet.TiedFlag, false, "end when the standard input ends")
	_ = cmd.Flags().MarkHidden(fleet.TiedFlag) // for whoever runs nodes; it is there
	offset := cmd.Flags().Bool("allow-clock-offset", false, "let TALLY_CLOCK_OFFSET set the clock of this node wrong, for tests")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := config(cmd.Context())
		if err != nil {
			return err
		}
		if err := validQuorum(cfg); err != nil {
			return err
		}
		if cfg.ClockOffset, err = clockOffset(a.getenv(clockOffsetVariable), *offset); err != nil {
			return err
		}
		if cfg.ClockOffset != 0 {
			say(a.err, "tally: warning: THE CLOCK OF THIS NODE IS SET WRONG BY %s, as %s asks\n", cfg.ClockOffset, clockOffsetVariable)
		}
		for _, name := range a.strayVariables() {
			say(a.err, "tally: warning: the environment variable %s is not a setting; see `tally help config`\n", name)
		}
		ctx := cmd.Context()
		if *tied {
			var end context.CancelFunc
			ctx, end = fleet.Until(ctx, a.in)
			defer end()
		}
		err = runNode(ctx, a, cfg, nil)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%w\n  → another program, or another node, listens on %s: stop it, or choose another address with --listen", err, cfg.Listen)
		}
		return err
	}
	return cmd
}

// runNode runs a node that can start others for a rehearsal. catchingUp, if not nil, is told
// how far it has caught up.
func runNode(ctx context.Context, a *app, cfg node.Config, catchingUp func(held, known uint64)) error {
	a.linger()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return node.RunWith(ctx, cfg, node.Parts{Program: self, CatchingUp: catchingUp}, func(url string) { say(a.out, "ready %s\n", url) })
}

// clockOffsetVariable sets a node's clock wrong: that of a static binary cannot
// be faked from outside.
const clockOffsetVariable = "TALLY_CLOCK_OFFSET"

func clockOffset(text string, allowed bool) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s %q: want a duration, such as 59s or -2h", clockOffsetVariable, text)
	case !allowed:
		return 0, fmt.Errorf("%s is set: it makes this node's clock wrong, for tests\n  → unset it, or say --allow-clock-offset", clockOffsetVariable)
	}
	// Memories have times from 1970 on, counted in 64 bits of nanoseconds.
	if at := time.Now().UTC().Add(d); at.Year() < 1971 || at.Year() > 2200 {
		return 0, fmt.Errorf("%s %q: it would be %s, of which no memory can be; want a time from 1971 to 2200", clockOffsetVariable, text, at.Format(time.DateOnly))
	}
	return d, nil
}

// settingFlags gives cmd a flag for every setting.
func settingFlags(cmd *cobra.Command, file *string) {
	flags := cmd.Flags()
	for _, s := range settings() {
		flags.Var(&settingFlag{kind: s.value, many: s.many}, s.flag, fmt.Sprintf("%s (default %s)", s.help, s.initial))
	}
	flags.StringVar(file, "config", "", "settings in a TOML `FILE` (default none)")
	flags.SortFlags = false
	localHelp(cmd)
}

// settingFlag is the value of a setting on the command line: text that the table
// of settings reads, in the same way as text from the environment.
type settingFlag struct {
	kind string // placeholder in the help
	many bool
	list []string
}

func (f *settingFlag) String() string { return strings.Join(f.list, ",") }

func (f *settingFlag) Type() string { return f.kind }

func (f *settingFlag) Set(s string) error {
	if !f.many {
		f.list = nil
	}
	f.list = append(f.list, s)
	return nil
}

// localHelp leaves the flags of client commands out of the help of a command
// that is none.
func localHelp(cmd *cobra.Command) {
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "json" || cmd.Name() == "serve" })
		help(cmd, args)
	})
}

// givenFlags are the settings that the command line has.
func givenFlags(flags *pflag.FlagSet) given {
	out := given{}
	for _, s := range settings() {
		f := flags.Lookup(s.flag)
		if f == nil || !f.Changed {
			continue
		}
		if v, ok := f.Value.(*settingFlag); ok {
			out[s.flag] = v.list
		}
	}
	return out
}

// strayVariables are TALLY_ variables that nothing reads: likely misspelled.
func (a *app) strayVariables() []string {
	known := []string{"TALLY_CONFIG", "TALLY_SERVER", "TALLY_AGENT", "TALLY_OPERATOR_KEY", "TALLY_PROFILE", "TALLY_PROJECT", clockOffsetVariable}
	for _, s := range settings() {
		known = append(known, s.env)
	}
	var out []string
	for _, kv := range a.env {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "TALLY_") && !slices.Contains(known, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
