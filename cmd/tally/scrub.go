package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newScrub(a *app) *cobra.Command {
	cmd := command("scrub", "Read all that a node has stored, and look for damage", argCheck{0, 0}, nil)
	cmd.Long = `Read every entry of the node's log, compare it with its digest, and mark what is
damaged: that is served to nobody, and fetched from a member that has it whole.
Nodes do this by themselves in the course of a week. Ends with 1 if something is
damaged and not mended yet.`
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.connect(cmd.Context())
		if err == nil {
			c, err = a.operate(cmd.Context(), c)
		}
		if err != nil {
			return err
		}
		a.leaves("not all of it was read: run it again")
		p := newProgress(a.err, "of the log read")
		s, err := c.Upkeep().Scrub(cmd.Context(), func(s client.Scrubbing) { p.at(int(s.After), int(s.Last)) })
		p.done()
		if err != nil {
			return err
		}
		err = a.show(s, func(w io.Writer) error {
			say(w, "%d entries read, %d damaged\n", s.Entries, s.Damaged)
			return nil
		})
		if err == nil && s.Damaged > 0 {
			return errShown
		}
		return err
	}
	return cmd
}
