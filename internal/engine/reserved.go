package engine

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// reserved reports whether memories come into a namespace by requests of their
// own only: subscribing, registering an agent, sending, sharing.
func reserved(namespace string) bool {
	first, _, _ := strings.Cut(namespace, "/")
	switch first {
	case memory.SubscriptionNamespace, registryNamespace, inboxRoot, sharedRoot:
		return true
	}
	return false
}

// checkReserved refuses plain writes that would put a memory into a reserved
// namespace, or take one out of it.
func checkReserved(namespaces ...string) error {
	for _, ns := range namespaces {
		if reserved(ns) {
			return fmt.Errorf("namespace %.140s is reserved: subscribe, register an agent, notify or share instead of writing into it: %w",
				ns, memory.ErrInvalid)
		}
	}
	return nil
}
