// Package policy decides who may change what. It is the one place that does, for
// agents and for members, and it is pure: everything a decision rests on is
// handed in, so that each rule is one line of a table in the tests.
//
// Two things bound a change. The write gate protects records: what has an owner
// is changed by its owner. The rules of a namespace (its standard) say who may
// write, promote and delete there, and what needs approval first. What is said about
// the whole federation is beyond both: operators change it, and no rules bind them.
package policy

import (
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// Actor is who asks. ID is what the caller claims to be: a credential that
// proves the claim takes its place here, and nowhere else.
type Actor struct {
	ID memory.AgentID
	// Registered reports whether an agent is registered. It is asked only where a
	// rule needs to know; nil: nobody is.
	Registered func(memory.AgentID) bool
	// Operator: the caller has shown the key of the node's operator.
	Operator bool
}

func (a Actor) registered() bool { return a.Registered != nil && a.Registered(a.ID) }

// Rules are what governs a namespace.
type Rules struct {
	memory.Governance
	Owner memory.AgentID // of the memory that states them; "" is nobody's
}

// DefaultRules hold where no standard says otherwise.
func DefaultRules() Rules { return Rules{Governance: memory.DefaultGovernance()} }

// Subject is a record that an op touches, as it was before.
type Subject struct {
	Namespace string
	New       bool          // the op creates it
	Access    memory.Access // of the record there is
	Rules     Rules         // of Namespace
}

// Context is what a decision needs to know beside the actor and the op.
type Context struct {
	// Subjects are the records the op touches. Their order counts for a link and
	// an unlink (source, target) and for a consolidation (what it makes, then the sources).
	Subjects []Subject
	Promote  bool // the Put is a promotion
	Approved bool // approval has been given: rules that ask for it are met
}

// Verdict is the answer of a decision, the stricter the higher.
type Verdict uint8

// Verdicts.
const (
	Allow   Verdict = iota
	Propose         // not before somebody has approved
	Refuse
)

// Decision is a verdict with its reasons.
type Decision struct {
	Verdict   Verdict
	Reason    string          // of a refusal: a sentence for the caller
	Owner     memory.AgentID  // of the record that made it a refusal
	Namespace string          // of the rule that asks for approval
	Approver  memory.Approver // who must approve
}

// Decide says whether actor may have op carried out.
func Decide(actor Actor, op memory.Op, c Context) Decision {
	var d Decision
	switch op.(type) {
	case *memory.Put:
		for _, s := range c.Subjects {
			rule := s.Rules.Write
			if c.Promote {
				rule = s.Rules.Promote
			}
			d = stricter(d, gate(actor, s), level(actor, s, rule, c.Approved))
		}
	case *memory.Delete, *memory.Erase, *memory.Archive:
		for _, s := range c.Subjects {
			d = stricter(d, gate(actor, s), level(actor, s, s.Rules.Delete, c.Approved))
		}
	case *memory.Restore:
		for _, s := range c.Subjects {
			d = stricter(d, gate(actor, s), level(actor, s, s.Rules.Write, c.Approved))
		}
	case *memory.Link:
		d = link(actor, c)
	case *memory.Unlink:
		d = unlink(actor, c)
	case *memory.Consolidate:
		d = consolidate(actor, c)
	case *memory.SetStandard, *memory.ClearStandard:
		for _, s := range c.Subjects {
			d = stricter(d, gate(actor, s))
		}
	case *memory.Propose, *memory.Decide, *memory.Resolve, *memory.Touch:
		d = Decision{Verdict: Refuse, Reason: fmt.Sprintf("a %s cannot be asked for", op.Kind())}
	}
	return d
}

// stricter is the strictest of the decisions, the first of equals.
func stricter(d Decision, more ...Decision) Decision {
	for _, m := range more {
		if m.Verdict > d.Verdict {
			d = m
		}
	}
	return d
}

// gate lets the owner of a record change it, and anybody where there is none. What is
// said about the whole federation is for operators.
func gate(actor Actor, s Subject) Decision {
	if d := reserved(actor, s); d.Verdict != Allow {
		return d
	}
	if s.New || s.Access.Owner == "" || s.Access.Owner == actor.ID {
		return Decision{}
	}
	return Decision{
		Verdict: Refuse, Owner: s.Access.Owner,
		Reason: fmt.Sprintf("only its owner %s may change this memory", s.Access.Owner),
	}
}

// reserved keeps all but operators out of what is said about the whole federation.
func reserved(actor Actor, s Subject) Decision {
	if !memory.Operators(s.Namespace) || actor.Operator {
		return Decision{}
	}
	return Decision{Verdict: Refuse, Reason: "only operators change what is in " + memory.FederationNamespace}
}

// level applies one rule of a namespace. Where operators alone change anything no rule
// counts: it may come from a standard that any agent can set, such as that of all namespaces.
func level(actor Actor, s Subject, rule string, approved bool) Decision {
	if memory.Operators(s.Namespace) {
		return reserved(actor, s)
	}
	switch rule {
	case memory.RuleAny:
		return Decision{}
	case memory.RuleRegistered:
		if actor.registered() {
			return Decision{}
		}
		return Decision{
			Verdict: Refuse,
			Reason:  fmt.Sprintf("namespace %s is for registered agents", s.Namespace),
		}
	case memory.RuleOwner:
		owner := s.Access.Owner
		if s.New {
			owner = s.Rules.Owner
		}
		if owner == "" || owner == actor.ID {
			return Decision{}
		}
		return Decision{
			Verdict: Refuse, Owner: owner,
			Reason: fmt.Sprintf("namespace %s lets only the owner do this", s.Namespace),
		}
	case memory.RuleApprove:
		// Who approves is shown what it is: nobody is whom it is not for, and the rule may come
		// from a standard that any agent can set.
		if approved || memory.Personal(s.Namespace) {
			return Decision{}
		}
		approver, err := s.Rules.Approvers()
		if err != nil {
			return Decision{Verdict: Refuse, Reason: fmt.Sprintf("namespace %s: %v", s.Namespace, err)}
		}
		return Decision{Verdict: Propose, Namespace: s.Namespace, Approver: approver}
	}
	return Decision{Verdict: Refuse, Reason: fmt.Sprintf("namespace %s has the unknown rule %.40q", s.Namespace, rule)}
}

// link is for the owner of its source, and for whom the source is addressed to.
func link(actor Actor, c Context) Decision {
	if len(c.Subjects) == 0 {
		return Decision{}
	}
	source := c.Subjects[0]
	d := level(actor, source, source.Rules.Write, c.Approved)
	if source.Access.Target != "" && source.Access.Target == actor.ID {
		return d
	}
	return stricter(d, gate(actor, source))
}

// unlink is for the owner of either end. Ends that are gone are nobody's.
func unlink(actor Actor, c Context) Decision {
	var refusal Decision
	for _, s := range c.Subjects {
		d := gate(actor, s)
		if d.Verdict == Allow {
			return level(actor, s, s.Rules.Write, c.Approved)
		}
		refusal = d
	}
	return refusal
}

func consolidate(actor Actor, c Context) Decision {
	var d Decision
	for i, s := range c.Subjects {
		rule := s.Rules.Write
		if i > 0 {
			rule = s.Rules.Delete
		}
		d = stricter(d, gate(actor, s), level(actor, s, rule, c.Approved))
	}
	return d
}
