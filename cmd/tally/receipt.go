package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newReceipt(a *app) *cobra.Command {
	cmd := command("receipt DOT", "Say who holds a write now", argCheck{1, 1}, nil)
	cmd.Long = "Say which members hold a write on disk by now. The DOT is what a receipt\nshowed: node.incarnation.number."
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		r, err := c.Receipt(ctx, args[0])
		if err != nil {
			return noSuch(err, "op %s here: the node does not hold it, or not yet", args[0])
		}
		return a.show(r, func(w io.Writer) error {
			showReceipt(w, r)
			return nil
		})
	})
	cmd.AddCommand(newReceiptVerify(a))
	return cmd
}
