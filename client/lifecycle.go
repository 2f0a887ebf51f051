package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Archive moves live memories out of sight; [Client.Restore] brings them back.
func (c *Client) Archive(ctx context.Context, ids []string, reason string, with ...With) (*Archived, error) {
	body := struct {
		IDs    []string `json:"ids"`
		Reason string   `json:"reason,omitempty"`
	}{ids, reason}
	out := &Archived{}
	err := c.do(ctx, call{method: http.MethodPost, path: "/archive", body: body, with: one(with)}, out)
	return out, err
}

// Restore brings an archived memory back.
func (c *Client) Restore(ctx context.Context, id string, with ...With) (*Outcome, error) {
	return c.write(ctx, call{method: http.MethodPost, path: "/archive" + seg(id) + "/restore", with: one(with)}, nil)
}

// ListArchive returns archived memories, the expired included.
func (c *Client) ListArchive(ctx context.Context, namespace string, limit, offset int) ([]Memory, error) {
	q := url.Values{}
	if namespace != "" {
		q.Set("namespace", namespace)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	if offset > 0 {
		q.Set("offset", strconv.Itoa(offset))
	}
	var b struct {
		Archived []Memory `json:"archived"`
	}
	err := c.do(ctx, call{method: http.MethodGet, path: "/archive", query: q}, &b)
	return b.Archived, err
}

// Link connects two live memories. An empty relation is related_to.
func (c *Client) Link(ctx context.Context, source, target, relation string, with ...With) (*Outcome, error) {
	return c.write(ctx, call{method: http.MethodPost, path: "/links", body: edge(source, target, relation), with: one(with)}, nil)
}

// Unlink removes the links from source to target: all of them, or those of one
// relation. It reports whether there was one.
func (c *Client) Unlink(ctx context.Context, source, target, relation string, with ...With) (removed bool, out *Outcome, err error) {
	var b struct {
		Deleted bool `json:"deleted"`
	}
	out, err = c.write(ctx, call{method: http.MethodDelete, path: "/links", body: edge(source, target, relation), with: one(with)}, &b)
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
func (c *Client) Links(ctx context.Context, id string) ([]Link, error) {
	var b struct {
		Links []Link `json:"links"`
	}
	err := c.do(ctx, call{method: http.MethodGet, path: "/links" + seg(id)}, &b)
	return b.Links, err
}

// Consolidation asks to replace memories by one.
type Consolidation struct {
	IDs       []string `json:"ids"` // 2 to 100, distinct
	Title     string   `json:"title"`
	Summary   string   `json:"summary,omitempty"` // "": the titles of the sources
	Namespace string   `json:"namespace,omitempty"`
	Tier      string   `json:"tier,omitempty"` // "": long
}

// Consolidate writes one memory in place of several, which are archived, in one
// step.
func (c *Client) Consolidate(ctx context.Context, k Consolidation, with ...With) (*Outcome, error) {
	return c.write(ctx, call{method: http.MethodPost, path: "/consolidate", body: k, with: one(with)}, nil)
}
