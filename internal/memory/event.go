package memory

// Names of events, which subscriptions choose from. Those that ai-memory has are
// called as there.
const (
	EventStore           = "memory_store"
	EventUpdate          = "memory_update"
	EventPromote         = "memory_promote" // an update that makes a memory last
	EventDelete          = "memory_delete"  // an erase, too
	EventArchive         = "memory_archive"
	EventRestore         = "memory_restore"
	EventConsolidated    = "memory_consolidated"
	EventLinkCreated     = "memory_link_created"
	EventLinkInvalidated = "memory_link_invalidated"
	EventLinkDeleted     = "memory_link_deleted"
	EventAskApproval     = "approval_requested"
	EventVoted           = "approval_voted"
	EventDecided         = "approval_decided"
	EventStandardSet     = "namespace_standard_set"
	EventStandardCleared = "namespace_standard_cleared"
)

// Events lists the names of events.
func Events() []string {
	var names []string
	for row := range kindTable {
		for _, name := range row.events {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}
