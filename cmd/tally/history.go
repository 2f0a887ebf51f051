package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newHistory(a *app) *cobra.Command {
	cmd := command("history ID", "Show the versions of a memory", argCheck{1, 1}, nil)
	cmd.Long = `Show every version that is still kept, newest first, and which one is current.
"conflict" marks a version that lost against a concurrent edit and that nobody
has looked at since: read it, and settle it with an edit.`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		id, err := anyID(ctx, c, args[0])
		if err != nil {
			return err
		}
		list, err := c.History(ctx, id)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) error {
			rows := make([][]string, len(list))
			for i, r := range list {
				mark, text := "", "(text is no longer kept)"
				if r.Current {
					mark = "current"
				} else if r.Conflict {
					mark = "conflict"
				}
				version := "-"
				if m := r.Memory; m != nil {
					text = cutTo(m.Title+": "+strings.Join(strings.Fields(m.Content), " "), 70)
					version = decimal(m.Version)
				}
				rows[i] = []string{version, mark, stamp(r.At), r.Actor, r.Kind, r.Dot, text}
			}
			return table(w, []string{"VERSION", "STATE", "WRITTEN", "BY", "KIND", "DOT", "TEXT"}, rows)
		})
	})
	return cmd
}
