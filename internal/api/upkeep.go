package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/internal/verb"
)

type purgedView struct {
	Purged int            `json:"purged"`
	Scope  memory.AgentID `json:"owner_scope"` // whose eyes it was done with
	Dry    bool           `json:"dry_run"`
}

const maxDays = 36500

func (a *API) purge(q *request) (reply, error) {
	days, err := q.number("older_than_days", 0, 0, maxDays)
	if err != nil {
		return reply{}, err
	}
	dry, err := q.flag("dry_run")
	if err != nil {
		return reply{}, err
	}
	before := memory.InstantOf(a.cfg.Now().Add(-time.Duration(days) * 24 * time.Hour))
	n, err := a.engine.Purge(q.Context(), q.caller(), before+1, dry)
	if err != nil {
		return reply{}, err
	}
	return ok(purgedView{Purged: n, Scope: q.agent, Dry: dry})
}

type collectedView struct {
	Expired int   `json:"expired_deleted"` // 0: what expires is in the archive by itself, and stays there
	Dropped int   `json:"history_dropped"` // versions whose text is gone
	Bytes   int64 `json:"db_size_bytes"`
}

func (a *API) collect(q *request) (reply, error) {
	n, err := a.engine.Collect(q.Context())
	if err != nil {
		return reply{}, err
	}
	counts, err := a.engine.Namespaces(q.Context(), q.agent)
	if err != nil {
		return reply{}, err
	}
	return ok(collectedView{Dropped: n, Bytes: counts.Bytes})
}

// quotaBody says whose memories to count.
type quotaBody struct {
	AgentID   string `json:"agent_id"`
	Namespace string `json:"namespace"`
}

// allotmentView is what an agent keeps in a namespace. There are no limits but
// the disk, so that none is named.
type allotmentView struct {
	Agent     memory.AgentID `json:"agent_id"`
	Namespace string         `json:"namespace"` // _global: all of them
	Memories  int64          `json:"memories"`
	PerDay    *int64         `json:"max_memories_per_day"`
	Storage   *int64         `json:"max_storage_bytes"`
	Links     *int64         `json:"max_links_per_day"`
}

type quotaView struct {
	Agent    memory.AgentID  `json:"agent_id"`
	Enforced bool            `json:"enforced"`
	Quota    allotmentView   `json:"quota"`
	Quotas   []allotmentView `json:"quotas"` // by namespace
	Count    int             `json:"count"`
}

func (a *API) quota(q *request) (reply, error) {
	var b quotaBody
	if len(q.body) > 0 {
		if err := decode(q.body, &b); err != nil {
			return reply{}, err
		}
	}
	if err := q.claims(b.AgentID); err != nil {
		return reply{}, err
	}
	f := memory.Filter{Viewer: q.agent, Now: a.now(), Owner: q.agent, Namespace: b.Namespace}
	if err := validFilter(f); err != nil {
		return reply{}, err
	}
	counts := map[string]int64{}
	if !q.agent.Unowned() {
		var err error
		if counts, err = a.engine.Spaces(q.Context(), f); err != nil {
			return reply{}, err
		}
	}
	v := quotaView{Agent: q.agent, Quota: allotmentView{Agent: q.agent, Namespace: cmp.Or(b.Namespace, "_global")}, Quotas: []allotmentView{}, Count: len(counts)}
	for _, s := range namespaceCounts(counts) {
		v.Quota.Memories += s.Count
		v.Quotas = append(v.Quotas, allotmentView{Agent: q.agent, Namespace: s.Namespace, Memories: s.Count})
	}
	return ok(v)
}

// importBody is an export of ai-memory.
type importBody struct {
	Memories *[]json.RawMessage `json:"memories"`
	Links    []json.RawMessage  `json:"links"`
}

type importedView struct {
	Imported int             `json:"imported"`
	Links    int             `json:"links_imported"`
	Count    int             `json:"count"` // memories in the request
	IDs      []string        `json:"ids"`
	Pending  []string        `json:"pending,omitempty"`
	Errors   []string        `json:"errors"`
	Receipt  *engine.Receipt `json:"receipt"` // of the last memory; null if none was taken
}

// importAll creates the memories of an export, each on its own, and then their
// links. They belong to the caller: metadata.imported_from_agent_id says whose
// they were. Titles that are taken are merged.
func (a *API) importAll(q *request) (reply, error) {
	var b importBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	switch {
	case b.Memories == nil:
		return reply{}, verb.Missing("memories")
	case len(*b.Memories) > maxBulk:
		return reply{}, verb.BadField("memories", "memories: %d, at most %d", len(*b.Memories), maxBulk)
	case len(b.Links) > maxImportLinks:
		return reply{}, verb.BadField("links", "links: %d, at most %d", len(b.Links), maxImportLinks)
	}
	v := importedView{Count: len(*b.Memories), IDs: []string{}, Errors: []string{}}
	var drafts []engine.Draft
	var names []string
	for i, raw := range *b.Memories {
		name, d, err := importDraft(q, raw)
		if err != nil {
			v.Errors = append(v.Errors, fmt.Sprintf("%s: %s", cmp.Or(name, fmt.Sprintf("memory %d", i)), problemOf(err, q.agent).Text))
			continue
		}
		drafts, names = append(drafts, d), append(names, cmp.Or(name, fmt.Sprintf("memory %d", i)))
	}
	var results []engine.BulkResult
	if len(drafts) > 0 {
		results = a.engine.Bulk(q.Context(), q.caller(), drafts)
	}
	moved := map[string]string{} // ids that became others, because their titles were taken
	for i, r := range results {
		v.add(q, names[i], drafts[i].Memory.ID, r, moved)
	}
	if err := nothingWritten(results, bulkReply{Created: v.Imported, Pending: v.Pending}); err != nil {
		return reply{}, err
	}
	for i, raw := range b.Links {
		if err := a.importLink(q, raw, moved); err != nil {
			v.Errors = append(v.Errors, fmt.Sprintf("link %d: %s", i, problemOf(err, q.agent).Text))
			continue
		}
		v.Links++
	}
	return ok(v)
}

const maxImportLinks = 10_000

func (v *importedView) add(q *request, name, id string, r engine.BulkResult, moved map[string]string) {
	switch {
	case r.Err != nil:
		if e, missed := errors.AsType[*engine.QuorumError](r.Err); missed {
			moved[id] = verb.Subject(e.Outcome)
		}
		v.Errors = append(v.Errors, name+": "+problemOf(r.Err, q.agent).Text)
	case r.Outcome.Pending != nil:
		v.Pending = append(v.Pending, r.Outcome.Pending.ID)
	default:
		v.Imported++
		v.Receipt = receiptOf(r.Outcome.Receipt)
		v.IDs = append(v.IDs, verb.Subject(r.Outcome))
		moved[id] = verb.Subject(r.Outcome)
	}
}

// importDraft is a memory of an export as the caller would create it.
func importDraft(q *request, raw json.RawMessage) (name string, d engine.Draft, err error) {
	var b createBody
	if err := decode(raw, &b); err != nil {
		return "", d, err
	}
	set(&name, b.ID)
	// Whose it was is not who asks.
	b.AgentID = ""
	var owner string
	if b.Metadata.Field(memory.MetaAgent, &owner) && owner != string(q.agent) {
		if b.Metadata, err = b.Metadata.With("imported_from_agent_id", owner); err == nil {
			b.Metadata, err = b.Metadata.With(memory.MetaAgent, nil)
		}
		if err != nil {
			return name, d, verb.BadField("metadata", "metadata: want a JSON object")
		}
	}
	b.OnConflict = engine.ConflictMerge
	d, err = b.draft(q)
	return name, d, err
}

func (a *API) importLink(q *request, raw json.RawMessage, moved map[string]string) error {
	var b linkBody
	if err := decode(raw, &b); err != nil {
		return err
	}
	l := memory.Link{
		Source: first(b.Source, b.From), Target: first(b.Target, b.To), Relation: memory.DefaultRelation,
		ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil,
	}
	set(&l.Relation, b.RelType)
	set(&l.Relation, b.Relation)
	l.Source, l.Target = cmp.Or(moved[l.Source], l.Source), cmp.Or(moved[l.Target], l.Target)
	_, err := a.engine.Link(q.Context(), q.part("link "+l.Source+" "+l.Relation+" "+l.Target), l)
	return err
}
