package node

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/internal/webhook"
)

// newWebhooks returns what delivers events to the endpoints of subscriptions.
func (n *node) newWebhooks(guard *webhook.Guard) *webhook.Runner {
	return webhook.New(webhook.Config{Node: n.cfg.Node, Guard: guard, Log: n.log, Version: Version()}, n.books.Feed, n.store)
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
