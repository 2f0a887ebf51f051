package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

const (
	defaultPage = 20
	maxPage     = 1000
)

// Get returns a live memory by its id or a unique prefix of it, and its links as
// far as agent may see both ends. What agent may not see is not found.
func (e *Engine) Get(ctx context.Context, agent memory.AgentID, idOrPrefix string) (*memory.Record, []memory.Link, error) {
	f := memory.Filter{Viewer: agent}
	e.asked(&f)
	id, err := e.store.Resolve(ctx, idOrPrefix, f)
	if errors.Is(err, memory.ErrAmbiguous) {
		// Which ones it fits may be none of the caller's business.
		return nil, nil, fmt.Errorf("id %.140q fits more than one memory: %w", idOrPrefix, memory.ErrAmbiguous)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("memory %.140s: %w", idOrPrefix, err)
	}
	rec, err := e.visible(ctx, agent, id, memory.Live)
	if err != nil {
		return nil, nil, err
	}
	links, err := e.linksOf(ctx, agent, id)
	return rec, links, err
}

// Links returns the links of a live memory whose both ends agent may see.
func (e *Engine) Links(ctx context.Context, agent memory.AgentID, id string) ([]memory.Link, error) {
	if _, err := e.visible(ctx, agent, id, memory.Live); err != nil {
		return nil, err
	}
	return e.linksOf(ctx, agent, id)
}

func (e *Engine) linksOf(ctx context.Context, agent memory.AgentID, id string) ([]memory.Link, error) {
	all, err := e.store.Links(ctx, id)
	if err != nil {
		return nil, err
	}
	seen := all[:0]
	for _, l := range all {
		other := l.Target
		if other == id {
			other = l.Source
		}
		_, err := e.visible(ctx, agent, other, memory.Live)
		switch {
		case err == nil:
			seen = append(seen, l)
		case !errors.Is(err, memory.ErrNotFound):
			return nil, err
		}
	}
	return seen, nil
}

// List returns a page of the records that f selects, and the cursor of the next
// page, "" after the last.
func (e *Engine) List(ctx context.Context, f memory.Filter, p Page) ([]memory.Record, string, error) {
	e.asked(&f)
	limit := min(cmp.Or(max(p.Limit, 0), defaultPage), maxPage)
	return e.store.List(ctx, f, p.Order, limit, max(p.Offset, 0), p.Cursor)
}

// asked completes a filter as it came from outside: it is judged now, and for somebody.
func (e *Engine) asked(f *memory.Filter) {
	setDefault(&f.Now, e.now())
	setDefault(&f.Viewer, memory.Anonymous)
}

const (
	defaultRecall = 10
	maxRecall     = 50
	maxSearch     = 1000
)

// Recall answers a question in words. What a recall finds counts as read; what a
// search finds (all words must occur) does not.
func (e *Engine) Recall(ctx context.Context, q RecallQuery) (Recalled, error) {
	e.asked(&q.Filter)
	e.catchUp(ctx)
	var hits []recall.Hit
	var err error
	if q.All {
		hits = e.finder.Search(q.Text, q.Filter, min(cmp.Or(max(q.Limit, 0), defaultPage), maxSearch))
	} else if hits, err = e.finder.Recall(ctx, q.Text, q.Filter, min(cmp.Or(max(q.Limit, 0), defaultRecall), maxRecall)); err != nil {
		return Recalled{}, err
	}
	out := Recalled{IndexLag: e.finder.Lag()}
	if out.Hits, err = recordsOf(ctx, e.store, &q.Filter, hits); err != nil {
		return Recalled{}, err
	}
	if !q.All {
		ids := make([]string, len(out.Hits))
		for i := range out.Hits {
			ids[i] = out.Hits[i].ID
		}
		e.store.Touch(ids, e.now())
	}
	return out, nil
}

// recordsOf fetches what was found, in its order. The index may lag: what is not
// live any more, or not for the viewer to see, is left out.
func recordsOf(ctx context.Context, store Found, f *memory.Filter, hits []recall.Hit) ([]Scored, error) {
	ids := make([]string, len(hits))
	for i := range hits {
		ids[i] = hits[i].ID
	}
	recs, err := store.Many(ctx, ids)
	if err != nil {
		return nil, err
	}
	at := make(map[string]*memory.Record, len(recs))
	for i := range recs {
		at[recs[i].ID] = &recs[i]
	}
	out := make([]Scored, 0, len(hits))
	for _, h := range hits {
		rec, ok := at[h.ID]
		if !ok {
			continue
		}
		if life, _ := rec.Stands(f.Now); life == memory.Live && (f.All || rec.Access().VisibleTo(f.Viewer)) {
			out = append(out, Scored{Record: *rec, Score: h.Score})
		}
	}
	return out, nil
}

// catchUp gives the index of words a moment to take in what is committed, so that
// a caller finds what it has just written. A longer lag is reported, not waited for.
func (e *Engine) catchUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.IndexWait)
	defer cancel()
	if err := e.finder.Sync(ctx); err != nil {
		e.log.DebugContext(ctx, "index of words lags", "entries", e.finder.Lag(), "err", err)
	}
}

// StatusPending is the status of a proposal that is open.
const StatusPending = "pending"

// Pendings lists proposals that agent asked for or could decide, the newest first:
// those of a status, [StatusPending] or an outcome, or with "" all of them. What
// agent may not see takes nobody's place among the limit.
func (e *Engine) Pendings(ctx context.Context, agent memory.AgentID, status, namespace string, limit int) ([]memory.Pending, error) {
	all, err := e.store.Pendings(ctx, status == StatusPending, namespace, maxOpen)
	if err != nil {
		return nil, err
	}
	limit = min(cmp.Or(max(limit, 0), 100), maxPage)
	lookup, failure := e.registered(ctx)
	var seen []memory.Pending
	for i := len(all) - 1; i >= 0 && len(seen) < limit; i-- {
		if p := &all[i]; status != "" && status != cmp.Or(p.Outcome, StatusPending) {
			continue
		}
		shown, err := e.reads(ctx, agent, &all[i], lookup)
		if err != nil {
			return nil, err
		}
		if shown {
			seen = append(seen, all[i])
		}
	}
	return seen, failure()
}

// Standard is the standard of a namespace with the memory that states it.
type Standard struct {
	memory.Standard
	// Record is the memory; nil if it is not here, or not live: the standard is
	// set then, and states nothing.
	Record *memory.Record
	// Hidden is set if the memory is none of the viewer's business: Record and the
	// id are left out then.
	Hidden bool
	// Governance are the rules as they were written; nil if it states none. They
	// bind everybody, and are no secret.
	Governance memory.Object
}

// Standard returns the standard set for exactly namespace, as agent may see it.
func (e *Engine) Standard(ctx context.Context, agent memory.AgentID, namespace string) (*Standard, error) {
	set, err := e.store.Standard(ctx, namespace)
	if err != nil {
		return nil, err
	}
	rec, err := e.store.Record(ctx, set.StandardID)
	if err := unlessNotFound(err); err != nil {
		return nil, err
	}
	return e.standardFor(agent, *set, rec), nil
}

// standardFor is the standard set, which rec states, as agent may see it.
func (e *Engine) standardFor(agent memory.AgentID, set memory.Standard, rec *memory.Record) *Standard {
	s := &Standard{Standard: set}
	if rec == nil {
		return s
	}
	if life, _ := rec.Stands(e.now()); life == memory.Live {
		rec.Metadata.Field(memory.MetaGovernance, &s.Governance)
		s.Record = rec
	}
	if !rec.Access().VisibleTo(agent) {
		s.Record, s.StandardID, s.Hidden = nil, "", true
	}
	return s
}

// StandardChain returns the standards that hold in namespace, nearest first, as
// agent may see them.
func (e *Engine) StandardChain(ctx context.Context, agent memory.AgentID, namespace string) ([]Standard, error) {
	chain, err := e.chain(ctx, namespace)
	if err != nil {
		return nil, err
	}
	out := make([]Standard, len(chain))
	for i, s := range chain {
		rec := *s.record
		out[i] = *e.standardFor(agent, s.set, &rec)
	}
	return out, nil
}

// Namespaces counts the records of this node that agent may see, by namespace
// among others.
func (e *Engine) Namespaces(ctx context.Context, agent memory.AgentID) (memory.Counts, error) {
	f := memory.Filter{Viewer: agent}
	e.asked(&f)
	return e.store.Counts(ctx, f)
}

// Events returns what was applied here after a local sequence number, in order.
func (e *Engine) Events(ctx context.Context, after uint64, limit int) ([]memory.Event, error) {
	return e.store.Events(ctx, after, limit)
}
