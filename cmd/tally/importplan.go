package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
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
	Lost       losses          `json:"lost,omitempty"`

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
func (a *app) importPlan(ctx context.Context, im *importRun, name string, src *importer.Source, o importer.Options) error {
	a.leaves("nothing was written, and what is said is of a part of the source: run it again")
	im.dry = true
	plan := &importPlan{Format: src.Format, Namespaces: map[string]int{}}
	r, failed := im.run(ctx, plan.watched(src.Items(o)))
	plan.Node = len(im.nodes) > 0
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
		plan.Lost.show(w)
		return nil
	})
	return errors.Join(failed, err, unwritten(r))
}

// unwritten is the error of an import that could not carry out all of it.
func unwritten(r *importReport) error {
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
func (a *app) nothing(r *importReport, name string) {
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

// foresee counts what create or archive would do.
func (im *importRun) foresee(ctx context.Context, c *client.Client, item importer.Item) error {
	m, gone, err := existing(ctx, c, item)
	if err != nil {
		return err
	}
	waits := false
	if c != nil && !gone && (m == nil || !same(m, &item.Draft)) {
		if waits, err = judged(ctx, c, item, m); err != nil {
			return err
		}
	}
	id := ""
	if m != nil {
		id = m.ID
	} else if gone {
		id = item.Draft.ID
	}
	im.met(item, id)
	im.count(func(r *importReport) {
		if gone || m != nil && item.Archive == "" && same(m, &item.Draft) {
			r.Unchanged++
			return
		}
		if waits {
			r.Pending++
			return
		}
		r.Written++
		switch {
		case item.Archive != "":
			r.Archived++
		case m != nil:
			r.Updated++
		}
	})
	return nil
}

// judged has the node try the write of an item, of which m is there already, or nil: by
// its rules, and by what this agent may not see. It reports whether the write would wait
// for approval.
func judged(ctx context.Context, c *client.Client, item importer.Item, m *client.Memory) (waits bool, err error) {
	d := item.Draft
	switch {
	case m != nil:
		d.ID, d.Title, d.Namespace = m.ID, m.Title, m.Namespace // what is edited stays where it is
	case item.Otherwise != "":
		d.Title = item.Otherwise // its own may be taken
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return false, err
	}
	out, err := c.Upkeep().Import(ctx, client.ImportInput{Memories: []json.RawMessage{raw}, DryRun: true})
	if err != nil || len(out.Errors) == 0 {
		return err == nil && len(out.Pending) > 0, err
	}
	_, why, _ := strings.Cut(out.Errors[0], ": ") // behind what the memory is called
	return false, errors.New(why)
}

// existing is the memory that an item would meet at the node; nil if none. gone
// is set where one that is to be archived is there in whatever state.
func existing(ctx context.Context, c *client.Client, item importer.Item) (m *client.Memory, gone bool, err error) {
	d := &item.Draft
	if c == nil {
		return nil, false, nil
	}
	switch {
	case d.ID != "" && item.Archive != "":
		there, halfway, err := before(ctx, c, d)
		if err != nil || there {
			return nil, there && !halfway, err
		}
	case d.ID != "":
		if m, _, err = c.Get(ctx, d.ID); err == nil || !notFound(err) {
			return m, false, err
		}
	}
	ns := d.Namespace
	if ns == "" {
		ns = "global"
	}
	page, err := c.List(ctx, client.Selection{Namespace: ns, Title: d.Title, Limit: 1})
	if err != nil || len(page.Memories) == 0 || item.Otherwise != "" {
		return nil, false, err
	}
	return &page.Memories[0], false, nil
}
