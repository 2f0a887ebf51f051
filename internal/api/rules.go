package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

const defaultPending = 100

// pendings lists proposals, the newest of all states unless ?status= says which.
func (a *API) pendings(q *request) (reply, error) {
	limit, err := q.number("limit", defaultPending, 1, maxList)
	if err != nil {
		return reply{}, err
	}
	status := q.text("status")
	switch status {
	case "", "all", statusPending, memory.OutcomeApproved, memory.OutcomeRejected, memory.OutcomeFailed:
	default:
		return reply{}, verb.BadField("status", "status %.40q: want pending, approved, rejected or failed", status)
	}
	found, err := a.engine.Pendings(q.Context(), q.agent, status == statusPending, q.text("namespace"), limit)
	if err != nil {
		return reply{}, err
	}
	out := []pendingView{}
	for i := range found {
		if v := pendingOf(&found[i]); status == "" || status == "all" || v.Status == status {
			out = append(out, v)
		}
	}
	return ok(pendingsView{out, len(out), q.agent})
}

func (a *API) pending(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	p, err := a.engine.Pending(q.Context(), q.agent, id)
	if err != nil {
		return reply{}, err
	}
	return ok(pendingOf(p))
}

func (a *API) approve(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	out, p, err := a.engine.Approve(q.Context(), q.caller(), id)
	if err != nil {
		return reply{}, err
	}
	if p.Outcome == "" {
		v := votedView{ID: id, Status: statusOf(p), Detail: p.Detail, Reason: "more approvals are needed", Receipt: receiptOf(out.Receipt)}
		v.Votes, v.Quorum = tally(p)
		if v.Votes >= v.Quorum {
			v.Reason = "its home node " + string(p.Home) + " has not carried it out yet"
		}
		return reply{status: http.StatusAccepted, body: v, replay: out.Replayed}, nil
	}
	v := approvedView{
		ID: id, Status: statusOf(p), Approved: true, Executed: p.Outcome == memory.OutcomeApproved, Detail: p.Detail,
		DecidedBy: first(string(p.By), string(q.agent)), MemoryID: memoryID(p), Receipt: receiptOf(out.Receipt),
	}
	if !v.Executed { // the vote counts, and the action could not be carried out any more
		v.Reason = p.Detail
	}
	return reply{body: v, replay: out.Replayed}, nil
}

// tally counts the approvals of a proposal, and how many it needs.
func tally(p *memory.Pending) (votes, needed int) {
	for _, v := range p.Votes {
		if v.Approve {
			votes++
		}
	}
	return votes, max(1, int(p.Approver.Consensus))
}

// memoryID is the memory that an approved proposal wrote, or nil.
func memoryID(p *memory.Pending) *string {
	if id := p.Action.About().Changed(); id != "" {
		return &id
	}
	return nil
}

func (a *API) reject(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	out, p, err := a.engine.Reject(q.Context(), q.caller(), id)
	if err != nil {
		return reply{}, err
	}
	v := rejectedView{id, statusOf(p), true, first(string(p.By), string(q.agent)), receiptOf(out.Receipt)}
	return reply{body: v, replay: out.Replayed}, nil
}

// namespaces counts memories by namespace; with ?namespace= it reads a standard.
func (a *API) namespaces(q *request) (reply, error) {
	if q.query.Has("namespace") {
		return a.standard(q)
	}
	counts, err := a.engine.Namespaces(q.Context(), q.agent)
	if err != nil {
		return reply{}, err
	}
	return ok(namespacesView{namespaceCounts(counts.ByNamespace), len(counts.ByNamespace)})
}

const standardSuffix = "/standard"

// namespace is the one that the path names, slashes escaped or not, or else the
// query, or else what a body says.
func (q *request) namespace(body string) (string, error) {
	ns := first(q.text("namespace"), body)
	if rest := q.PathValue("rest"); rest != "" {
		var is bool
		if ns, is = strings.CutSuffix(rest, standardSuffix); !is {
			return "", &verb.Problem{Code: client.CodeUnknownRoute, Text: "not found: no such route"}
		}
	}
	if ns == "" {
		return "", verb.Missing("namespace")
	}
	if ns == memory.RootNamespace {
		return ns, nil
	}
	return ns, memory.ValidNamespace(ns)
}

// standardView is the standard of a namespace; all but the first two are absent
// if there is none.
type standardView struct {
	Namespace  string         `json:"namespace"`
	StandardID *string        `json:"standard_id"`
	Parent     string         `json:"parent,omitempty"`
	Title      string         `json:"title,omitempty"`
	Content    string         `json:"content,omitempty"`
	Priority   int32          `json:"priority,omitempty"`
	Governance any            `json:"governance,omitempty"`
	SetAt      memory.Instant `json:"set_at,omitzero"`
	Warning    string         `json:"warning,omitempty"`
}

// describe shows a standard, with the memory that states it as far as the caller may read it.
func describe(s *engine.Standard) standardView {
	v := standardView{Namespace: s.Namespace, Parent: s.Parent, SetAt: s.At}
	if !s.Hidden {
		v.StandardID = &s.StandardID
	}
	switch rec := s.Record; {
	case s.Hidden:
		v.Warning = "the memory of this standard is not visible to the caller"
	case rec == nil:
		v.Warning = "the memory of this standard is not live here: it states nothing"
	default:
		v.Title, v.Content, v.Priority = rec.Title, rec.Memory.Content, rec.Priority
	}
	if len(s.Governance) > 0 { // rules bind everybody: they are no secret
		v.Governance = s.Governance
	}
	return v
}

func (a *API) standard(q *request) (reply, error) {
	ns, err := q.namespace("")
	if err != nil {
		return reply{}, err
	}
	inherit, err := q.flag("inherit")
	if err != nil {
		return reply{}, err
	}
	if inherit {
		return a.standardChain(q, ns)
	}
	s, err := a.engine.Standard(q.Context(), q.agent, ns)
	if errors.Is(err, memory.ErrNotFound) {
		return ok(standardView{Namespace: ns})
	}
	if err != nil {
		return reply{}, err
	}
	return ok(describe(s))
}

func (a *API) standardChain(q *request, ns string) (reply, error) {
	found, err := a.engine.StandardChain(q.Context(), q.agent, ns)
	if err != nil {
		return reply{}, err
	}
	chain, views := make([]string, len(found)), make([]standardView, len(found))
	for i := range found {
		chain[i] = found[i].Namespace
		views[i] = describe(&found[i])
	}
	return ok(standardChainView{ns, chain, views, len(views)})
}

// standardBody sets a standard; the fields may also stand under "standard".
type standardBody struct {
	standardFields

	Standard *standardFields `json:"standard"`
}

type standardFields struct {
	Namespace  string        `json:"namespace"`
	ID         string        `json:"id"`
	StandardID string        `json:"standard_id"`
	Parent     string        `json:"parent"`
	Governance memory.Object `json:"governance"`
	AgentID    string        `json:"agent_id"`
}

func (a *API) setStandard(q *request) (reply, error) {
	var b standardBody
	if len(q.body) > 0 {
		if err := decode(q.body, &b); err != nil {
			return reply{}, err
		}
	}
	f := b.standardFields
	if s := b.Standard; s != nil {
		f = standardFields{
			Namespace: first(s.Namespace, f.Namespace), ID: first(s.ID, s.StandardID, f.ID), StandardID: f.StandardID,
			Parent: first(s.Parent, f.Parent), Governance: f.Governance, AgentID: first(s.AgentID, f.AgentID),
		}
		if len(s.Governance) > 0 {
			f.Governance = s.Governance
		}
	}
	ns, err := q.namespace(f.Namespace)
	if err != nil {
		return reply{}, err
	}
	if err := q.claims(f.AgentID); err != nil {
		return reply{}, err
	}
	if len(f.Governance) > 0 {
		if _, err := memory.ParseGovernance(f.Governance); err != nil {
			return reply{}, err
		}
	}
	draft := engine.StandardDraft{Namespace: ns, ID: first(f.ID, f.StandardID), Parent: f.Parent, Governance: f.Governance}
	out, err := a.engine.SetStandard(q.Context(), q.caller(), draft)
	return written(out, err, http.StatusCreated, func() any {
		v := standardSetView{true, ns, draft.ID, f.Parent, json.RawMessage(f.Governance), receiptOf(out.Receipt)}
		if s, is := out.Entry.Op.(*memory.SetStandard); is {
			v.StandardID = s.StandardID
		}
		return v
	})
}

func (a *API) clearStandard(q *request) (reply, error) {
	ns, err := q.namespace("")
	if err != nil {
		return reply{}, err
	}
	out, cleared, err := a.engine.ClearStandard(q.Context(), q.caller(), ns)
	return written(out, err, http.StatusOK, func() any {
		v := standardClearedView{Cleared: cleared, Namespace: ns}
		if out.Entry != nil {
			v.Receipt = receiptOf(out.Receipt)
		}
		return v
	})
}
