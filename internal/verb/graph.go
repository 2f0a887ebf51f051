package verb

import (
	"cmp"
	"context"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	maxList         = 1000
	defaultTimeline = 200
	defaultReach    = 100
)

type walks struct{ *deps }

// graphVerbs are those that walk along links.
func graphVerbs(of *deps) []Verb {
	d := walks{of}
	return []Verb{
		Of(Verb{
			Name: "memory_get_taxonomy", Family: familyGraph, Summary: "count memories along the tree of namespaces",
			Answers: []Answer{Gives(Fine, client.Taxonomy{})},
		}, d.taxonomy),
		Of(Verb{
			Name: "memory_kg_query", Family: familyGraph, Summary: "follow the links that leave a memory",
			Answers: []Answer{Gives(Fine, client.Reach{})}, Codes: []client.Code{client.CodeNotFound},
		}, d.reach),
		Of(Verb{
			Name: "memory_kg_timeline", Family: familyGraph, Summary: "list the links that leave a memory by the time from which they hold",
			Answers: []Answer{Gives(Fine, client.Timeline{})}, Codes: []client.Code{client.CodeNotFound},
		}, d.timeline),
		Of(Verb{
			Name: "memory_kg_invalidate", Family: familyGraph, Summary: "end the time for which a link holds", Access: Change, Waits: true,
			Answers: []Answer{Gives(Fine, client.Invalidated{})}, Codes: []client.Code{client.CodeNotFound, client.CodeInvalidRelation},
		}, d.invalidate),
		Of(Verb{
			Name: "memory_find_paths", Family: familyGraph, Summary: "find chains of links between two memories",
			Answers: []Answer{Gives(Fine, client.Paths{})}, Codes: []client.Code{client.CodeNotFound},
		}, d.paths),
		Of(Verb{
			Name: "memory_verify_links", Family: familyGraph, Summary: "say how well links are attested",
			Answers: []Answer{Gives(Fine, client.Verification{})}, Codes: []client.Code{client.CodeNotFound},
		}, d.verifyLinks),
	}
}

func showEdge(r graph.Reached) client.Edge {
	return client.Edge{
		Target: r.Record.ID, Relation: r.Link.Relation, ValidFrom: optional(cmp.Or(r.Link.ValidFrom, r.Link.CreatedAt)),
		ValidUntil: optional(r.Link.ValidUntil), ObservedBy: orNull(r.Link.ObservedBy), Title: r.Record.Title, Namespace: r.Record.Namespace,
	}
}

// optional is nil for no instant.
func optional(at memory.Instant) *client.Time {
	if at == 0 {
		return nil
	}
	return new(timeOf(at))
}

// orNull is nil for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (d walks) reach(ctx context.Context, c *Call, in *client.ReachInput) (Done, error) {
	at, err := instantOf("valid_at", in.ValidAt)
	if err != nil {
		return Done{}, err
	}
	var agents []memory.AgentID // nil: of any
	if c.Given["allowed_agents"] {
		agents = []memory.AgentID{}
	}
	for _, text := range in.Agents {
		id := memory.AgentID(text)
		if err := id.Valid(); err != nil {
			return Done{}, err
		}
		agents = append(agents, id)
	}
	depth := cmp.Or(in.Depth, 1)
	ctx, left := memory.WithOmissions(ctx)
	found, err := d.books.Graph.Reach(ctx, c.Agent, graph.ReachQuery{
		Source: in.Source, Depth: depth, Limit: cmp.Or(in.Limit, defaultReach), At: cmp.Or(at, d.now()), Agents: agents,
	})
	if err != nil {
		return Done{}, err
	}
	v := client.Reach{Source: in.Source, Depth: depth, Memories: make([]client.Edge, len(found)), Paths: make([]string, len(found)), Count: len(found)}
	for i, r := range found {
		v.Memories[i] = showEdge(r)
		v.Memories[i].Depth = len(r.Path) - 1
		v.Memories[i].Path = strings.Join(r.Path, "->")
		v.Paths[i] = v.Memories[i].Path
	}
	v.Damaged = omitted(left)
	return Done{Body: v}, nil
}

func (d walks) timeline(ctx context.Context, c *Call, in *client.TimelineInput) (Done, error) {
	ctx, left := memory.WithOmissions(ctx)
	found, err := d.books.Graph.Reach(ctx, c.Agent, graph.ReachQuery{Source: in.Source, Depth: 1, Limit: maxList})
	if err != nil {
		return Done{}, err
	}
	v, limit := client.Timeline{Source: in.Source, Events: []client.Edge{}}, cmp.Or(in.Limit, defaultTimeline)
	for _, r := range found {
		e := showEdge(r)
		if !e.ValidFrom.Before(in.Since.Time) && (in.Until.IsZero() || !e.ValidFrom.After(in.Until.Time)) && len(v.Events) < limit {
			v.Events = append(v.Events, e)
		}
	}
	v.Count, v.Damaged = len(v.Events), omitted(left)
	return Done{Body: v}, nil
}

// endsOf checks the ids of the ends of a link.
func endsOf(e client.Ends) error {
	if err := memory.ValidID(e.Source); err != nil {
		return err
	}
	return memory.ValidID(e.Target)
}

func (d walks) invalidate(ctx context.Context, c *Call, in *client.InvalidateInput) (Done, error) {
	if err := endsOf(in.Ends); err != nil {
		return Done{}, err
	}
	until, err := instantOf("valid_until", in.ValidUntil)
	if err != nil {
		return Done{}, err
	}
	until = cmp.Or(until, d.now())
	out, before, err := d.books.Graph.Invalidate(ctx, c.Caller, in.Source, in.Target, in.Relation, until)
	return written(out, err, Fine, func() any {
		if l, is := out.Entry.Op.(*memory.Link); is {
			until = l.ValidUntil
		}
		return client.Invalidated{
			Source: in.Source, Target: in.Target, Found: true, Relation: in.Relation, Until: timeOf(until), Before: optional(before), Receipt: ShowReceipt(out.Receipt),
		}
	})
}

func (d walks) paths(ctx context.Context, c *Call, in *client.PathsInput) (Done, error) {
	if err := endsOf(in.Ends); err != nil {
		return Done{}, err
	}
	ctx, left := memory.WithOmissions(ctx)
	paths, truncated, err := d.books.Graph.Paths(ctx, c.Agent, in.Source, in.Target, in.Depth, in.Most)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Paths{Source: in.Source, Target: in.Target, Paths: orEmpty(paths), Count: len(paths), Truncated: truncated, Damaged: omitted(left)}}, nil
}

func (d walks) verifyLinks(ctx context.Context, c *Call, in *client.VerifyInput) (Done, error) {
	source, target := in.Source, in.Target
	if in.LinkID != "" {
		source, target, _ = strings.Cut(in.LinkID, "→")
	}
	if source == "" {
		return Done{}, Missing("source_id")
	}
	ctx, left := memory.WithOmissions(ctx)
	links, err := d.books.Graph.Links(ctx, c.Agent, source)
	if err != nil {
		return Done{}, err
	}
	v := client.Verification{Level: levelUnsigned, Reason: "no link is signed", Links: []client.LinkVerdict{}}
	for _, l := range ShowLinks(links) {
		if target != "" && (l.Source != source || l.Target != target) || in.Relation != "" && l.Relation != in.Relation {
			continue
		}
		verdict := client.LinkVerdict{Link: l, AttestLevel: cmp.Or(l.AttestLevel, levelUnsigned), Signed: len(l.Signature) > 0, Reason: "the link is not signed"}
		if verdict.Signed {
			v.Signed++
			verdict.Reason = "this node has no key of the agent to check the signature with"
			v.Reason = "this node has no keys of agents to check signatures with"
		}
		v.Links = append(v.Links, verdict)
	}
	v.Damaged = omitted(left)
	if v.Count = len(v.Links); v.Count == 0 && len(v.Damaged) == 0 {
		return Done{}, NotFound("no such link")
	}
	return Done{Body: v}, nil
}
