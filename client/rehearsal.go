package client

// Rehearsal is a federation to practise on: processes of the node's machine, of which
// one can be cut off from the others.
type Rehearsal struct {
	State   string          `json:"state" doc:"Whether one runs." enum:"none,running"`
	Offered bool            `json:"offered" doc:"Whether this node can begin one."`
	EndsAt  Time            `json:"ends_at,omitzero" doc:"When it ends by itself."`
	Cut     string          `json:"cut,omitempty" doc:"The node that is cut off; absent if none is." example:"cedar"`
	Equal   bool            `json:"equal" doc:"Whether all nodes have the same digest now."`
	Memory  string          `json:"memory,omitempty" doc:"The memory that is edited on both sides." example:"gate-code"`
	Nodes   []RehearsalNode `json:"nodes" doc:"Its nodes, as they were seen last."`
	Notes   []RehearsalNote `json:"notes" doc:"What was done, and what was seen then, in order."`
}

// RehearsalNode is a node of a rehearsal.
type RehearsalNode struct {
	Name      string          `json:"name" doc:"The name of the node." example:"alder"`
	URL       string          `json:"url" doc:"Where it answers on its machine." example:"http://127.0.0.1:40001"`
	Digest    string          `json:"digest" doc:"Of its whole state; empty if it does not answer." example:""`
	Live      int64           `json:"live" doc:"Live memories."`
	Conflicts int64           `json:"conflicts" doc:"Live memories with versions that nobody has settled."`
	Written   int             `json:"written" doc:"Memories that the rehearsal has written to it."`
	W         int             `json:"w" doc:"How many nodes a write is to be held by."`
	N         int             `json:"n" doc:"How many nodes there are."`
	Members   []RehearsalLink `json:"members" doc:"What it knows of the others."`
	Error     string          `json:"error,omitempty" doc:"Why it does not answer." example:"connection refused"`
}

// RehearsalLink is what a node of a rehearsal knows of another one.
type RehearsalLink struct {
	Name  string `json:"name" doc:"The name of the other node." example:"birch"`
	State string `json:"state" doc:"Of the link, as in the status of a node." example:"ok"`
	Owed  uint64 `json:"owed" doc:"Ops that it has not acknowledged."`
}

// RehearsalNote is something that was done in a rehearsal, or seen.
type RehearsalNote struct {
	At      Time   `json:"at" doc:"When."`
	What    string `json:"what" doc:"Done: begun, cut, healed, written, edited. Seen: apart, equal." enum:"begun,cut,healed,written,edited,apart,equal"`
	Node    string `json:"node,omitempty" doc:"The node that it was done to." example:"cedar"`
	Count   int    `json:"count,omitempty" doc:"How many memories."`
	AfterMS int64  `json:"after_ms,omitempty" doc:"Of what was seen: how long after what was done before it. It is looked five times a second."`
}

// RehearsalCutInput names the node to cut off.
type RehearsalCutInput struct {
	Node string `json:"node,omitempty" doc:"The node to cut off from the others; absent to heal." example:"cedar"`
}

// RehearsalWriteInput says what to write to a node of a rehearsal.
type RehearsalWriteInput struct {
	Node  string `json:"node" need:"true" doc:"The node to write to." example:"alder"`
	Count int    `json:"count,omitempty" min:"1" max:"200" doc:"How many memories." default:"10"`
}
