package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// Route is what may be known of a route from outside.
type Route struct {
	Method   string
	Path     string // a pattern of [http.ServeMux], without the method
	Shown    string // the path as documents write it
	Summary  string
	Mutates  bool // changes what the federation agrees on
	Open     bool // served without an API key
	Operator bool // served to the operator alone
	Stream   bool // answers for as long as the client listens
	Request  any  // zero value of the JSON body it takes, or nil
}

// Routes lists every route, for tests and documents.
func Routes() []Route {
	rts := routes()
	out := make([]Route, len(rts))
	for i, rt := range rts {
		out[i] = Route{
			Method: rt.method, Path: rt.path, Shown: rt.shownPath(), Summary: rt.summary,
			Mutates: rt.mutates, Open: rt.open, Operator: rt.operator, Stream: rt.stream, Request: rt.in,
		}
	}
	return out
}

// route is one line of the table.
type route struct {
	method, path, summary string

	handle   func(*API, *request) (reply, error)
	mutates  bool // takes ?durability= and Idempotency-Key
	open     bool // no API key
	operator bool // the operator's key
	stream   bool // no timeout
	body     bodyMode
	in       any // zero value of the body

	// What follows is for documents alone, and compared with the code by tests.
	// What the rest of the row says already is not repeated: durability and
	// idempotency of a write, the id in a path, the errors that all routes have.
	group string
	shown string        // the path as clients should write it, where the pattern is wider
	need  []string      // fields that the body must have
	also  any           // zero value of a body that does as well
	query []param       // of the query, and headers
	out   answers       // what it answers when it did what was asked for
	codes []client.Code // of errors, beside those of the kind of route
}

// answer is what a route says when it did what it was asked for.
type answer struct {
	status int
	media  string // of the body
	bodies []any  // zero values: one of them
}

type answers []answer

// gives is an answer in JSON, with one of the bodies.
func gives(status int, bodies ...any) answers {
	return answers{{status: status, media: "application/json", bodies: bodies}}
}

// streams is an answer in another format; body is one event or line of it, or
// nil if it has no such thing.
func streams(media string, body any) answers {
	return answers{{status: http.StatusOK, media: media, bodies: []any{body}}}
}

// or is another answer.
func (a answers) or(status int, bodies ...any) answers { return append(a, gives(status, bodies...)...) }

// waits is the answer to a write that needs approval.
func (a answers) waits() answers { return a.or(http.StatusAccepted, waitingView{}) }

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
	return slices.Concat(
		grouped("Memories", memoryRoutes()),
		grouped("Finding", findRoutes()),
		grouped("Links", linkRoutes()),
		grouped("Graph", graphRoutes()),
		grouped("Archive", archiveRoutes()),
		grouped("Proposals and standards", ruleRoutes()),
		grouped("Agents", agentRoutes()),
		grouped("Subscriptions", subscriptionRoutes()),
		grouped("The node", slices.Concat(nodeRoutes(), operatorRoutes())),
		grouped("Upkeep", upkeepRoutes()),
		grouped("Not implemented", absentRoutes()),
	)
}

func grouped(name string, rts []route) []route {
	for i := range rts {
		rts[i].group = name
	}
	return rts
}

func memoryRoutes() []route {
	const one = "/api/v1/memories/{id}"
	return []route{
		{
			method: post, path: "/api/v1/memories", summary: "create a memory", handle: (*API).create, mutates: true, body: bodyRequired, in: createBody{},
			need: []string{"title", "content"}, query: preferParam(),
			out: gives(http.StatusCreated, writtenView{}, minimalView{}, goneView{}).waits(), codes: []client.Code{client.CodeConflict, client.CodeAttestationFailed},
		},
		{
			method: post, path: "/api/v1/memories/bulk", summary: "create up to 1000 memories", handle: (*API).bulk, mutates: true, body: bodyRequired, in: []createBody{},
			also: bulkBody{}, out: gives(http.StatusOK, bulkReply{}),
		},
		{
			method: get, path: "/api/v1/memories", summary: "list memories", handle: (*API).list,
			query: params(filterParams(), pageParams(defaultList)), out: gives(http.StatusOK, listView{}),
		},
		{
			method: get, path: one, summary: "read a memory and its links", handle: (*API).get,
			out: gives(http.StatusOK, gotView{}), codes: []client.Code{client.CodeAmbiguousID},
		},
		{
			method: put, path: one, summary: "edit a memory", handle: (*API).update, mutates: true, body: bodyRequired, in: updateBody{},
			query: params(preferParam(), ifMatchParam()), out: gives(http.StatusOK, writtenView{}, minimalView{}, goneView{}).waits(), codes: []client.Code{client.CodeConflict, client.CodeAmbiguousID},
		},
		{
			method: http.MethodPatch, path: one, summary: "edit a memory", handle: (*API).update, mutates: true, body: bodyRequired, in: updateBody{},
			query: params(preferParam(), ifMatchParam()), out: gives(http.StatusOK, writtenView{}, minimalView{}, goneView{}).waits(), codes: []client.Code{client.CodeConflict, client.CodeAmbiguousID},
		},
		{
			method: del, path: one, summary: "delete a memory, or with ?erase=true erase it", handle: (*API).delete, mutates: true,
			query: eraseParam(), out: gives(http.StatusOK, deletedView{}).waits(), codes: []client.Code{client.CodeAmbiguousID},
		},
		{
			method: post, path: one + "/promote", summary: "promote a memory to the long tier", handle: (*API).promote, mutates: true,
			out: gives(http.StatusOK, promotedView{}).waits(), codes: []client.Code{client.CodeAmbiguousID},
		},
		{
			method: post, path: one + "/erase", summary: "erase a memory for good", handle: (*API).erase, mutates: true,
			out: gives(http.StatusOK, deletedView{}).waits(), codes: []client.Code{client.CodeAmbiguousID},
		},
		{
			method: get, path: one + "/history", summary: "list the versions of a memory", handle: (*API).history,
			out: gives(http.StatusOK, historyView{}), codes: []client.Code{client.CodeAmbiguousID},
		},
		{
			method: post, path: "/api/v1/consolidate", summary: "replace memories by one", handle: (*API).consolidate, mutates: true, body: bodyRequired, in: consolidateBody{},
			need: []string{"ids", "title"}, out: gives(http.StatusCreated, consolidatedView{}).waits(), codes: []client.Code{client.CodeConflict, client.CodeNotFound},
		},
		{
			method: post, path: "/api/v1/forget", summary: "archive what matches", handle: (*API).forget, mutates: true, body: bodyOptional, in: forgetBody{},
			query: forgetParams(), out: gives(http.StatusOK, forgottenView{}),
		},
	}
}

func findRoutes() []route {
	return []route{
		{
			method: get, path: "/api/v1/recall", summary: "find memories that bear on a text", handle: (*API).recall,
			query: recallParams(), out: gives(http.StatusOK, recalledView{}), codes: []client.Code{client.CodeNotSupported},
		},
		{
			method: post, path: "/api/v1/recall", summary: "find memories that bear on a text", handle: (*API).recall, body: bodyOptional, in: recallBody{},
			query: recallParams(), out: gives(http.StatusOK, recalledView{}), codes: []client.Code{client.CodeNotSupported},
		},
		{
			method: get, path: "/api/v1/search", summary: "find memories that have all words", handle: (*API).search,
			query: searchParams(), out: gives(http.StatusOK, foundView{}),
		},
		{
			method: get, path: "/api/v1/export", summary: "take memories and links along", handle: (*API).export, stream: true,
			query: params(filterParams(), allParam(), []param{choiceParam("format",
				"json: one object; ndjson: a line for each memory and link, archived ones too; complete: the whole log in place of the memories, without other parameters, for the operator. "+
					"json if neither this nor the Accept header says otherwise.", formatJSON, formatLines, completeWord)}),
			out: append(gives(http.StatusOK, exportedView{}), streams(mediaLines, nil)...), codes: []client.Code{client.CodeOperatorOnly},
		},
		{
			method: post, path: "/api/v1/import/complete", summary: "take in a complete export", handle: (*API).importComplete, mutates: true, operator: true, stream: true, body: bodyStream,
			query: []param{flagParam("dry_run", "Verify everything, write nothing.")}, out: gives(http.StatusOK, loaded{}),
		},
	}
}

func linkRoutes() []route {
	return []route{
		{
			method: post, path: "/api/v1/links", summary: "link two memories", handle: (*API).link, mutates: true, body: bodyRequired, in: linkBody{},
			out: gives(http.StatusCreated, linkedView{}).waits(), codes: []client.Code{client.CodeNotFound, client.CodeInvalidRelation, client.CodeUnknownField, client.CodeCycle},
		},
		{
			method: del, path: "/api/v1/links", summary: "remove the links between two memories", handle: (*API).unlink, mutates: true, body: bodyOptional, in: linkBody{},
			query: linkParams(), out: gives(http.StatusOK, unlinkedView{}).waits(), codes: []client.Code{client.CodeNotFound, client.CodeInvalidRelation, client.CodeUnknownField},
		},
		{
			method: get, path: "/api/v1/links/{id}", summary: "list the links of a memory", handle: (*API).links,
			out: gives(http.StatusOK, linksView{}), codes: []client.Code{client.CodeAmbiguousID},
		},
	}
}

func archiveRoutes() []route {
	return []route{
		{
			method: get, path: "/api/v1/archive", summary: "list archived memories", handle: (*API).archived,
			query: params(filterParams(), pageParams(defaultArchive)), out: gives(http.StatusOK, archiveListView{}),
		},
		{
			method: post, path: "/api/v1/archive", summary: "archive memories", handle: (*API).archive, mutates: true, body: bodyRequired, in: archiveBody{},
			need: []string{"ids"}, out: gives(http.StatusOK, archiveView{}).or(http.StatusAccepted, archiveView{}),
		},
		{
			method: get, path: "/api/v1/archive/stats", summary: "count archived memories", handle: (*API).archiveStats,
			out: gives(http.StatusOK, archiveStatsView{}),
		},
		{
			method: post, path: "/api/v1/archive/{id}/restore", summary: "make an archived or deleted memory live again", handle: (*API).restore, mutates: true,
			out: gives(http.StatusOK, restoredView{}).waits(), codes: []client.Code{client.CodeConflict},
		},
	}
}

func ruleRoutes() []route {
	const (
		namespaces = "/api/v1/namespaces"
		shown      = namespaces + "/{namespace}/standard"
	)
	return []route{
		{
			method: get, path: "/api/v1/pending", summary: "list proposals", handle: (*API).pendings,
			query: pendingParams(), out: gives(http.StatusOK, pendingsView{}),
		},
		{
			method: get, path: "/api/v1/pending/{id}", summary: "read a proposal", handle: (*API).pending,
			out: gives(http.StatusOK, pendingView{}),
		},
		{
			method: post, path: "/api/v1/pending/{id}/approve", summary: "vote for a proposal", handle: (*API).approve, mutates: true,
			out: gives(http.StatusOK, approvedView{}).or(http.StatusAccepted, votedView{}), codes: []client.Code{client.CodeAlreadyDecided},
		},
		{
			method: post, path: "/api/v1/pending/{id}/reject", summary: "vote against a proposal", handle: (*API).reject, mutates: true,
			out: gives(http.StatusOK, rejectedView{}), codes: []client.Code{client.CodeAlreadyDecided},
		},
		{
			method: get, path: namespaces, summary: "count memories by namespace, or with ?namespace= read its standard", handle: (*API).namespaces,
			query: standardParams(), out: gives(http.StatusOK, namespacesView{}, standardView{}, standardChainView{}),
		},
		{
			method: post, path: namespaces, summary: "set the standard of a namespace", handle: (*API).setStandard, mutates: true, body: bodyRequired, in: standardBody{},
			query: []param{namespaceParam()}, out: gives(http.StatusCreated, standardSetView{}).waits(), codes: []client.Code{client.CodeNotFound, client.CodeConflict},
		},
		{
			method: del, path: namespaces, summary: "clear the standard of ?namespace=", handle: (*API).clearStandard, mutates: true,
			query: []param{namespaceParam().needed()}, out: gives(http.StatusOK, standardClearedView{}).waits(),
		},
		{
			method: get, path: namespaces + "/{rest...}", summary: "read the standard of a namespace", handle: (*API).standard,
			shown: shown, query: inheritParam(), out: gives(http.StatusOK, standardView{}, standardChainView{}), codes: []client.Code{client.CodeUnknownRoute},
		},
		{
			method: post, path: namespaces + "/{rest...}", summary: "set the standard of a namespace", handle: (*API).setStandard, mutates: true, body: bodyOptional, in: standardBody{},
			shown: shown, out: gives(http.StatusCreated, standardSetView{}).waits(), codes: []client.Code{client.CodeConflict, client.CodeUnknownRoute},
		},
		{
			method: del, path: namespaces + "/{rest...}", summary: "clear the standard of a namespace", handle: (*API).clearStandard, mutates: true,
			shown: shown, out: gives(http.StatusOK, standardClearedView{}).waits(), codes: []client.Code{client.CodeUnknownRoute},
		},
	}
}

func nodeRoutes() []route {
	return []route{
		{
			method: get, path: "/api/v1/receipts/{dot}", summary: "say who holds a write now", handle: (*API).receipt,
			out: gives(http.StatusOK, receiptView{}),
		},
		{
			method: get, path: "/api/v1/status", summary: "describe the node and its members", handle: (*API).status,
			out: gives(http.StatusOK, statusView{}),
		},
		{
			method: get, path: "/api/v1/diff", summary: "compare with a member", handle: (*API).diff,
			query: memberParam(), out: gives(http.StatusOK, diffView{}), codes: []client.Code{client.CodeNotFound, client.CodeMemberUnreachable},
		},
		{
			method: post, path: "/api/v1/repair", summary: "merge again what a member has and this node lacks", handle: (*API).repair, operator: true,
			query: memberParam(), out: gives(http.StatusOK, diffView{}), codes: []client.Code{client.CodeNotFound, client.CodeMemberUnreachable},
		},
		{
			method: get, path: "/api/v1/parked", summary: "list ops that a member refused", handle: (*API).parked,
			out: gives(http.StatusOK, parkedListView{}),
		},
		{
			method: post, path: "/api/v1/parked/retry", summary: "offer refused ops again", handle: (*API).retryParked, operator: true, body: bodyOptional, in: retryBody{},
			out: gives(http.StatusOK, retriedView{}), codes: []client.Code{client.CodeNotFound},
		},
		{
			method: get, path: "/api/v1/events", summary: "stream ops as they are applied", handle: (*API).events, stream: true,
			query: eventParams(), out: streams("text/event-stream", eventView{}), codes: []client.Code{client.CodeBusy},
		},
		{
			method: get, path: "/api/v1/stats", summary: "count what the node keeps", handle: (*API).stats,
			out: gives(http.StatusOK, statsView{}),
		},
		{
			method: get, path: "/api/v1/capabilities", summary: "say what this server can do", handle: (*API).capabilities,
			query: []param{choiceParam("Accept-Capabilities", "The schema_version that the client knows.", "v1", "v2", "v3").header()},
			out:   gives(http.StatusOK, capabilitiesView{}),
		},
		{
			method: get, path: "/api/v1/health", summary: "say whether the node works", handle: (*API).health, open: true,
			out: gives(http.StatusOK, healthView{}).or(http.StatusServiceUnavailable, healthView{}),
		},
		{
			method: get, path: "/health/live", summary: "say that the process runs", handle: (*API).live, open: true,
			out: gives(http.StatusOK, probeView{}),
		},
		{
			method: get, path: "/health/ready", summary: "say whether the node serves", handle: (*API).ready, open: true,
			out: gives(http.StatusOK, probeView{}), codes: []client.Code{client.CodeNotReady},
		},
		{
			method: get, path: "/metrics", summary: "metrics for Prometheus", handle: (*API).exposeMetrics, stream: true,
			out: streams("text/plain; version=0.0.4", nil),
		},
		{
			method: get, path: "/api/v1/metrics", summary: "metrics for Prometheus", handle: (*API).exposeMetrics, stream: true,
			out: streams("text/plain; version=0.0.4", nil),
		},
		{
			method: get, path: openAPIPath, summary: "describe this API to programs", handle: (*API).openAPI, open: true,
			out: streams("application/json", nil),
		},
		{
			method: get, path: "/docs", summary: "describe this API to people", handle: (*API).showDocs, open: true,
			out: streams("text/html; charset=utf-8", nil),
		},
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
			a.fail(w, r, &verb.Problem{Code: client.CodeMethodNotAllowed, Text: "method not allowed: want one of " + allowed})
			return
		}
		a.serve(w, r, rt)
	}
}

func (a *API) unknown(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, &verb.Problem{Code: client.CodeUnknownRoute, Text: "not found: no such route"})
}
