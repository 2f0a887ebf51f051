package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Bounds of how many origins a node takes in: far more than restores and new
// members make in years, and less than a message between members can name.
const (
	MaxOrigins        = 3072
	MaxOriginsOfANode = 256
)

// Sender is who brings entries of other nodes, and to whom.
type Sender struct {
	Node     memory.Node // as it was proved; "" for the operator of this node
	Operator bool
	Self     memory.Node
	Members  []memory.Node // the others that are configured
}

// AllowMember says whether the entries of a sender are looked at here: those of
// every configured member, and those that the operator brings.
func AllowMember(s Sender) Decision {
	if s.Operator || slices.Contains(s.Members, s.Node) {
		return Decision{}
	}
	return Decision{Verdict: Refuse, Reason: fmt.Sprintf("node %s is no member", s.Node)}
}

// Numbers is an origin under which nothing is here yet, and how many there are.
type Numbers struct {
	Node     memory.Node // whose it is
	OfNode   int         // origins of that node that are known here
	Known    int         // origins that are known here
	IsPushed bool        // it came by itself, rather than being asked for
}

// AllowOrigin says whether an origin that is new here may become known. Every
// origin is kept for ever and named in every message, so there is an end to them.
// By a push come those of members only; what else the federation has, old members
// for instance, comes when it is asked for.
func AllowOrigin(s Sender, n Numbers) Decision {
	switch {
	case n.Known >= MaxOrigins:
		return Decision{Verdict: Refuse, Reason: fmt.Sprintf("there are %d origins here: no more are taken", n.Known)}
	case n.OfNode >= MaxOriginsOfANode:
		return Decision{Verdict: Refuse, Reason: fmt.Sprintf("there are %d origins of %s here: no more are taken", n.OfNode, n.Node)}
	case n.IsPushed && n.Node != s.Self && !slices.Contains(s.Members, n.Node):
		return Decision{Verdict: Refuse, Reason: fmt.Sprintf("node %s is no member", n.Node)}
	}
	return Decision{}
}

// AllowWithin says whether a node to which only some namespaces are open, and all
// below them, may change what was in one and is in another: both must be open.
// With no bounds everything is.
func AllowWithin(node memory.Node, bounds []string, before, after []string) Decision {
	if len(bounds) == 0 {
		return Decision{}
	}
	return AllowOpen("node "+string(node), func(ns string) bool {
		return slices.ContainsFunc(bounds, func(b string) bool { return ns == b || strings.HasPrefix(ns, b+"/") })
	}, before, after)
}

// AllowOpen says whether somebody to whom only some namespaces are open may change
// what was in one and is in another: both must be open, and what is for operators never is.
func AllowOpen(who string, open func(namespace string) bool, before, after []string) Decision {
	for _, ns := range slices.Concat(before, after) {
		if !open(ns) || memory.Operators(ns) {
			return Decision{Verdict: Refuse, Namespace: ns, Reason: fmt.Sprintf("%s may not write in namespace %s", who, ns)}
		}
	}
	return Decision{}
}
