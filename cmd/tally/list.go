package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

const maxPage = 1000 // memories of one list request

func newList(a *app) *cobra.Command {
	var f selectFlags
	var archived bool
	cmd := command("list [flags]", "List memories", argCheck{0, 0}, nil)
	cmd.Long = `List live memories by priority, then by last edit; with --archived those in the
archive, the expired included.`
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sel, err := f.selection(time.Now())
		if err != nil {
			return err
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		var list []client.Memory
		if archived {
			list, err = c.ListArchive(cmd.Context(), sel.Namespace, min(sel.Limit, maxPage), 0)
		} else {
			list, err = pages(sel, func(s client.Selection) (*client.Page, error) { return c.List(cmd.Context(), s) })
		}
		if err != nil {
			return err
		}
		out := client.Page{Memories: list, Count: len(list)}
		return a.show(out, func(w io.Writer) error {
			if len(list) == 0 {
				say(w, "nothing found\n")
				return nil
			}
			return table(w, []string{"ID", "NAMESPACE", "TIER", "PRIO", "UPDATED", "TITLE"}, memoryRows(list))
		})
	}
	f.register(cmd, 20, "at most this many")
	cmd.Flags().BoolVar(&archived, "archived", false, "the archive instead")
	return cmd
}

// pages fetches as many pages as the limit of s takes.
func pages(s client.Selection, fetch func(client.Selection) (*client.Page, error)) ([]client.Memory, error) {
	out := []client.Memory{}
	for want := s.Limit; want > 0; {
		s.Limit = min(want, maxPage)
		page, err := fetch(s)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Memories...)
		want -= len(page.Memories)
		if page.Next == "" || len(page.Memories) == 0 {
			break
		}
		s.Cursor = page.Next
	}
	return out, nil
}
