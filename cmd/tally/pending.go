package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newPending(a *app) *cobra.Command {
	return parent("pending", "List writes that wait for approval, and decide on them",
		newPendingList(a),
		newDecide(a, "approve", "Vote for a write", true),
		newDecide(a, "reject", "Vote against a write", false))
}

func newPendingList(a *app) *cobra.Command {
	var status string
	var limit int
	cmd := command("list [flags]", "List writes that wait for approval", argCheck{0, 0}, nil)
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		if status == "all" {
			status = ""
		}
		list, err := c.Governance().Proposals(ctx, status, limit)
		if err != nil {
			return err
		}
		return showAll(a, "pending", list, func(w io.Writer) error {
			if len(list) == 0 {
				say(w, "nothing waits\n")
				return nil
			}
			rows := make([][]string, len(list))
			for i, p := range list {
				rows[i] = []string{p.ID, p.Action, p.Namespace, p.RequestedBy, stamp(p.RequestedAt.Time), p.Status, decimal(len(p.Approvals))}
			}
			return table(w, []string{"ID", "ACTION", "NAMESPACE", "ASKED BY", "AT", "STATUS", "VOTES"}, rows)
		})
	})
	cmd.Flags().StringVar(&status, "status", "pending", "pending, approved, rejected, failed or all")
	cmd.Flags().IntVarP(&limit, "limit", "l", 100, "at most this many")
	return cmd
}

func newDecide(a *app, verb, short string, approve bool) *cobra.Command {
	var w writeFlags
	cmd := command(verb+" [flags] ID", short, argCheck{1, 1}, nil)
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, args []string) error {
		v, err := c.Governance().Decide(ctx, args[0], approve, with)
		if err != nil {
			return noSuch(err, "proposal %q, or it is not yours to see", args[0])
		}
		err = a.show(v, func(w io.Writer) error {
			switch {
			case v.Rejected:
				say(w, "rejected  %s\n", args[0])
			case v.Approved && v.Executed:
				say(w, "approved and done  %s  %s\n", args[0], v.MemoryID)
			case v.Approved:
				say(w, "approved, and not done  %s\n", args[0])
			default:
				say(w, "vote counted  %s: %d of %d\n", args[0], v.Votes, v.Quorum)
			}
			if v.Reason != "" {
				say(w, "  %s\n", printable(v.Reason))
			}
			showReceipt(w, v.Receipt)
			return nil
		})
		if err == nil && v.Status == "pending" && !v.Approved && !v.Rejected {
			return errPending
		}
		return err
	})
	w.register(cmd)
	return cmd
}
