package memory

import "strings"

// FederationNamespace is where the memories are that say how the whole federation is
// to work. Only operators change what is there.
const FederationNamespace = "_federation"

// Titles of memories in [FederationNamespace].
const (
	TeamTitle     = "team:"    // and the name of a team, whose members are its tags
	OutboundTitle = "outbound" // its text has a rule about calls on each line
)

// Operators reports whether only operators change what is in a namespace.
func Operators(namespace string) bool {
	return namespace == FederationNamespace || strings.HasPrefix(namespace, FederationNamespace+"/")
}
