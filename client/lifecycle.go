package client

import (
	"context"
	"net/http"
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
	return write(ctx, c, call{method: http.MethodPost, path: "/archive" + seg(id) + "/restore", with: one(with)}, nil)
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
	return write(ctx, c, call{method: http.MethodPost, path: "/consolidate", body: k, with: one(with)}, nil)
}
