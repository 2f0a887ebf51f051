package records

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Reserved reports whether memories come into a namespace by requests of their
// own only: subscribing, registering an agent, sending, sharing.
func Reserved(namespace string) bool {
	first, _, _ := strings.Cut(namespace, "/")
	return memory.Personal(namespace) || first == memory.FederationNamespace || first == engine.RegistryNamespace
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
