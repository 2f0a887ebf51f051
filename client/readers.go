package client

import (
	"context"
	"net/http"
	"net/url"
)

// ReadersInput asks who has read something on a node.
type ReadersInput struct {
	ID    string `json:"id,omitempty" minlen:"1" doc:"Who has read this memory; without it: who has read anything." example:"gate-code"`
	By    string `json:"by,omitempty" minlen:"1" doc:"What this agent has read, instead; not with id." example:"alice"`
	Limit int    `json:"limit,omitempty" doc:"With by: how many memories at most." min:"1" max:"1000" default:"100" clamp:"true"`
}

// Readers are agents that have read memories on a node.
type Readers struct {
	ID      string   `json:"id,omitempty" doc:"The memory that it is about." example:"gate-code"`
	Readers []Reader `json:"readers" doc:"Who has read it, who did last first. Whoever is not the operator of the node is told of its own reads only."`
	By      string   `json:"by,omitempty" doc:"The agent that it is about." example:"alice"`
	Read    []Given  `json:"read,omitempty" doc:"With by: which memories it was given, the last first. Of the 5,000 that were read last here, as far as it is among the 16 that read each of them last."`
	Count   int      `json:"count" doc:"How many there are here."`
	Since   Time     `json:"since,omitzero" doc:"Since when this node counts; absent where it does not. Of each memory it knows the 16 that read it last."`
}

// Reader is an agent that has read memories on a node.
type Reader struct {
	AgentID string `json:"agent_id" doc:"Who read." example:"alice"`
	Times   int64  `json:"times" doc:"How many memories it was given, or how often this one."`
	LastAt  Time   `json:"last_at" doc:"When last."`
	How     string `json:"how" doc:"How it came to it last." enum:"recall,get,briefing"`
}

// Given is a memory that an agent was given.
type Given struct {
	ID     string `json:"id" doc:"The memory." example:"gate-code"`
	Times  int64  `json:"times" doc:"How often."`
	LastAt Time   `json:"last_at" doc:"When last."`
	How    string `json:"how" doc:"How the agent came to it last." enum:"recall,get,briefing"`
}

// How a [Reader] came to a memory.
const (
	ReadByRecall   = "recall"
	ReadByID       = "get"
	ReadInBriefing = "briefing"
)

// Readers lists which agents have read a memory on the node, or, if id is "", anything.
// Only the operator is told of the reads of others.
func (a AgentsAPI) Readers(ctx context.Context, id string) (*Readers, error) {
	q := url.Values{}
	if id != "" {
		q.Set("id", id)
	}
	out := &Readers{}
	err := a.c.do(ctx, call{method: http.MethodGet, path: "/readers", query: q}, out)
	return out, err
}

// ReadBy lists which memories an agent was given on the node, the last first. Of the reads
// of others only the operator is told.
func (a AgentsAPI) ReadBy(ctx context.Context, agent string) (*Readers, error) {
	out := &Readers{}
	err := a.c.do(ctx, call{method: http.MethodGet, path: "/readers", query: url.Values{"by": {agent}}}, out)
	return out, err
}
