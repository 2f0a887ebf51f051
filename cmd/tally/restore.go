package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newRestore(a *app) *cobra.Command {
	return byID{
		use: "restore [flags] ID…", short: "Bring archived or deleted memories back", verb: "restored",
		long: `Bring memories back from the archive, or back from deletion. A short id works
for archived memories; a deleted one needs its full id.`,
		complete: archivedID,
		act: func(ctx context.Context, c *client.Client, id string, with client.With) (*client.Outcome, error) {
			return c.Restore(ctx, id, with)
		},
	}.command(a)
}
