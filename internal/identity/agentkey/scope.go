// Package agentkey makes and checks the keys of agents. A key is printed once and
// kept as its hash; it says who the caller is, in which namespaces, with which
// families of verbs, and until when.
package agentkey

import (
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// Verb is a family of what an agent can do.
type Verb string

// Families of verbs. None implies another, but Admin implies all.
const (
	Read    Verb = "read"
	Write   Verb = "write"
	Propose Verb = "propose"
	Approve Verb = "approve"
	Admin   Verb = "admin"
)

// Valid reports why v is no family of verbs, or nil.
func (v Verb) Valid() error {
	switch v {
	case Read, Write, Propose, Approve, Admin:
		return nil
	}
	return fmt.Errorf("verb %.20q: want read, write, propose, approve or admin: %w", string(v), memory.ErrInvalid)
}

const maxGlobs = 64

// Glob is a pattern of namespaces.
type Glob = memory.Glob

// Scope is what a key may be used for.
type Scope struct {
	Namespaces []Glob `json:"namespaces"`
	Verbs      []Verb `json:"verbs"`
}

// Valid reports why s is no scope, or nil. A scope of nothing is none.
func (s Scope) Valid() error {
	if n := len(s.Namespaces); n == 0 || n > maxGlobs {
		return fmt.Errorf("%d patterns of namespaces, want 1 to %d: %w", n, maxGlobs, memory.ErrInvalid)
	}
	if n := len(s.Verbs); n == 0 || n > 5 {
		return fmt.Errorf("%d verbs, want 1 to 5: %w", n, memory.ErrInvalid)
	}
	for _, g := range s.Namespaces {
		if err := g.Valid(); err != nil {
			return err
		}
	}
	for _, v := range s.Verbs {
		if err := v.Valid(); err != nil {
			return err
		}
	}
	return nil
}

// Covers reports whether s holds a namespace, whatever the verb: what recall, lists
// and streams are filtered by.
func (s Scope) Covers(namespace string) bool {
	return s.Within().Covers(namespace)
}

// Within is the namespaces that s holds.
func (s Scope) Within() memory.Within { return append(memory.Within{}, s.Namespaces...) }

// May reports whether s holds a verb, in whatever namespace.
func (s Scope) May(v Verb) bool {
	return slices.Contains(s.Verbs, v) || slices.Contains(s.Verbs, Admin)
}

// Allow returns nil, or the refusal of a verb in a namespace.
func (s Scope) Allow(v Verb, namespace string) error {
	if !s.May(v) {
		return identity.Refuse(identity.AgentOutOfScope, "the key is not for %s", v)
	}
	if !s.Covers(namespace) {
		return identity.Refuse(identity.AgentOutOfScope, "the key is not for namespace %.80q", namespace)
	}
	return nil
}
