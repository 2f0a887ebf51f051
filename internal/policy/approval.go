package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Vote says whether actor may vote on p. Approving is for those whom the
// proposal names, and never for the requester, except that an anonymous request
// has nobody to keep out. Who asked may always withdraw, that is reject.
func Vote(actor Actor, p *memory.Pending, approve bool) Decision {
	own := !p.Requester.Unowned() && strings.EqualFold(string(actor.ID), string(p.Requester))
	switch {
	case own && approve:
		return Decision{Verdict: Refuse, Reason: "the requester of a change cannot approve it"}
	case own:
		return Decision{}
	case p.Approver.Agent != "" && actor.ID != p.Approver.Agent:
		return Decision{Verdict: Refuse, Reason: fmt.Sprintf("only %s decides on this proposal", p.Approver.Agent)}
	case p.Approver.Consensus > 0 && !actor.registered():
		return Decision{Verdict: Refuse, Reason: "only registered agents vote on this proposal"}
	}
	return Decision{}
}

// Sees says whether agent may read p: who asked, and who could decide.
func Sees(agent memory.AgentID, p *memory.Pending) bool {
	return p.Approver.Agent == "" || agent == p.Approver.Agent || agent == p.Requester
}

// CountVotes says how the votes on p stand: its verdict and the agent whose vote
// settled it, or "" while it is open. A rejection counts whenever it was cast, as
// long as the proposal is open. Votes that [Vote] would refuse do not
// count, wherever they were cast; agents that differ in case only are one.
func CountVotes(p *memory.Pending, registered func(memory.AgentID) bool) (verdict string, by memory.AgentID) {
	votes := slices.Clone(p.Votes)
	slices.SortStableFunc(votes, func(a, b memory.Vote) int { return int(a.At - b.At) })
	need := max(1, int(p.Approver.Consensus))
	in := map[string]bool{}
	for _, v := range votes {
		if Vote(Actor{ID: v.Voter, Registered: registered}, p, v.Approve).Verdict != Allow {
			continue
		}
		if !v.Approve {
			return memory.VerdictRejected, v.Voter
		}
		if name := strings.ToLower(string(v.Voter)); !in[name] && len(in) < need {
			in[name] = true
			by = v.Voter
		}
	}
	if len(in) >= need {
		return memory.VerdictApproved, by
	}
	return "", ""
}
