package api

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// receiptView is a receipt, flat and once more under the name that it has in
// the answers to writes.
type receiptView struct {
	engine.Receipt

	Nested *engine.Receipt `json:"receipt"`
}

func (a *API) receipt(q *request) (reply, error) {
	dot, err := memory.ParseDot(q.PathValue("dot"))
	if err != nil {
		return reply{}, err
	}
	r, err := a.engine.Receipt(q.Context(), q.agent, dot)
	if err != nil {
		return reply{}, err
	}
	full := receiptOf(r)
	return ok(receiptView{*full, full})
}

// countsView are the counts of a status.
type countsView struct {
	Live      int64 `json:"live"`
	Archived  int64 `json:"archived"`
	Deleted   int64 `json:"deleted"`
	Erased    int64 `json:"erased"`
	Conflicts int64 `json:"conflicts"` // live, and with versions that nobody has settled
	Links     int64 `json:"links"`
	Bytes     int64 `json:"bytes"`
}

// statusView is a status with arrays that are never null.
type statusView struct {
	engine.Status

	Counts countsView `json:"counts"`
}

func (a *API) status(q *request) (reply, error) {
	s, err := a.engine.Status(q.Context())
	if err != nil {
		return reply{}, err
	}
	s.Members = orEmpty(s.Members)
	s.Parked = orEmpty(s.Parked)
	s.Warnings = orEmpty(s.Warnings)
	if s.Heads == nil {
		s.Heads = memory.Heads{}
	}
	c := s.Counts
	return ok(statusView{s, countsView{c.Live, c.Archived, c.Deleted, c.Erased, c.Conflicts, c.Links, c.Bytes}})
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// member is the one that ?member= names.
func (q *request) member() (memory.Node, error) {
	m := memory.Node(q.text("member"))
	if m == "" {
		return "", verb.Missing("member")
	}
	return m, m.Valid()
}

// diffView is a comparison; versions are shown as the dots that wrote them.
type diffView struct {
	Member      memory.Node      `json:"member"`
	Equal       bool             `json:"equal"`
	Here        memory.Digest    `json:"here"`
	There       memory.Digest    `json:"there"`
	Differences []differenceView `json:"differences"`
	Count       int              `json:"count"`
	Truncated   bool             `json:"truncated,omitempty"`
}

type differenceView struct {
	Key     string         `json:"key"`
	Family  string         `json:"family"`
	Here    memory.Dot     `json:"here,omitzero"`
	HereAt  memory.Instant `json:"here_at,omitzero"`
	There   memory.Dot     `json:"there,omitzero"`
	ThereAt memory.Instant `json:"there_at,omitzero"`
}

func diffOf(d engine.Diff) diffView {
	v := diffView{Member: d.Member, Equal: d.Equal, Here: d.Here, There: d.There, Count: len(d.Differences), Truncated: d.Truncated}
	v.Differences = make([]differenceView, len(d.Differences))
	for i, x := range d.Differences {
		v.Differences[i] = differenceView{
			Key: x.Key, Family: x.Family, Here: x.Here.Dot, HereAt: x.Here.Stamp.Instant(),
			There: x.There.Dot, ThereAt: x.There.Stamp.Instant(),
		}
	}
	return v
}

func (a *API) diff(q *request) (reply, error) {
	m, err := q.member()
	if err != nil {
		return reply{}, err
	}
	d, err := a.engine.Diff(q.Context(), m)
	if err != nil {
		return reply{}, err
	}
	return ok(diffOf(d))
}

func (a *API) repair(q *request) (reply, error) {
	m, err := q.member()
	if err != nil {
		return reply{}, err
	}
	d, err := a.engine.Repair(q.Context(), m)
	if err != nil {
		return reply{}, err
	}
	return ok(diffOf(d))
}

func (a *API) parked(q *request) (reply, error) {
	list, err := a.engine.Parked(q.Context())
	if err != nil {
		return reply{}, err
	}
	return ok(parkedListView{orEmpty(list), len(list)})
}

// retryBody names parked ops; none stands for all of them.
type retryBody struct {
	Dots []memory.Dot `json:"dots"`
}

func (a *API) retryParked(q *request) (reply, error) {
	var b retryBody
	if len(q.body) > 0 {
		if err := decode(q.body, &b); err != nil {
			return reply{}, err
		}
	}
	n, err := a.engine.RetryParked(q.Context(), b.Dots)
	if err != nil {
		return reply{}, err
	}
	return ok(retriedView{n})
}

type tierCount struct {
	Tier  memory.Tier `json:"tier"`
	Count int64       `json:"count"`
}

func (a *API) stats(q *request) (reply, error) {
	c, err := a.engine.Namespaces(q.Context(), q.agent)
	if err != nil {
		return reply{}, err
	}
	tiers := make([]tierCount, 0, len(c.ByTier))
	for t, n := range c.ByTier {
		tiers = append(tiers, tierCount{t, n})
	}
	slices.SortFunc(tiers, func(x, y tierCount) int { return cmp.Compare(y.Tier.Rank(), x.Tier.Rank()) })
	return ok(statsView{
		Total: c.Live, ByTier: tiers, ByNamespace: namespaceCounts(c.ByNamespace), Links: c.Links, Bytes: c.Bytes,
		Archived: c.Archived, Deleted: c.Deleted, Erased: c.Erased, ExpiringSoon: c.ExpiringSoon,
	})
}

// capabilities is what a client may count on, in the outline that ai-memory's
// clients look at.
func (a *API) capabilities(q *request) (reply, error) {
	version := strings.TrimPrefix(first(q.Header.Get("Accept-Capabilities"), "v3"), "v")
	if !slices.Contains([]string{"1", "2", "3"}, version) {
		version = "3"
	}
	return ok(capabilitiesView{
		SchemaVersion: version, Version: a.cfg.Version, Implementation: "tallystick", StorageBackend: "sqlite", Tier: "keyword",
		Summary:  "a federated memory for AI agents: every write is held by a quorum of members, and says by whom",
		Describe: "I can keep notes for you and find them again by their words, on any of the machines that share this memory.",
		Tools:    toolNames(),
		Families: familyViews(),
		Features: featuresView{
			KeywordSearch: true, Receipts: true, History: true, Events: true, Erase: true, IdempotencyKeys: true,
			Durability: []engine.Durability{engine.DurableLocal, engine.DurableQuorum, engine.DurableAll},
		},
		Limits: limitsView{
			Body: a.cfg.MaxBody, List: maxList, Recall: maxRecall, Bulk: maxBulk,
			Title: memory.MaxTitle, Content: memory.MaxContent, Metadata: memory.MaxMetadata, Tags: memory.MaxTags,
		},
		Relations: memory.Relations(), Kinds: memory.MemoryKinds(),
	})
}

func (a *API) health(q *request) (reply, error) {
	v := healthView{Status: "ok", Service: "ai-memory", Implementation: "tallystick", Version: a.cfg.Version, Federation: a.cfg.Federated}
	if err := a.engine.Ready(q.Context()); err != nil {
		a.log.WarnContext(q.Context(), "not healthy", "err", err)
		v.Status = "error"
		return reply{status: http.StatusServiceUnavailable, body: v}, nil
	}
	return ok(v)
}

func (a *API) live(*request) (reply, error) { return ok(probeView{"ok"}) }

func (a *API) ready(q *request) (reply, error) {
	if err := a.engine.Ready(q.Context()); err != nil {
		a.log.WarnContext(q.Context(), "not ready", "err", err)
		return reply{}, &verb.Problem{Code: client.CodeNotReady, Text: "the node is not ready", Retry: 1}
	}
	return ok(probeView{"ready"})
}

// exposeMetrics brings the gauges of the node up to date and hands over to Prometheus.
func (a *API) exposeMetrics(q *request) (reply, error) {
	s, err := a.engine.Status(q.Context())
	if err == nil {
		a.metrics.show(s)
	} else {
		a.log.WarnContext(q.Context(), "metrics without status", "err", err)
	}
	promhttp.HandlerFor(a.cfg.Metrics, promhttp.HandlerOpts{}).ServeHTTP(q.w, q.Request)
	return reply{sent: true}, nil
}
