package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
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
	cmd.AddCommand(newReceiptGet(a), newReceiptVerify(a))
	return cmd
}

func newReceiptGet(a *app) *cobra.Command {
	cmd := command("get ID|DOT", "Print a receipt that others can check", argCheck{1, 1}, nil)
	cmd.Long = `Print what the members have signed about a write: that they hold it on disk. ID is a
memory, and its latest version is meant; DOT is what a receipt showed. Keep what is
printed in a file: whoever has it and the root's certificate can check it with
"tally receipt verify", and needs to ask nobody.`
	cmd.Example = "  tally receipt get gate-code > receipt.json\n  tally receipt verify receipt.json --ca root.pem"
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		dot, err := dotOf(ctx, c, args[0])
		if err != nil {
			return err
		}
		signed, err := c.SignedReceipt(ctx, dot)
		if err != nil {
			return noSuch(err, "op %s here: the node does not hold it, or not yet", dot)
		}
		var r receipt.Receipt
		if err := json.Unmarshal(signed, &r); err != nil {
			return fmt.Errorf("receipt of %s: %w", dot, err)
		}
		text, err := r.Encode()
		if err != nil {
			return err
		}
		_, err = a.out.Write(text)
		return err
	})
	return cmd
}

// dotOf returns an op as it is, or the one that wrote the latest version of a memory.
func dotOf(ctx context.Context, c *client.Client, name string) (string, error) {
	if _, err := memory.ParseDot(name); err == nil {
		return name, nil
	}
	past, err := c.History(ctx, name)
	if err != nil {
		return "", noSuch(err, "memory %s", name)
	}
	if len(past) == 0 {
		return "", fmt.Errorf("memory %s has no versions", name)
	}
	return past[0].Dot, nil
}
