package api

import (
	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

// approvals streams proposals that the caller may see, as they are made and closed.
func (a *API) approvals(q *request) (reply, error) {
	return follower{a}.streamEvents(q, follower{a}.approvalOf)
}

func (a follower) approvalOf(q *request, ev memory.Event) (string, any, error) {
	s, err := a.books.Core.Sight(q.Context(), q.agent, ev.Entry)
	if err != nil || !s.Seen { // not for the caller; or the answer came before the question
		return "", nil, err
	}
	if name := s.About.Event; name == memory.EventAskApproval || name == memory.EventDecided {
		return name, client.ApprovalEvent{PendingID: s.Proposal.ID, Pending: verb.ShowPending(s.Proposal)}, nil
	}
	return "", nil, nil
}
