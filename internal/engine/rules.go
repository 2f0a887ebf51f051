package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// rulebook is what the standards say, read again when one may have changed.
type rulebook struct {
	mu    sync.Mutex
	stale bool
	sets  map[string]memory.Standard
	read  map[string]*Standing // by namespace, as far as somebody asked
}

// Standing is a standard that holds: the memory that states it is live.
type Standing struct {
	Set        memory.Standard
	Record     *memory.Record
	Governance *memory.Governance // nil: it states no rules
	Err        error              // the rules it states make no sense
}

func (r *rulebook) invalidate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stale = true
}

// Chain returns the standards that hold in namespace, nearest first: its own,
// then those it inherits from. A standard names its parent, or has the nearest
// ancestor for one; one that does not inherit ends the chain.
func (e *Engine) Chain(ctx context.Context, namespace string) ([]*Standing, error) {
	ctx = unbound(ctx)
	r := &e.rules
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stale {
		// Set before reading: what changes while we read is read again.
		r.stale = false
		all, err := e.store.Standards(ctx)
		if err != nil {
			r.stale = true
			return nil, err
		}
		r.sets, r.read = make(map[string]memory.Standard, len(all)), map[string]*Standing{}
		for _, s := range all {
			r.sets[s.Namespace] = s
		}
	}
	if len(r.sets) == 0 {
		return nil, nil
	}
	var out []*Standing
	seen := map[string]bool{}
	for todo := memory.Ancestors(namespace); len(todo) > 0; {
		ns := todo[0]
		todo = todo[1:]
		if seen[ns] {
			continue
		}
		seen[ns] = true
		s, err := r.standing(ctx, e, ns)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		out = append(out, s)
		if g := s.Governance; g != nil && g.Inherit != nil && !*g.Inherit {
			break
		}
		if s.Set.Parent != "" {
			todo = memory.Ancestors(s.Set.Parent)
		}
	}
	return out, nil
}

// standing returns the standard set for exactly ns, nil if none holds. r.mu is held.
func (r *rulebook) standing(ctx context.Context, e *Engine, ns string) (*Standing, error) {
	set, ok := r.sets[ns]
	if !ok {
		return nil, nil //nolint:nilnil // most namespaces have none
	}
	s, ok := r.read[ns]
	if !ok {
		rec, err := e.store.Record(ctx, set.StandardID)
		if err != nil && !errors.Is(err, memory.ErrNotFound) {
			return nil, err
		}
		s = &Standing{Set: set, Record: rec}
		if rec != nil {
			s.Governance, s.Err = GovernanceOf(rec.Metadata)
		}
		r.read[ns] = s
	}
	if s.Record == nil {
		return nil, nil //nolint:nilnil // set before its memory arrived
	}
	if life, _ := s.Record.Stands(e.Now()); life != memory.Live {
		return nil, nil //nolint:nilnil // it went with its memory
	}
	return s, nil
}

// GovernanceOf reads the rules in the metadata of a standard; nil if it states none.
func GovernanceOf(meta memory.Object) (*memory.Governance, error) {
	var raw json.RawMessage
	if !meta.Field(memory.MetaGovernance, &raw) || string(raw) == "null" {
		return nil, nil //nolint:nilnil // a standard may be text only
	}
	g, err := memory.ParseGovernance(raw)
	if err != nil {
		return nil, err
	}
	return &g, nil
}

// Governing is the nearest standard in chain that states rules.
func Governing(chain []*Standing) policy.Rules {
	for _, s := range chain {
		owner := s.Record.Access().Owner
		switch {
		case s.Err != nil:
			// Rules that nobody can read must not be no rules: only the owner acts.
			return policy.Rules{Owner: owner, Governance: memory.Governance{
				Write: memory.RuleOwner, Promote: memory.RuleOwner, Delete: memory.RuleOwner,
			}}
		case s.Governance != nil:
			return policy.Rules{Owner: owner, Governance: *s.Governance}
		}
	}
	return policy.DefaultRules()
}

// quorum is how many members must hold a write to the namespaces: the most that
// any of them asks for.
func (e *Engine) quorum(ctx context.Context, d Durability, namespaces []string) (w int, err error) {
	own, n := e.fed.Quorum()
	switch d {
	case DurableAll:
		return n, nil
	case DurableLocal:
		return 1, nil
	case DurableQuorum, "":
	default:
		return 0, fmt.Errorf("durability %.20q: want local, quorum or all: %w", string(d), memory.ErrInvalid)
	}
	if len(namespaces) == 0 {
		return own, nil
	}
	for _, ns := range slices.Compact(slices.Sorted(slices.Values(namespaces))) {
		chain, err := e.Chain(ctx, ns)
		if err != nil {
			return 0, err
		}
		asked := own
		for _, s := range chain {
			if memory.Operators(ns) && !memory.Operators(s.Set.Namespace) {
				break // any agent can set it
			}
			if s.Governance != nil && s.Governance.WriteQuorum > 0 {
				asked = s.Governance.WriteQuorum
				break
			}
		}
		if asked > n {
			if e.clamped.first(ns) {
				e.log.WarnContext(ctx, "write quorum of a namespace is larger than the federation", "namespace", ns, "asked", asked, "members", n)
			}
			asked = n
		}
		w = max(w, asked)
	}
	return w, nil
}

// The registry is where agents are registered: memories of this namespace, tag and title.
const (
	RegistryNamespace = "_agents"
	RegistryTag       = "agent-registration"
	oldRegistryTag    = "_agent_registration"
	RegistryTitle     = "agent:"
)

// IsRegistration reports whether a memory of the registry registers an agent. The tag
// is that of ai-memory; older versions wrote another one.
func IsRegistration(rec *memory.Record) bool {
	return strings.HasPrefix(rec.Title, RegistryTitle) && (slices.Contains(rec.Tags, RegistryTag) || slices.Contains(rec.Tags, oldRegistryTag))
}

// Registered returns the look-up of registered agents, and where its first error goes.
func (e *Engine) Registered(ctx context.Context) (lookup func(memory.AgentID) bool, failure func() error) {
	ctx = unbound(ctx)
	var failed error
	lookup = func(a memory.AgentID) bool {
		if a.Unowned() {
			return false
		}
		rec, err := e.store.ByTitle(ctx, "", RegistryNamespace, RegistryTitle+string(a))
		if err != nil {
			if !errors.Is(err, memory.ErrNotFound) && failed == nil {
				failed = err
			}
			return false
		}
		life, _ := rec.Stands(e.Now())
		return life == memory.Live && IsRegistration(rec)
	}
	return lookup, func() error { return failed }
}
