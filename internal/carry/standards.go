package carry

import (
	"context"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

// standards sets the standards of namespaces that are not set so already.
func (r *run) standards(ctx context.Context, items []importer.Item) error {
	for i, item := range items {
		s := item.Standard
		of, ok := r.known(s.Ref)
		if !ok {
			r.lose(item.Where, "a standard whose memory is not there", s.Namespace+": "+s.Ref)
			continue
		}
		err := r.persist(ctx, i, func(c *client.Client) error {
			c, err := r.speakers.of(c, item.Owner)
			if err != nil {
				return err
			}
			return r.standard(ctx, c, *s, of.id)
		})
		if err := r.verdict(ctx, item, err); err != nil {
			return err
		}
	}
	return nil
}

// standard makes a memory the standard of a namespace; c is nil in a dry run
// without a node.
func (r *run) standard(ctx context.Context, c *client.Client, s importer.Standard, id string) error {
	if c != nil {
		have, err := c.Governance().Standard(ctx, s.Namespace)
		if err != nil {
			return err
		}
		if have.ID() == id && (have.Parent == s.Parent || s.Parent == "") {
			r.count(func(t *Report) { t.Unchanged++ })
			return nil
		}
	}
	if r.Dry {
		r.count(func(t *Report) { t.Standards++ })
		return nil
	}
	_, out, err := c.Governance().SetStandard(ctx, s.Namespace, client.StandardDraft{ID: id, Parent: s.Parent}, r.With)
	if err == nil {
		r.count(func(t *Report) { t.Standards++; t.receipt(out.Receipt) })
	}
	return err
}
