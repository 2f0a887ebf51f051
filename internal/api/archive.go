package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/internal/verb"
)

const defaultArchive = 50

func (a *API) archived(q *request) (reply, error) {
	f, err := a.filter(q)
	if err != nil {
		return reply{}, err
	}
	f.Life = memory.Archived
	page, err := q.page(defaultArchive)
	if err != nil {
		return reply{}, err
	}
	recs, next, err := a.engine.List(q.Context(), f, page)
	if err != nil {
		return reply{}, err
	}
	out := make([]archivedView, len(recs))
	for i := range recs {
		out[i] = archivedOf(&recs[i], f.Now)
	}
	return ok(archiveListView{out, len(out), next})
}

// archiveBody names what to archive.
type archiveBody struct {
	IDs     []string `json:"ids"`
	Reason  string   `json:"reason"`
	AgentID string   `json:"agent_id"`
}

const (
	maxArchive      = 1000
	archiveAtOnce   = 16 // so that they share fsyncs and round trips
	defaultArchived = "archive"
)

func (a *API) archive(q *request) (reply, error) {
	var b archiveBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	switch {
	case b.IDs == nil:
		return reply{}, verb.Missing("ids")
	case len(b.IDs) > maxArchive:
		return reply{}, verb.BadField("ids", "ids: %d, at most %d", len(b.IDs), maxArchive)
	}
	if err := q.claims(b.AgentID); err != nil {
		return reply{}, err
	}
	for _, id := range b.IDs {
		if err := memory.ValidID(id); err != nil {
			return reply{}, err
		}
	}
	b.Reason = cmp.Or(b.Reason, defaultArchived)
	ids := distinct(b.IDs)
	outs, errs := a.archiveAll(q, ids, b.Reason)
	return archiveReply(ids, outs, errs, b.Reason)
}

func distinct(ids []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		dup := seen[id]
		seen[id] = true
		return dup
	})
}

// archiveAll archives ids, each as an op of its own. After the first failure of
// the node or of the quorum no further one is begun.
func (a *API) archiveAll(q *request, ids []string, reason string) ([]engine.Outcome, []error) {
	outs, errs := make([]engine.Outcome, len(ids)), make([]error, len(ids))
	var g errgroup.Group
	g.SetLimit(archiveAtOnce)
	var stopped atomic.Bool
	for i, id := range ids {
		g.Go(func() error {
			if stopped.Load() {
				errs[i] = errNotBegun
				return nil
			}
			outs[i], errs[i] = a.engine.Archive(q.Context(), q.part(id), id, reason)
			if errs[i] != nil && !missingMemory(errs[i]) {
				stopped.Store(true)
			}
			return nil
		})
	}
	_ = g.Wait() // each error is in errs
	return outs, errs
}

var errNotBegun = errors.New("not begun, because of another failure")

// missingMemory reports whether err says no more than that the caller has no
// such memory.
func missingMemory(err error) bool {
	_, refused := errors.AsType[*engine.ForbiddenError](err)
	return refused || errors.Is(err, memory.ErrNotFound) || errors.Is(err, memory.ErrAmbiguous)
}

type archiveView struct {
	Archived []string          `json:"archived"`
	Missing  []string          `json:"missing"`
	Count    int               `json:"count"`
	Reason   string            `json:"reason"`
	Pending  []string          `json:"pending,omitempty"`
	Receipt  *engine.Receipt   `json:"receipt,omitempty"`
	Receipts []*engine.Receipt `json:"receipts"` // for each of archived
}

func archiveReply(ids []string, outs []engine.Outcome, errs []error, reason string) (reply, error) {
	v := archiveView{Archived: []string{}, Missing: []string{}, Reason: reason, Receipts: []*engine.Receipt{}}
	var failed error
	for i, err := range errs {
		switch {
		case err == nil && outs[i].Pending != nil:
			v.Pending = append(v.Pending, outs[i].Pending.ID)
		case err == nil:
			v.Archived = append(v.Archived, ids[i])
			v.Receipt = receiptOf(outs[i].Receipt)
			v.Receipts = append(v.Receipts, v.Receipt)
		case missingMemory(err):
			v.Missing = append(v.Missing, ids[i])
		default:
			failed = worse(failed, err)
		}
	}
	v.Count = len(v.Archived)
	if e, missed := errors.AsType[*engine.QuorumError](failed); missed {
		p := verb.QuorumProblem(e)
		p.Extra["archived"], p.Extra["missing"] = v.Archived, v.Missing
		return reply{}, p
	}
	if failed != nil {
		return reply{}, failed
	}
	rep := reply{body: v}
	if len(v.Pending) > 0 && v.Count == 0 {
		rep.status = http.StatusAccepted
	}
	return rep, nil
}

// worse keeps what matters among the errors of parallel work: a missed quorum
// before others, any before what was not begun because of them.
func worse(a, b error) error {
	_, missed := errors.AsType[*engine.QuorumError](b)
	if a == nil || missed || errors.Is(a, errNotBegun) {
		return b
	}
	return a
}

func (a *API) restore(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	out, err := a.engine.Restore(q.Context(), q.caller(), id)
	if errors.Is(err, memory.ErrNotFound) {
		return reply{}, verb.NotFound("not found in archive")
	}
	return written(out, err, http.StatusOK, func() any {
		return restoredView{true, verb.Subject(out), nowView(out), receiptOf(out.Receipt)}
	})
}

func (a *API) archiveStats(q *request) (reply, error) {
	counts, err := a.engine.Spaces(q.Context(), memory.Filter{Viewer: q.agent, Now: a.now(), Life: memory.Archived})
	if err != nil {
		return reply{}, err
	}
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	return ok(archiveStatsView{total, namespaceCounts(counts)})
}

type namespaceCount struct {
	Namespace string `json:"namespace"`
	Count     int64  `json:"count"`
}

// namespaceCounts are counts in the order of the namespaces.
func namespaceCounts(counts map[string]int64) []namespaceCount {
	out := make([]namespaceCount, 0, len(counts))
	for ns, n := range counts {
		out = append(out, namespaceCount{ns, n})
	}
	slices.SortFunc(out, func(x, y namespaceCount) int { return cmp.Compare(x.Namespace, y.Namespace) })
	return out
}
