package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// briefingOptions say what to be told of.
type briefingOptions struct {
	in    client.BriefingInput
	paths []string
	tools []string
	shown bool
	of    string
}

func newBriefing(a *app) *cobra.Command {
	var o briefingOptions
	cmd := command("briefing [flags]", "Tell what to know before work begins", argCheck{0, 0}, nil)
	cmd.Long = `Print what an agent should know before it begins to work in a project: the rules
that hold there, what is pinned, handoffs, memories in conflict, the memories of
priority 8 and above, also those of the namespaces above and of the global one, and
what waits for the agent. It is put together by rule and not by likeness: the same
memories give the same text.

A memory becomes part of it by its tags: pinned; rule; rule with on:path:GLOB,
on:tool:NAME or on:word:WORD, which is shown whole only where one of them fits. The
project is that of the folder that this runs in, as for tally mcp.`
	cmd.Example = `  tally briefing --project work/api
  tally briefing --budget 400 --path internal/api/table.go >> CONTEXT.md
  tally briefing --shown`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		if o.shown {
			return runShown(ctx, a, c, o.of)
		}
		return runBriefing(ctx, a, c, o)
	})
	cmd.Flags().StringVar(&o.in.Namespace, "project", "", "the `namespace` of the work (default: that of the folder's project)")
	cmd.Flags().StringVar(&o.in.Namespace, "namespace", "", "the same")
	cmd.Flags().IntVar(&o.in.BudgetTokens, "budget", 0, "at most this many `tokens` of 4 bytes (default 1000)")
	cmd.Flags().StringSliceVar(&o.paths, "path", nil, "a `file` that the work is about; may be repeated")
	cmd.Flags().StringSliceVar(&o.tools, "tool", nil, "a `tool` that is about to be used; may be repeated")
	cmd.Flags().StringVar(&o.in.Text, "text", "", "what is to be done, in `words`")
	cmd.Flags().BoolVar(&o.shown, "shown", false, "list instead which briefings were read on the node, and what they showed")
	cmd.Flags().StringVar(&o.of, "of", "", "with --shown: only those of this `agent`")
	return cmd
}

func runBriefing(ctx context.Context, a *app, c *client.Client, o briefingOptions) error {
	if o.in.Namespace == "" {
		dir, err := os.Getwd()
		if err != nil {
			return fmt.Errorf("where is the project: %w", err)
		}
		o.in.Namespace = projectOf(dir)
	}
	o.in.Paths, o.in.Tools = o.paths, o.tools
	out, err := c.Agents().Briefing(ctx, o.in)
	if err != nil {
		return err
	}
	return a.show(out, func(w io.Writer) error {
		if out.Text == "" {
			say(w, "there is nothing to know about %s yet: tag memories with pinned or rule, give them a priority of 8 or more, or set a standard\n", out.Namespace)
			return nil
		}
		say(w, "%s\n", safe(out.Text))
		if len(out.LeftOut) > 0 {
			say(a.err, "left out for lack of room: %s\n", safe(strings.Join(out.LeftOut, "; ")))
		}
		return nil
	})
}

func runShown(ctx context.Context, a *app, c *client.Client, agent string) error {
	out, err := c.Agents().Shown(ctx, agent, 0)
	if err != nil {
		return err
	}
	return showAll(a, "shown", out.Shown, func(w io.Writer) error {
		if out.Count == 0 {
			say(w, "no briefing was read here\n")
		}
		for _, s := range out.Shown {
			say(w, "%s  %s  %s  %d tokens, %d left out\n", s.At.Format(time.DateTime), safe(s.AgentID), safe(s.Namespace), s.Tokens, s.LeftOut)
			for _, item := range s.Items {
				say(w, "  %-10s %s v%d\n", item.Why, item.ID, item.Version)
			}
		}
		return nil
	})
}
