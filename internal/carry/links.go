package carry

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

const (
	lostEnd   = "a link to a memory that is not there"
	hiddenEnd = "a link to a memory that is archived, or not visible to its owner"
)

// draw draws a link between memories of the source, in the name of the owner of
// the one that it leaves, unless it is there.
func (r *run) draw(ctx context.Context, c *client.Client, item importer.Item) error {
	l := *item.Link
	what := l.Source + " → " + l.Target
	if l.Source == l.Target {
		return fmt.Errorf("link %s: link from %s to itself", what, l.Source)
	}
	source, here := r.known(l.Source)
	target, there := r.known(l.Target)
	switch {
	case item.Loose && (!here || !there):
		r.lose(item.Where, lostEnd, what)
		return nil
	case here && there && (source.archived || target.archived || target.hidden && target.owner != cmp.Or(source.owner, r.Agent)):
		r.lose(item.Where, hiddenEnd, what)
		return nil
	}
	c, err := r.speakers.of(c, cmp.Or(item.Owner, source.owner))
	if err != nil {
		return err
	}
	l.Source, l.Target = source.id, target.id
	l.Relation = cmp.Or(l.Relation, "related_to")
	there, err = r.linked(ctx, c, l, source, target)
	switch {
	case client.IsNotFound(err) && item.Loose:
		r.lose(item.Where, hiddenEnd, what)
		return nil
	case err != nil:
		return fmt.Errorf("link %s: %w", what, err)
	case there:
		r.count(func(t *Report) { t.LinksUnchanged++ })
		return nil
	}
	if r.Dry {
		r.count(func(t *Report) { t.Links++ })
		return nil
	}
	out, err := c.Graph().Link(ctx, l.Source, l.Target, l.Relation, r.With)
	if item.Loose && client.IsNotFound(err) {
		r.lose(item.Where, hiddenEnd, what)
		return nil
	}
	if err != nil {
		return fmt.Errorf("link %s: %w", what, err)
	}
	r.count(func(t *Report) { t.Links++; t.receipt(out.Receipt) })
	return nil
}

// linked reports whether a link is there already. A dry run also looks for ends
// that the source does not have; c is nil if there is no node to ask.
func (r *run) linked(ctx context.Context, c *client.Client, l client.Link, ends ...end) (bool, error) {
	if c == nil {
		return false, nil
	}
	planned := false
	for _, e := range ends {
		planned = planned || e.planned
		if r.Dry && e.strange {
			if _, _, err := c.Get(ctx, e.id); err != nil {
				return false, err
			}
		}
	}
	if planned {
		return false, nil
	}
	if r.linksOf != l.Source || r.linksAs != c {
		list, err := c.Graph().Links(ctx, l.Source)
		if err != nil {
			return false, err
		}
		r.linksOf, r.linksAs, r.links = l.Source, c, list
	}
	return slices.ContainsFunc(r.links, func(x client.Link) bool {
		return x.Source == l.Source && x.Target == l.Target && x.Relation == l.Relation
	}), nil
}

func (r *run) link(ctx context.Context, items []importer.Item) error {
	for i, item := range items {
		err := r.persist(ctx, i, func(c *client.Client) error { return r.draw(ctx, c, item) })
		if err := r.verdict(ctx, item, err); err != nil {
			return err
		}
	}
	return nil
}
