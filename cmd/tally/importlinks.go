package main

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
func (im *importRun) draw(ctx context.Context, c *client.Client, item importer.Item) error {
	l := *item.Link
	what := l.Source + " → " + l.Target
	if l.Source == l.Target {
		return fmt.Errorf("link %s: link from %s to itself", what, l.Source)
	}
	source, here := im.known(l.Source)
	target, there := im.known(l.Target)
	switch {
	case item.Loose && (!here || !there):
		im.lose(item.Where, lostEnd, what)
		return nil
	case here && there && (source.archived || target.archived || target.hidden && target.owner != cmp.Or(source.owner, im.agent)):
		im.lose(item.Where, hiddenEnd, what)
		return nil
	}
	c, err := im.speakers.of(c, cmp.Or(item.Owner, source.owner))
	if err != nil {
		return err
	}
	l.Source, l.Target = source.id, target.id
	l.Relation = cmp.Or(l.Relation, "related_to")
	there, err = im.linked(ctx, c, l, source, target)
	switch {
	case notFound(err) && item.Loose:
		im.lose(item.Where, hiddenEnd, what)
		return nil
	case err != nil:
		return fmt.Errorf("link %s: %w", what, err)
	case there:
		im.count(func(r *importReport) { r.LinksUnchanged++ })
		return nil
	}
	if im.dry {
		im.count(func(r *importReport) { r.Links++ })
		return nil
	}
	out, err := c.Graph().Link(ctx, l.Source, l.Target, l.Relation, im.with)
	if item.Loose && notFound(err) {
		im.lose(item.Where, hiddenEnd, what)
		return nil
	}
	if err != nil {
		return fmt.Errorf("link %s: %w", what, err)
	}
	im.count(func(r *importReport) { r.Links++; r.receipt(out.Receipt) })
	return nil
}

// linked reports whether a link is there already. A dry run also looks for ends
// that the source does not have; c is nil if there is no node to ask.
func (im *importRun) linked(ctx context.Context, c *client.Client, l client.Link, ends ...end) (bool, error) {
	if c == nil {
		return false, nil
	}
	planned := false
	for _, e := range ends {
		planned = planned || e.planned
		if im.dry && e.strange {
			if _, _, err := c.Get(ctx, e.id); err != nil {
				return false, err
			}
		}
	}
	if planned {
		return false, nil
	}
	if im.linksOf != l.Source || im.linksAs != c {
		list, err := c.Graph().Links(ctx, l.Source)
		if err != nil {
			return false, err
		}
		im.linksOf, im.linksAs, im.links = l.Source, c, list
	}
	return slices.ContainsFunc(im.links, func(x client.Link) bool {
		return x.Source == l.Source && x.Target == l.Target && x.Relation == l.Relation
	}), nil
}
