package main

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// archiveOptions say what `tally archive` and `tally forget` do.
type archiveOptions struct {
	reason string
	dryRun bool
}

func newArchive(a *app) *cobra.Command {
	cmd := archiveCommand(a, "archive [flags] ID…", "Move memories to the archive", "archive")
	cmd.Long = "Move memories out of sight of list and recall. tally restore brings them back."
	return cmd
}

func newForget(a *app) *cobra.Command {
	cmd := archiveCommand(a, "forget [flags] ID…", "Move memories out of sight: tally archive, with the reason forget", "forget")
	cmd.Long = `Move memories out of sight of list and recall, into the archive, as tally archive
does. tally restore brings them back. To delete memories, use tally delete; to
remove every trace of them, tally erase.`
	return cmd
}

func archiveCommand(a *app, use, short, reason string) *cobra.Command {
	var w writeFlags
	var o archiveOptions
	cmd := command(use, short, argCheck{1, -1}, nil)
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, ids []string) error {
		return runArchive(ctx, a, c, with, o, ids)
	})
	cmd.Flags().StringVar(&o.reason, "reason", reason, "why")
	dryRunFlag(cmd, &o.dryRun)
	w.register(cmd)
	return cmd
}

func runArchive(ctx context.Context, a *app, c *client.Client, with client.With, o archiveOptions, ids []string) error {
	ids, err := wholeIDs(ctx, c, ids)
	if err != nil {
		return err
	}
	if o.dryRun {
		return a.rehearseOn(ctx, c, "archive", ids)
	}
	out, err := c.Archive(ctx, ids, o.reason, with)
	if err != nil {
		return err
	}
	if len(out.Archived)+len(out.Missing)+len(out.Pending) == 0 {
		out.Archived = ids // a missed quorum says no more than that all of it is kept
	}
	if len(ids) == 1 && len(out.Missing) == 1 {
		return missed(ctx, c, ids[0], &client.Error{Status: http.StatusNotFound, Code: string(client.CodeNotFound)})
	}
	return showArchived(a, out)
}

func showArchived(a *app, out *client.Archived) error {
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
			Status: http.StatusNotFound, Code: string(client.CodeNotFound),
			Message: "no live memory, or not yours: " + strings.Join(out.Missing, ", "),
		}
	case len(out.Pending) > 0:
		return errPending
	}
	return nil
}
