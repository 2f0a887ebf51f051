package client

// Link is a typed, directed edge between two memories.
type Link struct {
	Source      string `json:"source_id" doc:"The memory that the link leaves." example:"gate-code"`
	Target      string `json:"target_id" doc:"The memory that it leads to." example:"gate"`
	Relation    string `json:"relation" doc:"What the first is to the second." enum:"related_to,supersedes,contradicts,derived_from,reflects_on,derives_from"`
	CreatedAt   Time   `json:"created_at" doc:"When it was made."`
	Signature   []int  `json:"signature,omitempty" doc:"The bytes of an Ed25519 signature." example:"[]"`
	ObservedBy  string `json:"observed_by,omitempty" doc:"Who noticed it." example:"alice"`
	ValidFrom   Time   `json:"valid_from,omitzero" doc:"The time from which it holds."`
	ValidUntil  Time   `json:"valid_until,omitzero" doc:"The time until which it holds."`
	AttestLevel string `json:"attest_level,omitempty" doc:"How well its author is proven." enum:"unsigned,self_signed,peer_attested,signed_by_peer,daemon_signed"`
}

// LinkInput makes a link.
type LinkInput struct {
	Source     string `json:"source_id" need:"true" doc:"The memory that the link leaves." example:"gate-code"`
	Target     string `json:"target_id" need:"true" doc:"The memory that it leads to." example:"gate"`
	Relation   string `json:"relation,omitempty" bad:"INVALID_RELATION" doc:"What the first is to the second; related_to if it is absent." enum:"related_to,supersedes,contradicts,derived_from,reflects_on,derives_from"`
	ValidFrom  Time   `json:"valid_from,omitzero" doc:"The time from which it holds."`
	ValidUntil Time   `json:"valid_until,omitzero" doc:"The time until which it holds."`
}

// UnlinkInput removes links between two memories.
type UnlinkInput struct {
	Source   string `json:"source_id" need:"true" doc:"Where the link begins." example:"gate-code"`
	Target   string `json:"target_id" need:"true" doc:"Where the link ends." example:"gate"`
	Relation string `json:"relation,omitempty" narrows:"true" bad:"INVALID_RELATION" doc:"The relation; all of them if there is none." enum:"related_to,supersedes,contradicts,derived_from,reflects_on,derives_from"`
	DryRun   bool   `json:"dry_run,omitempty" narrows:"true" doc:"Say what would be removed, and remove nothing."`
}

// Linked answers a request for a link.
type Linked struct {
	Linked      bool     `json:"linked" doc:"It is there."`
	AttestLevel string   `json:"attest_level" doc:"How well its author is proven." enum:"unsigned,self_signed,peer_attested,signed_by_peer,daemon_signed"`
	Source      string   `json:"source_id" doc:"The memory that the link leaves." example:"gate-code"`
	Target      string   `json:"target_id" doc:"The memory that it leads to." example:"gate"`
	Relation    string   `json:"relation" doc:"What the first is to the second." enum:"related_to,supersedes,contradicts,derived_from,reflects_on,derives_from"`
	CreatedAt   Time     `json:"created_at" doc:"When it was made."`
	Receipt     *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// Unlinked answers a request to remove links.
type Unlinked struct {
	Deleted bool     `json:"deleted" doc:"There was one."`
	Removed int      `json:"removed" doc:"How many there were."`
	DryRun  bool     `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
	Receipt *Receipt `json:"receipt,omitempty" doc:"Who holds the write on disk; absent: there was none."`
}

// Links are the links of a memory.
type Links struct {
	Links   []Link   `json:"links" doc:"The links, in both directions."`
	Count   int      `json:"count" doc:"How many there are."`
	Damaged []string `json:"damaged,omitempty" doc:"Left out, because it is damaged on the disk of this node: ids of memories, dots of links. Members are asked for it." example:"[]"`
}
