package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newLink(a *app) *cobra.Command {
	return linkCommand(a, "link [flags] SOURCE TARGET", "Link two memories",
		"related_to, supersedes, contradicts, derived_from, reflects_on or derives_from (default related_to)",
		func(ctx context.Context, c *client.Client, e client.Link, with client.With) error {
			out, err := c.Graph().Link(ctx, e.Source, e.Target, e.Relation, with)
			if err != nil {
				return err
			}
			return a.showOutcome(fmt.Sprintf("linked  %s → %s", e.Source, e.Target), out)
		})
}

func newUnlink(a *app) *cobra.Command {
	var dryRun bool
	cmd := linkCommand(a, "unlink [flags] SOURCE TARGET", "Remove the links between two memories",
		"only this relation (default all)",
		func(ctx context.Context, c *client.Client, e client.Link, with client.With) error {
			if dryRun {
				return rehearseUnlink(ctx, a, c, e)
			}
			removed, out, err := c.Graph().Unlink(ctx, e.Source, e.Target, e.Relation, with)
			if err != nil || out.Pending != nil {
				return orPending(a, out, err)
			}
			both := struct {
				Deleted bool `json:"deleted"`
				*client.Outcome
			}{removed, out}
			return a.show(both, func(w io.Writer) error {
				if !removed {
					say(w, "there was no such link\n")
					return nil
				}
				say(w, "unlinked  %s → %s\n", e.Source, e.Target)
				showReceipt(w, out.Receipt)
				return nil
			})
		})
	dryRunFlag(cmd, &dryRun)
	return cmd
}

func linkCommand(a *app, use, short, relationHelp string, act func(context.Context, *client.Client, client.Link, client.With) error) *cobra.Command {
	var w writeFlags
	var relation string
	cmd := command(use, short, argCheck{2, 2}, func(cmd *cobra.Command, args []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		e := client.Link{Relation: relation}
		if e.Source, err = wholeID(cmd.Context(), c, args[0]); err != nil {
			return err
		}
		if e.Target, err = wholeID(cmd.Context(), c, args[1]); err != nil {
			return err
		}
		return missedOne(cmd.Context(), c, []string{e.Source, e.Target}, act(cmd.Context(), c, e, with))
	})
	cmd.Flags().StringVarP(&relation, "relation", "r", "", relationHelp)
	w.register(cmd)
	return cmd
}
