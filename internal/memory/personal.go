package memory

import "strings"

// Namespaces of what agents hand to each other. Messages have the place that they
// have in ai-memory, so that an agent reads on either side what was sent on the other;
// OldInboxRoot is where they were kept before, and are still read.
const (
	InboxRoot    = "_messages"
	OldInboxRoot = "_inbox"
	SharedRoot   = "_shared"
)

// Personal reports whether what is in a namespace is for those alone whom it names: messages,
// copies that were shared, subscriptions.
func Personal(namespace string) bool {
	first, _, _ := strings.Cut(namespace, "/")
	switch first {
	case InboxRoot, OldInboxRoot, SharedRoot, SubscriptionNamespace:
		return true
	}
	return false
}
