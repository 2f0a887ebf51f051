package memory

import (
	"errors"
	"math"
	"slices"
)

// Validate implements [Op].
func (o *Put) Validate() error { return o.Memory.Validate() }

// Validate implements [Op].
func (o *Delete) Validate() error { return ValidID(o.ID) }

// Validate implements [Op].
func (o *Erase) Validate() error { return ValidID(o.ID) }

// Validate implements [Op].
func (o *Archive) Validate() error {
	if len(o.Reason) > MaxReason {
		return invalid("reason: %d bytes, limit %d", len(o.Reason), MaxReason)
	}
	return errors.Join(ValidID(o.ID), text("reason", o.Reason, false))
}

// Validate implements [Op].
func (o *Restore) Validate() error { return ValidID(o.ID) }

// Validate implements [Op].
func (o *Link) Validate() error {
	if err := validEdge(o.Source, o.Target, o.Relation); err != nil {
		return err
	}
	switch {
	case o.CreatedAt <= 0:
		return invalid("link: created_at is missing")
	case o.AttestLevel != "" && !oneOf(AttestLevels(), o.AttestLevel):
		return enum("attest_level", o.AttestLevel, AttestLevels())
	case len(o.Signature) != 0 && len(o.Signature) != 64:
		return invalid("link: signature of %d bytes, want 64", len(o.Signature))
	case o.ValidFrom < 0 || o.ValidUntil < 0:
		return invalid("link: validity before 1970")
	case len(o.ObservedBy) > MaxID:
		return invalid("observed_by: %d bytes, limit %d", len(o.ObservedBy), MaxID)
	}
	return nil
}

func validEdge(source, target, relation string) error {
	if err := ValidID(source); err != nil {
		return err
	}
	if err := ValidID(target); err != nil {
		return err
	}
	if source == target {
		return invalid("link from %s to itself", source)
	}
	return enum("relation", relation, Relations())
}

// Validate implements [Op].
func (o *Unlink) Validate() error {
	if len(o.Relations) == 0 || len(o.Relations) > len(Relations()) {
		return invalid("unlink: want 1 to %d relations", len(Relations()))
	}
	for i, r := range o.Relations {
		if err := validEdge(o.Source, o.Target, r); err != nil {
			return err
		}
		if slices.Contains(o.Relations[:i], r) {
			return invalid("unlink: relation %s twice", r)
		}
	}
	return nil
}

// Validate implements [Op].
func (o *Consolidate) Validate() error {
	if err := o.Into.Validate(); err != nil {
		return err
	}
	if len(o.Sources) < MinSources || len(o.Sources) > MaxSources {
		return invalid("consolidate: %d sources, want %d to %d", len(o.Sources), MinSources, MaxSources)
	}
	seen := map[string]bool{o.Into.ID: true}
	for _, s := range o.Sources {
		if err := ValidID(s.ID); err != nil {
			return err
		}
		if seen[s.ID] {
			return invalid("consolidate: %s is named twice", s.ID)
		}
		seen[s.ID] = true
	}
	return nil
}

// Validate implements [Op].
func (o *Propose) Validate() error {
	if err := ValidID(o.ID); err != nil {
		return err
	}
	if err := ValidNamespace(o.Namespace); err != nil && o.Namespace != RootNamespace {
		return err
	}
	if err := o.Requester.Valid(); err != nil {
		return err
	}
	if o.RequestedAt <= 0 {
		return invalid("proposal: requested_at is missing")
	}
	if o.Approver.Consensus < 0 || o.Approver.Consensus > math.MaxInt16 {
		return invalid("proposal: consensus of %d", o.Approver.Consensus)
	}
	switch o.Action.(type) {
	case nil:
		return invalid("proposal: no action")
	case *Propose, *Decide, *Resolve:
		return invalid("proposal: a %s cannot be proposed", o.Action.Kind())
	}
	return o.Action.Validate()
}

// Validate implements [Op].
func (o *Decide) Validate() error { return errors.Join(ValidID(o.ID), o.Voter.Valid()) }

// Validate implements [Op].
func (o *Resolve) Validate() error {
	if len(o.Detail) > MaxContent {
		return invalid("detail: %d bytes, limit %d", len(o.Detail), MaxContent)
	}
	return errors.Join(ValidID(o.ID), enum("outcome", o.Outcome, []string{OutcomeApproved, OutcomeRejected, OutcomeFailed}))
}

// Validate implements [Op].
func (o *SetStandard) Validate() error {
	if err := validStandardNamespace(o.Namespace); err != nil {
		return err
	}
	if o.Parent != "" {
		if err := validStandardNamespace(o.Parent); err != nil {
			return err
		}
		if o.Parent == o.Namespace {
			return invalid("namespace %s cannot be its own parent", o.Namespace)
		}
	}
	return ValidID(o.StandardID)
}

// Validate implements [Op].
func (o *ClearStandard) Validate() error { return validStandardNamespace(o.Namespace) }

func validStandardNamespace(ns string) error {
	if ns == RootNamespace {
		return nil
	}
	return ValidNamespace(ns)
}
