package main

import (
	"io"

	"github.com/spf13/cobra"
)

func newReceipt(a *app) *cobra.Command {
	cmd := command("receipt DOT", "Say who holds a write now", argCheck{1, 1}, nil)
	cmd.Long = "Say which members hold a write on disk by now. The DOT is what a receipt\nshowed: node.incarnation.number."
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		r, err := c.Receipt(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.show(r, func(w io.Writer) error {
			showReceipt(w, r)
			return nil
		})
	}
	return cmd
}
