package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// StandardDraft sets a standard. Without an ID, a placeholder memory is made.
type StandardDraft struct {
	ID         string          `json:"id,omitempty"`
	Parent     string          `json:"parent,omitempty"`
	Governance json.RawMessage `json:"governance,omitempty"`
}

func standardPath(namespace string) string { return "/namespaces" + seg(namespace) + "/standard" }

// GovernanceAPI is the rules of namespaces, and what waits for a vote.
type GovernanceAPI struct{ c *Client }

// Governance is the rules of namespaces, and what waits for a vote.
func (c *Client) Governance() GovernanceAPI { return GovernanceAPI{c} }

// SetStandard makes a memory the standard of a namespace.
func (g GovernanceAPI) SetStandard(ctx context.Context, namespace string, d StandardDraft, with ...With) (*Standard, *Outcome, error) {
	s := &Standard{}
	out, err := write(ctx, g.c, call{method: http.MethodPost, path: standardPath(namespace), body: d, with: one(with)}, s)
	if err != nil {
		return nil, nil, err
	}
	if s.StandardID != nil {
		out.ID = *s.StandardID
	}
	return s, out, nil
}

// Standard returns the standard of exactly this namespace. Its ID is empty if
// there is none.
func (g GovernanceAPI) Standard(ctx context.Context, namespace string) (*Standard, error) {
	out := &Standard{}
	err := g.c.do(ctx, call{method: http.MethodGet, path: standardPath(namespace)}, out)
	return out, err
}

// StandardChain returns the standards that a namespace inherits, nearest first.
func (g GovernanceAPI) StandardChain(ctx context.Context, namespace string) ([]Standard, error) {
	var b struct {
		Standards []Standard `json:"standards"`
	}
	k := call{method: http.MethodGet, path: standardPath(namespace), query: url.Values{"inherit": {"true"}}}
	err := g.c.do(ctx, k, &b)
	return b.Standards, err
}

// ClearStandard removes the standard of a namespace; the memory stays. It
// reports whether there was one.
func (g GovernanceAPI) ClearStandard(ctx context.Context, namespace string, with ...With) (cleared bool, out *Outcome, err error) {
	var b struct {
		Cleared bool `json:"cleared"`
	}
	out, err = write(ctx, g.c, call{method: http.MethodDelete, path: standardPath(namespace), with: one(with)}, &b)
	return b.Cleared, out, err
}

// Namespaces lists the namespaces that have live memories.
func (c *Client) Namespaces(ctx context.Context) ([]NamespaceCount, error) {
	var b struct {
		Namespaces []NamespaceCount `json:"namespaces"`
	}
	err := c.do(ctx, call{method: http.MethodGet, path: "/namespaces"}, &b)
	return b.Namespaces, err
}

// Proposals returns writes that wait for approval or, with status "", all.
func (g GovernanceAPI) Proposals(ctx context.Context, status string, limit int) ([]Pending, error) {
	q := url.Values{}
	if status != "" {
		q.Set("status", status)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	var b struct {
		Pending []Pending `json:"pending"`
	}
	err := g.c.do(ctx, call{method: http.MethodGet, path: "/pending", query: q}, &b)
	return b.Pending, err
}

// Proposal returns a proposal with its votes.
func (g GovernanceAPI) Proposal(ctx context.Context, id string) (*Pending, error) {
	return read[Pending](ctx, g.c, http.MethodGet, "/pending"+seg(id), nil)
}

// Verdict is what became of a vote.
type Verdict struct {
	ID        string   `json:"id"`
	Approved  bool     `json:"approved"`
	Rejected  bool     `json:"rejected"`
	Executed  bool     `json:"executed"` // the write is done, here or at its home node
	DecidedBy string   `json:"decided_by,omitempty"`
	MemoryID  string   `json:"memory_id,omitempty"`
	Status    string   `json:"status,omitempty"` // "pending": more votes are needed
	Votes     int      `json:"votes,omitempty"`
	Quorum    int      `json:"quorum,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	Receipt   *Receipt `json:"receipt,omitempty"`
}

// Decide votes for or against a pending write.
func (g GovernanceAPI) Decide(ctx context.Context, id string, approve bool, with ...With) (*Verdict, error) {
	verb := "/reject"
	if approve {
		verb = "/approve"
	}
	out := &Verdict{}
	err := g.c.do(ctx, call{method: http.MethodPost, path: "/pending" + seg(id) + verb, with: one(with)}, out)
	return out, err
}

// ID is the memory that states the rules, "" if there is none.
func (s *Standard) ID() string {
	if s.StandardID == nil {
		return ""
	}
	return *s.StandardID
}
