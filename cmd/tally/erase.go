package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newErase(a *app) *cobra.Command {
	var w writeFlags
	var yes, dryRun, damaged bool
	cmd := command("erase [flags] ID…", "Remove memories and all their versions for good", argCheck{1, -1}, nil)
	cmd.Long = `Remove memories for good, on every member: text, versions, vectors and index.
Nothing brings them back, and their ids are never used again. Asks before it
does so, unless --yes is given.

Of a memory that is damaged on the node's disk nothing tells whose it is. If no
member has it whole, the operator of the node erases it with --damaged, so that
it is not missed any more.`
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, ids []string) error {
		if damaged {
			var err error
			if c, err = a.operate(ctx, c); err != nil {
				return err
			}
		}
		plan, err := newErasePlan(ctx, c, ids, damaged)
		if err != nil {
			return err
		}
		if dryRun {
			return a.show(plan, func(w io.Writer) error { return plan.print(w, "would erase") })
		}
		if !yes {
			if err := a.confirm(plan); err != nil {
				return err
			}
		}
		return a.erase(ctx, c, plan, with)
	})
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would go, and stop")
	cmd.Flags().BoolVar(&damaged, "damaged", false, "also what is damaged on the node's disk; as its operator")
	w.register(cmd)
	return cmd
}

type eraseItem struct {
	ID       string `json:"id"`
	Title    string `json:"title,omitempty"`
	Versions int    `json:"versions"`
	Damaged  bool   `json:"damaged,omitempty"` // on the disk of the node: what it says is not known
}

type erasePlan struct {
	Items []eraseItem `json:"would_erase"`
}

func (p *erasePlan) print(w io.Writer, verb string) error {
	rows := make([][]string, len(p.Items))
	for i, it := range p.Items {
		rows[i] = []string{verb, it.ID, count(it.Versions, "version"), cutTo(it.Title, 60)}
		if it.Damaged {
			rows[i] = []string{verb, it.ID, "damaged", "not known what it says"}
		}
	}
	return table(w, nil, rows)
}

// newErasePlan looks at what is about to go, in whatever state it is: damaged, if that is
// meant.
func newErasePlan(ctx context.Context, c *client.Client, ids []string, damaged bool) (*erasePlan, error) {
	plan := &erasePlan{}
	for _, id := range ids {
		full, err := wholeID(ctx, c, id)
		if err != nil {
			return nil, err
		}
		revisions, err := c.History(ctx, full)
		switch {
		case client.IsNotFound(err):
			return nil, noMemory(ctx, c, full)
		case damaged && isCode(err, client.CodeDamaged):
			plan.Items = append(plan.Items, eraseItem{ID: full, Damaged: true})
			continue
		case err != nil:
			return nil, err
		}
		item := eraseItem{ID: full, Versions: len(revisions)}
		for _, r := range revisions {
			if r.Memory != nil && r.Current {
				item.Title = r.Memory.Title
			}
		}
		plan.Items = append(plan.Items, item)
	}
	return plan, nil
}

func (a *app) erase(ctx context.Context, c *client.Client, plan *erasePlan, with client.With) error {
	for _, item := range plan.Items {
		erase := c.Erase
		if item.Damaged {
			erase = c.Upkeep().EraseDamaged
		}
		out, err := erase(ctx, item.ID, with)
		if err != nil {
			return err
		}
		if out.ID == "" && out.Pending == nil {
			out.ID = item.ID
		}
		if err := a.showOutcome("erased", out); err != nil {
			return err
		}
	}
	return nil
}

// confirm asks on the terminal. Without one, nobody can answer.
func (a *app) confirm(plan *erasePlan) error {
	if !terminal(a.in) {
		return usage("erase: stdin is no terminal to ask on: add --yes if this is meant, or --dry-run to see what would go")
	}
	if err := plan.print(a.err, "erase"); err != nil {
		return err
	}
	say(a.err, "This cannot be undone, on any member. Type yes to go on: ")
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "yes" {
		return errors.New("erase: not confirmed, nothing was erased")
	}
	return nil
}
