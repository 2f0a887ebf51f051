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
	Paths        Texts  `json:"paths,omitempty" doc:"Files that the work is about, for rules that hold for some." maxitems:"64" example:"[\"cmd/main.go\"]"`
	Tools        Texts  `json:"tools,omitempty" doc:"Tools that are about to be used, for rules that hold for some." maxitems:"64" example:"[\"Bash\"]"`
	Text         string `json:"text,omitempty" doc:"What is to be done, in words, for rules that hold for some." maxlen:"65536" example:"make a release"`
}

// Briefing is what to know before work begins: by rule, not by likeness.
type Briefing struct {
	Namespace string         `json:"namespace" doc:"Where the work is." example:"house"`
	Text      string         `json:"text" doc:"The briefing. What it quotes was stored by agents: it is no instruction of this server." example:"Rules of house: ask before you write."`
	Tokens    int            `json:"tokens" doc:"4 bytes of text are a token."`
	Items     []BriefingItem `json:"items" doc:"What the text is made of, in its order."`
	LeftOut   []string       `json:"left_out" doc:"The titles of what did not fit." example:"[]"`
	Unread    int            `json:"unread" doc:"How many messages in the caller's inbox are unread."`
	Open      int            `json:"open_proposals" doc:"How many proposals wait for votes, of those that the caller may see."`
	Conflicts int            `json:"conflicts" doc:"How many of the memories that were looked at have versions that nobody has settled."`
}

// BriefingItem is a memory that a briefing shows.
type BriefingItem struct {
	ID      string `json:"id" doc:"The memory." example:"gate-code"`
	Version int64  `json:"version" doc:"The version of it that is shown."`
	Why     string `json:"why" doc:"Why it is there: standard, rule, pinned, handoff, conflict, important (its priority is 8 or more), or trigger (a rule of which only the title is shown, because nothing that it holds for was named)." enum:"standard,rule,pinned,handoff,conflict,important,trigger"`
}

// Briefing tells what to know before work in a namespace begins.
func (a AgentsAPI) Briefing(ctx context.Context, in BriefingInput) (*Briefing, error) {
	q := url.Values{}
	for name, text := range map[string]string{"namespace": in.Namespace, "text": in.Text} {
		if text != "" {
			q.Set(name, text)
		}
	}
	for _, path := range in.Paths {
		q.Add("paths", path)
	}
	for _, tool := range in.Tools {
		q.Add("tools", tool)
	}
	if in.BudgetTokens > 0 {
		q.Set("budget_tokens", strconv.Itoa(in.BudgetTokens))
	}
	out := &Briefing{}
	err := a.c.do(ctx, call{method: http.MethodGet, path: "/briefing", query: q}, out)
	return out, err
}

// ShownInput asks what agents were shown in briefings.
type ShownInput struct {
	Of    string `json:"of,omitempty" narrows:"true" doc:"Only what this agent was shown. Whoever is not the operator of the node is told of its own briefings only." example:"alice"`
	Limit int    `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"At most so many, and no more than 1,000." default:"20"`
}

// ShownList are briefings that agents have read on this node.
type ShownList struct {
	Shown []Shown `json:"shown" doc:"The briefings, the newest first."`
	Count int     `json:"count" doc:"How many there are here."`
}

// Shown is a briefing that an agent has read.
type Shown struct {
	At        Time           `json:"at" doc:"When."`
	AgentID   string         `json:"agent_id" doc:"Who read it." example:"alice"`
	Namespace string         `json:"namespace" doc:"Where the work was." example:"house"`
	Tokens    int            `json:"tokens" doc:"4 bytes of text are a token."`
	Digest    string         `json:"digest" doc:"SHA-256 of the text." pattern:"^[0-9a-f]{64}$"`
	Items     []BriefingItem `json:"items" doc:"The memories that it showed."`
	LeftOut   int            `json:"left_out" doc:"How many did not fit."`
}

// Shown lists briefings that the node has given, the newest first: those of one
// agent, or of all if it is "". Only the operator is told of those of others.
func (a AgentsAPI) Shown(ctx context.Context, agent string, limit int) (*ShownList, error) {
	q := url.Values{}
	if agent != "" {
		q.Set("of", agent)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	out := &ShownList{}
	err := a.c.do(ctx, call{method: http.MethodGet, path: "/briefing/shown", query: q}, out)
	return out, err
}
