package api

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// filter reads the parameters that lists and queries have in common.
func (a *API) filter(q *request) (memory.Filter, error) {
	f := memory.Filter{
		Viewer: q.agent, Now: a.now(), Namespace: q.text("namespace"), Tier: memory.Tier(q.text("tier")),
		Owner: memory.AgentID(q.text("agent_id")), Title: q.text("title"), SourceURI: q.text("source_uri"),
	}
	for _, tag := range q.query["tags"] {
		if tag != "" {
			f.Tags = append(f.Tags, tag)
		}
	}
	if kinds := q.list("kinds"); len(kinds) > 0 && kinds[0] != "all" {
		f.Kinds = kinds
	}
	var err error
	if f.Subtree, err = q.flag("subtree"); err != nil {
		return f, err
	}
	priority, err := q.number("min_priority", 0, 1, 10)
	if err != nil {
		return f, err
	}
	f.MinPriority = int32(priority)
	if f.Since, err = instant("since", q.text("since")); err != nil {
		return f, err
	}
	if f.Until, err = instant("until", q.text("until")); err != nil {
		return f, err
	}
	return f, validFilter(f)
}

// validFilter refuses values that no memory can have: a typing error must not
// look like an empty result.
func validFilter(f memory.Filter) error {
	if f.Namespace != "" {
		if err := memory.ValidNamespace(f.Namespace); err != nil {
			return err
		}
	}
	if f.Tier != "" && f.Tier.Rank() < 0 {
		return verb.BadField("tier", "tier %.40q: want short, mid or long", string(f.Tier))
	}
	for _, k := range f.Kinds {
		if !slices.Contains(memory.MemoryKinds(), k) {
			return verb.BadField("kinds", "kinds: %.40q: want one of %s", k, strings.Join(memory.MemoryKinds(), ", "))
		}
	}
	return nil
}

// recallBody is a recall by POST. Numbers may be text, as in a query.
type recallBody struct {
	Context         string          `json:"context"`
	Query           string          `json:"query"`
	Q               string          `json:"q"`
	Namespace       string          `json:"namespace"`
	Subtree         bool            `json:"subtree"`
	Tier            string          `json:"tier"`
	Limit           json.RawMessage `json:"limit"`
	Tags            json.RawMessage `json:"tags"`
	Kinds           json.RawMessage `json:"kinds"`
	Since           string          `json:"since"`
	Until           string          `json:"until"`
	MinPriority     *int            `json:"min_priority"`
	AsAgent         string          `json:"as_agent"`
	AgentID         string          `json:"agent_id"`
	BudgetTokens    *int            `json:"budget_tokens"`
	SourceURIPrefix string          `json:"source_uri_prefix"`
	HasCitations    bool            `json:"has_citations"`
	IncludeArchived bool            `json:"include_archived"`
	ConfidenceTier  string          `json:"confidence_tier"`
}

// intoQuery moves the body into the query, so that GET and POST are one code.
func (b *recallBody) intoQuery(q *request) error {
	if q.query == nil {
		q.query = map[string][]string{}
	}
	put := func(name, value string) {
		if value != "" {
			q.query.Set(name, value)
		}
	}
	for _, p := range [][2]string{
		{"context", b.Context},
		{"query", b.Query},
		{"q", b.Q},
		{"namespace", b.Namespace},
		{"tier", b.Tier},
		{"since", b.Since},
		{"until", b.Until},
		{"as_agent", b.AsAgent},
		{"agent_id", b.AgentID},
		{"source_uri_prefix", b.SourceURIPrefix},
		{"confidence_tier", b.ConfidenceTier},
	} {
		put(p[0], p[1])
	}
	for name, set := range map[string]bool{"subtree": b.Subtree, "has_citations": b.HasCitations, "include_archived": b.IncludeArchived} {
		if set {
			put(name, "true")
		}
	}
	for name, n := range map[string]*int{"min_priority": b.MinPriority, "budget_tokens": b.BudgetTokens} {
		if n != nil {
			put(name, strconv.Itoa(*n))
		}
	}
	if kindOf(b.Limit) != 0 && string(b.Limit) != "null" {
		put("limit", strings.Trim(string(b.Limit), `"`))
	}
	for name, raw := range map[string]json.RawMessage{"tags": b.Tags, "kinds": b.Kinds} {
		values, err := textOrList(name, raw)
		if err != nil {
			return err
		}
		if values != nil {
			q.query[name] = values
		}
	}
	for _, id := range []string{b.AsAgent, b.AgentID} {
		if err := q.claims(id); err != nil {
			return err
		}
	}
	return nil
}

// textOrList reads a string or an array of strings; nothing and null are nil.
func textOrList(name string, raw json.RawMessage) ([]string, error) {
	var list []string
	var one string
	switch kindOf(raw) {
	case 0, 'n':
		return nil, nil
	case '"':
		if json.Unmarshal(raw, &one) == nil {
			return []string{one}, nil
		}
	case '[':
		if json.Unmarshal(raw, &list) == nil {
			return list, nil
		}
	}
	return nil, verb.BadField(name, "invalid request body: %s: want a string or an array of strings", name)
}

const (
	defaultRecall = 10
	maxRecall     = 50
)

func (a *API) recall(q *request) (reply, error) {
	start := time.Now()
	if len(q.body) > 0 {
		var b recallBody
		if err := decode(q.body, &b); err != nil {
			return reply{}, err
		}
		if err := b.intoQuery(q); err != nil {
			return reply{}, err
		}
	}
	text := first(q.text("context"), q.text("query"), q.text("q"))
	if strings.TrimSpace(text) == "" {
		return reply{}, verb.Missing("context")
	}
	for _, name := range []string{"has_citations", "include_archived", "confidence_tier"} {
		if v := q.text(name); v != "" && v != "false" {
			// Answering as if it had not been asked would be a wrong answer.
			return reply{}, &verb.Problem{Code: client.CodeNotSupported, Text: name + ": not supported by this server", Fields: []string{name}}
		}
	}
	f, err := a.filter(q)
	if err != nil {
		return reply{}, err
	}
	f.SourceURI = first(q.text("source_uri_prefix"), f.SourceURI)
	f.Owner = "" // agent_id says who asks
	limit, err := q.number("limit", defaultRecall, 1, maxRecall)
	if err != nil {
		return reply{}, err
	}
	budget, err := q.number("budget_tokens", -1, 0, 1<<30)
	if err != nil {
		return reply{}, err
	}
	found, err := a.engine.Recall(q.Context(), engine.RecallQuery{Text: text, Filter: f, Limit: limit})
	if err != nil {
		return reply{}, err
	}
	a.metrics.recalls.Inc()
	a.metrics.recallSeconds.Observe(time.Since(start).Seconds())
	return ok(recallReply(found, budget))
}

// recallReply cuts the hits to a budget of tokens, 4 bytes each: the first one
// always stays, unless the budget is 0. A budget below 0 is none.
func recallReply(found engine.Recalled, budget int) recalledView {
	used, kept := 0, 0
	for i := range found.Hits {
		tokens := (len(found.Hits[i].Memory.Content) + 3) / 4
		if budget == 0 || budget > 0 && kept > 0 && used+tokens > budget {
			break
		}
		used += tokens
		kept++
	}
	v := recalledView{Memories: scoredViews(found.Hits[:kept]), Count: kept, TokensUsed: used, Mode: "keyword", IndexLag: found.IndexLag}
	if budget >= 0 {
		v.Budget = &budget
		v.Meta = &budgetView{Used: used, Remaining: max(0, budget-used), Dropped: len(found.Hits) - kept, Overflow: used > budget}
	}
	return v
}

func (a *API) search(q *request) (reply, error) {
	f, err := a.filter(q)
	if err != nil {
		return reply{}, err
	}
	limit, err := q.number("limit", defaultList, 1, maxList)
	if err != nil {
		return reply{}, err
	}
	text := q.text("q")
	var v foundView
	switch {
	case strings.TrimSpace(text) != "":
		found, err := a.engine.Recall(q.Context(), engine.RecallQuery{Text: text, Filter: f, Limit: limit, All: true})
		if err != nil {
			return reply{}, err
		}
		v = foundView{Results: scoredViews(found.Hits), Query: text, IndexLag: &found.IndexLag}
	case f.SourceURI != "":
		recs, _, err := a.engine.List(q.Context(), f, engine.Page{Limit: limit})
		if err != nil {
			return reply{}, err
		}
		v = foundView{Results: make([]scoredView, len(recs)), SourceURI: f.SourceURI}
		for i := range recs {
			v.Results[i].memoryView = viewOf(&recs[i])
		}
	default:
		return reply{}, verb.Missing("q")
	}
	v.Memories, v.Count = v.Results, len(v.Results)
	return ok(v)
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
