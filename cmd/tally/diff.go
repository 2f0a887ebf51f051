package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newDiff(a *app) *cobra.Command {
	cmd := command("diff MEMBER", "Compare a node with another member", argCheck{1, 1}, nil)
	cmd.Long = `Compare everything that the node holds with what a member holds, now, and list
where they differ. Ends with 0 if they are equal, with 10 if not. A member that
is still catching up differs, and that heals by itself.`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		d, err := c.Diff(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.showDiff(d)
	}
	return cmd
}

func newRepair(a *app) *cobra.Command {
	cmd := command("repair MEMBER", "Make a node and another member equal", argCheck{1, 1}, nil)
	cmd.Long = `Exchange with a member what tally diff lists. Nodes do this by themselves when
they notice a difference; the command does it now.`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		d, err := c.Repair(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.showDiff(d)
	}
	return cmd
}

func (a *app) showDiff(d *client.Diff) error {
	err := a.show(d, func(w io.Writer) error {
		if d.Equal {
			_, err := fmt.Fprintf(w, "equal  %s\n", d.Here)
			return err
		}
		fmt.Fprintf(w, "here   %s\nthere  %s  (%s)\n", d.Here, d.There, d.Member)
		rows := make([][]string, len(d.Differences))
		for i, x := range d.Differences {
			rows[i] = []string{x.Key, orNone(x.Here), orNone(x.There)}
		}
		if err := table(w, []string{"RECORD", "HERE", "THERE"}, rows); err != nil {
			return err
		}
		if d.Truncated {
			fmt.Fprintln(w, "… and more")
		}
		return nil
	})
	if err == nil && !d.Equal {
		return errDiffer
	}
	return err
}

func orNone(dot string) string {
	if dot == "" {
		return "(none)"
	}
	return dot
}
