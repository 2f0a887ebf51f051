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
has looked at since: read it, and settle it with tally resolve.`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		return runHistory(ctx, a, c, args[0])
	})
	return cmd
}

func runHistory(ctx context.Context, a *app, c *client.Client, id string) error {
	s, err := look(ctx, c, id)
	if err != nil {
		return err
	}
	h, err := c.Past(ctx, s.Memory.ID)
	if err != nil {
		return noSuch(err, "memory %q", s.Memory.ID)
	}
	return a.show(h, func(w io.Writer) error {
		if err := table(w, []string{"VERSION", "STATE", "WRITTEN", "BY", "KIND", "DOT", "TEXT"}, revisionRows(a, h.Revisions)); err != nil {
			return err
		}
		if h.Conflicts > 0 {
			say(w, "→ to keep the current text: tally resolve %s; another one: --take DOT; a new one: tally resolve %s TEXT\n", h.ID, h.ID)
		}
		return nil
	})
}

func revisionRows(a *app, list []client.Revision) [][]string {
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
			text = a.short(m.Title+": "+strings.Join(strings.Fields(m.Content), " "), 70)
			version = decimal(m.Version)
		}
		rows[i] = []string{version, mark, stamp(r.At.Time), r.Actor, r.Kind, r.Dot, text}
	}
	return rows
}
