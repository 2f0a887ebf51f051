package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newParked(a *app) *cobra.Command {
	return parent("parked", "List ops that a member refused, and offer them again", newParkedList(a), newParkedRetry(a))
}

func newParkedList(a *app) *cobra.Command {
	cmd := command("list", "List parked ops", argCheck{0, 0}, nil)
	cmd.Long = `List ops that a member refused for a stated reason. They are kept, and do not
count as held by that member. Those refused for a clock that runs ahead are
tried again by themselves.`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		list, err := c.Upkeep().Parked(ctx)
		if err != nil {
			return err
		}
		return showAll(a, "parked", list, func(w io.Writer) error {
			if len(list) == 0 {
				say(w, "nothing is parked\n")
				return nil
			}
			rows := make([][]string, len(list))
			for i, p := range list {
				rows[i] = []string{p.Dot, p.Member, p.Code, stamp(p.Since.Time), stamp(p.Retry.Time), a.short(p.Text, 70)}
			}
			return table(w, []string{"DOT", "REFUSED BY", "CODE", "SINCE", "NEXT TRY", "REASON"}, rows)
		})
	})
	return cmd
}

func newParkedRetry(a *app) *cobra.Command {
	var all, dryRun bool
	cmd := command("retry [flags] DOT… | --all", "Offer parked ops again", argCheck{0, -1}, nil)
	cmd.RunE = func(cmd *cobra.Command, dots []string) error {
		if all == (len(dots) > 0) {
			return usage("parked retry: name the ops (see `tally parked list`), or give --all")
		}
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		if c, err = a.operate(cmd.Context(), c); err != nil {
			return err
		}
		if dryRun {
			list, err := c.Upkeep().TryParked(cmd.Context(), dots)
			if err != nil {
				return err
			}
			return showAll(a, "ops", list, func(w io.Writer) error { return a.prospects(w, list) })
		}
		n, err := c.Upkeep().RetryParked(cmd.Context(), dots)
		if err != nil {
			return err
		}
		return a.show(map[string]int{"retried": n}, func(w io.Writer) error {
			say(w, "offered again: %d\n", n)
			return nil
		})
	}
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would become of each, and stop")
	return cmd
}

// prospects prints what another try would come to.
func (a *app) prospects(w io.Writer, list []client.Prospect) error {
	if len(list) == 0 {
		say(w, "none of them is parked\n")
		return nil
	}
	rows := make([][]string, len(list))
	for i, p := range list {
		would := map[string]string{
			"taken": "taken now", "refused": "refused again: " + p.Text, "forbidden": "still forbidden: allow it, and have it sent again", "elsewhere": "refused by " + p.Member + ": run this there",
		}[p.Would]
		rows[i] = []string{p.Dot, either(p.Kind, "-"), either(p.Actor, "-"), a.short(strings.Join(p.Subjects, ", "), 60), a.short(would, 70)}
	}
	return table(w, []string{"DOT", "KIND", "WRITTEN BY", "WRITES", "WOULD BE"}, rows)
}
