package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
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
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		if status == "all" {
			status = ""
		}
		list, err := c.ListPending(cmd.Context(), status, limit)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) error {
			if len(list) == 0 {
				_, err := fmt.Fprintln(w, "nothing waits")
				return err
			}
			rows := make([][]string, len(list))
			for i, p := range list {
				rows[i] = []string{p.ID, p.Action, p.Namespace, p.RequestedBy, stamp(p.RequestedAt), p.Status, fmt.Sprint(len(p.Approvals))}
			}
			return table(w, []string{"ID", "ACTION", "NAMESPACE", "ASKED BY", "AT", "STATUS", "VOTES"}, rows)
		})
	}
	cmd.Flags().StringVar(&status, "status", "pending", "pending, approved, rejected, failed or all")
	cmd.Flags().IntVarP(&limit, "limit", "l", 100, "at most this many")
	return cmd
}

func newDecide(a *app, verb, short string, approve bool) *cobra.Command {
	var w writeFlags
	cmd := command(verb+" [flags] ID", short, argCheck{1, 1}, nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		with, err := w.with()
		if err != nil {
			return err
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		v, err := c.Decide(cmd.Context(), args[0], approve, with)
		if err != nil {
			return err
		}
		err = a.show(v, func(w io.Writer) error {
			switch {
			case v.Rejected:
				fmt.Fprintf(w, "rejected  %s\n", args[0])
			case v.Approved && v.Executed:
				fmt.Fprintf(w, "approved and done  %s  %s\n", args[0], v.MemoryID)
			case v.Approved:
				fmt.Fprintf(w, "approved, and not done  %s\n", args[0])
			default:
				fmt.Fprintf(w, "vote counted  %s: %d of %d\n", args[0], v.Votes, v.Quorum)
			}
			if v.Reason != "" {
				fmt.Fprintf(w, "  %s\n", printable(v.Reason))
			}
			showReceipt(w, v.Receipt)
			return nil
		})
		if err == nil && v.Status == "pending" && !v.Approved && !v.Rejected {
			return errPending
		}
		return err
	}
	w.register(cmd)
	return cmd
}
