package api

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/verb"
)

// New returns the handler of all routes.
func New(cfg Config) *API {
	cfg.MaxBody = cmp.Or(cfg.MaxBody, 2<<20)
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, time.Minute)
	cfg.Heartbeat = cmp.Or(cfg.Heartbeat, 15*time.Second)
	cfg.MaxStreams = cmp.Or(cfg.MaxStreams, 256)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	a := &API{
		cfg:     cfg,
		books:   cfg.Books,
		log:     cfg.Log,
		cross:   http.NewCrossOriginProtection(),
		room:    newRoom(),
		metrics: newMetrics(cfg.Metrics),
		mux:     http.NewServeMux(),
		streams: make(chan struct{}, cfg.MaxStreams),
	}
	a.apiKey, a.operatorKey = secretOf(cfg.APIKey), secretOf(cfg.OperatorKey)
	a.verbs = verb.Table(verb.Deps{Books: cfg.Books, Now: cfg.Now, Meter: a.metrics, Journal: cfg.Journal, Readers: cfg.Readers, Care: cfg.Care, Version: cfg.Version, MaxBody: cfg.MaxBody})
	a.document = sync.OnceValues(describer{a}.renderDocument)
	a.docs = sync.OnceValues(describer{a}.renderDocs)
	if cfg.Agents != nil {
		a.agents = cfg.Agents(a.verbs)
	}
	a.routes = routes()
	byPath := map[string][]route{}
	for _, rt := range a.routes {
		byPath[rt.path] = append(byPath[rt.path], rt)
	}
	for path, rts := range byPath {
		a.mux.HandleFunc(path, a.dispatch(rts))
	}
	a.mux.HandleFunc("/", a.unknown)
	if err := a.openConsole(); err != nil {
		panic(err) // it is built into the program
	}
	return a
}
