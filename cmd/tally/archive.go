package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newArchive(a *app) *cobra.Command {
	var w writeFlags
	var reason string
	cmd := command("archive [flags] ID…", "Move memories to the archive", argCheck{1, -1}, nil)
	cmd.Long = "Move memories out of sight of list and recall. tally restore brings them back."
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		with, err := w.with()
		if err != nil {
			return err
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		for i := range ids {
			if ids[i], err = liveID(cmd.Context(), c, ids[i]); err != nil {
				return err
			}
		}
		out, err := c.Archive(cmd.Context(), ids, reason, with)
		if err != nil {
			return err
		}
		if err := a.show(out, func(w io.Writer) error {
			for _, id := range out.Archived {
				fmt.Fprintf(w, "archived  %s\n", id)
			}
			for _, id := range out.Pending {
				fmt.Fprintf(w, "waits for approval  %s\n", id)
			}
			showReceipt(w, out.Receipt)
			return nil
		}); err != nil {
			return err
		}
		if len(out.Missing) > 0 {
			return &client.Error{Status: 404, Code: "NOT_FOUND", Message: "not found, or not yours: " + strings.Join(out.Missing, ", ")}
		}
		if len(out.Pending) > 0 {
			return errPending
		}
		return nil
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (default archive)")
	w.register(cmd)
	return cmd
}
