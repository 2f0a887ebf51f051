package verb

import (
	"cmp"
	"context"
	"errors"
	"math"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	// defaultThreshold is the share of words in common from which two texts are one.
	defaultThreshold = 0.8
	// defaultAlike is how many groups of duplicates, or contradictions, are listed if nobody says.
	defaultAlike = 50
)

type likeness struct{ *deps }

// likenessVerbs are those about texts, names and topics that are alike.
func likenessVerbs(of *deps) []Verb {
	d := likeness{of}
	return []Verb{
		Of(Verb{
			Name: "memory_check_duplicate", Family: familyPower, Summary: "find the memory with most words in common",
			Answers: []Answer{Gives(Fine, client.Duplicate{})},
		}, d.checkDuplicate),
		Of(Verb{
			Name: "memory_duplicates", Family: familyPower, Summary: "list memories that are there more than once, and how to make one of them",
			Answers: []Answer{Gives(Fine, client.DuplicateGroups{})},
		}, d.duplicates),
		Of(Verb{
			Name: "memory_detect_contradiction", Family: familyPower, Summary: "list memories about a topic that contradict each other",
			Answers: []Answer{Gives(Fine, client.Contradictions{})},
		}, d.contradictions),
		Of(Verb{
			Name: "memory_entity_register", Family: familyGraph, Summary: "register an entity and the names it goes by", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.RegisteredEntity{}, client.Gone{}), Gives(Fine, client.RegisteredEntity{}, client.Gone{})}, Codes: []client.Code{client.CodeConflict},
		}, d.registerEntity),
		Of(Verb{
			Name: "memory_entity_get_by_alias", Family: familyGraph, Summary: "find the entity that goes by a name",
			Answers: []Answer{Gives(Fine, client.FoundEntity{})},
		}, d.entityByAlias),
	}
}

func (d likeness) checkDuplicate(ctx context.Context, c *Call, in *client.DuplicateInput) (Done, error) {
	if err := memory.ValidTitle(in.Title); err != nil {
		return Done{}, err
	}
	if err := memory.ValidContent(in.Content); err != nil {
		return Done{}, err
	}
	threshold, err := thresholdOf(in.Threshold)
	if err != nil {
		return Done{}, err
	}
	v := client.Duplicate{Threshold: threshold, Method: "lexical"}
	f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: in.Namespace}
	if err := validFilter(f); err != nil {
		return Done{}, err
	}
	found, err := d.books.Query.Similar(ctx, f, in.Title, in.Content)
	if err != nil {
		return Done{}, err
	}
	v.Scanned = len(found)
	if len(found) > 0 {
		r := found[0].Record
		v.Nearest = &client.Nearest{ID: r.ID, Title: r.Title, Namespace: r.Namespace, Similarity: math.Round(found[0].Similarity*1000) / 1000}
		if v.Duplicate = found[0].Similarity >= v.Threshold; v.Duplicate {
			v.Merge = &r.ID
		}
	}
	return Done{Body: v}, nil
}

func thresholdOf(given *float64) (float64, error) {
	if given == nil {
		return defaultThreshold, nil
	}
	if math.IsNaN(*given) || *given <= 0 || *given > 1 {
		return 0, BadField("threshold", "threshold %v: want more than 0, at most 1", *given)
	}
	return *given, nil
}

func (d likeness) duplicates(ctx context.Context, c *Call, in *client.DuplicatesInput) (Done, error) {
	threshold, err := thresholdOf(in.Threshold)
	if err != nil {
		return Done{}, err
	}
	f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: in.Namespace, Subtree: in.Subtree}
	if err := validFilter(f); err != nil {
		return Done{}, err
	}
	found, looked, err := d.books.Query.Duplicates(ctx, f, threshold, cmp.Or(in.Limit, defaultAlike))
	if err != nil {
		return Done{}, err
	}
	v := client.DuplicateGroups{Groups: make([]client.DuplicateGroup, len(found)), Count: len(found), Looked: looked, Threshold: threshold}
	for i, g := range found {
		keep := &g.Records[0]
		out := client.DuplicateGroup{
			Similarity: toThousandths(g.Similarity),
			Proposal:   client.Merging{Title: keep.Title, Summary: keep.Memory.Content, Namespace: keep.Namespace},
		}
		for k := range g.Records {
			r := &g.Records[k]
			out.Memories = append(out.Memories, client.Nearest{
				ID: r.ID, Title: r.Title, Namespace: r.Namespace, Similarity: toThousandths(query.Likeness(keep, r)),
			})
			if k < memory.MaxSources {
				out.Proposal.IDs = append(out.Proposal.IDs, r.ID)
			}
		}
		v.Groups[i] = out
	}
	return Done{Body: v}, nil
}

func (d likeness) contradictions(ctx context.Context, c *Call, in *client.ContradictionsInput) (Done, error) {
	f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: in.Namespace}
	if in.Topic == "" && f.Namespace == "" {
		return Done{}, Bad("contradictions: want at least one of topic and namespace")
	}
	if err := validFilter(f); err != nil {
		return Done{}, err
	}
	ctx, left := memory.WithOmissions(ctx)
	recs, pairs, err := d.books.Graph.Contradictions(ctx, f, in.Topic, cmp.Or(in.Limit, defaultAlike))
	if err != nil {
		return Done{}, err
	}
	v := client.Contradictions{Memories: showMemories(recs), Links: make([]client.Contradiction, len(pairs)), Damaged: omitted(left)}
	for i, p := range pairs {
		v.Links[i] = client.Contradiction{Source: p.Source, Target: p.Target, Relation: "contradicts", Guessed: p.Guessed}
	}
	return Done{Body: v}, nil
}

func showEntity(x graph.Entity) client.Entity {
	return client.Entity{ID: orNull(x.ID), Name: orNull(x.Name), Namespace: orNull(x.Namespace), Aliases: orEmpty(x.Aliases)}
}

func (d likeness) registerEntity(ctx context.Context, c *Call, in *client.EntityInput) (Done, error) {
	out, x, err := d.books.Graph.RegisterEntity(ctx, c.Caller, graph.Entity{Name: in.Name, Namespace: in.Namespace, Aliases: in.Aliases, Metadata: objectOf(in.Metadata)})
	if err == nil && out.Entry == nil {
		return Done{Body: client.RegisteredEntity{Entity: showEntity(x)}, Replayed: out.Replayed}, nil
	}
	how := Fine
	if x.Made {
		how = Created
	}
	return shown(out, err, how, func() any {
		return client.RegisteredEntity{Entity: showEntity(x), Created: how == Created, Receipt: ShowReceipt(out.Receipt)}
	})
}

func (d likeness) entityByAlias(ctx context.Context, c *Call, in *client.ByAliasInput) (Done, error) {
	alias := strings.TrimSpace(in.Alias)
	if alias == "" {
		return Done{}, Missing("alias")
	}
	if in.Namespace != "" {
		if err := memory.ValidNamespace(in.Namespace); err != nil {
			return Done{}, err
		}
	}
	x, err := d.books.Graph.EntityByAlias(ctx, c.Agent, alias, in.Namespace)
	if errors.Is(err, memory.ErrNotFound) {
		return Done{Body: client.FoundEntity{Entity: showEntity(graph.Entity{})}}, nil
	}
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.FoundEntity{Entity: showEntity(x), Found: true}}, nil
}
