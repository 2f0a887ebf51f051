package client

import (
	"context"
	"net/http"
)

// GraphAPI is what can be asked of links, and of what is read off them.
type GraphAPI struct{ c *Client }

// Graph is what can be asked of links.
func (c *Client) Graph() GraphAPI { return GraphAPI{c} }

// Taxonomy counts memories along the tree of namespaces.
func (g GraphAPI) Taxonomy(ctx context.Context, in TaxonomyInput) (*Taxonomy, error) {
	return read[Taxonomy](ctx, g.c, http.MethodGet, "/taxonomy", in)
}

// Reach follows links from a memory.
func (g GraphAPI) Reach(ctx context.Context, in ReachInput) (*Reach, error) {
	return read[Reach](ctx, g.c, http.MethodPost, "/kg/query", in)
}

// Timeline lists the links that leave a memory, by the time from which they hold.
func (g GraphAPI) Timeline(ctx context.Context, in TimelineInput) (*Timeline, error) {
	return read[Timeline](ctx, g.c, http.MethodGet, "/kg/timeline", in)
}

// Invalidate ends the time for which a link holds.
func (g GraphAPI) Invalidate(ctx context.Context, in InvalidateInput, with ...With) (*Invalidated, *Waiting, error) {
	return change[Invalidated](ctx, g.c, http.MethodPost, "/kg/invalidate", in, with)
}

// Paths finds chains of links between two memories.
func (g GraphAPI) Paths(ctx context.Context, in PathsInput) (*Paths, error) {
	return read[Paths](ctx, g.c, http.MethodPost, "/kg/find_paths", in)
}

// Verify says how well links are attested.
func (g GraphAPI) Verify(ctx context.Context, in VerifyInput) (*Verification, error) {
	return read[Verification](ctx, g.c, http.MethodPost, "/links/verify", in)
}

// Duplicate says whether a memory is there already, by the words in common.
func (g GraphAPI) Duplicate(ctx context.Context, in DuplicateInput) (*Duplicate, error) {
	return read[Duplicate](ctx, g.c, http.MethodPost, "/check_duplicate", in)
}

// Duplicates lists memories that are there more than once, and changes nothing.
func (g GraphAPI) Duplicates(ctx context.Context, in DuplicatesInput) (*DuplicateGroups, error) {
	return read[DuplicateGroups](ctx, g.c, http.MethodGet, "/duplicates", in)
}

// Contradictions lists memories about a topic that contradict each other.
func (g GraphAPI) Contradictions(ctx context.Context, in ContradictionsInput) (*Contradictions, error) {
	return read[Contradictions](ctx, g.c, http.MethodGet, "/contradictions", in)
}

// RegisterEntity makes an entity, or adds names to the one that there is.
func (g GraphAPI) RegisterEntity(ctx context.Context, in EntityInput, with ...With) (*RegisteredEntity, *Waiting, error) {
	return change[RegisteredEntity](ctx, g.c, http.MethodPost, "/entities", in, with)
}

// EntityByAlias finds the entity that goes by a name; Found is false if there is none.
func (g GraphAPI) EntityByAlias(ctx context.Context, in ByAliasInput) (*FoundEntity, error) {
	return read[FoundEntity](ctx, g.c, http.MethodGet, "/entities/by_alias", in)
}

// Link connects two live memories. An empty relation is related_to.
func (g GraphAPI) Link(ctx context.Context, source, target, relation string, with ...With) (*Outcome, error) {
	return write(ctx, g.c, call{method: http.MethodPost, path: "/links", body: edge(source, target, relation), with: one(with)}, nil)
}

// Unlink removes the links from source to target: all of them, or those of one
// relation. It reports whether there was one.
func (g GraphAPI) Unlink(ctx context.Context, source, target, relation string, with ...With) (removed bool, out *Outcome, err error) {
	var b struct {
		Deleted bool `json:"deleted"`
	}
	out, err = write(ctx, g.c, call{method: http.MethodDelete, path: "/links", body: edge(source, target, relation), with: one(with)}, &b)
	return b.Deleted, out, err
}

func edge(source, target, relation string) any {
	return struct {
		Source   string `json:"source_id"`
		Target   string `json:"target_id"`
		Relation string `json:"relation,omitempty"`
	}{source, target, relation}
}

// Links returns the links of a memory in both directions.
func (g GraphAPI) Links(ctx context.Context, id string) ([]Link, error) {
	var b struct {
		Links []Link `json:"links"`
	}
	err := g.c.do(ctx, call{method: http.MethodGet, path: "/links" + seg(id)}, &b)
	return b.Links, err
}

// Linked is [Client.Get] that also says which of the links could not be read.
func (g GraphAPI) Linked(ctx context.Context, id string) (*Memory, *Links, error) {
	var b struct {
		Memory *Memory `json:"memory"`
		Links
	}
	if err := g.c.do(ctx, call{method: http.MethodGet, path: "/memories" + seg(id)}, &b); err != nil {
		return nil, nil, err
	}
	if b.Memory == nil {
		return nil, nil, &Error{Status: http.StatusNotFound, Message: "the node answered without a memory"}
	}
	b.Count = len(b.Links.Links)
	return b.Memory, &b.Links, nil
}
