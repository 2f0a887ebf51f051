package api

import (
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// decisionBody decides on a proposal.
type decisionBody struct {
	Decision string `json:"decision"` // approve or deny
	Remember string `json:"remember"` // once
}

// decide is approve or reject in one route.
func (a *API) decide(q *request) (reply, error) {
	var b decisionBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	switch b.Remember {
	case "", "once":
	case "session", "forever":
		return reply{}, &verb.Problem{
			Code: client.CodeAbsent, Fields: []string{"remember"},
			Text: "not implemented: remember " + b.Remember + ": change the standard of the namespace instead, so that all members know",
		}
	default:
		return reply{}, verb.BadField("remember", "remember %.40q: want once", b.Remember)
	}
	switch b.Decision {
	case "":
		return reply{}, verb.Missing("decision")
	case "approve":
		return a.approve(q)
	case "deny":
		return a.reject(q)
	}
	return reply{}, verb.BadField("decision", "decision %.40q: want approve or deny", b.Decision)
}

// approvalEvent says that somebody asks for approval, or has got an answer.
type approvalEvent struct {
	PendingID string      `json:"pending_id"`
	Pending   pendingView `json:"pending"` // as it stands now
}

// approvals streams proposals that the caller may see, as they are made and closed.
func (a *API) approvals(q *request) (reply, error) { return a.streamEvents(q, a.approvalOf) }

func (a *API) approvalOf(q *request, ev memory.Event) (string, any, error) {
	s, err := a.engine.Sight(q.Context(), q.agent, ev.Entry)
	if err != nil || !s.Seen { // not for the caller; or the answer came before the question
		return "", nil, err
	}
	if name := s.About.Event; name == memory.EventAskApproval || name == memory.EventDecided {
		return name, approvalEvent{s.Proposal.ID, pendingOf(s.Proposal)}, nil
	}
	return "", nil, nil
}
