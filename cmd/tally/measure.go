package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newMeasure(a *app) *cobra.Command {
	var last bool
	cmd := command("measure [flags]", "Measure for a few seconds how fast a node is, beside the last time", argCheck{0, 0}, nil)
	cmd.Long = `Make a running node measure itself for three or four seconds: what it takes to make
a page durable on the disk of its data, to answer a question and to list memories,
one caller after the other and without the network; and how long its clients have
waited for writes since its start. Nothing is left behind. The result is kept, and
shown beside the one before. tally bench measures whole federations, and from
outside.`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		c, err := a.operate(ctx, c)
		if err != nil {
			return err
		}
		ask := c.Upkeep().Measure
		if last {
			ask = c.Upkeep().Measured
		}
		v, err := ask(ctx)
		if err != nil {
			return err
		}
		return a.show(v, func(w io.Writer) error { return showMeasurements(w, v) })
	})
	cmd.Flags().BoolVar(&last, "last", false, "show what was measured last, and measure nothing")
	return cmd
}

func showMeasurements(w io.Writer, v *client.Measurements) error {
	if v.Last == nil {
		say(w, "nothing was measured yet\n")
		return nil
	}
	before := v.Before
	if before == nil {
		before = &client.Measurement{}
	}
	row := func(what string, now, then float64) []string {
		was := "-"
		if v.Before != nil {
			was = fmt.Sprintf("%.2f ms", then)
		}
		return []string{what, fmt.Sprintf("%.2f ms", now), was}
	}
	n := v.Last
	return table(w, []string{"", stamp(n.At.Time), stamp(before.At.Time)}, [][]string{
		{"memories", decimal(n.Memories), decimal(before.Memories)},
		row("a page made durable, median", n.SyncP50, before.SyncP50),
		row("a page made durable, 99 %", n.SyncP99, before.SyncP99),
		row("recall, median", n.RecallP50, before.RecallP50),
		row("recall, 95 %", n.RecallP95, before.RecallP95),
		row("list of 50, median", n.ListP50, before.ListP50),
		row("list of 50, 95 %", n.ListP95, before.ListP95),
		row("writes of clients, median, about", n.WriteP50, before.WriteP50),
		row("writes of clients, 95 %, about", n.WriteP95, before.WriteP95),
	})
}
