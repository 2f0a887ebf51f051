package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/importer"
	"github.com/tallystick/tallystick/internal/carry"
)

// importPlan is what an import would do.
type importPlan struct {
	Format     importer.Format `json:"format"`
	Memories   int             `json:"memories"`
	Links      int             `json:"links"`
	Unreadable int             `json:"unreadable"`
	Bytes      int             `json:"bytes"`
	Namespaces map[string]int  `json:"namespaces"`
	Archived   int             `json:"archived,omitempty"` // of the memories
	Standards  int             `json:"standards,omitempty"`
	Skipped    int             `json:"skipped,omitempty"`
	Pending    int             `json:"pending,omitempty"` // would wait for approval
	Failed     int             `json:"failed,omitempty"`
	Lost       carry.Losses    `json:"lost,omitempty"`

	// Node says whether a node was asked what it has already; without one it is
	// taken to be empty.
	Node           bool `json:"node"`
	Written        int  `json:"written"`
	Updated        int  `json:"updated"`
	Unchanged      int  `json:"unchanged"`
	LinksUnchanged int  `json:"links_unchanged,omitempty"`
}

// watched passes the items of a source on and counts where they go.
func (p *importPlan) watched(items iter.Seq2[importer.Item, error]) iter.Seq2[importer.Item, error] {
	return func(yield func(importer.Item, error) bool) {
		for item, err := range items {
			if err == nil && item.Loss == nil && item.Link == nil && item.Standard == nil && !item.Archived {
				ns := item.Draft.Namespace
				if ns == "" {
					ns = "global"
				}
				p.Memories++
				p.Bytes += len(item.Draft.Content)
				p.Namespaces[ns]++
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// importPlan goes the way of an import without writing. A node that answers is
// asked what it has.
func (a *app) importPlan(ctx context.Context, way carry.Options, bar *progress, name string, src *importer.Source, o importer.Options) error {
	a.leaves("nothing was written, and what is said is of a part of the source: run it again")
	plan := &importPlan{Format: src.Format, Namespaces: map[string]int{}}
	r, failed := carry.Run(ctx, plan.watched(src.Items(o)), way)
	bar.done()
	plan.Node = r.Asked
	plan.Links, plan.Unreadable, plan.Standards, plan.Lost = r.Links+r.LinksUnchanged, r.Unreadable, r.Standards, r.Lost
	plan.Written, plan.Updated, plan.Unchanged, plan.LinksUnchanged = r.Written, r.Updated, r.Unchanged, r.LinksUnchanged
	plan.Archived, plan.Skipped, plan.Pending, plan.Failed = r.Archived, r.Skipped, r.Pending, r.Failed
	if !plan.Node {
		say(a.err, "no node answers: what it has already is not taken into account\n")
	}
	a.nothing(r, name)
	err := a.show(plan, func(w io.Writer) error {
		say(w, "%s: %s, %s, %.1f KiB of text, %d unreadable; nothing was written\n",
			plan.Format, counted(plan.Memories, "memory", "memories"), counted(plan.Links, "link", "links"), float64(plan.Bytes)/1024, plan.Unreadable)
		say(w, "would be written: %d (%s, %d to the archive); unchanged: %d\n",
			plan.Written, counted(plan.Updated, "edit", "edits"), plan.Archived, plan.Unchanged+plan.LinksUnchanged)
		rows := [][]string{}
		for _, ns := range slices.Sorted(maps.Keys(plan.Namespaces)) {
			rows = append(rows, []string{ns, decimal(plan.Namespaces[ns])})
		}
		if err := table(w, []string{"NAMESPACE", "MEMORIES"}, rows); err != nil {
			return err
		}
		showLosses(w, plan.Lost)
		return nil
	})
	return errors.Join(failed, err, unwritten(r))
}

// unwritten is the error of an import that could not carry out all of it.
func unwritten(r *carry.Report) error {
	if r.Failed == 0 && r.Short > 0 {
		return &shortError{r.Short, r.Written}
	}
	if r.Failed == 0 {
		return nil
	}
	return fmt.Errorf("import: %d of %d were not written", r.Failed, r.Read)
}

// shortError is that of many writes some reached fewer members than was asked for.
type shortError struct{ short, of int }

func (e *shortError) Error() string {
	return fmt.Sprintf("import: quorum not met for %d of %d writes; they are kept and will arrive", e.short, e.of)
}

// nothing says so where a source holds no memories.
func (a *app) nothing(r *carry.Report, name string) {
	if name == "-" {
		name = "stdin"
	}
	if r.Read == 0 {
		say(a.err, "nothing to import: %s holds no memories\n", name)
	}
}

func counted(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return decimal(n) + " " + plural
}

func showLosses(w io.Writer, l carry.Losses) {
	if len(l) == 0 {
		return
	}
	say(w, "\nnot carried over:\n")
	for _, reason := range slices.Sorted(maps.Keys(l)) {
		say(w, "  %d × %s\n", l[reason].Count, reason)
		for _, x := range l[reason].Examples {
			say(w, "      %s\n", clipped(x))
		}
	}
}

func clipped(s string) string {
	const width = 160
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}
