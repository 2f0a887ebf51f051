package memory

import (
	"encoding/json"
	"fmt"
)

// Governance are the rules that a namespace standard states, in the metadata of
// its memory under "governance". Keys that this version does not know are
// ignored, and kept.
type Governance struct {
	Write       string `json:"write,omitempty"`   // any, registered, owner or approve
	Promote     string `json:"promote,omitempty"` // the same
	Delete      string `json:"delete,omitempty"`  // the same
	Approver    any    `json:"approver,omitempty"`
	Inherit     *bool  `json:"inherit,omitempty"`
	Secrets     string `json:"secrets,omitempty"`      // mask, refuse or keep: what is done with secrets in texts; "" is mask
	WriteQuorum int    `json:"write_quorum,omitempty"` // W of writes to the namespace; 0: the node's
}

// Levels of a rule.
const (
	RuleAny        = "any"
	RuleRegistered = "registered"
	RuleOwner      = "owner"
	RuleApprove    = "approve"
)

// What is done with secrets that are found in what is written.
const (
	SecretsMask   = "mask"
	SecretsRefuse = "refuse"
	SecretsKeep   = "keep"
)

// DefaultGovernance is what holds where no standard says otherwise.
func DefaultGovernance() Governance {
	return Governance{Write: RuleAny, Promote: RuleAny, Delete: RuleOwner}
}

// RuleNames are the keys of [Governance].
func RuleNames() []string {
	return []string{"write", "promote", "delete", "approver", "inherit", "secrets", "write_quorum"}
}

// ParseGovernance reads and checks rules; what they leave open takes the default.
func ParseGovernance(raw []byte) (Governance, error) {
	g := DefaultGovernance()
	if err := json.Unmarshal(raw, &g); err != nil {
		return g, fmt.Errorf("governance: %w: %w", err, ErrInvalid)
	}
	for field, rule := range map[string]string{"write": g.Write, "promote": g.Promote, "delete": g.Delete} {
		if err := enum("governance "+field, rule, []string{RuleAny, RuleRegistered, RuleOwner, RuleApprove}); err != nil {
			return g, err
		}
	}
	if err := enum("governance secrets", g.Secrets, []string{"", SecretsMask, SecretsRefuse, SecretsKeep}); err != nil {
		return g, err
	}
	if g.WriteQuorum < 0 {
		return g, invalid("governance write_quorum %d: want 1 or more", g.WriteQuorum)
	}
	_, err := g.Approvers()
	return g, err
}

// Approvers reads who must approve: "human", {"agent": id} or {"consensus": n}.
func (g Governance) Approvers() (Approver, error) {
	switch v := g.Approver.(type) {
	case nil:
		return Approver{}, nil
	case string:
		if v == "human" {
			return Approver{}, nil
		}
	case map[string]any:
		if a, ok := v["agent"].(string); ok && len(v) == 1 {
			return Approver{Agent: AgentID(a)}, AgentID(a).Valid()
		}
		if n, ok := v["consensus"].(float64); ok && len(v) == 1 && n >= 1 && n <= 100 && n == float64(int32(n)) {
			return Approver{Consensus: int32(n)}, nil
		}
	}
	return Approver{}, invalid(`governance approver: want "human", {"agent": id} or {"consensus": 1 to 100}`)
}
