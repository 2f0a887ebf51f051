package client

import "encoding/json"

// PendingListInput lists proposals.
type PendingListInput struct {
	Status    string `json:"status,omitempty" narrows:"true" doc:"Only proposals that stand so." enum:"all,pending,approved,rejected,failed" default:"all"`
	Namespace string `json:"namespace,omitempty" narrows:"true" doc:"Only proposals for this namespace." minlen:"1" example:"guarded"`
	Limit     int    `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"At most so many, and no more than 1,000." default:"100"`
}

// Approval is the vote of an agent for or against a proposal.
type Approval struct {
	Agent string `json:"agent_id" doc:"Who voted." example:"bob"`
	At    Time   `json:"approved_at" doc:"When."`
}

// Pending is a proposal: a write that needs approval.
type Pending struct {
	ID          string          `json:"id" doc:"Of the proposal." example:"0198c0de-0000-7000-8000-000000000001"`
	Action      string          `json:"action_type" doc:"What is proposed: store, delete, archive, restore, link …" example:"store"`
	MemoryID    *string         `json:"memory_id" doc:"The memory that it is about, if it exists." example:"gate-code"`
	Namespace   string          `json:"namespace" doc:"The namespace whose rules ask for it." example:"guarded"`
	Payload     json.RawMessage `json:"payload" doc:"The memory that it would write, or its own fields." type:"object"`
	RequestedBy string          `json:"requested_by" doc:"Who proposed it." example:"alice"`
	RequestedAt Time            `json:"requested_at" doc:"When it was proposed."`
	Status      string          `json:"status" doc:"How it stands." enum:"pending,approved,rejected,failed"`
	Detail      string          `json:"detail,omitempty" doc:"Why it could not be carried out." example:"not found"`
	DecidedBy   string          `json:"decided_by,omitempty" doc:"Who decided it." example:"bob"`
	DecidedAt   Time            `json:"decided_at,omitzero" doc:"When it was decided."`
	Approvals   []Approval      `json:"approvals" doc:"The votes for it."`
	Rejections  []Approval      `json:"rejections,omitempty" doc:"The votes against it."`
	Approver    json.RawMessage `json:"approver" doc:"Who may decide: \"human\" is anybody, {\"agent\"} one agent, {\"consensus\"} so many." type:"string,object" example:"human"`
	Home        string          `json:"home" doc:"The node that carries it out." example:"north"`
}

// PendingList are proposals.
type PendingList struct {
	Pending    []Pending `json:"pending" doc:"The proposals, the newest first."`
	Count      int       `json:"count" doc:"How many there are here."`
	OwnerScope string    `json:"owner_scope" doc:"The agent in whose eyes this is." example:"alice"`
}

// DecideInput decides on a proposal.
type DecideInput struct {
	ByID

	Decision string `json:"decision" need:"true" doc:"What is decided." enum:"approve,deny"`
	Remember string `json:"remember,omitempty" doc:"once; the others are not implemented." enum:"once,session,forever"`
}

// Approved answers a vote for a proposal that is decided now.
type Approved struct {
	ID        string   `json:"id" doc:"Of the proposal." example:"0198c0de-0000-7000-8000-000000000001"`
	Status    string   `json:"status" doc:"How it stands." enum:"pending,approved,rejected,failed"`
	Approved  bool     `json:"approved" doc:"Whether it is approved now."`
	Executed  bool     `json:"executed" doc:"Whether it was carried out."`
	Reason    string   `json:"reason,omitempty" doc:"Why not." example:"not found"`
	Detail    string   `json:"detail,omitempty" doc:"Why it could not be carried out." example:"not found"`
	DecidedBy string   `json:"decided_by" doc:"Who decided it." example:"bob"`
	MemoryID  *string  `json:"memory_id" doc:"The memory that was written, or null." example:"gate-code"`
	Receipt   *Receipt `json:"receipt" doc:"Who holds the vote on disk."`
}

// Voted answers a vote for a proposal that needs more of them.
type Voted struct {
	ID       string   `json:"id" doc:"Of the proposal." example:"0198c0de-0000-7000-8000-000000000001"`
	Status   string   `json:"status" doc:"How it stands." enum:"pending,approved,rejected,failed"`
	Approved bool     `json:"approved" doc:"Whether it is approved now."`
	Executed bool     `json:"executed" doc:"Whether it was carried out."`
	Votes    int      `json:"votes" doc:"How many are for it."`
	Quorum   int      `json:"quorum" doc:"How many it needs."`
	Reason   string   `json:"reason" doc:"What it waits for." example:"more approvals are needed"`
	Detail   string   `json:"detail,omitempty" doc:"Why it could not be carried out." example:"not found"`
	Receipt  *Receipt `json:"receipt" doc:"Who holds the vote on disk."`
}

// Rejected answers a vote against a proposal.
type Rejected struct {
	ID        string   `json:"id" doc:"Of the proposal." example:"0198c0de-0000-7000-8000-000000000001"`
	Status    string   `json:"status" doc:"How it stands." enum:"pending,approved,rejected,failed"`
	Rejected  bool     `json:"rejected" doc:"It is rejected now."`
	DecidedBy string   `json:"decided_by" doc:"Who decided it." example:"bob"`
	Receipt   *Receipt `json:"receipt" doc:"Who holds the vote on disk."`
}

// NamespacesInput counts memories by namespace; with a namespace it reads the
// standard of that.
type NamespacesInput struct {
	Namespace string `json:"namespace,omitempty" doc:"Read the standard of this namespace instead. * is the root." minlen:"1" maxlen:"512" example:"house"`
	Inherit   bool   `json:"inherit,omitempty" doc:"Also the standards of the namespaces above."`
}

// Namespaces are the namespaces that have live memories.
type Namespaces struct {
	Namespaces []NamespaceCount `json:"namespaces" doc:"The namespaces that have live memories."`
	Count      int              `json:"count" doc:"How many there are."`
}

// StandardInput reads the standard of a namespace.
type StandardInput struct {
	Namespace string `json:"namespace" in:"path" need:"true" doc:"Slashes as they are, or as %2F. * is the root: the standard of all namespaces." example:"house"`
	Inherit   bool   `json:"inherit,omitempty" doc:"Also the standards of the namespaces above."`
}

// Standard is the memory that states the rules of a namespace; all but the first
// two are absent if there is none.
type Standard struct {
	Namespace  string          `json:"namespace" doc:"The namespace." example:"house"`
	StandardID *string         `json:"standard_id" doc:"The memory that states the rules, or null." example:"house-rules"`
	Parent     string          `json:"parent,omitempty" doc:"The namespace whose rules come next; without it, the nearest one above that has any." example:"global"`
	Title      string          `json:"title,omitempty" doc:"Of the memory." example:"House rules"`
	Content    string          `json:"content,omitempty" doc:"Of the memory." example:"Ask before you write."`
	Priority   int32           `json:"priority,omitempty" doc:"Of the memory."`
	Governance json.RawMessage `json:"governance,omitempty" doc:"The rules: write, promote, delete, approver, inherit, secrets (mask, refuse or keep), write_quorum." type:"object" example:"{\"write\":\"approve\",\"approver\":\"human\"}"`
	SetAt      Time            `json:"set_at,omitzero" doc:"When it was set."`
	Warning    string          `json:"warning,omitempty" doc:"Why the memory is not shown." example:"the memory of this standard is not visible to the caller"`
}

// StandardChain are the standards that hold for a namespace.
type StandardChain struct {
	Namespace string     `json:"namespace" doc:"The namespace." example:"house/cellar"`
	Chain     []string   `json:"chain" doc:"The namespaces whose standards apply, the nearest first." example:"[\"house\"]"`
	Standards []Standard `json:"standards" doc:"Their standards."`
	Count     int        `json:"count" doc:"How many there are."`
}

// StandardFields say which standard a namespace gets.
type StandardFields struct {
	Namespace  string          `json:"namespace,omitempty" doc:"The namespace that the standard is for. Required, unless the path or the query names it." maxlen:"512" example:"house"`
	ID         string          `json:"id,omitempty" minlen:"1" doc:"The memory that states the rules; without it, one is made." example:"house-rules"`
	StandardID string          `json:"standard_id,omitempty" minlen:"1" doc:"Another name of id." example:"house-rules"`
	Parent     string          `json:"parent,omitempty" minlen:"1" doc:"The namespace whose rules come next; without it, the nearest one above that has any." example:"global"`
	Governance json.RawMessage `json:"governance,omitempty" doc:"The rules: write, promote, delete, approver, inherit, secrets (mask, refuse or keep), write_quorum." type:"object" example:"{\"write\":\"approve\",\"approver\":\"human\"}"`
	AgentID    string          `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
}

// SetStandardInput sets the standard of a namespace.
type SetStandardInput struct {
	StandardFields

	Standard *StandardFields `json:"standard,omitempty" doc:"The same fields once more, for clients that nest them."`
}

// StandardSet answers it.
type StandardSet struct {
	Set        bool            `json:"set" doc:"The standard is set."`
	Namespace  string          `json:"namespace" doc:"The namespace." example:"house"`
	StandardID string          `json:"standard_id" doc:"The memory that states the rules." example:"house-rules"`
	Parent     string          `json:"parent,omitempty" doc:"The namespace whose rules come next." example:"global"`
	Governance json.RawMessage `json:"governance,omitempty" doc:"The rules." type:"object" example:"{\"write\":\"approve\"}"`
	Receipt    *Receipt        `json:"receipt" doc:"Who holds the write on disk."`
}

// ClearStandardInput clears the standard of a namespace.
type ClearStandardInput struct {
	Namespace string `json:"namespace" need:"true" doc:"The namespace that the standard is for. * is the root." minlen:"1" maxlen:"512" example:"house"`
	DryRun    bool   `json:"dry_run,omitempty" narrows:"true" doc:"Say whether there is one, and change nothing."`
}

// StandardCleared answers it.
type StandardCleared struct {
	Cleared   bool     `json:"cleared" doc:"Whether there was one."`
	Namespace string   `json:"namespace" doc:"The namespace." example:"house"`
	DryRun    bool     `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
	Receipt   *Receipt `json:"receipt,omitempty" doc:"Who holds the write on disk; absent: there was none."`
}
