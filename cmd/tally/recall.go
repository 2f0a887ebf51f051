package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newRecall(a *app) *cobra.Command {
	var f selectFlags
	var all bool
	cmd := command("recall [flags] WORDS… | -", "Find memories by what they say", argCheck{1, -1}, nil)
	cmd.Long = `Find the memories that fit a question best, best first. Any of the words may
occur; with --all every word must. The question is the arguments, or stdin for "-".`
	cmd.Example = `  tally recall how do I open the gate
  tally recall --all --namespace home gate code --json`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		sel, err := f.selection(time.Now())
		if err != nil {
			return err
		}
		words, err := a.text(strings.Join(args, " "))
		if err != nil {
			return err
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		out := &client.Recalled{Mode: "search"}
		if all {
			out.Memories, err = c.Search(cmd.Context(), words, sel)
			out.Count = len(out.Memories)
		} else {
			out, err = c.Recall(cmd.Context(), words, sel)
		}
		if err != nil {
			return err
		}
		return a.show(out, func(w io.Writer) error { return showHits(w, out.Memories) })
	}
	f.register(cmd, 10, "at most this many, up to 50")
	cmd.Flags().BoolVar(&all, "all", false, "all words must occur")
	return cmd
}

func showHits(w io.Writer, hits []client.Hit) error {
	if len(hits) == 0 {
		say(w, "nothing found\n")
		return nil
	}
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	rows := make([][]string, len(hits))
	short := shortIDs(ids)
	for i, h := range hits {
		rows[i] = []string{fmt.Sprintf("%.2f", h.Score), short[i], h.Namespace, cutTo(h.Title, 50), cutTo(strings.Join(strings.Fields(h.Content), " "), 70)}
	}
	return table(w, []string{"SCORE", "ID", "NAMESPACE", "TITLE", "TEXT"}, rows)
}
