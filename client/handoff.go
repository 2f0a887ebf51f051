package client

import (
	"context"
	"net/http"
)

// HandoffInput hands work over to whoever goes on with it.
type HandoffInput struct {
	Title     string   `json:"title" need:"true" doc:"What the work is." maxlen:"512" example:"Move the cellar door"`
	Summary   string   `json:"summary" need:"true" minlen:"1" doc:"Where it stands." example:"The frame is out."`
	To        string   `json:"to,omitempty" doc:"The agent that it is for; absent: whoever works in the namespace next." example:"bob"`
	Questions []string `json:"open_questions,omitempty" doc:"What is not known yet." maxitems:"50" example:"[\"Who has the key?\"]"`
	Steps     []string `json:"next_steps,omitempty" doc:"What to do next, in order." maxitems:"50" example:"[\"Measure the gap.\"]"`
	Namespace string   `json:"namespace,omitempty" doc:"Where the work is; global if it is absent." minlen:"1" maxlen:"512" example:"house"`
	TTL       int64    `json:"ttl_secs,omitempty" doc:"How many seconds it stays in briefings." min:"60" max:"31536000" default:"604800"`
	AgentID   string   `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
}

// Handoff says who hands over what to whom: what metadata.handoff of the memory of
// a handoff holds.
type Handoff struct {
	From      string   `json:"from" doc:"Who hands over." example:"alice"`
	To        string   `json:"to,omitempty" doc:"The agent that it is for; absent: whoever comes." example:"bob"`
	Questions []string `json:"open_questions" doc:"What is not known yet." example:"[]"`
	Steps     []string `json:"next_steps" doc:"What to do next, in order." example:"[]"`
}

// HandedOver answers a handoff.
type HandedOver struct {
	Handoff

	ID        string   `json:"id" doc:"The memory that holds it." example:"0198c0de-0000-7000-8000-000000000001"`
	Title     string   `json:"title" doc:"Its title: with a suffix, if that of an earlier one was the same." example:"Move the cellar door"`
	Namespace string   `json:"namespace" doc:"Where it is kept." example:"house"`
	ExpiresAt Time     `json:"expires_at" doc:"Until when it is in briefings."`
	Receipt   *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// HandOver hands work over: the outcome names the memory that holds it.
func (a AgentsAPI) HandOver(ctx context.Context, in HandoffInput, with ...With) (*Outcome, error) {
	return write(ctx, a.c, call{method: http.MethodPost, path: "/handoff", body: in, with: one(with)}, nil)
}
