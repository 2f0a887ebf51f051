package memory

import (
	"encoding/json"
	"slices"
)

// Scopes of a memory, in its metadata under [MetaScope].
const (
	ScopePrivate    = "private"
	ScopeTeam       = "team"       // the owner, the recipient, and who is in a team with the owner
	ScopeCollective = "collective" // everybody
	// ScopeShared is what ai-memory writes into the standards of namespaces: everybody.
	ScopeShared = "shared"
)

// Scopes lists the words that a scope may be. As long as nobody belongs to a unit or
// an org, what is for one of these is private.
func Scopes() []string {
	return []string{ScopePrivate, ScopeTeam, "unit", "org", ScopeCollective, ScopeShared}
}

// Access is the part of a memory's metadata that decides who may see it.
type Access struct {
	Owner   AgentID // "" is nobody's
	Target  AgentID
	Private bool
	Team    bool // with Private: it is also for who is in a team with the owner
}

// Access reads the owner, the recipient and the scope of m. It fails closed: only
// the words for everybody make a memory public, and those without a scope, which
// are private to their owner, are public where there is none. What cannot be read
// for this is nobody's to read.
func (m Memory) Access() Access {
	if len(m.Metadata) == 0 {
		return Access{}
	}
	// Not into a struct: that would also take "AGENT_ID" for the owner.
	var f map[string]json.RawMessage
	if json.Unmarshal(m.Metadata, &f) != nil {
		return Access{Private: true}
	}
	owner, okOwner := textField(f, MetaAgent)
	target, okTarget := textField(f, MetaTarget)
	if target == "" && okTarget {
		target, okTarget = textField(f, MetaRecipient)
	}
	scope, okScope := textField(f, MetaScope)
	if !okOwner || !okTarget || !okScope {
		return Access{Private: true}
	}
	a := Access{Owner: AgentID(owner), Target: AgentID(target)}
	if a.Owner.Unowned() {
		a.Owner = ""
	}
	switch scope {
	case ScopeCollective, ScopeShared:
	case "":
		a.Private = a.Owner != ""
	case ScopeTeam:
		a.Private, a.Team = true, a.Owner != ""
	default:
		a.Private = true
	}
	return a
}

// textField reads a field that may be missing or null, and reports whether it
// is a text if it is there.
func textField(f map[string]json.RawMessage, key string) (string, bool) {
	raw, ok := f[key]
	if !ok {
		return "", true
	}
	var s string
	return s, json.Unmarshal(raw, &s) == nil
}

// VisibleTo reports whether agent may read a record with access a, as far as that can
// be told without knowing who is in a team with whom.
func (a Access) VisibleTo(agent AgentID) bool {
	return !a.Private || agent != "" && (agent == a.Owner || agent == a.Target)
}

// VisibleWith is VisibleTo for an agent that is in teams with mates.
func (a Access) VisibleWith(agent AgentID, mates []AgentID) bool {
	return a.VisibleTo(agent) || a.Private && a.Team && agent != "" && slices.Contains(mates, a.Owner)
}

// ValidScope says why the metadata meta cannot say who may read a memory, or nil:
// an unknown word, or a scope that is not for everybody where nobody owns it. No
// node refuses an entry for that, and [Memory.Access] takes it for private; it is
// for those who make one.
func ValidScope(meta Object) error {
	var raw json.RawMessage
	if !meta.Field(MetaScope, &raw) || string(raw) == "null" {
		return nil
	}
	var scope string
	if json.Unmarshal(raw, &scope) != nil {
		return invalid("scope: want a text")
	}
	if scope == "" {
		return nil
	}
	if err := enum("scope", scope, Scopes()); err != nil {
		return err
	}
	if a := (Memory{Metadata: meta}).Access(); a.Private && a.Owner == "" {
		return invalid("scope %s: there is no agent to whom the memory would belong", scope)
	}
	return nil
}
