package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newHandoff(a *app) *cobra.Command {
	var in client.HandoffInput
	var w writeFlags
	var ttl string
	cmd := command("handoff [flags] [TITLE] TEXT | -", "Hand work over to whoever goes on with it", argCheck{1, 2}, nil)
	cmd.Long = `Write down where work stands, for the agent that goes on with it: it is shown in
the briefings of the project until it expires. The text is the second argument, or
stdin for "-"; alone it names itself by its first line.`
	cmd.Example = `  tally handoff "Move the door" "The frame is out." --to bob --question "Who has the key?" --next "Measure the gap."`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		if in.Title, in.Summary, err = a.titled(args); err != nil {
			return err
		}
		if ttl != "" {
			d, err := duration(ttl)
			if err != nil || d < time.Minute {
				return usage("--ttl %q: want a time such as 90m or 30d", ttl)
			}
			in.TTL = int64(d / time.Second)
		}
		if in.Namespace == "" {
			dir, err := os.Getwd()
			if err != nil {
				return fmt.Errorf("where is the project: %w", err)
			}
			in.Namespace = projectOf(dir)
		}
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		out, err := c.Agents().HandOver(cmd.Context(), in, with)
		if err != nil {
			return err
		}
		out.Memory = made(cmd.Context(), c, out)
		return a.showOutcome("handed over", out)
	}
	cmd.Flags().StringVar(&in.To, "to", "", "the `agent` that it is for (default: whoever comes)")
	cmd.Flags().StringArrayVar(&in.Questions, "question", nil, "what is not known yet; may be repeated")
	cmd.Flags().StringArrayVar(&in.Steps, "next", nil, "what to do next; may be repeated, in order")
	cmd.Flags().StringVar(&in.Namespace, "project", "", "the `namespace` of the work (default: that of the folder's project)")
	cmd.Flags().StringVar(&ttl, "ttl", "", "how long it stays in briefings, such as 12h or 30d (default 7d)")
	w.register(cmd)
	return cmd
}

// made is the memory of a handoff, of which the answer of the node has no more than the
// title; nil if it cannot be had.
func made(ctx context.Context, c *client.Client, out *client.Outcome) *client.Memory {
	if out.ID == "" || out.Erased {
		return nil
	}
	m, _, err := c.Get(ctx, out.ID)
	if err != nil {
		return nil
	}
	return m
}
