package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newDiff(a *app) *cobra.Command {
	cmd := command("diff MEMBER", "Compare a node with another member", argCheck{1, 1}, a.compares(differ))
	cmd.Long = `Compare everything that the node holds with what a member holds, now, and list
where they differ. Ends with 0 if they are equal, with 10 if not. A member that
is still catching up differs, and that heals by itself.`
	return cmd
}

func newRepair(a *app) *cobra.Command {
	var dryRun bool
	cmd := command("repair [flags] MEMBER", "Make a node and another member equal", argCheck{1, 1}, nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if dryRun {
			return a.compares(differ)(cmd, args)
		}
		return a.compares(a.repair)(cmd, args)
	}
	dryRunFlag(cmd, &dryRun)
	cmd.Long = `Exchange with a member what tally diff lists. Nodes do this by themselves when
they notice a difference; the command does it now. With --dry-run it is tally diff.`
	return cmd
}

func differ(ctx context.Context, c *client.Client, member string) (*client.Diff, error) {
	return c.Upkeep().Diff(ctx, member)
}

// repair does so as the operator.
func (a *app) repair(ctx context.Context, c *client.Client, member string) (*client.Diff, error) {
	c, err := a.operate(ctx, c)
	if err != nil {
		return nil, err
	}
	return c.Upkeep().Repair(ctx, member)
}

// compares is the body of a command that ends with a comparison.
func (a *app) compares(f func(context.Context, *client.Client, string) (*client.Diff, error)) func(*cobra.Command, []string) error {
	return a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		d, err := f(ctx, c, args[0])
		if err != nil {
			return noSuch(err, "member %q%s", args[0], members(ctx, c))
		}
		return showDiff(a, d)
	})
}

// members lists the members that a node knows, for a message; "" if there are none.
func members(ctx context.Context, c *client.Client) string {
	s, err := c.Status(ctx)
	if err != nil || len(s.Members) == 0 {
		return ""
	}
	names := make([]string, len(s.Members))
	for i, m := range s.Members {
		names[i] = m.Name
	}
	return "; the members are " + strings.Join(names, ", ")
}

func showDiff(a *app, d *client.Diff) error {
	err := a.show(d, func(w io.Writer) error {
		if d.Equal {
			say(w, "equal  %s\n", d.Here)
			return nil
		}
		say(w, "here   %s\nthere  %s  (%s)\n", d.Here, d.There, d.Member)
		rows := make([][]string, len(d.Differences))
		for i, x := range d.Differences {
			rows[i] = []string{x.Key, orNone(x.Here), orNone(x.There)}
		}
		if err := table(w, []string{"RECORD", "HERE", "THERE"}, rows); err != nil {
			return err
		}
		if d.Truncated {
			say(w, "… and more\n")
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
