package api

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

func (a *API) health(q *request) (reply, error) {
	v := client.Health{Status: "ok", Service: "ai-memory", Implementation: "tallystick", Version: a.cfg.Version, Federation: a.cfg.Federated}
	if err := a.books.Core.Ready(q.Context()); err != nil {
		a.log.WarnContext(q.Context(), "not healthy", "err", err)
		v.Status = "error"
		return reply{status: http.StatusServiceUnavailable, body: v}, nil
	}
	return ok(v)
}

func (a *API) live(*request) (reply, error) { return ok(client.Probe{Status: "ok"}) }

func (a *API) ready(q *request) (reply, error) {
	if err := a.books.Core.Ready(q.Context()); err != nil {
		a.log.WarnContext(q.Context(), "not ready", "err", err)
		return reply{}, &verb.Problem{Code: client.CodeNotReady, Text: "the node is not ready", Retry: 1}
	}
	if a.cfg.Full != nil && a.cfg.Full() {
		return reply{}, &verb.Problem{Code: client.CodeNotReady, Text: "the disk of this node is full: reads go on, writes are refused", Retry: 10}
	}
	return ok(client.Probe{Status: "ready"})
}

// exposeMetrics brings the gauges of the node up to date and hands over to Prometheus.
func (a *API) exposeMetrics(q *request) (reply, error) {
	s, err := a.books.Upkeep.Status(q.Context())
	if err == nil {
		a.metrics.show(s)
	} else {
		a.log.WarnContext(q.Context(), "metrics without status", "err", err)
	}
	promhttp.HandlerFor(a.cfg.Metrics, promhttp.HandlerOpts{}).ServeHTTP(q.w, q.Request)
	return reply{sent: true}, nil
}
