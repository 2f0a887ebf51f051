package main

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newArchive(a *app) *cobra.Command {
	var w writeFlags
	var reason string
	var dryRun bool
	cmd := command("archive [flags] ID…", "Move memories to the archive", argCheck{1, -1}, nil)
	cmd.Long = "Move memories out of sight of list and recall. tally restore brings them back."
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, ids []string) error {
		if dryRun {
			return a.rehearseOn(ctx, c, "archive", ids)
		}
		for i, id := range ids {
			full, err := liveID(ctx, c, id)
			if err != nil {
				return err
			}
			ids[i] = full
		}
		out, err := c.Archive(ctx, ids, reason, with)
		if err != nil {
			return err
		}
		return a.showArchived(out)
	})
	cmd.Flags().StringVar(&reason, "reason", "", "why (default archive)")
	dryRunFlag(cmd, &dryRun)
	w.register(cmd)
	return cmd
}

func (a *app) showArchived(out *client.Archived) error {
	err := a.show(out, func(w io.Writer) error {
		for _, id := range out.Archived {
			say(w, "archived  %s\n", id)
		}
		for _, id := range out.Pending {
			say(w, "waits for approval  %s\n", id)
		}
		showReceipt(w, out.Receipt)
		return nil
	})
	switch {
	case err != nil:
		return err
	case len(out.Missing) > 0:
		return &client.Error{
			Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "not found, or not yours: " + strings.Join(out.Missing, ", "),
		}
	case len(out.Pending) > 0:
		return errPending
	}
	return nil
}
