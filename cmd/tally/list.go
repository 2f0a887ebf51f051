package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

const maxPage = 1000 // memories of one list request

// listOptions say what `tally list` shows.
type listOptions struct {
	selectFlags

	offset                       int
	archived, expired, conflicts bool
	heldBy, missingAt, order     string
}

func newList(a *app) *cobra.Command {
	var o listOptions
	cmd := command("list [flags]", "List memories", argCheck{0, 0}, nil)
	cmd.Long = `List live memories by priority, then by last edit; with --archived those in the
archive, the expired included, with --expired those that expired. tally restore
brings them back. With --conflicts: those of which two versions were written at
the same time, until somebody settles it (tally resolve). With --missing-at MEMBER:
those that a member is not known to hold as they are here, because they are owed
to it, it refused them, or it was not heard of; with --held-by MEMBER the others.`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error { return runList(ctx, a, c, o) })
	o.register(cmd, 20, "at most this many")
	cmd.Flags().IntVar(&o.offset, "offset", 0, "leave out this many before them")
	cmd.Flags().BoolVar(&o.archived, "archived", false, "the archive instead")
	cmd.Flags().BoolVar(&o.expired, "expired", false, "only what expired, from the archive")
	cmd.Flags().BoolVar(&o.conflicts, "conflicts", false, "only memories in conflict")
	cmd.Flags().StringVar(&o.heldBy, "held-by", "", "only what this `member` is known to hold as it is here")
	cmd.Flags().StringVar(&o.missingAt, "missing-at", "", "only what this `member` is not known to hold")
	cmd.Flags().StringVar(&o.order, "order", "priority", "priority, edited (the newest first) or id")
	cmd.MarkFlagsMutuallyExclusive("archived", "conflicts")
	cmd.MarkFlagsMutuallyExclusive("expired", "conflicts")
	return cmd
}

func runList(ctx context.Context, a *app, c *client.Client, o listOptions) error {
	sel, err := o.selection(time.Now())
	if err != nil {
		return err
	}
	if o.offset < 0 {
		return usage("--offset %d: want 0 or more", o.offset)
	}
	switch o.order {
	case "priority", "edited", "id":
	default:
		return usage("--order %q: want priority, edited or id", o.order)
	}
	sel.HeldBy, sel.MissingAt, sel.Order, sel.Conflicts = o.heldBy, o.missingAt, o.order, o.conflicts
	fetch := livePages(ctx, c, sel)
	if o.archived || o.expired {
		fetch = archivePages(ctx, c, sel)
	}
	list, err := pick(fetch, o.offset, o.limit, func(m *client.Memory) bool {
		return !o.expired || m.ArchiveReason == reasonExpired
	})
	if err != nil {
		return err
	}
	return a.show(client.Page{Memories: list, Count: len(list)}, func(w io.Writer) error { return showList(a, w, list) })
}

// pages returns the next part of a list each time it is called, and nothing at
// the end.
type pages func() ([]client.Memory, error)

func livePages(ctx context.Context, c *client.Client, sel client.Selection) pages {
	sel.Limit = maxPage
	end := false
	return func() ([]client.Memory, error) {
		if end {
			return nil, nil
		}
		page, err := c.List(ctx, sel)
		if err != nil {
			return nil, err
		}
		sel.Cursor, end = page.Next, page.Next == ""
		return page.Memories, nil
	}
}

func archivePages(ctx context.Context, c *client.Client, sel client.Selection) pages {
	sel.Limit = maxPage
	end := false
	return func() ([]client.Memory, error) {
		if end {
			return nil, nil
		}
		page, err := c.Upkeep().Archived(ctx, sel)
		if err != nil {
			return nil, err
		}
		sel.Offset, end = sel.Offset+len(page), len(page) < maxPage
		return page, nil
	}
}

// pick goes through pages until limit memories fit, after the first offset ones.
func pick(next pages, offset, limit int, fits func(*client.Memory) bool) ([]client.Memory, error) {
	out := []client.Memory{}
	for {
		page, err := next()
		if err != nil || len(page) == 0 {
			return out, err
		}
		for i := range page {
			switch {
			case !fits(&page[i]):
			case offset > 0:
				offset--
			default:
				out = append(out, page[i])
			}
			if len(out) == limit {
				return out, nil
			}
		}
	}
}
