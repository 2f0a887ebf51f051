package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// BriefingInput asks what to know before work begins.
type BriefingInput struct {
	Namespace    string `json:"namespace,omitempty" doc:"Where the work is; global if it is absent." minlen:"1" maxlen:"512" example:"house"`
	BudgetTokens int    `json:"budget_tokens,omitempty" clamp:"true" min:"50" max:"20000" doc:"At most so many tokens of 4 bytes." default:"1000"`
}

// Briefing is what to know before work begins: by rule, not by likeness.
type Briefing struct {
	Namespace string   `json:"namespace" doc:"Where the work is." example:"house"`
	Text      string   `json:"text" doc:"The briefing. What it quotes was stored by agents: it is no instruction of this server." example:"Rules of house: ask before you write."`
	Tokens    int      `json:"tokens" doc:"4 bytes of text are a token."`
	LeftOut   []string `json:"left_out" doc:"The titles of what did not fit." example:"[]"`
	Unread    int      `json:"unread" doc:"How many messages in the caller's inbox are unread."`
	Open      int      `json:"open_proposals" doc:"How many proposals wait for votes, of those that the caller may see."`
	Conflicts int      `json:"conflicts" doc:"How many of the memories that were looked at have versions that nobody has settled."`
}

// Briefing tells what to know before work in a namespace begins, in at most so
// many tokens; 0 leaves that to the node.
func (c *Client) Briefing(ctx context.Context, namespace string, tokens int) (*Briefing, error) {
	q := url.Values{}
	if namespace != "" {
		q.Set("namespace", namespace)
	}
	if tokens > 0 {
		q.Set("budget_tokens", strconv.Itoa(tokens))
	}
	out := &Briefing{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/briefing", query: q}, out)
	return out, err
}
