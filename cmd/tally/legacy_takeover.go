package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/legacy/takeover"
	"github.com/tallystick/tallystick/internal/legacy/wire"
)

func newLegacyTakeOver(a *app) *cobra.Command {
	var o takeOverOptions
	cmd := command("take-over [flags] [-- COMMAND…]", "Write the configuration that takes the place of a node of ai-memory", argCheck{0, -1}, nil)
	cmd.Long = `Read how a node of ai-memory 0.7 is started and configured, and write a configuration
under which a node of this program takes its place: its name, port, key, credential,
API key and peers. What has no counterpart here is listed with the reason.

COMMAND is what started the node, with the variables before it; --pid reads it from a
process that still runs, on Linux. Nodes of ai-memory do not tell what they are called:
say it with --peer, unless there is one peer and one in its allowlist. Nothing of the
old node is changed.`
	cmd.Example = "  tally legacy take-over -- AI_MEMORY_FED_IDENTITY=node-a AI_MEMORY_KEY_DIR=keys ai-memory --db a.db serve --port 9101 --quorum-peers http://10.0.0.5:9077\n" +
		"  tally legacy take-over --pid 4711 --peer node-b=http://10.0.0.5:9077 --out node-a.toml"
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return runTakeOver(cmd.Context(), a, o, args) }
	flags := cmd.Flags()
	flags.StringVar(&o.out, "out", "tally.toml", "the `file` to write; it must not be there yet")
	flags.StringVar(&o.config, "settings", "", "its config.toml, a `file` (default ~/.config/ai-memory/config.toml, if it is there)")
	flags.IntVar(&o.pid, "pid", 0, "the `process` to read the command of")
	flags.StringToStringVar(&o.peers, "peer", nil, "`NAME=URL` of a peer; repeat")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the configuration, and write nothing")
	return cmd
}

// takeOverOptions say what is read, and where it goes.
type takeOverOptions struct {
	out, config string
	pid         int
	peers       map[string]string // URLs by name
	dryRun      bool
}

func runTakeOver(ctx context.Context, a *app, o takeOverOptions, words []string) error {
	start, err := startOf(a, o, words)
	if err != nil {
		return err
	}
	plan, err := takeover.Read(start)
	if err != nil {
		return usage("%v", err)
	}
	if err := named(ctx, plan, o.peers); err != nil {
		return usage("%v", err)
	}
	text, err := toml.Marshal(plan) //nolint:gosec // the file is made for it, mode 0600
	if err != nil {
		return err
	}
	if !o.dryRun {
		f, err := os.OpenFile(o.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return usage("%s is there already: say --out", o.out)
		}
		if err != nil {
			return err
		}
		_, err = f.Write(text)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("%s: %w", o.out, err)
		}
	}
	return a.show(takeOverView{o.out, string(text), plan.Notes, plan.Unnamed, plan.Database}, func(w io.Writer) error { return showTakeOver(w, o, plan, text) })
}

// takeOverView is what was understood.
type takeOverView struct {
	File     string          `json:"file"`
	Text     string          `json:"configuration"`
	Notes    []takeover.Note `json:"notes"`
	Unnamed  []string        `json:"unnamed"`
	Database string          `json:"database,omitempty"`
}

// startOf is how the node was started: as the words say, or as a process says.
func startOf(a *app, o takeOverOptions, words []string) (takeover.Start, error) {
	dir, err := os.Getwd()
	if err != nil {
		return takeover.Start{}, err
	}
	s := takeover.Start{Words: words, Dir: dir}
	switch {
	case o.pid != 0 && len(words) > 0:
		return s, usage("say --pid or the command, not both")
	case o.pid != 0:
		if s.Words, s.Dir, err = process(o.pid); err != nil {
			return s, usage("--pid %d: %v: give the command itself after --", o.pid, err)
		}
	}
	file := cmp.Or(o.config, filepath.Join(a.getenv("HOME"), ".config", "ai-memory", "config.toml"))
	s.Config, err = os.ReadFile(file) //nolint:gosec // the operator names it
	if errors.Is(err, fs.ErrNotExist) && o.config == "" {
		return s, nil
	}
	return s, err
}

// process is how a process was started, and the folder that it runs in.
func process(pid int) (words []string, dir string, err error) {
	at := filepath.Join("/proc", strconv.Itoa(pid))
	args, err := os.ReadFile(filepath.Join(at, "cmdline")) //nolint:gosec // of a process that the operator names
	if err != nil {
		return nil, "", err
	}
	env, err := os.ReadFile(filepath.Join(at, "environ")) //nolint:gosec // the same
	if err != nil {
		return nil, "", err
	}
	for v := range strings.SplitSeq(string(env), "\x00") {
		if strings.HasPrefix(v, "AI_MEMORY_") {
			words = append(words, v)
		}
	}
	words = append(words, strings.Split(strings.TrimSuffix(string(args), "\x00"), "\x00")...)
	dir, err = os.Readlink(filepath.Join(at, "cwd"))
	return words, dir, err
}

// named gives peers their names: those that were said, those that nodes of this
// program tell, and the only one that is left.
func named(ctx context.Context, plan *takeover.Plan, said map[string]string) error {
	for name, url := range said {
		if err := plan.Name(strings.TrimRight(url, "/"), name); err != nil {
			return err
		}
	}
	for _, url := range slices.Clone(plan.Unnamed) {
		if name := askName(ctx, url, plan); name != "" {
			if err := plan.Name(url, name); err != nil {
				return err
			}
		}
	}
	return plan.NameTheOnly()
}

// askName asks a peer what it calls itself, "" if it does not say.
func askName(ctx context.Context, url string, plan *takeover.Plan) string {
	c := legacyCheck{base: url, name: plan.Self.Name, key: plan.APIKey}
	res, err := c.push(ctx)
	if err != nil || res.status != http.StatusOK {
		return ""
	}
	reply, err := wire.DecodeReply(res.body)
	if err != nil {
		return ""
	}
	return c.ownName(reply.ReceiverAgent)
}

func showTakeOver(w io.Writer, o takeOverOptions, plan *takeover.Plan, text []byte) error {
	for _, n := range plan.Notes {
		if n.Becomes != "" {
			say(w, "  %-42s becomes %s\n", printable(n.What), n.Becomes)
		}
	}
	for _, n := range plan.Notes {
		if n.Becomes == "" {
			say(w, "  %-42s has no counterpart: %s\n", printable(n.What), n.Why)
		}
	}
	for _, url := range plan.Unnamed {
		say(w, "  %-42s does not say its name: say --peer NAME=%s, as it is known to others\n", printable(url), shellQuoted(url))
	}
	if o.dryRun {
		say(w, "\n%s", bytes.TrimLeft(text, "\n"))
		return nil
	}
	say(w, "\n%s is written. Next, with DATA a folder for the new node:\n", o.out)
	step := func(format string, args ...any) { say(w, "  "+format+"\n", args...) }
	step("stop the old node")
	step("tally serve --config %s --data DATA", shellQuoted(o.out))
	if plan.Database != "" {
		step("tally import %s --server http://%s --dry-run     # then without --dry-run", shellQuoted(plan.Database), plan.Listen)
	}
	step("tally status --server http://%s", plan.Listen)
	return nil
}
