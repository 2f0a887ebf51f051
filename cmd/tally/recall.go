package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// recallOptions say how `tally recall` asks and answers.
type recallOptions struct {
	selectFlags

	all, text bool
	budget    int
	explain   explainOptions
}

func newRecall(a *app) *cobra.Command {
	var o recallOptions
	cmd := command("recall [flags] WORDS… | -", "Find memories by what they say", argCheck{1, -1}, nil)
	cmd.Long = `Find the memories that fit a question best, best first. Any of the words may
occur; with --all every word must. The question is the arguments, or stdin for "-".

At a terminal the answer is a table, with the beginnings of the texts; to a pipe or
a file go the whole texts, as with --text. With --budget no more texts are printed
than that many tokens, 4 bytes each, but always the best one.

How far a hit may be relied upon is its band: strong, likely or weak. --explain says
what each score is made of and which ways of looking ran, --why-not why a memory is
not among the hits.`
	cmd.Example = `  tally recall how do I open the gate
  tally recall --budget 500 how do I open the gate | my-agent
  tally recall --all --namespace home gate code --json
  tally recall --explain --why-not 3f2a… how do I open the gate`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		if cmd.Flags().Changed("budget") && o.budget < 1 {
			return usage("--budget %d: want 1 or more", o.budget)
		}
		return runRecall(ctx, a, c, o, args)
	})
	o.register(cmd, 10, "at most this many, up to 50")
	cmd.Flags().BoolVar(&o.all, "all", false, "all words must occur")
	cmd.Flags().BoolVar(&o.text, "text", false, "the whole texts, at a terminal too")
	o.explain.register(cmd)
	cmd.Flags().IntVar(&o.budget, "budget", 0, "whole texts, of at most this many `tokens` together")
	return cmd
}

func runRecall(ctx context.Context, a *app, c *client.Client, o recallOptions, args []string) error {
	sel, err := o.selection(time.Now())
	if err != nil {
		return err
	}
	words, err := a.text(strings.Join(args, " "))
	if err != nil {
		return err
	}
	out, err := o.ask(ctx, c, words, sel)
	if err != nil {
		return err
	}
	if o.budget > 0 {
		out.Memories = within(out.Memories, o.budget)
		out.Count = len(out.Memories)
	}
	if out.IndexLag > 0 {
		say(a.err, "tally: the text index of the node is %s behind: what was written just now may be missing\n", count(out.IndexLag, "entry"))
	}
	reservations(a.err, out)
	whole := o.text || o.budget > 0 || !terminal(a.out)
	return a.show(out, func(w io.Writer) error {
		if out.Standing != nil {
			say(w, "%s\n\n", strings.TrimSpace(safe(out.Standing.Text)))
		}
		if err := showHits(w, out.Memories, whole); err != nil {
			return err
		}
		return showExplained(w, out)
	})
}

func (o *recallOptions) ask(ctx context.Context, c *client.Client, words string, sel client.Selection) (*client.Recalled, error) {
	if o.all {
		if name := o.explain.given(); name != "" {
			return nil, usage("--%s does not go with --all", name)
		}
		return c.Search(ctx, words, sel)
	}
	if o.explain.given() == "" {
		return c.Recall(ctx, words, sel)
	}
	in := &client.RecallInput{Context: words, Limit: sel.Limit, Filter: client.Filter{
		Namespace: sel.Namespace, Tier: sel.Tier, MinPriority: int(sel.MinPriority), Since: client.Time{Time: sel.Since}, Until: client.Time{Time: sel.Until},
	}}
	if sel.Tag != "" {
		in.Tags = client.Texts{sel.Tag}
	}
	if err := o.explain.into(ctx, c, in); err != nil {
		return nil, err
	}
	return c.Ask(ctx, in)
}

// within leaves out what goes beyond a budget of tokens; the best hit stays.
func within(hits []client.Hit, budget int) []client.Hit {
	used := 0
	for i, h := range hits {
		used += (len(h.Content) + 3) / 4
		if i > 0 && used > budget {
			return hits[:i]
		}
	}
	return hits
}
