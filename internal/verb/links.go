package verb

import (
	"cmp"
	"context"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	familyGraph   = "graph"
	levelUnsigned = "unsigned"
)

type edges struct{ *deps }

// linkVerbs are those on the links of memories.
func linkVerbs(of *deps) []Verb {
	d := edges{of}
	return []Verb{
		Of(Verb{
			Name: "memory_link", Family: familyGraph, Summary: "link two memories", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.Linked{})},
			Codes:   []client.Code{client.CodeNotFound, client.CodeInvalidRelation, client.CodeCycle},
		}, d.link),
		Of(Verb{
			Name: "memory_unlink", Family: familyGraph, Summary: "remove the links between two memories", Access: Change, Waits: true,
			Answers: []Answer{Gives(Fine, client.Unlinked{})}, Codes: []client.Code{client.CodeNotFound, client.CodeInvalidRelation},
		}, d.unlink),
		Of(Verb{
			Name: "memory_get_links", Family: familyGraph, Summary: "list the links of a memory",
			Answers: []Answer{Gives(Fine, client.Links{})}, Codes: []client.Code{client.CodeAmbiguousID},
		}, d.links),
	}
}

func (d edges) link(ctx context.Context, c *Call, in *client.LinkInput) (Done, error) {
	l := memory.Link{Source: in.Source, Target: in.Target, Relation: cmp.Or(in.Relation, memory.DefaultRelation)}
	var err error
	if l.ValidFrom, err = instantOf("valid_from", in.ValidFrom); err != nil {
		return Done{}, err
	}
	if l.ValidUntil, err = instantOf("valid_until", in.ValidUntil); err != nil {
		return Done{}, err
	}
	out, err := d.books.Graph.Link(ctx, c.Caller, l)
	return written(out, err, Created, func() any {
		if made, is := out.Entry.Op.(*memory.Link); is {
			l = *made
		}
		v := showLink(&l)
		return client.Linked{
			Linked: true, AttestLevel: cmp.Or(v.AttestLevel, levelUnsigned), Source: v.Source, Target: v.Target, Relation: v.Relation,
			CreatedAt: v.CreatedAt, Receipt: ShowReceipt(out.Receipt),
		}
	})
}

// unlink removes the named relation, or all of them if none is named.
func (d edges) unlink(ctx context.Context, c *Call, in *client.UnlinkInput) (Done, error) {
	out, removed, err := d.books.Graph.Unlink(ctx, c.Caller, in.Source, in.Target, in.Relation)
	return written(out, err, Fine, func() any {
		v := client.Unlinked{Deleted: removed > 0, Removed: removed}
		if out.Entry != nil {
			v.Receipt = ShowReceipt(out.Receipt)
		}
		return v
	})
}

func (d edges) links(ctx context.Context, c *Call, in *client.ByID) (Done, error) {
	id, err := idOf(*in)
	if err != nil {
		return Done{}, err
	}
	ctx, left := memory.WithOmissions(ctx)
	links, err := d.books.Graph.Links(ctx, c.Agent, id)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Links{Links: ShowLinks(links), Count: len(links), Damaged: omitted(left)}}, nil
}
