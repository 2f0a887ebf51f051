package api

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// branchView is a namespace and those below it.
type branchView struct {
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"` // the last segment
	Count     int64         `json:"count"`
	Subtree   int64         `json:"subtree_count"` // with all below
	Children  []*branchView `json:"children"`
}

type taxonomyView struct {
	Tree      *branchView `json:"tree"`
	Total     int64       `json:"total_count"`
	Truncated bool        `json:"truncated"` // there are more namespaces than the limit
}

const maxSpaces = 10_000

func (a *API) taxonomy(q *request) (reply, error) {
	prefix := strings.TrimRight(first(q.text("prefix"), q.text("namespace_prefix"), q.text("root")), "/")
	depth, err := q.number("depth", memory.MaxDepth, 0, memory.MaxDepth)
	if err != nil {
		return reply{}, err
	}
	limit, err := q.number("limit", maxList, 1, maxSpaces)
	if err != nil {
		return reply{}, err
	}
	f := memory.Filter{Viewer: q.agent, Now: a.now(), Namespace: prefix, Subtree: true}
	if err := validFilter(f); err != nil {
		return reply{}, err
	}
	counts, err := a.engine.Spaces(q.Context(), f)
	if err != nil {
		return reply{}, err
	}
	return ok(treeOf(prefix, counts, depth, limit))
}

// treeOf hangs namespaces below prefix. Those deeper than depth levels count for
// their ancestors; of more than limit, those with most memories stay.
func treeOf(prefix string, counts map[string]int64, depth, limit int) taxonomyView {
	spaces := namespaceCounts(counts)
	v := taxonomyView{Tree: &branchView{Namespace: prefix, Name: prefix[strings.LastIndexByte(prefix, '/')+1:], Children: []*branchView{}}}
	for _, s := range spaces {
		v.Total += s.Count
	}
	if len(spaces) > limit {
		v.Truncated = true
		slices.SortStableFunc(spaces, func(x, y namespaceCount) int { return cmp.Compare(y.Count, x.Count) })
		spaces = spaces[:limit]
		slices.SortFunc(spaces, func(x, y namespaceCount) int { return cmp.Compare(x.Namespace, y.Namespace) })
	}
	for _, s := range spaces {
		v.Tree.add(strings.TrimPrefix(strings.TrimPrefix(s.Namespace, prefix), "/"), s.Count, depth)
	}
	return v
}

// add counts n memories of the namespace at rest, below b.
func (b *branchView) add(rest string, n int64, depth int) {
	b.Subtree += n
	if rest == "" {
		b.Count += n
		return
	}
	if depth == 0 {
		return
	}
	name, rest, _ := strings.Cut(rest, "/")
	i := slices.IndexFunc(b.Children, func(c *branchView) bool { return c.Name == name })
	if i < 0 {
		i = len(b.Children)
		b.Children = append(b.Children, &branchView{Namespace: strings.TrimPrefix(b.Namespace+"/"+name, "/"), Name: name, Children: []*branchView{}})
	}
	b.Children[i].add(rest, n, depth-1)
}
