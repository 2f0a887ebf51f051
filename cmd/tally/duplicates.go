package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newDuplicates(a *app) *cobra.Command {
	var in client.DuplicatesInput
	var threshold float64
	cmd := command("duplicates [flags]", "List memories that are there more than once", argCheck{0, 0}, nil)
	cmd.Long = `List groups of live memories of one namespace that have most of their words in
common, with a command that makes one memory of each group. Nothing is changed:
the words of two memories may be the same, and what they mean may not.

The one to keep comes first: the most important, then the one edited last.`
	cmd.Example = "  tally duplicates --namespace house --threshold 0.9"
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		if cmd.Flags().Changed("threshold") {
			in.Threshold = &threshold
		}
		if in.Limit < 1 {
			return usage("--limit %d: want 1 or more", in.Limit)
		}
		out, err := c.Graph().Duplicates(ctx, in)
		if err != nil {
			return err
		}
		return a.show(out, func(w io.Writer) error { return showDuplicates(w, out) })
	})
	cmd.Flags().StringVarP(&in.Namespace, "namespace", "n", "", "only this namespace")
	cmd.Flags().BoolVar(&in.Subtree, "subtree", false, "with --namespace: and all below")
	cmd.Flags().Float64Var(&threshold, "threshold", 0.8, "the `share` of words in common from which two texts are one")
	cmd.Flags().IntVarP(&in.Limit, "limit", "l", 50, "at most this many groups, up to 1000")
	return cmd
}

func showDuplicates(w io.Writer, d *client.DuplicateGroups) error {
	for i := range d.Groups {
		g := &d.Groups[i]
		say(w, "%s of %s, %.0f %% of the words in common\n", count(len(g.Memories), "memory"), printable(g.Proposal.Namespace), 100*g.Similarity)
		rows := make([][]string, len(g.Memories))
		for k, m := range g.Memories {
			rows[k] = []string{"", fmt.Sprintf("%.2f", m.Similarity), m.ID, cutTo(m.Title, 60)}
		}
		if err := table(w, nil, rows); err != nil {
			return err
		}
		say(w, "→ to make one of them: tally consolidate --title %s --summary %s -n %s %s\n\n",
			shellQuoted(printable(g.Proposal.Title)), summary(&g.Proposal), shellQuoted(g.Proposal.Namespace), strings.Join(g.Proposal.IDs, " "))
	}
	say(w, "%s looked at, %s that are alike\n", count(d.Looked, "memory"), count(d.Count, "group"))
	return nil
}

// summary is how a shell gives a text: whole, or if it is no line that one reads, on
// stdin.
func summary(m *client.Merging) string {
	if len(m.Summary) > 300 || printable(m.Summary) != m.Summary {
		return "- < FILE_WITH_THE_TEXT"
	}
	return shellQuoted(m.Summary)
}
