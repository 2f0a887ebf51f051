package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/bench"
)

func newBench(a *app) *cobra.Command {
	var o bench.Options
	cmd := command("bench [flags]", "Measure this machine", argCheck{0, 0}, nil)
	var measures strings.Builder
	for _, m := range bench.Measures() {
		say(&measures, "  %s  %s\n", m[0], m[1])
	}
	cmd.Long = `Measure federations of node processes on this machine, each measure in turn with
the design as it is and, if one is named with --control, with a program to measure
against (bench/control in the sources), and print a table in Markdown. What can
be measured:

` + measures.String()
	cmd.Example = "  tally bench --only a,b --rounds 3"
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		a.linger()
		o.JSON, o.Progress, o.Family = a.json, a.err, a.family
		return bench.Run(cmd.Context(), o, a.out)
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Only, "only", nil, "`letters` of the measures to run (default all)")
	flags.IntVar(&o.Rounds, "rounds", 0, "rounds of each measure and arm; the median counts (default 5)")
	flags.DurationVar(&o.Duration, "duration", 0, "of one round (default 10s)")
	flags.DurationVar(&o.Soak, "soak", 0, "how long e watches the memory; negative: not at all (default 2m)")
	flags.IntVar(&o.Memories, "memories", 0, "how many f and i write (default 100000)")
	flags.IntSliceVar(&o.Nodes, "nodes", nil, "how `many` d starts, one federation after the other (default 10,25,50)")
	flags.Uint64Var(&o.Seed, "seed", 0, "of the texts (default 1)")
	flags.StringVar(&o.Dir, "dir", "", "`directory` on the disk to measure (default that for temporary files)")
	flags.StringVar(&o.Binary, "binary", "", "the tally `program` to measure (default this one)")
	flags.StringArrayVar(&o.Against, "against", nil, "what else g measures, running already, as `NAME=URL`[,URL…]: anything with this API, or rqlite=URL")
	flags.StringVar(&o.Profile, "profile", "", "`directory` for CPU profiles of our nodes, for go tool pprof")
	flags.StringVar(&o.Control, "control", "", "the `program` to measure against (default none)")
	localHelp(cmd)
	return cmd
}
