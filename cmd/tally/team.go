package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newTeam(a *app) *cobra.Command {
	return parent("team", "Say which agents read each other's memories of scope team", newTeamList(a), newTeamCreate(a), newTeamAdd(a), newTeamRemove(a))
}

func newTeamList(a *app) *cobra.Command {
	cmd := command("list", "List the teams and who is in them", argCheck{0, 0}, nil)
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		list, err := c.Governance().Teams(ctx)
		if err != nil {
			return err
		}
		return showAll(a, "teams", list.Teams, func(w io.Writer) error {
			rows := make([][]string, len(list.Teams))
			for i, t := range list.Teams {
				rows[i] = []string{t.Name, strings.Join(t.Members, ", ")}
			}
			return table(w, []string{"TEAM", "MEMBERS"}, rows)
		})
	})
	return cmd
}

// operatorWrite is a command that writes what only operators change.
func operatorWrite(a *app, use, short string, args argCheck, write func(context.Context, *client.Client, []string, client.With) error) *cobra.Command {
	var w writeFlags
	cmd := command(use, short, args, nil)
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		if c, err = a.operate(ctx, c); err != nil {
			return err
		}
		return write(ctx, c, args, with)
	})
	w.register(cmd)
	return cmd
}

// teamChange is a command that changes a team.
func teamChange(a *app, use, short string, args argCheck, change func(context.Context, *client.Client, []string, client.With) (*client.TeamChanged, error)) *cobra.Command {
	return operatorWrite(a, use, short, args, func(ctx context.Context, c *client.Client, args []string, with client.With) error {
		t, err := change(ctx, c, args, with)
		if err != nil {
			return err
		}
		return a.show(t, func(w io.Writer) error {
			say(w, "team %s: %s\n", t.Name, strings.Join(t.Members, ", "))
			return nil
		})
	})
}

const teamHelp = `Teams hold on all nodes, and only operators change them. A memory of scope team is for
its owner, its recipient, and whoever is in a team with its owner.`

func newTeamCreate(a *app) *cobra.Command {
	cmd := teamChange(a, "create TEAM [AGENT...] [flags]", "Make a team", argCheck{1, -1}, addTo)
	cmd.Long = "Make a team. " + teamHelp
	cmd.Example = "  tally team create ops alice bob\n  tally remember \"On call\" \"bob, until Friday\" --scope team --agent alice"
	return cmd
}

func newTeamAdd(a *app) *cobra.Command {
	cmd := teamChange(a, "add TEAM AGENT... [flags]", "Take agents into a team", argCheck{2, -1}, addTo)
	cmd.Long = "Take agents into a team. " + teamHelp
	return cmd
}

func addTo(ctx context.Context, c *client.Client, args []string, with client.With) (*client.TeamChanged, error) {
	return c.Governance().ChangeTeam(ctx, args[0], args[1:], nil, with)
}

func newTeamRemove(a *app) *cobra.Command {
	cmd := teamChange(a, "remove TEAM [AGENT...] [flags]", "Take agents out of a team, or end it", argCheck{1, -1},
		func(ctx context.Context, c *client.Client, args []string, with client.With) (*client.TeamChanged, error) {
			if len(args) == 1 {
				return c.Governance().RemoveTeam(ctx, args[0], with)
			}
			return c.Governance().ChangeTeam(ctx, args[0], nil, args[1:], with)
		})
	cmd.Long = "Take agents out of a team; without agents, end it. " + teamHelp
	return cmd
}

func newOutboundList(a *app) *cobra.Command {
	cmd := command("list", "List the rules about calls that hold on all nodes", argCheck{0, 0}, nil)
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		r, err := c.Governance().Outbound(ctx)
		if err != nil {
			return err
		}
		return showRules(a, r)
	})
	return cmd
}

func newOutboundSet(a *app) *cobra.Command {
	cmd := operatorWrite(a, "set [RULE...] [flags]", "Replace the rules about calls that hold on all nodes", argCheck{0, -1},
		func(ctx context.Context, c *client.Client, args []string, with client.With) error {
			r, err := c.Governance().SetOutbound(ctx, client.OutboundInput{Rules: append([]string{}, args...)}, with)
			if err != nil {
				return err
			}
			return showRules(a, r)
		})
	cmd.Long = `Replace the rules about calls that hold on all nodes; without rules there are none. Each
node asks those of its own configuration first (--outbound), and then these: the first
rule that matches says. They are written as there, and only operators change them. A
rule that denies push or pull keeps nodes apart, and so the change that takes it back,
too: then it must be made on each.`
	cmd.Example = "  tally policy outbound set 'deny webhook http://*' 'deny * 169.254.0.0/16'"
	return cmd
}

func showRules(a *app, r *client.OutboundRules) error {
	return showAll(a, "rules", r.Rules, func(w io.Writer) error {
		for _, rule := range r.Rules {
			say(w, "%s\n", rule)
		}
		return nil
	})
}
