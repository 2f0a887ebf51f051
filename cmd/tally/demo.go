package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/demo"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

func newDemo(a *app) *cobra.Command {
	var path, dir string
	var exit bool
	cmd := command("demo [flags]", "Start three nodes, kill one while writing, and watch it catch up", argCheck{0, 0}, nil)
	cmd.Long = `Start three nodes as processes of this machine: one founds a federation, two join it,
and from then on they talk over TLS and sign what they say. Import real text by
writing to all three at once, kill one with SIGKILL in the middle, go on writing to
the two that are left, start it again, and wait until all three are proven equal.
Then read every acknowledged memory back from every node, check the receipt of the
last one by its signatures, and print what happened.

The nodes stay up until Ctrl-C, and their data goes with them. With --exit the
demo ends by itself, with 0 only if everything held.`
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		a.linger()
		drafts, err := demoDrafts(path)
		if err != nil {
			return err
		}
		s := &show{app: a, out: a.out, source: path}
		if a.json {
			s.out = a.err // stdout has the result only
		}
		return s.run(cmd.Context(), drafts, dir, exit)
	}
	cmd.Flags().StringVar(&path, "import", ".", "what to import: a `path` that tally import takes")
	cmd.Flags().StringVar(&dir, "dir", ".demo", "`directory` under which the nodes keep their data")
	cmd.Flags().BoolVar(&exit, "exit", false, "end when done, with status 0 only if everything held")
	localHelp(cmd)
	return cmd
}

// demoDrafts are what the demo writes.
func demoDrafts(path string) ([]client.Draft, error) {
	src, err := importer.Open(path, strings.NewReader(""))
	if err != nil {
		return nil, usage("demo: %v", err)
	}
	defer func() { _ = src.Close() }()
	drafts, err := demo.Drafts(src.Items(importer.Options{Tier: "long"}))
	if err == nil && len(drafts) == 0 {
		return nil, usage("demo: no text in %s: name a folder of Markdown, a JSONL file or a LoCoMo file with --import", path)
	}
	return drafts, err
}

// show is one run of the demo, as it is told.
type show struct {
	app    *app
	out    io.Writer
	source string
}

func (s *show) say(format string, args ...any) { say(s.out, format+"\n", args...) }

// run plays the demo and takes its nodes down again, whatever happens.
func (s *show) run(ctx context.Context, drafts []client.Draft, dir string, exit bool) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	home, err := os.MkdirTemp(dir, "run-")
	if err != nil {
		return err
	}
	defer func() {
		if err == nil || errors.Is(err, context.Canceled) {
			err = errors.Join(err, os.RemoveAll(home))
			return
		}
		s.say("the data and the logs of the nodes are kept in %s", home)
	}()
	d, err := demo.Start(ctx, demo.Options{Home: home, Program: self, Env: s.app.env, Family: s.app.family, Drafts: drafts, Say: s.say})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Stop()) }()
	r, err := d.Play(ctx)
	if err == nil || errors.Is(err, demo.ErrNotEqual) {
		err = errors.Join(err, s.report(r))
	}
	if err != nil {
		return err
	}
	if !exit {
		s.invite(ctx, d, r)
		<-ctx.Done()
	}
	return r.Verdict()
}

func (s *show) report(r *demo.Result) error {
	return s.app.show(r, func(w io.Writer) error {
		receipts := make([]string, 0, len(r.Receipts))
		for _, level := range slices.Sorted(maps.Keys(r.Receipts)) {
			receipts = append(receipts, fmt.Sprintf("%s %d", level, r.Receipts[level]))
		}
		say(w, "\n")
		rows := [][]string{
			{"writes", fmt.Sprintf("%d from %s, %.0f/s", r.Writes, s.source, r.PerSecond)},
			{"receipts", strings.Join(receipts, ", ")},
			{"missed quorum", decimal(r.Missed)},
			{"retried", fmt.Sprintf("%d (no answer from the dead node, so repeated at another)", r.Retried)},
			{"killed", fmt.Sprintf("%s, after %d writes", r.Killed, r.KilledAfter)},
			{"caught up", fmt.Sprintf("%.1f s after its restart", r.CaughtUp)},
			{"proven equal", fmt.Sprintf("%.1f s after its restart", r.ProvenEqual)},
			{"accounted for", fmt.Sprintf("%d of %d acknowledged memories, on each node", r.Accounted, r.Acknowledged)},
			{"proven", fmt.Sprintf("%s: the receipt is signed by %s", r.Proven, strings.Join(r.SignedBy, ", "))},
		}
		if err := table(w, nil, rows); err != nil {
			return err
		}
		say(w, "\n")
		rows = nil
		for _, n := range r.Nodes {
			rows = append(rows, []string{n.Name, decimal(n.Memories), n.Digest})
		}
		if err := table(w, []string{"NODE", "MEMORIES", "DIGEST"}, rows); err != nil {
			return err
		}
		say(w, "\n%s, which was dead when it was written, recalls %q:\n\n", r.AnsweredBy, r.Question)
		if err := showHits(w, r.Hits, false); err != nil {
			return err
		}
		verdict := "\neverything held"
		if err := r.Verdict(); err != nil {
			verdict = "\nNOT everything held: " + err.Error()
		}
		say(w, "%s\n", verdict)
		return nil
	})
}

// invite names three commands to try on the nodes, and where to see them.
func (s *show) invite(ctx context.Context, d *demo.Demo, r *demo.Result) {
	self := shellQuoted(os.Args[0])
	a, b := d.Nodes()[0].URL(), d.Nodes()[1].URL()
	s.say("\nThe nodes stay up. Try, in another terminal:\n")
	s.say("  %s status --server %s", self, a)
	s.say("  %s recall --server %s -n %s %s", self, b, shellQuoted(r.Namespace), shellQuoted(r.Question))
	s.say("  %s remember --server %s --durability all \"Hello\" \"Held by all three.\"", self, a)
	s.say("\nSee them in a browser: %s/console/", a)
	s.say("  one write as it spreads:       %s", demoPage(ctx, d.Nodes()[0].Client, "theatre"))
	s.say("  a member cut off, and healed:  %s", demoPage(ctx, d.Nodes()[0].Client, "rehearsal"))
	s.say("A link with once signs in as the operator, once and within two minutes; afterwards: %s console --server %s", self, a)
	s.say("\nCtrl-C ends them.")
}

// demoPage is a link to a page of a node's console, which signs in if it can.
func demoPage(ctx context.Context, c *client.Client, name string) string {
	if as, err := c.AsOperator(ctx); err == nil {
		if link, err := as.ConsoleLink(ctx); err == nil {
			return strings.Replace(link, "/console/", "/console/"+name, 1)
		}
	}
	return c.URL() + "/console/" + name
}
