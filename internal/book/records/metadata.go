package records

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// united merges the metadata of sources, key by key, later ones winning. Owners
// and rules are not inherited: the owners are listed, with the ids.
func united(sources []*memory.Record) (memory.Object, error) {
	all := map[string]json.RawMessage{}
	ids := make([]string, len(sources))
	owners := map[memory.AgentID]bool{}
	private := false
	for i, s := range sources {
		ids[i] = s.ID
		private = private || s.Access().Private
		if owner := s.Access().Owner; owner != "" {
			owners[owner] = true
		}
		if len(s.Metadata) == 0 {
			continue
		}
		if err := json.Unmarshal(s.Metadata, &all); err != nil {
			return nil, fmt.Errorf("metadata of %s: %w: %w", s.ID, err, memory.ErrInvalid)
		}
	}
	delete(all, memory.MetaAgent)
	delete(all, memory.MetaGovernance)
	if private { // what is made of a private memory is private
		delete(all, memory.MetaScope)
	}
	lists := map[string]any{metaDerived: ids}
	if len(owners) > 0 {
		lists[metaFrom] = slices.Sorted(maps.Keys(owners))
	}
	for k, v := range lists {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		all[k] = raw
	}
	return json.Marshal(all)
}

// claimed returns the metadata of a new memory of agent: with the agent as its
// owner, unless it is anonymous. Metadata that names another owner is refused.
func claimed(agent memory.AgentID, meta memory.Object) (memory.Object, error) {
	if err := memory.ValidObject("metadata", meta); err != nil {
		return nil, err
	}
	var raw json.RawMessage
	if meta.Field(memory.MetaAgent, &raw) && string(raw) != "null" {
		var owner memory.AgentID
		if err := json.Unmarshal(raw, &owner); err != nil {
			return nil, fmt.Errorf("metadata agent_id: want a text: %w", memory.ErrInvalid)
		}
		if owner != agent {
			return nil, &engine.ForbiddenError{Reason: fmt.Sprintf("metadata agent_id names %.140q, the caller is %s", string(owner), agent)}
		}
	}
	if err := checkGovernance(meta); err != nil {
		return nil, err
	}
	if !agent.Unowned() {
		var err error
		if meta, err = meta.With(memory.MetaAgent, agent); err != nil {
			return nil, err
		}
	}
	return meta, memory.ValidScope(meta)
}

// checkGovernance refuses rules that could not be read once they hold.
func checkGovernance(meta memory.Object) error {
	_, err := engine.GovernanceOf(meta)
	return err
}

// keepOwner returns the metadata that replaces old: with the owner of old,
// whatever it says itself.
func keepOwner(meta, old memory.Object) (memory.Object, error) {
	var owner json.RawMessage
	if old.Field(memory.MetaAgent, &owner) {
		return meta.With(memory.MetaAgent, owner)
	}
	return meta.Without(memory.MetaAgent)
}
