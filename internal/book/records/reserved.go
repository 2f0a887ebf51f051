package records

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Namespaces of what agents hand to each other. Messages have the place that they
// have in ai-memory, so that an agent reads on either side what was sent on the other;
// OldInboxRoot is where they were kept before, and are still read.
const (
	InboxRoot    = "_messages"
	OldInboxRoot = "_inbox"
	SharedRoot   = "_shared"
)

// Reserved reports whether memories come into a namespace by requests of their
// own only: subscribing, registering an agent, sending, sharing.
func Reserved(namespace string) bool {
	first, _, _ := strings.Cut(namespace, "/")
	switch first {
	case memory.FederationNamespace, memory.SubscriptionNamespace, engine.RegistryNamespace, InboxRoot, OldInboxRoot, SharedRoot:
		return true
	}
	return false
}

// checkReserved refuses plain writes that would put a memory into a reserved
// namespace, or take one out of it.
func checkReserved(namespaces ...string) error {
	for _, ns := range namespaces {
		if Reserved(ns) {
			return fmt.Errorf("namespace %.140s is reserved: subscribe, register an agent, notify or share instead of writing into it: %w",
				ns, memory.ErrInvalid)
		}
	}
	return nil
}

// subscriptionStays refuses edits that would replace what a subscription says: who
// reads one is not shown all of it, and would write it back without its key.
func subscriptionStays(rec *memory.Record, p Patch) error {
	const space = memory.SubscriptionNamespace
	if rec.Namespace == space && p.Content != nil {
		return fmt.Errorf("memories in %s are subscriptions: subscribe and unsubscribe instead: %w", space, memory.ErrInvalid)
	}
	return nil
}
