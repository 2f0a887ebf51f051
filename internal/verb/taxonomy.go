package verb

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

func (d walks) taxonomy(ctx context.Context, c *Call, in *client.TaxonomyInput) (Done, error) {
	prefix := strings.TrimRight(in.Prefix, "/")
	depth := memory.MaxDepth
	if in.Depth != nil {
		depth = *in.Depth
	}
	f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: prefix, Subtree: true}
	if err := validFilter(f); err != nil {
		return Done{}, err
	}
	counts, err := d.books.Query.Spaces(ctx, f)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: treeOf(prefix, counts, depth, cmp.Or(in.Limit, maxList))}, nil
}

// namespaceCounts are counts in the order of the namespaces.
func namespaceCounts(counts map[string]int64) []client.NamespaceCount {
	out := make([]client.NamespaceCount, 0, len(counts))
	for ns, n := range counts {
		out = append(out, client.NamespaceCount{Namespace: ns, Count: n})
	}
	slices.SortFunc(out, func(x, y client.NamespaceCount) int { return cmp.Compare(x.Namespace, y.Namespace) })
	return out
}

// treeOf hangs namespaces below prefix. Those deeper than depth levels count for
// their ancestors; of more than limit, those with most memories stay.
func treeOf(prefix string, counts map[string]int64, depth, limit int) client.Taxonomy {
	spaces := namespaceCounts(counts)
	v := client.Taxonomy{Tree: &client.Branch{Namespace: prefix, Name: prefix[strings.LastIndexByte(prefix, '/')+1:], Children: []*client.Branch{}}}
	for _, s := range spaces {
		v.Total += s.Count
	}
	if len(spaces) > limit {
		v.Truncated = true
		slices.SortStableFunc(spaces, func(x, y client.NamespaceCount) int { return cmp.Compare(y.Count, x.Count) })
		spaces = spaces[:limit]
		slices.SortFunc(spaces, func(x, y client.NamespaceCount) int { return cmp.Compare(x.Namespace, y.Namespace) })
	}
	for _, s := range spaces {
		grow(v.Tree, strings.TrimPrefix(strings.TrimPrefix(s.Namespace, prefix), "/"), s.Count, depth)
	}
	return v
}

// grow counts n memories of the namespace at rest, below b.
func grow(b *client.Branch, rest string, n int64, depth int) {
	b.Subtree += n
	if rest == "" {
		b.Count += n
		return
	}
	if depth == 0 {
		return
	}
	name, rest, _ := strings.Cut(rest, "/")
	i := slices.IndexFunc(b.Children, func(c *client.Branch) bool { return c.Name == name })
	if i < 0 {
		i = len(b.Children)
		b.Children = append(b.Children, &client.Branch{Namespace: strings.TrimPrefix(b.Namespace+"/"+name, "/"), Name: name, Children: []*client.Branch{}})
	}
	grow(b.Children[i], rest, n, depth-1)
}
