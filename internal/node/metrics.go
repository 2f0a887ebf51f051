package node

import (
	"runtime"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tallystick/tallystick/internal/legacy/send"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/pace"
	"github.com/tallystick/tallystick/internal/peer/packing"
	"github.com/tallystick/tallystick/internal/policy"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/webhook"
)

// newRegistry returns a registry with what the process and the storage tell.
func newRegistry(s *store.Store) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_writer_queue", Help: "Writes that wait for the writer."},
			func() float64 { return float64(s.Queued()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_damaged_entries", Help: "Entries that are damaged on this disk, and not mended yet."},
			func() float64 { return float64(s.Damaged()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_database_broken", Help: "1 if parts of the database cannot be read on this disk."},
			func() float64 { return map[bool]float64{true: 1}[s.Broken()] }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_database_bytes", Help: "Size of the database files."},
			func() float64 { return float64(s.DatabaseBytes()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tally_build_info", Help: "1, with the version of the program.",
			ConstLabels: prometheus.Labels{"version": Version(), "go_version": runtime.Version()},
		}, func() float64 { return 1 }),
	)
	if _, known := s.FreeBytes(); known {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_disk_free_bytes", Help: "What may still be written where the database is."},
			func() float64 { free, _ := s.FreeBytes(); return float64(free) }))
	}
	return reg
}

// exportTraffic shows what goes over the network between members. Each byte is counted by
// the member that has made the connection.
func exportTraffic(reg *prometheus.Registry, t *packing.Traffic) {
	reg.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "tally_member_sent_bytes_total", Help: "Bytes sent on the connections that this node has made to members."},
			func() float64 { return float64(t.Sent.Load()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "tally_member_received_bytes_total", Help: "Bytes that came on the connections that this node has made to members."},
			func() float64 { return float64(t.Received.Load()) }),
	)
}

// exportTaken shows how what is sent is taken.
func exportTaken(reg *prometheus.Registry, k *pace.Keeper) {
	reg.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_answers_waiting_bytes", Help: "Bytes of answers that wait for clients and members to take them."},
			func() float64 { return float64(k.Waiting()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "tally_slow_connections_ended_total", Help: "Connections ended because what was sent on them was not taken."},
			func() float64 { return float64(k.Cut()) }),
	)
}

// exportCounters shows what replication counts. The names that begin with
// ai_memory_ are those that dashboards of ai-memory look for.
func exportCounters(reg *prometheus.Registry, c *replicate.Counters) {
	show := func(name, help string, labels prometheus.Labels, read func() uint64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(read()) }))
	}
	count := func(name, help string, v *atomic.Uint64) { show(name, help, nil, v.Load) }
	count("tally_push_batches_total", "Pushes with ops that a member answered.", &c.Batches)
	count("tally_push_ops_total", "Ops in those pushes.", &c.Ops)
	count("tally_push_failed_total", "Pushes without an answer that counts.", &c.PushFailed)
	count("tally_exchanges_total", "Exchanges of heads that a member answered.", &c.Exchanges)
	count("tally_missed_quorum_total", "Writes that fewer members held in time than were asked for; they are kept and owed.", &c.MissedQuorum)
	count("tally_refused_ops_total", "Ops that members refused.", &c.Refused)
	count("tally_pulls_total", "Pulls that a member answered.", &c.Pulls)
	count("tally_pulled_ops_total", "Ops that pulls brought.", &c.PulledOps)
	count("tally_pull_failed_total", "Pulls without an answer that counts.", &c.PullFailed)
	count("tally_members_went_back_total", "Members found to hold less than they had said.", &c.WentBack)
	count("tally_snapshots_total", "Whole states taken over from a member.", &c.Snapshots)
	count("tally_divergence_alarms_total", "Members found to differ at equal heads.", &c.Alarms)
	count("tally_mended_entries_total", "Damaged entries that a member had whole.", &c.Healed)
	count("tally_repaired_registers_total", "Registers fetched again from a member.", &c.Repaired)

	for _, retries := range []string{"tally_push_retry_total", "ai_memory_federation_fanout_retry_total"} {
		show(retries, "First pushes after a fault, by outcome.", prometheus.Labels{"outcome": "ok"}, c.RetryOK.Load)
		show(retries, "First pushes after a fault, by outcome.", prometheus.Labels{"outcome": "fail"}, c.RetryFailed.Load)
	}
	show("ai_memory_federation_fanout_dropped_total", "Pushes that did not reach a member; what they carried stays owed.",
		prometheus.Labels{"reason": "peer_fail"}, c.PushFailed.Load)
	total := func() (n uint64) {
		for _, k := range memory.Kinds() {
			n += c.Partial(k)
		}
		return n
	}
	show("ai_memory_federation_partial_quorum_total", "Writes with their quorum and not on all members by their deadline.", nil, total)
	for _, k := range memory.Kinds() {
		show("tally_partial_quorum_total", "Writes with their quorum and not on all members by their deadline, by kind.",
			prometheus.Labels{"kind": k.String()}, func() uint64 { return c.Partial(k) })
	}
}

// exportLegacy shows what the lanes to legacy peers count, the outcomes under the
// names of ai-memory too.
func exportLegacy(reg *prometheus.Registry, lanes *send.Lanes, last func() uint64) {
	reg.MustRegister(&legacyMetrics{
		lanes: lanes, last: last,
		pushes: prometheus.NewDesc("tally_legacy_push_total", "Pushes to ai-memory nodes, by outcome.", []string{"peer", "outcome"}, nil),
		owed:   prometheus.NewDesc("tally_legacy_owed", "Entries of the log that an ai-memory node was not sent yet.", []string{"peer"}, nil),
	})
	sum := func(name, help string, labels prometheus.Labels, read func(send.Status) uint64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 {
			var n uint64
			for _, s := range lanes.Status() {
				n += read(s)
			}
			return float64(n)
		}))
	}
	drift := func(s send.Status) uint64 { return s.Drift }
	sum("ai_memory_federation_fanout_retry_total", "First pushes after a fault, by outcome.", prometheus.Labels{"outcome": "id_drift"}, drift)
	sum("ai_memory_federation_fanout_dropped_total", "Pushes that did not reach a member; what they carried stays owed.",
		prometheus.Labels{"reason": "id_drift"}, drift)
}

// newWebhooks returns what delivers events to the endpoints of subscriptions.
func (n *node) newWebhooks(guard *webhook.Guard) *webhook.Runner {
	return webhook.New(webhook.Config{AllowOutbound: n.outbound.call(policy.Webhook), Node: n.cfg.Node, Guard: guard, Log: n.log, Version: Version()}, n.books.Feed, n.store)
}

// exportWebhooks shows what delivery counts, under the names of ai-memory.
func exportWebhooks(reg *prometheus.Registry, c *webhook.Counters) {
	count := func(name, help string, read func() uint64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(read()) }))
	}
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ai_memory_subscriptions_active", Help: "Subscriptions whose events this node delivers.",
	}, func() float64 { return float64(c.Active.Load()) }))
	count("ai_memory_webhook_dispatched_total", "Events that the endpoint of a subscription took.", c.Delivered.Load)
	count("ai_memory_webhook_failed_total", "Attempts to deliver an event that failed.", c.Failed.Load)
	count("ai_memory_subscription_dlq_overflow_total", "Undelivered events that were dropped, because there were too many.", c.Dropped.Load)
	count("tally_webhook_given_up_total", "Events whose delivery was given up; they are kept.", c.GivenUp.Load)
}

// legacyMetrics are those of each legacy peer that there is now.
type legacyMetrics struct {
	lanes        *send.Lanes
	last         func() uint64 // the newest local sequence number
	pushes, owed *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (m *legacyMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.pushes
	out <- m.owed
}

// Collect implements [prometheus.Collector].
func (m *legacyMetrics) Collect(out chan<- prometheus.Metric) {
	last := m.last()
	for _, s := range m.lanes.Status() {
		for outcome, n := range map[string]uint64{"ok": s.OK, "id_drift": s.Drift, "fail": s.Fail} {
			out <- prometheus.MustNewConstMetric(m.pushes, prometheus.CounterValue, float64(n), s.Peer, outcome)
		}
		out <- prometheus.MustNewConstMetric(m.owed, prometheus.GaugeValue, float64(last-min(s.LSN, last)), s.Peer)
	}
}

// writeTimes are how many single memories were written, and within how many milliseconds
// half and 95 % of them were answered: about, for what is kept are counts by class.
func writeTimes(reg prometheus.Gatherer) (n uint64, p50, p95 float64) {
	families, err := reg.Gather()
	if err != nil {
		return 0, 0, 0
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != "tally_http_request_seconds" || label(m.GetLabel(), "method") != "POST" || label(m.GetLabel(), "route") != "/api/v1/memories" {
				continue
			}
			h := m.GetHistogram()
			return h.GetSampleCount(), within(h.GetBucket(), 0.5, h.GetSampleCount()), within(h.GetBucket(), 0.95, h.GetSampleCount())
		}
	}
	return 0, 0, 0
}

func label[L interface {
	GetName() string
	GetValue() string
}](labels []L, name string) string {
	for _, l := range labels {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// within is the bound of the first class below which so many of what was counted are, in
// milliseconds; 0 if that is none.
func within[B interface {
	GetCumulativeCount() uint64
	GetUpperBound() float64
}](classes []B, part float64, all uint64) float64 {
	for _, b := range classes {
		if float64(b.GetCumulativeCount()) >= part*float64(all) {
			return b.GetUpperBound() * 1000
		}
	}
	return 0
}
