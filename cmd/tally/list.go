package main

import (
	"context"
	"io"
	"strings"
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
	fetch := c.List
	if o.archived || o.expired {
		fetch = c.Upkeep().ArchivePage
	}
	out, err := pick(ctx, fetch, sel, o)
	if err != nil {
		return err
	}
	leftOut(a.err, out.Damaged)
	if out.Next != "" {
		say(a.err, "→ there are more: --limit N, or --offset %d\n", o.offset+out.Count)
		out.Next = "" // pages of this command are no pages of the node
	}
	return a.show(out, func(w io.Writer) error { return showList(a, w, out.Memories) })
}

// pick goes through pages until as many memories fit as are wanted.
func pick(ctx context.Context, fetch func(context.Context, client.Selection) (*client.Page, error), sel client.Selection, o listOptions) (*client.Page, error) {
	out := &client.Page{Memories: []client.Memory{}}
	sel.Limit = maxPage
	skip := o.offset
	for {
		page, err := fetch(ctx, sel)
		if err != nil {
			return nil, err
		}
		out.Damaged = append(out.Damaged, page.Damaged...)
		for i := range page.Memories {
			m := &page.Memories[i]
			switch {
			case o.expired && m.ArchiveReason != reasonExpired:
			case skip > 0:
				skip--
			default:
				out.Memories = append(out.Memories, *m)
			}
			if out.Count = len(out.Memories); out.Count == o.limit {
				if i+1 < len(page.Memories) || page.Next != "" {
					out.Next = "more"
				}
				return out, nil
			}
		}
		if sel.Cursor = page.Next; sel.Cursor == "" {
			return out, nil
		}
	}
}

// leftOut says what an answer lacks because it is damaged on the disk of the node.
func leftOut(w io.Writer, names []string) {
	if len(names) > 0 {
		say(w, "tally: left out, because damaged on the disk of the node, which asks the other members for it: %s\n", printable(strings.Join(names, ", ")))
	}
}
