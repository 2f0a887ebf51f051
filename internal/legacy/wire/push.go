package wire

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Limits of a push, as a real node keeps them.
const (
	MaxItems = 1000    // of a lane
	MaxBody  = 2 << 20 // bytes
)

// Push is one message to a peer. Its lanes are applied in the order of [Lanes],
// whatever the order of the keys. Fields are in the order of the bytes.
type Push struct {
	Archives    []string    `json:"archives,omitempty"`
	Deletions   []string    `json:"deletions,omitempty"`
	DryRun      bool        `json:"dry_run"`
	Embeddings  []Embedding `json:"embeddings,omitempty"`
	Links       []Link      `json:"links,omitempty"`
	Memories    []Memory    `json:"memories"`
	Standards   []Standard  `json:"namespace_meta,omitempty"`
	Clears      []string    `json:"namespace_meta_clears,omitempty"`
	Decisions   []Decision  `json:"pending_decisions,omitempty"`
	Pendings    []Pending   `json:"pendings,omitempty"`
	Restores    []string    `json:"restores,omitempty"`
	Sender      string      `json:"sender_agent_id"`
	SenderClock *Clock      `json:"sender_clock,omitempty"`
	WallClock   string      `json:"sender_wall_clock,omitempty"`
}

// Lane is one list of a push.
type Lane string

// The lanes by their keys.
const (
	LaneMemories  Lane = "memories"
	LaneDeletions Lane = "deletions"
	LaneArchives  Lane = "archives"
	LaneRestores  Lane = "restores"
	LaneLinks     Lane = "links"
	LanePendings  Lane = "pendings"
	LaneDecisions Lane = "pending_decisions"
	LaneStandards Lane = "namespace_meta"
	LaneClears    Lane = "namespace_meta_clears"
)

// Lanes lists the lanes in the order in which every receiver applies them.
func Lanes() []Lane {
	return []Lane{
		LaneMemories, LaneDeletions, LaneArchives, LaneRestores, LaneLinks, LanePendings, LaneDecisions, LaneStandards, LaneClears,
	}
}

// Items returns how many items a lane has.
func (p *Push) Items(l Lane) int {
	switch l {
	case LaneMemories:
		return len(p.Memories)
	case LaneDeletions:
		return len(p.Deletions)
	case LaneArchives:
		return len(p.Archives)
	case LaneRestores:
		return len(p.Restores)
	case LaneLinks:
		return len(p.Links)
	case LanePendings:
		return len(p.Pendings)
	case LaneDecisions:
		return len(p.Decisions)
	case LaneStandards:
		return len(p.Standards)
	case LaneClears:
		return len(p.Clears)
	}
	return 0
}

// Clock is what a node has seen of others: the time of the newest row, by name.
type Clock struct {
	Entries map[string]string `json:"entries"`
}

// Embedding is the vector of a memory of the same push.
type Embedding struct {
	Dim      int     `json:"dim"`
	MemoryID string  `json:"memory_id"`
	Model    string  `json:"model"`
	Vector   []Float `json:"vector"`
}

// Link is an edge between two memories.
type Link struct {
	AttestLevel string `json:"attest_level,omitempty"`
	CreatedAt   string `json:"created_at"`
	ObservedBy  string `json:"observed_by,omitempty"`
	Relation    string `json:"relation"`
	Signature   Bytes  `json:"signature,omitempty"`
	Source      string `json:"source_id"`
	Target      string `json:"target_id"`
	ValidFrom   string `json:"valid_from,omitempty"`
	ValidUntil  string `json:"valid_until,omitempty"`
}

// Standard says which memory states the rules of a namespace.
type Standard struct {
	Namespace  string `json:"namespace"`
	Parent     string `json:"parent_namespace,omitempty"`
	StandardID string `json:"standard_id"`
	UpdatedAt  string `json:"updated_at"`
}

// Pending is an action that waits for approval.
type Pending struct {
	Action      string          `json:"action_type"` // store, delete, promote or reflect
	Approvals   []Approval      `json:"approvals"`
	DecidedAt   string          `json:"decided_at,omitempty"`
	DecidedBy   string          `json:"decided_by,omitempty"`
	ID          string          `json:"id"`
	MemoryID    *string         `json:"memory_id"`
	Namespace   string          `json:"namespace"`
	Payload     json.RawMessage `json:"payload"`
	RequestedAt string          `json:"requested_at"`
	RequestedBy string          `json:"requested_by"`
	Status      string          `json:"status"` // pending, approved or rejected
}

// Approval is one vote for an action.
type Approval struct {
	AgentID    string `json:"agent_id"`
	ApprovedAt string `json:"approved_at"`
}

// Decision closes an action.
type Decision struct {
	Approved bool   `json:"approved"`
	Decider  string `json:"decider"`
	ID       string `json:"id"`
}

// Encode returns the bytes of a push as a real node writes them.
func (p *Push) Encode() ([]byte, error) {
	q := *p
	if q.Memories == nil {
		q.Memories = []Memory{}
	}
	return canonical(&q)
}

// Malformed is the beginning of the text of every error of [DecodePush].
const Malformed = "malformed sync_push body: "

// DecodePush reads a push. Every error is for the sender, and begins with [Malformed].
// Items are as they were sent: whether one makes sense is asked of it alone.
func DecodePush(body []byte) (*Push, error) {
	var p struct {
		Push

		Memories *[]Memory `json:"memories"`
		Sender   *string   `json:"sender_agent_id"`
	}
	err := json.Unmarshal(body, &p)
	switch {
	case err != nil:
	case p.Sender == nil:
		err = missing("sender_agent_id")
	case p.Memories == nil:
		err = missing("memories")
	default:
		p.Push.Memories, p.Push.Sender = *p.Memories, *p.Sender
		err = p.enums()
	}
	if err != nil {
		return nil, fmt.Errorf(Malformed+"%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return &p.Push, nil
}

// missing has the words of the reader that real nodes use.
func missing(field string) error { return fmt.Errorf("missing field `%s`", field) }

// enums refuses values outside the closed sets which a real node cannot read.
func (p *Push) enums() error {
	for i := range p.Links {
		if err := oneOf(p.Links[i].Relation, relations()); err != nil {
			return err
		}
	}
	for i := range p.Memories {
		m := &p.Memories[i]
		if err := oneOf(m.MemoryKind, kinds()); err != nil {
			return err
		}
		if err := oneOf(m.Tier, []string{"short", "mid", "long"}); err != nil {
			return err
		}
	}
	return nil
}
