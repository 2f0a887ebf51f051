package verb

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/memory"
)

type finding struct{ *deps }

// findVerbs are those that look for memories by their words.
func findVerbs(of *deps) []Verb {
	d := finding{of}
	return []Verb{
		Of(Verb{
			Name: "memory_list", Family: familyCore, Summary: "list memories", Answers: []Answer{Gives(Fine, client.Page{})},
		}, d.list),
		Of(Verb{
			Name: "memory_recall", Family: familyCore, Summary: "find memories that bear on a text",
			Answers: []Answer{Gives(Fine, client.Recalled{})}, Codes: []client.Code{client.CodeNotSupported},
		}, d.recall),
		Of(Verb{
			Name: "memory_search", Family: familyCore, Summary: "find memories that have all words", Answers: []Answer{Gives(Fine, client.Found{})},
		}, d.search),
	}
}

func pageOf(in client.Paging, def int) query.Page {
	p := query.Page{Limit: cmp.Or(in.Limit, def), Offset: in.Offset, Cursor: in.Cursor}
	switch in.Order {
	case "id":
		p.Order = memory.ByID
	case "edited":
		p.Order = memory.ByNewest
	}
	return p
}

func (d finding) list(ctx context.Context, c *Call, in *client.ListInput) (Done, error) {
	f, err := d.listed(c, &in.Filter, &in.ListFilter)
	if err != nil {
		return Done{}, err
	}
	ctx, left := memory.WithOmissions(ctx)
	recs, next, err := d.books.Query.List(ctx, f, pageOf(in.Paging, defaultList))
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Page{Memories: showMemories(recs), Count: len(recs), Next: next, Damaged: omitted(left)}}, nil
}

func (d finding) recall(ctx context.Context, c *Call, in *client.RecallInput) (Done, error) {
	start := time.Now()
	if strings.TrimSpace(in.Context) == "" {
		return Done{}, Missing("context")
	}
	for name, asked := range map[string]bool{"has_citations": in.HasCitations, "include_archived": in.IncludeArchived, "confidence_tier": in.ConfidenceTier != ""} {
		if asked {
			// Answering as if it had not been asked would be a wrong answer.
			return Done{}, &Problem{Code: client.CodeNotSupported, Text: name + ": not supported by this server", Fields: []string{name}}
		}
	}
	f, err := d.filter(c, &in.Filter)
	if err != nil {
		return Done{}, err
	}
	f.SourceURI = cmp.Or(in.SourceURIPrefix, f.SourceURI)
	f.Owner = "" // agent_id says who asks
	ctx, left := memory.WithOmissions(ctx)
	q, err := questionOf(in, f, start)
	if err != nil {
		return Done{}, err
	}
	found, err := d.books.Query.Recall(ctx, q)
	if err != nil {
		return Done{}, err
	}
	d.meter.Recalled(time.Since(start))
	budget := -1
	if in.BudgetTokens != nil {
		budget = *in.BudgetTokens
	}
	v := recalled(found, budget)
	d.read(c, client.ReadByRecall, idsOf(v.Memories)...)
	v.Damaged = omitted(left)
	explain(&v, &found, in.Explain)
	if len(in.With) > 0 {
		if v.Standing, err = briefing(d).standing(ctx, c, in.Namespace); err != nil {
			return Done{}, err
		}
	}
	return Done{Body: v}, nil
}

// recalled cuts the hits to a budget of tokens, 4 bytes each: the first one
// always stays, unless the budget is 0. A budget below 0 is none.
func recalled(found query.Recalled, budget int) client.Recalled {
	used, kept := 0, 0
	for i := range found.Hits {
		tokens := (len(found.Hits[i].Memory.Content) + 3) / 4
		if budget == 0 || budget > 0 && kept > 0 && used+tokens > budget {
			break
		}
		used += tokens
		kept++
	}
	v := client.Recalled{Memories: showHits(found.Hits[:kept]), Count: kept, TokensUsed: used, Mode: "keyword", IndexLag: found.IndexLag, Abstained: found.Abstain, Found: found.Found}
	if budget >= 0 {
		v.Budget = &budget
		v.Meta = &client.Budget{Used: used, Remaining: max(0, budget-used), Dropped: len(found.Hits) - kept, Overflow: used > budget}
	}
	return v
}

func (d finding) search(ctx context.Context, c *Call, in *client.SearchInput) (Done, error) {
	f, err := d.filter(c, &in.Filter)
	if err != nil {
		return Done{}, err
	}
	limit := cmp.Or(in.Limit, defaultList)
	var v client.Found
	ctx, left := memory.WithOmissions(ctx)
	switch {
	case strings.TrimSpace(in.Query) != "":
		found, err := d.books.Query.Recall(ctx, query.RecallQuery{Text: in.Query, Filter: f, Limit: limit, All: true})
		if err != nil {
			return Done{}, err
		}
		v = client.Found{Results: showHits(found.Hits), Query: in.Query, IndexLag: &found.IndexLag}
	case f.SourceURI != "":
		recs, _, err := d.books.Query.List(ctx, f, query.Page{Limit: limit})
		if err != nil {
			return Done{}, err
		}
		v = client.Found{Results: make([]client.Hit, len(recs)), SourceURI: f.SourceURI}
		for i := range recs {
			v.Results[i].Memory = ShowMemory(&recs[i])
		}
	default:
		return Done{}, Missing("q")
	}
	v.Memories, v.Count, v.Damaged = v.Results, len(v.Results), omitted(left)
	return Done{Body: v}, nil
}
