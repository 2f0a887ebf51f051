package api

import (
	"encoding/json"
	"math"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// memoryView is a memory as clients see it.
type memoryView struct {
	memory.Memory

	AccessCount    int64          `json:"access_count"`
	UpdatedAt      memory.Instant `json:"updated_at"`
	LastAccessedAt memory.Instant `json:"last_accessed_at,omitzero"`
	Conflicts      int            `json:"conflicts"`
}

func viewOf(r *memory.Record) memoryView {
	return memoryView{
		Memory: withArrays(r.Memory), AccessCount: r.AccessCount, UpdatedAt: r.Content.Stamp.Instant(),
		LastAccessedAt: r.AccessedAt, Conflicts: r.Conflicts,
	}
}

// withArrays makes [] of arrays that are missing: clients expect no null there.
// It also takes out what no client may see.
func withArrays(m memory.Memory) memory.Memory {
	m = m.Redacted()
	if m.Tags == nil {
		m.Tags = []string{}
	}
	if m.Citations == nil {
		m.Citations = []memory.Citation{}
	}
	return m
}

func viewsOf(recs []memory.Record) []memoryView {
	out := make([]memoryView, len(recs))
	for i := range recs {
		out[i] = viewOf(&recs[i])
	}
	return out
}

// writtenView answers a write that is about a memory.
type writtenView struct {
	memoryView

	AgentID memory.AgentID  `json:"agent_id"`
	Receipt *engine.Receipt `json:"receipt"`
}

// minimalView is what is left of it for clients that ask for less.
type minimalView struct {
	ID        string          `json:"id"`
	Tier      memory.Tier     `json:"tier"`
	Namespace string          `json:"namespace"`
	Title     string          `json:"title"`
	AgentID   memory.AgentID  `json:"agent_id"`
	Version   int64           `json:"version"`
	Receipt   *engine.Receipt `json:"receipt"`
}

// scoredView is a memory that a query found.
type scoredView struct {
	memoryView

	Score float64 `json:"score"`
}

func scoredViews(hits []engine.Scored) []scoredView {
	out := make([]scoredView, len(hits))
	for i := range hits {
		score := hits[i].Score
		if math.IsNaN(score) || math.IsInf(score, 0) {
			score = 0
		}
		out[i] = scoredView{viewOf(&hits[i].Record), math.Round(score*1000) / 1000}
	}
	return out
}

// archivedView is a memory in the archive.
type archivedView struct {
	memoryView

	LastAccessedAt *memory.Instant `json:"last_accessed_at"`
	ExpiresAt      *memory.Instant `json:"expires_at"`
	ArchivedAt     memory.Instant  `json:"archived_at"`
	ArchiveReason  string          `json:"archive_reason"`
}

func archivedOf(r *memory.Record, now memory.Instant) archivedView {
	_, reason := r.Stands(now)
	v := archivedView{memoryView: viewOf(r), ArchivedAt: r.ArchivedAt(), ArchiveReason: reason}
	if v.ArchiveReason == "" {
		v.ArchiveReason = "archive"
	}
	if r.AccessedAt != 0 {
		v.LastAccessedAt = &r.AccessedAt
	}
	if r.ExpiresAt != 0 {
		v.ExpiresAt = &r.ExpiresAt
	}
	return v
}

// linkView is a link as clients see it. A signature is an array of numbers, as
// ai-memory writes it.
type linkView struct {
	Source      string         `json:"source_id"`
	Target      string         `json:"target_id"`
	Relation    string         `json:"relation"`
	CreatedAt   memory.Instant `json:"created_at"`
	Signature   []int          `json:"signature,omitempty"`
	ObservedBy  string         `json:"observed_by,omitempty"`
	ValidFrom   memory.Instant `json:"valid_from,omitzero"`
	ValidUntil  memory.Instant `json:"valid_until,omitzero"`
	AttestLevel string         `json:"attest_level,omitempty"`
}

func linkViews(links []memory.Link) []linkView {
	out := make([]linkView, len(links))
	for i := range links {
		l := &links[i]
		out[i] = linkView{
			Source: l.Source, Target: l.Target, Relation: l.Relation, CreatedAt: l.CreatedAt, ObservedBy: l.ObservedBy,
			ValidFrom: l.ValidFrom, ValidUntil: l.ValidUntil, AttestLevel: l.AttestLevel,
		}
		for _, b := range l.Signature {
			out[i].Signature = append(out[i].Signature, int(b))
		}
	}
	return out
}

func receiptOf(r engine.Receipt) *engine.Receipt {
	if r.HeldBy == nil {
		r.HeldBy = []memory.Node{}
	}
	return &r
}

// ownerOf is the agent that the metadata of a memory names, before any reading of it.
func ownerOf(r *memory.Record) memory.AgentID {
	var owner memory.AgentID
	if !r.Metadata.Field(memory.MetaAgent, &owner) || owner == "" {
		return memory.Anonymous
	}
	return owner
}

// revisionView is one version of a memory.
type revisionView struct {
	Dot      memory.Dot     `json:"dot"`
	Origin   memory.Origin  `json:"origin"`
	At       memory.Instant `json:"at"`
	Actor    memory.AgentID `json:"actor"`
	Kind     string         `json:"kind"`
	Digest   memory.Digest  `json:"digest"`
	Previous []memory.Dot   `json:"previous"`
	Current  bool           `json:"current"`
	Conflict bool           `json:"conflict"`
	Replaced string         `json:"replaced_by,omitempty"` // set: the text of this version is no longer kept
	Memory   *memory.Memory `json:"memory,omitempty"`
}

func revisionsOf(revs []memory.Revision) []revisionView {
	out := make([]revisionView, len(revs))
	for i, r := range revs {
		e := r.Entry
		v := revisionView{
			Dot: e.Dot, Origin: e.Dot.Origin, At: e.Stamp.Instant(), Actor: e.Actor, Kind: e.Op.Kind().String(), Digest: e.Digest,
			Previous: e.Prev, Current: r.Winner, Conflict: r.Conflict,
		}
		if v.Previous == nil {
			v.Previous = []memory.Dot{}
		}
		if !e.Hollow.IsZero() {
			v.Replaced = e.Hollow.String()
		}
		if m, has := e.Content(); has {
			m = withArrays(m)
			v.Memory = &m
		}
		out[i] = v
	}
	return out
}

// pendingView is a proposal as ai-memory shows a pending action.
type pendingView struct {
	ID          string          `json:"id"`
	ActionType  string          `json:"action_type"`
	MemoryID    *string         `json:"memory_id"`
	Namespace   string          `json:"namespace"`
	Payload     any             `json:"payload"`
	RequestedBy memory.AgentID  `json:"requested_by"`
	RequestedAt memory.Instant  `json:"requested_at"`
	Status      string          `json:"status"`
	Detail      string          `json:"detail,omitempty"`
	DecidedBy   memory.AgentID  `json:"decided_by,omitempty"`
	DecidedAt   memory.Instant  `json:"decided_at,omitzero"`
	Approvals   []approvalView  `json:"approvals"`
	Rejections  []approvalView  `json:"rejections,omitempty"`
	Approver    json.RawMessage `json:"approver"`
	Home        memory.Node     `json:"home"`
}

type approvalView struct {
	Agent memory.AgentID `json:"agent_id"`
	At    memory.Instant `json:"approved_at"`
}

const statusPending = "pending"

func pendingOf(p *memory.Pending) pendingView {
	v := pendingView{
		ID: p.ID, ActionType: actionType(p.Action), Namespace: p.Namespace, Payload: payload(p.Action), RequestedBy: p.Requester,
		RequestedAt: p.RequestedAt, Status: statusOf(p), Detail: p.Detail, DecidedBy: p.By, DecidedAt: p.At,
		Approvals: []approvalView{}, Approver: approverView(p.Approver), Home: p.Home,
	}
	if id := actionSubject(p.Action); id != "" {
		v.MemoryID = &id
	}
	for _, vote := range p.Votes {
		if vote.Approve {
			v.Approvals = append(v.Approvals, approvalView{vote.Voter, vote.At})
		} else {
			v.Rejections = append(v.Rejections, approvalView{vote.Voter, vote.At})
		}
	}
	return v
}

func statusOf(p *memory.Pending) string {
	if p.Outcome == "" {
		return statusPending
	}
	return p.Outcome
}

// actionType is ai-memory's word for a proposed op where it has one.
func actionType(op memory.Op) string {
	switch {
	case op == nil:
		return "unknown"
	case op.Kind() == memory.KindPut:
		return "store"
	}
	return op.Kind().String()
}

// actionSubject is the existing memory that a proposed op is about, or "".
func actionSubject(op memory.Op) string {
	if op == nil {
		return ""
	}
	a := op.About()
	if op.Kind() == memory.KindPut && a.Memories[0].Life == memory.Live {
		return ""
	}
	return a.Changed()
}

// payload shows a proposed op: the memory that it would write, with those that it
// is made of, or its own fields.
func payload(op memory.Op) any {
	if op == nil {
		return map[string]any{}
	}
	a := op.About()
	if link, is := op.(*memory.Link); is {
		return linkViews([]memory.Link{*link})[0]
	}
	if a.Content == nil {
		return op
	}
	if len(a.Memories) == 1 {
		return withArrays(*a.Content)
	}
	var parts []string
	for _, r := range a.Memories[1:] {
		parts = append(parts, r.ID)
	}
	return map[string]any{"memory": withArrays(*a.Content), "ids": parts}
}

// approverView is the form that standards state approvers in.
func approverView(a memory.Approver) json.RawMessage {
	var v any = "human"
	switch {
	case a.Agent != "":
		v = map[string]any{"agent": a.Agent}
	case a.Consensus > 0:
		v = map[string]any{"consensus": a.Consensus}
	}
	b, _ := json.Marshal(v) // strings and numbers
	return b
}
