package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newAgentReaders(a *app) *cobra.Command {
	var by string
	cmd := command("readers [ID]", "List which agents have read a memory, or anything, on a node", argCheck{0, 1}, nil)
	cmd.Long = `List which agents have read a memory on a node, how often and when last: by recall,
by its id, or in a briefing. Without an ID it lists who has read anything; --by AGENT
lists which memories that agent was given, the last first. Each node
knows its own reads; callers without a name leave none. The operator is told of all,
of private and of erased memories too, an agent of its own, of what it may see. Where
the key of the operator is to be found, the operator asks.`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		id := ""
		if len(args) > 0 {
			id = args[0]
		}
		none := "no reads of your own"
		if as, err := c.AsOperator(ctx); err == nil {
			c, none = as, "nobody with a name"
		}
		if by != "" {
			return showGiven(ctx, a, c, by, id)
		}
		v, err := c.Agents().Readers(ctx, id)
		if err != nil {
			return err
		}
		return a.show(v, func(w io.Writer) error {
			rows := make([][]string, len(v.Readers))
			for i, r := range v.Readers {
				rows[i] = []string{r.AgentID, decimal(r.Times), ago(r.LastAt.Time, time.Now()), r.How}
			}
			if !v.Since.IsZero() {
				none += " since " + stamp(v.Since.Time)
			}
			return tableOr(w, none, []string{"AGENT", "TIMES", "LAST", "HOW"}, rows)
		})
	})
	cmd.Flags().StringVar(&by, "by", "", "list what this `agent` was given")
	return cmd
}

// showGiven lists what an agent was given.
func showGiven(ctx context.Context, a *app, c *client.Client, by, id string) error {
	if id != "" {
		return usage("--by is about an agent, and an ID about a memory: give one of the two")
	}
	v, err := c.Agents().ReadBy(ctx, by)
	if err != nil {
		return err
	}
	return a.show(v, func(w io.Writer) error {
		rows := make([][]string, len(v.Read))
		for i, g := range v.Read {
			rows[i] = []string{g.ID, decimal(g.Times), ago(g.LastAt.Time, time.Now()), g.How}
		}
		return tableOr(w, "it was given nothing that this node knows of", []string{"MEMORY", "TIMES", "LAST", "HOW"}, rows)
	})
}
