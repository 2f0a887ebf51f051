package main

import (
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
	source, here := im.known(l.Source)
	target, there := im.known(l.Target)
	switch {
	case item.Loose && (!here || !there):
		im.lose(item.Where, lostEnd, what)
		return nil
	case here && there && (source.archived || target.archived || target.hidden && target.owner != source.owner):
		im.lose(item.Where, hiddenEnd, what)
		return nil
	}
	owner := item.Owner
	if owner == "" {
		owner = source.owner
	}
	c, err := im.voices.of(c, owner)
	if err != nil {
		return err
	}
	l.Source, l.Target = source.id, target.id
	if l.Relation == "" {
		l.Relation = "related_to"
	}
	if c != nil && !source.planned && !target.planned {
		there, err := im.linked(ctx, c, l, !here, !there)
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
	}
	if im.dry {
		im.count(func(r *importReport) { r.Links++ })
		return nil
	}
	out, err := c.Link(ctx, l.Source, l.Target, l.Relation, im.with)
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

// linked reports whether a link is there already. In a dry run it also looks for
// ends that the source does not have.
func (im *importRun) linked(ctx context.Context, c *client.Client, l client.Link, strangeSource, strangeTarget bool) (bool, error) {
	for id, look := range map[string]bool{l.Source: strangeSource, l.Target: strangeTarget} {
		if !im.dry || !look {
			continue
		}
		if _, _, err := c.Get(ctx, id); err != nil {
			return false, err
		}
	}
	if im.linksOf != l.Source || im.linksAs != c {
		list, err := c.Links(ctx, l.Source)
		if err != nil {
			return false, err
		}
		im.linksOf, im.linksAs, im.links = l.Source, c, list
	}
	return slices.ContainsFunc(im.links, func(x client.Link) bool {
		return x.Source == l.Source && x.Target == l.Target && x.Relation == l.Relation
	}), nil
}
