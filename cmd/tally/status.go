package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newStatus(a *app) *cobra.Command {
	cmd := command("status", "Show a node and its members", argCheck{0, 0}, nil)
	cmd.Long = `Show how a node stands: what it holds, which members it reaches, what it still
owes them, and when each was last proven equal. Equal digests mean equal state.`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		s, err := c.Status(ctx)
		if err != nil {
			return err
		}
		return a.show(s, func(w io.Writer) error { return showStatus(w, s) })
	})
	return cmd
}

func showStatus(w io.Writer, s *client.Status) error {
	k := s.Counts
	rows := [][]string{
		{"node", s.Node + " (incarnation " + s.Incarnation + ", tally " + s.Version + ")"},
		{"digest", s.Digest},
		{"quorum", fmt.Sprintf("%d of %d", s.W, s.N)},
		{"memories", fmt.Sprintf("%d live, %d archived, %d deleted, %d erased; %d links", k.Live, k.Archived, k.Deleted, k.Erased, k.Links)},
		{"on disk", fmt.Sprintf("%.1f MiB", float64(k.Bytes)/(1<<20))},
		{"up since", stamp(s.StartedAt)},
	}
	if s.IndexLag > 0 {
		rows = append(rows, []string{"text index", fmt.Sprintf("%d entries behind", s.IndexLag)})
	}
	if err := table(w, nil, rows); err != nil {
		return err
	}
	if len(s.Members) > 0 {
		say(w, "\n")
		rows = nil
		for _, m := range s.Members {
			rows = append(rows, []string{
				m.Name, m.State, decimal(m.Owed), decimal(m.Parked), stampOf(m.LastAckAt), stampOf(m.ProvenEqualAt), m.URL, m.LastError,
			})
		}
		if err := table(w, []string{"MEMBER", "STATE", "OWED", "PARKED", "LAST ACK", "PROVEN EQUAL", "URL", "ERROR"}, rows); err != nil {
			return err
		}
	}
	for _, warning := range s.Warnings {
		say(w, "warning: %s\n", printable(warning))
	}
	if n := len(s.Parked); n > 0 {
		say(w, "%d parked ops: tally parked list\n", n)
	}
	return nil
}
