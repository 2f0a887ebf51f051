package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// briefingOptions say what to be told of.
type briefingOptions struct {
	namespace string
	budget    int
}

func newBriefing(a *app) *cobra.Command {
	var o briefingOptions
	cmd := command("briefing [flags]", "Tell what to know before work begins", argCheck{0, 0}, nil)
	cmd.Long = `Print what an agent should know before it begins to work in a namespace: the
rules that hold there, the memories of priority 8 and above, also those of the
namespaces above, and what waits for the agent. It is put together by rule and not
by likeness: the same memories give the same text.`
	cmd.Example = `  tally briefing --namespace work/api
  tally briefing --budget 400 >> CONTEXT.md`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error { return runBriefing(ctx, a, c, o) })
	cmd.Flags().StringVar(&o.namespace, "namespace", "", "the `namespace` of the work (default global)")
	cmd.Flags().IntVar(&o.budget, "budget", 0, "at most this many `tokens` of 4 bytes (default 1000)")
	return cmd
}

func runBriefing(ctx context.Context, a *app, c *client.Client, o briefingOptions) error {
	out, err := c.Briefing(ctx, o.namespace, o.budget)
	if err != nil {
		return err
	}
	return a.show(out, func(w io.Writer) error {
		if out.Text == "" {
			say(w, "there is nothing to know about %s yet: give memories a priority of 8 or more, or set a standard\n", out.Namespace)
			return nil
		}
		say(w, "%s\n", safe(out.Text))
		if len(out.LeftOut) > 0 {
			say(a.err, "left out for lack of room: %s\n", safe(strings.Join(out.LeftOut, "; ")))
		}
		return nil
	})
}
