package main

import (
	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newConsolidate(a *app) *cobra.Command {
	var w writeFlags
	var k client.Consolidation
	var dryRun bool
	cmd := command("consolidate [flags] --title TITLE ID ID…", "Replace memories by one", argCheck{2, 100}, nil)
	cmd.Long = `Write one memory in place of several, in one step: the sources are archived, and
the new one names them. Without --summary its text lists their titles.`
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		if k.Title == "" {
			return usage("consolidate: the new memory needs a --title")
		}
		if k.Summary, err = a.text(k.Summary); err != nil {
			return err
		}
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		if k.IDs, err = wholeIDs(cmd.Context(), c, ids); err != nil {
			return err
		}
		if dryRun {
			return a.rehearseConsolidate(cmd.Context(), c, k)
		}
		out, err := c.Consolidate(cmd.Context(), k, with)
		if err != nil {
			return missedOne(cmd.Context(), c, k.IDs, err)
		}
		return a.showOutcome("consolidated", out)
	}
	cmd.Flags().StringVar(&k.Title, "title", "", "title of the new memory")
	cmd.Flags().StringVar(&k.Summary, "summary", "", "text of the new memory, or - to read it from stdin")
	cmd.Flags().StringVarP(&k.Namespace, "namespace", "n", "", "namespace of the new memory (default that of the first)")
	cmd.Flags().StringVar(&k.Tier, "tier", "", "short, mid or long (default long)")
	dryRunFlag(cmd, &dryRun)
	w.register(cmd)
	return cmd
}
