package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/memory"
)

// metrics are the collectors of this package. Those called ai_memory_ are other names
// of ours, for dashboards of ai-memory.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	streams  prometheus.Gauge

	stores        [2]prometheus.Counter // under both names, as the next ones
	recalls       [2]prometheus.Counter
	recallSeconds [2]prometheus.Histogram
	memories      *prometheus.GaugeVec
	live          *prometheus.GaugeVec // without labels: absent until it is set
	conflicts     *prometheus.GaugeVec
	wanted        prometheus.Gauge
	members       prometheus.Gauge
	parked        prometheus.Gauge
	parkedLegacy  prometheus.Gauge
	owed          *prometheus.GaugeVec
	proven        *prometheus.GaugeVec
	answers       *prometheus.GaugeVec
	lag           prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.CounterOpts { return prometheus.CounterOpts{Name: name, Help: help} }
	gauge := func(name, help string) prometheus.GaugeOpts { return prometheus.GaugeOpts{Name: name, Help: help} }
	m := &metrics{
		requests: prometheus.NewCounterVec(counter("tally_http_requests_total", "Requests of clients."), []string{"route", "method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tally_http_request_seconds", Help: "Time to answer a request of a client.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method"}),
		streams:      prometheus.NewGauge(gauge("tally_http_event_streams", "Event streams that are open.")),
		memories:     prometheus.NewGaugeVec(gauge("tally_memories", "Memories, by their state: live, archived (what has expired included), deleted or erased."), []string{"state"}),
		live:         prometheus.NewGaugeVec(gauge("ai_memory_memories", "The same as tally_memories of the state live."), nil),
		conflicts:    prometheus.NewGaugeVec(gauge("tally_conflicts", "Live memories with versions in conflict."), nil),
		wanted:       prometheus.NewGauge(gauge("tally_write_quorum", "W: how many members must hold a write.")),
		members:      prometheus.NewGauge(gauge("tally_members", "N: how many members there are, this node included.")),
		parked:       prometheus.NewGauge(gauge("tally_parked_ops", "Ops that somebody refused and that are kept.")),
		parkedLegacy: prometheus.NewGauge(gauge("ai_memory_federation_push_dlq_depth", "The same as tally_parked_ops.")),
		owed:         prometheus.NewGaugeVec(gauge("tally_member_owed_ops", "Ops of this node that a member has not acknowledged."), []string{"member"}),
		proven:       prometheus.NewGaugeVec(gauge("tally_member_proven_equal_timestamp_seconds", "When a member's state was last proven equal to this node's; 0 is never."), []string{"member"}),
		answers:      prometheus.NewGaugeVec(gauge("tally_member_up", "1 if the member answered last time, 0 if it did not or its lane is stopped."), []string{"member"}),
		lag:          prometheus.NewGauge(gauge("tally_index_lag_entries", "Entries stored and not yet in the text index.")),
	}
	for i, names := range [2][3]string{
		{"tally_stored_total", "tally_recalls_total", "tally_recall_seconds"},
		{"ai_memory_store_total", "ai_memory_recall_total", "ai_memory_recall_latency_seconds"},
	} {
		m.stores[i] = prometheus.NewCounter(counter(names[0], "Memories created through HTTP."))
		m.recalls[i] = prometheus.NewCounter(counter(names[1], "Recalls answered through HTTP."))
		m.recallSeconds[i] = prometheus.NewHistogram(prometheus.HistogramOpts{Name: names[2], Help: "Time to answer a recall.", Buckets: prometheus.DefBuckets})
		reg.MustRegister(m.stores[i], m.recalls[i], m.recallSeconds[i])
	}
	reg.MustRegister(m.requests, m.seconds, m.streams, m.memories, m.live, m.conflicts, m.wanted, m.members, m.parked, m.parkedLegacy, m.owed, m.proven, m.answers, m.lag)
	return m
}

// observe counts one request. Methods are clients' text: only known ones become a label.
func (m *metrics) observe(route, method string, status int, took time.Duration) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
	default:
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route, method).Observe(took.Seconds())
}

// show sets the gauges to what s says.
func (m *metrics) show(s upkeep.Status) {
	if !s.Counting {
		m.count(&s.Counts)
	}
	m.wanted.Set(float64(s.W))
	m.members.Set(float64(s.N))
	m.parked.Set(float64(len(s.Parked)))
	m.parkedLegacy.Set(float64(len(s.Parked)))
	m.lag.Set(float64(s.IndexLag))
	for _, member := range s.Members {
		m.owed.WithLabelValues(string(member.Name)).Set(float64(member.Owed))
		m.proven.WithLabelValues(string(member.Name)).Set(float64(member.ProvenEqualAt) / 1e9)
		answers := 0.0
		if member.State == "ok" || member.State == "catching_up" {
			answers = 1
		}
		m.answers.WithLabelValues(string(member.Name)).Set(answers)
	}
}

// count sets the gauges of what is counted.
func (m *metrics) count(c *memory.Counts) {
	for state, n := range map[string]int64{"live": c.Live, "archived": c.Archived, "deleted": c.Deleted, "erased": c.Erased} {
		m.memories.WithLabelValues(state).Set(float64(n))
	}
	m.live.WithLabelValues().Set(float64(c.Live))
	m.conflicts.WithLabelValues().Set(float64(c.Conflicts))
}

// Stored implements [verb.Meter].
func (m *metrics) Stored(n int) {
	for _, c := range m.stores {
		c.Add(float64(n))
	}
}

// Recalled implements [verb.Meter].
func (m *metrics) Recalled(took time.Duration) {
	for i := range m.recalls {
		m.recalls[i].Inc()
		m.recallSeconds[i].Observe(took.Seconds())
	}
}
