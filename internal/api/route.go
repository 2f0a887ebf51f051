package api

import (
	"net/http"
	"slices"
	"strings"
)

// Route is what may be known of a route from outside.
type Route struct {
	Method  string
	Path    string // a pattern of [http.ServeMux], without the method
	Summary string
	Mutates bool // changes what the federation agrees on
	Open    bool // served without an API key
	Stream  bool // answers for as long as the client listens
	Request any  // zero value of the JSON body it takes, or nil
}

// Routes lists every route, for tests and documents.
func Routes() []Route {
	rts := routes()
	out := make([]Route, len(rts))
	for i, rt := range rts {
		out[i] = Route{
			Method: rt.method, Path: rt.path, Summary: rt.summary,
			Mutates: rt.mutates, Open: rt.open, Stream: rt.stream, Request: rt.in,
		}
	}
	return out
}

// route is one line of the table.
type route struct {
	method, path, summary string

	handle  func(*API, *request) (reply, error)
	mutates bool // takes ?durability= and Idempotency-Key
	open    bool // no API key
	stream  bool // no timeout
	body    bodyMode
	in      any // zero value of the body
}

// bodyMode says what a route does with a request body.
type bodyMode uint8

const (
	bodyNone     bodyMode = iota // read (for the idempotency hash) and not looked at
	bodyRequired                 // JSON
	bodyOptional                 // JSON, or nothing and the parameters in the query
	bodyStream                   // left to the handler, which reads it as it comes
)

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// routes is the table. The order is that of docs/http.md.
func routes() []route {
	return slices.Concat(memoryRoutes(), findRoutes(), linkRoutes(), archiveRoutes(), ruleRoutes(), nodeRoutes())
}

func memoryRoutes() []route {
	const one = "/api/v1/memories/{id}"
	return []route{
		{method: post, path: "/api/v1/memories", summary: "create a memory", handle: (*API).create, mutates: true, body: bodyRequired, in: createBody{}},
		{method: post, path: "/api/v1/memories/bulk", summary: "create up to 1000 memories", handle: (*API).bulk, mutates: true, body: bodyRequired, in: []createBody{}},
		{method: get, path: "/api/v1/memories", summary: "list memories", handle: (*API).list},
		{method: get, path: one, summary: "read a memory and its links", handle: (*API).get},
		{method: put, path: one, summary: "edit a memory", handle: (*API).update, mutates: true, body: bodyRequired, in: updateBody{}},
		{method: http.MethodPatch, path: one, summary: "edit a memory", handle: (*API).update, mutates: true, body: bodyRequired, in: updateBody{}},
		{method: del, path: one, summary: "delete a memory, or with ?erase=true erase it", handle: (*API).delete, mutates: true},
		{method: post, path: one + "/promote", summary: "promote a memory to the long tier", handle: (*API).promote, mutates: true},
		{method: post, path: one + "/erase", summary: "erase a memory for good", handle: (*API).erase, mutates: true},
		{method: get, path: one + "/history", summary: "list the versions of a memory", handle: (*API).history},
		{method: post, path: "/api/v1/consolidate", summary: "replace memories by one", handle: (*API).consolidate, mutates: true, body: bodyRequired, in: consolidateBody{}},
		{method: post, path: "/api/v1/forget", summary: "archive what matches", handle: (*API).forget, mutates: true, body: bodyOptional, in: forgetBody{}},
	}
}

func findRoutes() []route {
	return []route{
		{method: get, path: "/api/v1/recall", summary: "find memories that bear on a text", handle: (*API).recall},
		{method: post, path: "/api/v1/recall", summary: "find memories that bear on a text", handle: (*API).recall, body: bodyOptional, in: recallBody{}},
		{method: get, path: "/api/v1/search", summary: "find memories that have all words", handle: (*API).search},
		{method: get, path: "/api/v1/export", summary: "stream memories and links as NDJSON", handle: (*API).export, stream: true},
		{method: post, path: "/api/v1/import/complete", summary: "take in a complete export", handle: (*API).importComplete, mutates: true, stream: true, body: bodyStream},
	}
}

func linkRoutes() []route {
	return []route{
		{method: post, path: "/api/v1/links", summary: "link two memories", handle: (*API).link, mutates: true, body: bodyRequired, in: linkBody{}},
		{method: del, path: "/api/v1/links", summary: "remove the links between two memories", handle: (*API).unlink, mutates: true, body: bodyOptional, in: linkBody{}},
		{method: get, path: "/api/v1/links/{id}", summary: "list the links of a memory", handle: (*API).links},
	}
}

func archiveRoutes() []route {
	return []route{
		{method: get, path: "/api/v1/archive", summary: "list archived memories", handle: (*API).archived},
		{method: post, path: "/api/v1/archive", summary: "archive memories", handle: (*API).archive, mutates: true, body: bodyRequired, in: archiveBody{}},
		{method: get, path: "/api/v1/archive/stats", summary: "count archived memories", handle: (*API).archiveStats},
		{method: post, path: "/api/v1/archive/{id}/restore", summary: "make an archived or deleted memory live again", handle: (*API).restore, mutates: true},
	}
}

func ruleRoutes() []route {
	const namespaces = "/api/v1/namespaces"
	return []route{
		{method: get, path: "/api/v1/pending", summary: "list proposals", handle: (*API).pendings},
		{method: get, path: "/api/v1/pending/{id}", summary: "read a proposal", handle: (*API).pending},
		{method: post, path: "/api/v1/pending/{id}/approve", summary: "vote for a proposal", handle: (*API).approve, mutates: true},
		{method: post, path: "/api/v1/pending/{id}/reject", summary: "vote against a proposal", handle: (*API).reject, mutates: true},
		{method: get, path: namespaces, summary: "count memories by namespace, or with ?namespace= read its standard", handle: (*API).namespaces},
		{method: post, path: namespaces, summary: "set the standard of a namespace", handle: (*API).setStandard, mutates: true, body: bodyRequired, in: standardBody{}},
		{method: del, path: namespaces, summary: "clear the standard of ?namespace=", handle: (*API).clearStandard, mutates: true},
		{method: get, path: namespaces + "/{rest...}", summary: "read the standard of a namespace", handle: (*API).standard},
		{method: post, path: namespaces + "/{rest...}", summary: "set the standard of a namespace", handle: (*API).setStandard, mutates: true, body: bodyOptional, in: standardBody{}},
		{method: del, path: namespaces + "/{rest...}", summary: "clear the standard of a namespace", handle: (*API).clearStandard, mutates: true},
	}
}

func nodeRoutes() []route {
	return []route{
		{method: get, path: "/api/v1/receipts/{dot}", summary: "say who holds a write now", handle: (*API).receipt},
		{method: get, path: "/api/v1/status", summary: "describe the node and its members", handle: (*API).status},
		{method: get, path: "/api/v1/diff", summary: "compare with a member", handle: (*API).diff},
		{method: post, path: "/api/v1/repair", summary: "merge again what a member has and this node lacks", handle: (*API).repair},
		{method: get, path: "/api/v1/parked", summary: "list ops that a member refused", handle: (*API).parked},
		{method: post, path: "/api/v1/parked/retry", summary: "offer refused ops again", handle: (*API).retryParked, body: bodyOptional, in: retryBody{}},
		{method: get, path: "/api/v1/events", summary: "stream ops as they are applied", handle: (*API).events, stream: true},
		{method: get, path: "/api/v1/stats", summary: "count what the node keeps", handle: (*API).stats},
		{method: get, path: "/api/v1/capabilities", summary: "say what this server can do", handle: (*API).capabilities},
		{method: get, path: "/api/v1/health", summary: "say whether the node works", handle: (*API).health, open: true},
		{method: get, path: "/health/live", summary: "say that the process runs", handle: (*API).live, open: true},
		{method: get, path: "/health/ready", summary: "say whether the node serves", handle: (*API).ready, open: true},
		{method: get, path: "/metrics", summary: "metrics for Prometheus", handle: (*API).exposeMetrics, stream: true},
		{method: get, path: "/api/v1/metrics", summary: "metrics for Prometheus", handle: (*API).exposeMetrics, stream: true},
	}
}

// dispatch serves the routes of one path. It chooses by method itself, because
// the 405 of a ServeMux has no JSON body.
func (a *API) dispatch(rts []route) http.HandlerFunc {
	byMethod := map[string]route{}
	var allow []string
	for _, rt := range rts {
		byMethod[rt.method] = rt
		allow = append(allow, rt.method)
	}
	if rt, ok := byMethod[get]; ok {
		byMethod[http.MethodHead] = rt
		allow = append(allow, http.MethodHead)
	}
	slices.Sort(allow)
	allowed := strings.Join(allow, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		rt, ok := byMethod[r.Method]
		if !ok {
			w.Header().Set("Allow", allowed)
			a.fail(w, r, &problem{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED", text: "method not allowed: want one of " + allowed})
			return
		}
		a.serve(w, r, rt)
	}
}

func (a *API) unknown(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, &problem{status: http.StatusNotFound, code: "UNKNOWN_ROUTE", text: "not found: no such route"})
}
