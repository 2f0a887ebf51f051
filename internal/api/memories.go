package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/internal/verb"
)

// written answers a write: the body that ai-memory clients know, or 202 where
// the write waits for approval. A missed quorum comes as err and is passed on.
func written(out engine.Outcome, err error, status int, body func() any) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	if out.Pending != nil {
		return reply{status: http.StatusAccepted, body: waiting(out), replay: out.Replayed}, nil
	}
	return reply{status: status, body: body(), replay: out.Replayed}, nil
}

// waiting is the body of a write that needs approval.
func waiting(out engine.Outcome) waitingView {
	p := out.Pending
	return waitingView{
		Status: statusPending, PendingID: p.ID, Reason: "governance requires approval", Action: actionType(p.Action),
		Namespace: p.Namespace, MemoryID: actionSubject(p.Action), Receipt: receiptOf(out.Receipt),
	}
}

// nowView is the memory after a write, or nil if somebody erased it since.
func nowView(out engine.Outcome) *memoryView {
	if out.Record == nil {
		return nil
	}
	v := viewOf(out.Record)
	return &v
}

// record answers a write with the memory as it is after it.
func (a *API) record(q *request, out engine.Outcome, err error, status int) (reply, error) {
	return written(out, err, status, func() any {
		receipt := receiptOf(out.Receipt)
		if out.Record == nil { // a repeated request, and somebody erased the memory since
			return goneView{verb.Subject(out), receipt}
		}
		r := out.Record
		if strings.Contains(q.Header.Get("Prefer"), "return=minimal") {
			return minimalView{r.ID, r.Tier, r.Namespace, r.Title, ownerOf(r), r.Version, receipt}
		}
		return writtenView{viewOf(r), ownerOf(r), receipt}
	})
}

func (a *API) create(q *request) (reply, error) {
	var b createBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	d, err := b.draft(q)
	if err != nil {
		return reply{}, err
	}
	out, err := a.engine.Create(q.Context(), q.caller(), d)
	if err == nil {
		a.metrics.stores.Inc()
	}
	return a.record(q, out, err, http.StatusCreated)
}

const maxBulk = 1000

// bulkError says what became of one draft of a bulk create that was not
// created, or not acknowledged.
type bulkError struct {
	Index   int             `json:"index"`
	ID      string          `json:"id,omitempty"`
	Code    string          `json:"code"`
	Error   string          `json:"error"`
	Receipt *engine.Receipt `json:"receipt,omitempty"`

	class string // ai-memory's wording
}

type bulkReply struct {
	Created int               `json:"created"` // acknowledged as far as was asked for
	IDs     []string          `json:"ids"`
	Count   int               `json:"count"`  // of drafts in the request
	Errors  []string          `json:"errors"` // classes, as ai-memory words them
	Details []bulkError       `json:"error_details"`
	Pending []string          `json:"pending,omitempty"` // ids of proposals
	Receipt *engine.Receipt   `json:"receipt"`           // of the last one created; null if none was
	All     []*engine.Receipt `json:"receipts"`          // for each of ids
}

func (a *API) bulk(q *request) (reply, error) {
	raws, err := bulkItems(q.body)
	if err != nil {
		return reply{}, err
	}
	rep := bulkReply{Count: len(raws), IDs: []string{}, Errors: []string{}, Details: []bulkError{}, All: []*engine.Receipt{}}
	drafts := make([]engine.Draft, 0, len(raws))
	places := make([]int, 0, len(raws)) // of drafts in the request
	for i, raw := range raws {
		var b createBody
		err := decode(raw, &b)
		var d engine.Draft
		if err == nil {
			d, err = b.draft(q)
		}
		if err != nil {
			rep.refuse(a, q, i, err)
			continue
		}
		if d.OnConflict == "" {
			d.OnConflict = engine.ConflictMerge
		}
		drafts = append(drafts, d)
		places = append(places, i)
	}
	var results []engine.BulkResult
	if len(drafts) > 0 {
		results = a.engine.Bulk(q.Context(), q.caller(), drafts)
	}
	for i, r := range results {
		rep.add(a, q, places[i], r)
	}
	if err := nothingWritten(results, rep); err != nil {
		return reply{}, err
	}
	slices.SortFunc(rep.Details, func(x, y bulkError) int { return cmp.Compare(x.Index, y.Index) })
	for _, d := range rep.Details {
		rep.Errors = append(rep.Errors, d.class)
	}
	a.metrics.stores.Add(float64(rep.Created))
	return ok(rep)
}

// bulkItems takes an array of drafts, or an object with one under "memories".
func bulkItems(body []byte) ([]json.RawMessage, error) {
	var items []json.RawMessage
	if kindOf(body) == '{' {
		var b struct {
			Memories *[]json.RawMessage `json:"memories"`
		}
		if err := decode(body, &b); err != nil {
			return nil, err
		}
		if b.Memories == nil {
			return nil, verb.Missing("memories")
		}
		items = *b.Memories
	} else if err := decode(body, &items); err != nil {
		return nil, err
	}
	if len(items) > maxBulk {
		return nil, verb.Bad("bulk create of %d memories: at most %d", len(items), maxBulk)
	}
	return items, nil
}

func (b *bulkReply) add(a *API, q *request, i int, r engine.BulkResult) {
	switch {
	case r.Err != nil:
		b.refuse(a, q, i, r.Err)
	case r.Outcome.Pending != nil:
		b.Pending = append(b.Pending, r.Outcome.Pending.ID)
	default:
		b.Created++
		b.Receipt = receiptOf(r.Outcome.Receipt)
		b.IDs = append(b.IDs, verb.Subject(r.Outcome))
		b.All = append(b.All, b.Receipt)
	}
}

func (b *bulkReply) refuse(a *API, q *request, i int, err error) {
	p := problemOf(err, q.agent)
	d := bulkError{Index: i, Code: string(p.Code), Error: p.Text}
	d.class = bulkClass(p)
	if e, missed := errors.AsType[*engine.QuorumError](err); missed {
		d.ID, d.Receipt = verb.Subject(e.Outcome), receiptOf(e.Outcome.Receipt)
		d.Error = fmt.Sprintf("quorum not met (%d of %d: %s)", e.Got, e.Needed, e.Reason)
		d.class = d.ID + ": " + d.Error
	} else if httpStatus(p) == http.StatusInternalServerError {
		a.log.ErrorContext(q.Context(), "a bulk item failed", "index", i, "err", err)
	}
	b.Details = append(b.Details, d)
}

// bulkClass is ai-memory's wording of why an item was refused.
func bulkClass(p *verb.Problem) string {
	switch httpStatus(p) {
	case http.StatusBadRequest:
		return "validation failed"
	case http.StatusConflict:
		return "conflict: already exists"
	case http.StatusNotFound:
		return "not found"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusInsufficientStorage:
		return "replication unavailable"
	}
	return "internal error"
}

// nothingWritten is the error of a bulk create that the node as a whole could
// not take: busy, full or closing. The client must see that as a status.
func nothingWritten(results []engine.BulkResult, rep bulkReply) error {
	if len(results) == 0 || rep.Created > 0 || len(rep.Pending) > 0 {
		return nil
	}
	for _, is := range []error{memory.ErrBusy, memory.ErrFull, memory.ErrClosed, memory.ErrKeyReused} {
		all := true
		for _, r := range results {
			all = all && errors.Is(r.Err, is)
		}
		if all {
			return results[0].Err
		}
	}
	return nil
}

func (a *API) get(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	rec, links, err := a.engine.Get(q.Context(), q.agent, id)
	if err != nil {
		return reply{}, err
	}
	v := viewOf(rec)
	q.w.Header().Set("ETag", `"`+strconv.FormatInt(rec.Version, 10)+`"`)
	return ok(gotView{v, v, linkViews(links)})
}

const (
	defaultList = 20
	maxList     = 1000
)

func (a *API) list(q *request) (reply, error) {
	f, err := a.filter(q)
	if err != nil {
		return reply{}, err
	}
	page, err := q.page(defaultList)
	if err != nil {
		return reply{}, err
	}
	recs, next, err := a.engine.List(q.Context(), f, page)
	if err != nil {
		return reply{}, err
	}
	return ok(listView{viewsOf(recs), len(recs), next})
}

func (q *request) page(def int) (engine.Page, error) {
	limit, err := q.number("limit", def, 1, maxList)
	if err != nil {
		return engine.Page{}, err
	}
	offset, err := q.number("offset", 0, 0, 1<<31-1)
	if err != nil {
		return engine.Page{}, err
	}
	p := engine.Page{Limit: limit, Offset: offset, Cursor: q.text("cursor")}
	switch o := q.text("order"); o {
	case "", "priority":
	case "id":
		p.Order = memory.ByID
	default:
		return p, verb.BadField("order", "order %.40q: want priority or id", o)
	}
	return p, nil
}

func (a *API) update(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	var b updateBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	p, err := b.patch(q)
	if err != nil {
		return reply{}, err
	}
	out, err := a.engine.Update(q.Context(), q.caller(), id, p)
	return a.record(q, out, err, http.StatusOK)
}

// ifMatch reads the version that an edit expects: a number, quoted or not.
func ifMatch(s string) (int64, error) {
	if s == "" || s == "*" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(s, `"`), 10, 64)
	if err != nil || n < 1 {
		return 0, verb.BadField("If-Match", "If-Match %.40q: want the version of the memory", s)
	}
	return n, nil
}

func (a *API) delete(q *request) (reply, error) {
	erase, err := q.flag("erase")
	if err != nil {
		return reply{}, err
	}
	if erase {
		return a.erase(q)
	}
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	out, err := a.engine.Delete(q.Context(), q.caller(), id)
	return written(out, err, http.StatusOK, func() any {
		return deletedView{Deleted: true, ID: verb.Subject(out), Receipt: receiptOf(out.Receipt)}
	})
}

func (a *API) erase(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	out, err := a.engine.Erase(q.Context(), q.caller(), id)
	return written(out, err, http.StatusOK, func() any {
		return deletedView{Deleted: true, Erased: true, ID: verb.Subject(out), Receipt: receiptOf(out.Receipt)}
	})
}

func (a *API) promote(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	out, err := a.engine.Promote(q.Context(), q.caller(), id)
	return written(out, err, http.StatusOK, func() any {
		return promotedView{true, verb.Subject(out), memory.Long, nowView(out), receiptOf(out.Receipt)}
	})
}

func (a *API) history(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	revs, rec, err := a.engine.History(q.Context(), q.agent, id)
	if err != nil {
		return reply{}, err
	}
	life, reason := rec.Stands(a.now())
	return ok(historyView{rec.ID, life.String(), reason, rec.Conflicts, len(revs), revisionsOf(revs)})
}

// consolidateBody names what to replace, and by what.
type consolidateBody struct {
	IDs       []string    `json:"ids"`
	Title     *string     `json:"title"`
	Summary   string      `json:"summary"`
	Namespace string      `json:"namespace"`
	Tier      memory.Tier `json:"tier"`
	AgentID   string      `json:"agent_id"`
}

func (a *API) consolidate(q *request) (reply, error) {
	var b consolidateBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	switch {
	case b.IDs == nil && b.Title == nil:
		return reply{}, verb.Missing("ids", "title")
	case b.IDs == nil:
		return reply{}, verb.Missing("ids")
	case b.Title == nil:
		return reply{}, verb.Missing("title")
	case len(b.IDs) < memory.MinSources || len(b.IDs) > memory.MaxSources:
		return reply{}, verb.BadField("ids", "ids: %d, want %d to %d", len(b.IDs), memory.MinSources, memory.MaxSources)
	}
	if err := memory.ValidTitle(*b.Title); err != nil {
		return reply{}, err
	}
	if err := q.claims(b.AgentID); err != nil {
		return reply{}, err
	}
	out, err := a.engine.Consolidate(q.Context(), q.caller(), engine.Consolidation{
		IDs: b.IDs, Title: *b.Title, Summary: b.Summary, Namespace: b.Namespace, Tier: b.Tier,
	})
	return written(out, err, http.StatusCreated, func() any {
		v := consolidatedView{ID: verb.Subject(out), Consolidated: len(b.IDs), Memory: nowView(out), Receipt: receiptOf(out.Receipt)}
		if r := out.Record; r != nil {
			v.Summary, v.Content = r.Memory.Content, r.Memory.Content
		}
		return v
	})
}

// forgetBody says what to archive; the same may stand in the query.
type forgetBody struct {
	Namespace string      `json:"namespace"`
	Pattern   string      `json:"pattern"`
	Tier      memory.Tier `json:"tier"`
	AgentID   string      `json:"agent_id"`
}

func (a *API) forget(q *request) (reply, error) {
	var b forgetBody
	if len(q.body) > 0 {
		if err := decode(q.body, &b); err != nil {
			return reply{}, err
		}
		if err := q.claims(b.AgentID); err != nil {
			return reply{}, err
		}
	}
	for to, name := range map[*string]string{&b.Namespace: "namespace", &b.Pattern: "pattern"} {
		if *to == "" {
			*to = q.text(name)
		}
	}
	if b.Tier == "" {
		b.Tier = memory.Tier(q.text("tier"))
	}
	if b.Namespace == "" && b.Pattern == "" && b.Tier == "" {
		return reply{}, verb.Bad("forget: want at least one of namespace, pattern and tier")
	}
	f := memory.Filter{Viewer: q.agent, Now: a.now(), Namespace: b.Namespace, Tier: b.Tier}
	if err := validFilter(f); err != nil {
		return reply{}, err
	}
	n, err := a.engine.Forget(q.Context(), q.caller(), f, b.Pattern)
	if err != nil {
		return reply{}, err
	}
	return ok(forgottenView{n, n})
}
