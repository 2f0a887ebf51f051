package api

import (
	"net/http"
	"slices"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// Routes lists every route, for tests and documents.
func Routes() []Route {
	rts := routes()
	out := make([]Route, len(rts))
	for i, rt := range rts {
		out[i] = Route{
			Method: rt.method, Path: rt.path, Shown: rt.shownPath(), Summary: rt.summary, Verb: rt.verb,
			Mutates: rt.mutates, Strict: rt.strict, Open: rt.open, Operator: rt.operator, Stream: rt.stream, Request: rt.in,
		}
	}
	return out
}

// routes is the table. The order is that of docs/http.md.
func routes() []route {
	b := binder{verb.Table(verb.Deps{})}
	return slices.Concat(
		grouped("Memories", memoryRoutes(b)),
		grouped("Finding", findRoutes(b)),
		grouped("Links", linkRoutes(b)),
		grouped("Graph", graphRoutes(b)),
		grouped("Archive", archiveRoutes(b)),
		grouped("Proposals and standards", ruleRoutes(b)),
		grouped("Agents", slices.Concat(agentRoutes(b), agentKeyRoutes())),
		grouped("Subscriptions", subscriptionRoutes(b)),
		grouped("The node", slices.Concat(nodeRoutes(b), federationRoutes(b), operatorRoutes(), profileRoutes())),
		grouped("Upkeep", upkeepRoutes(b)),
		grouped("Care", careRoutes(b)),
		grouped("Members", memberRoutes()),
		grouped("Audit and settings", auditRoutes()),
		grouped("Rehearsal", rehearsalRoutes()),
		grouped("As ai-memory spells it", compatRoutes(b)),
		grouped("Not implemented", absentRoutes()),
	)
}

func grouped(name string, rts []route) []route {
	for i := range rts {
		rts[i].group = name
		rts[i].strict = rts[i].strict || rts[i].operator
	}
	return rts
}

func memoryRoutes(b binder) []route {
	const (
		all = "/api/v1/memories"
		one = all + "/{id}"
	)
	return []route{
		b.bound(post, all, "memory_store", fromBody),
		b.bound(post, all+"/bulk", "memory_store_bulk", fromBody),
		b.bound(get, all, "memory_list", fromQuery),
		b.bound(get, one, "memory_get", fromQuery),
		b.bound(put, one, "memory_update", fromBody),
		b.bound(http.MethodPatch, one, "memory_update", fromBody),
		b.bound(del, one, "memory_delete", fromQuery),
		b.bound(post, one+"/promote", "memory_promote", fromQuery),
		b.bound(post, one+"/erase", "memory_erase", fromQuery),
		b.bound(get, one+"/history", "memory_history", fromQuery),
		b.bound(post, "/api/v1/consolidate", "memory_consolidate", fromBody),
		b.bound(post, "/api/v1/forget", "memory_forget", fromEither),
	}
}

func findRoutes(b binder) []route {
	return []route{
		b.bound(get, "/api/v1/recall", "memory_recall", fromQuery),
		b.bound(post, "/api/v1/recall", "memory_recall", fromEither),
		b.bound(get, "/api/v1/search", "memory_search", fromQuery),
		{
			method: get, path: "/api/v1/export", summary: "take memories and links along", handle: (*API).export, stream: true,
			query: inputParams[client.ExportInput](),
			out:   append(gives(http.StatusOK, client.Exported{}), streams(mediaLines, nil)...), codes: []client.Code{client.CodeOperatorOnly},
		},
		{
			method: post, path: "/api/v1/import/complete", summary: "take in a complete export", handle: (*API).importComplete, mutates: true, operator: true, stream: true, body: bodyStream,
			query: inputParams[client.ImportCompleteInput](), out: gives(http.StatusOK, client.Loaded{}),
		},
	}
}

func linkRoutes(b binder) []route {
	const all = "/api/v1/links"
	return []route{
		b.bound(post, all, "memory_link", fromBody),
		b.bound(del, all, "memory_unlink", fromEither),
		b.bound(get, all+"/{id}", "memory_get_links", fromQuery),
		b.bound(post, all+"/verify", "memory_verify_links", fromBody),
	}
}

func graphRoutes(b binder) []route {
	return []route{
		b.bound(get, "/api/v1/taxonomy", "memory_get_taxonomy", fromQuery),
		b.bound(post, "/api/v1/kg/query", "memory_kg_query", fromBody),
		b.bound(get, "/api/v1/kg/timeline", "memory_kg_timeline", fromQuery),
		b.bound(post, "/api/v1/kg/invalidate", "memory_kg_invalidate", fromBody),
		b.bound(post, "/api/v1/kg/find_paths", "memory_find_paths", fromBody),
		b.bound(post, "/api/v1/check_duplicate", "memory_check_duplicate", fromBody),
		b.bound(get, "/api/v1/duplicates", "memory_duplicates", fromQuery),
		b.bound(get, "/api/v1/contradictions", "memory_detect_contradiction", fromQuery),
		b.bound(post, "/api/v1/entities", "memory_entity_register", fromBody),
		b.bound(get, "/api/v1/entities/by_alias", "memory_entity_get_by_alias", fromQuery),
	}
}

func archiveRoutes(b binder) []route {
	const all = "/api/v1/archive"
	return []route{
		b.bound(get, all, "memory_archive_list", fromQuery),
		b.bound(post, all, "memory_archive", fromBody),
		b.bound(get, all+"/stats", "memory_archive_stats", fromQuery),
		b.bound(post, all+"/{id}/restore", "memory_archive_restore", fromQuery),
		b.bound(del, all, "memory_archive_purge", fromQuery),
	}
}

func ruleRoutes(b binder) []route {
	const (
		pending    = "/api/v1/pending"
		namespaces = "/api/v1/namespaces"
	)
	return []route{
		b.bound(get, pending, "memory_pending_list", fromQuery),
		b.bound(get, pending+"/{id}", "memory_pending_get", fromQuery),
		b.bound(post, pending+"/{id}/approve", "memory_pending_approve", fromQuery),
		b.bound(post, pending+"/{id}/reject", "memory_pending_reject", fromQuery),
		b.bound(get, namespaces, "memory_namespaces", fromQuery),
		b.bound(post, namespaces, "memory_namespace_set_standard", fromEither),
		b.bound(del, namespaces, "memory_namespace_clear_standard", fromQuery),
		b.standard(get, "memory_namespace_get_standard", fromQuery),
		b.standard(post, "memory_namespace_set_standard", fromEither),
		b.standard(del, "memory_namespace_clear_standard", fromQuery),
	}
}

func agentRoutes(b binder) []route {
	return []route{
		b.bound(get, "/api/v1/agents", "memory_agent_list", fromQuery),
		b.bound(post, "/api/v1/agents", "memory_agent_register", fromBody),
		b.bound(get, "/api/v1/readers", "memory_readers", fromQuery),
		b.bound(post, "/api/v1/notify", "memory_notify", fromBody),
		b.bound(get, "/api/v1/inbox", "memory_inbox", fromQuery),
		b.bound(post, "/api/v1/share", "memory_share", fromBody),
		b.bound(post, "/api/v1/capture_turn", "memory_capture_turn", fromBody),
		b.bound(post, "/api/v1/session/start", "memory_session_start", fromBody),
		b.bound(get, "/api/v1/briefing", "memory_briefing", fromQuery),
		b.bound(get, "/api/v1/briefing/shown", "memory_briefing_shown", fromQuery),
		b.bound(post, "/api/v1/handoff", "memory_handoff", fromBody),
		b.bound(post, "/api/v1/memory_load_family", "memory_load_family", fromBody),
		b.bound(post, "/api/v1/memory_smart_load", "memory_smart_load", fromBody),
		{
			method: get, path: "/api/v1/tools/list", summary: "list what can be done, by family", handle: (*API).tools, anyKey: true,
			out: gives(http.StatusOK, client.Tools{}),
		},
		{
			method: get, path: "/api/v1/approvals/stream", summary: "stream proposals as they are made and closed", handle: (*API).approvals, stream: true,
			query: eventParams(), out: streams("text/event-stream", client.ApprovalEvent{}), codes: []client.Code{client.CodeBusy},
		},
	}
}

func subscriptionRoutes(b binder) []route {
	const (
		all = "/api/v1/subscriptions"
		one = all + "/{id}"
	)
	return []route{
		b.bound(post, all, "memory_subscribe", fromBody),
		b.bound(get, all, "memory_list_subscriptions", fromQuery),
		b.bound(del, all, "memory_unsubscribe", fromQuery),
		b.bound(del, one, "memory_unsubscribe", fromQuery),
		b.bound(post, one+"/adopt", "memory_subscription_adopt", fromQuery),
		b.bound(post, "/api/v1/memory_subscription_replay", "memory_subscription_replay", fromBody),
		b.bound(post, "/api/v1/memory_subscription_dlq_list", "memory_subscription_dlq_list", fromBody),
	}
}

func nodeRoutes(b binder) []route {
	return []route{
		b.bound(get, "/api/v1/receipts/{dot}", "memory_receipt", fromQuery),
		b.bound(get, "/api/v1/status", "node_status", fromQuery),
		b.bound(get, "/api/v1/status/all", "node_status_all", fromQuery),
		b.bound(get, "/api/v1/diff", "node_diff", fromQuery),
		b.bound(post, "/api/v1/repair", "node_repair", fromQuery),
		b.bound(post, "/api/v1/scrub", "node_scrub", fromQuery),
		b.bound(get, "/api/v1/parked", "node_parked", fromQuery),
		b.bound(post, "/api/v1/parked/retry", "node_parked_retry", fromBody),
		{
			method: get, path: "/api/v1/events", summary: "stream ops as they are applied", handle: (*API).events, stream: true,
			query: eventParams(), out: streams("text/event-stream", client.Event{}), codes: []client.Code{client.CodeBusy},
		},
		b.bound(get, "/api/v1/stats", "memory_stats", fromQuery),
		b.bound(get, "/api/v1/capabilities", "memory_capabilities", fromQuery),
		{
			method: get, path: "/api/v1/health", summary: "say whether the node works", handle: (*API).health, open: true,
			out: gives(http.StatusOK, client.Health{}).or(http.StatusServiceUnavailable, client.Health{}),
		},
		{
			method: get, path: "/health/live", summary: "say that the process runs", handle: (*API).live, open: true,
			out: gives(http.StatusOK, client.Probe{}),
		},
		{
			method: get, path: "/health/ready", summary: "say whether the node serves", handle: (*API).ready, open: true,
			out: gives(http.StatusOK, client.Probe{}), codes: []client.Code{client.CodeNotReady},
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
			method: post, path: mcpPath, summary: "serve agents over the Model Context Protocol", handle: (*API).serveMCP, anyKey: true, stream: true, body: bodyStream,
			out: gives(http.StatusOK, nil).or(http.StatusAccepted, nil),
		},
		{
			method: get, path: resourcePath, summary: "say how agents prove who they are", handle: protectedResource, open: true,
			out: gives(http.StatusOK, client.ProtectedResource{}),
		},
		{
			method: get, path: resourcePath + mcpPath, summary: "say how agents prove who they are", handle: protectedResource, open: true,
			out: gives(http.StatusOK, client.ProtectedResource{}),
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

func upkeepRoutes(b binder) []route {
	return []route{
		b.bound(post, "/api/v1/import", "memory_import", fromBody),
		b.bound(post, "/api/v1/gc", "memory_gc", fromQuery),
		b.bound(post, "/api/v1/quota/status", "memory_quota_status", fromBody),
	}
}

func careRoutes(b binder) []route {
	const (
		backups     = "/api/v1/backups"
		measurement = "/api/v1/measurement"
	)
	return []route{
		b.bound(get, "/api/v1/checkup", "node_checkup", fromQuery),
		b.bound(get, backups, "node_backups", fromQuery),
		b.bound(post, backups, "node_back_up", fromQuery),
		b.bound(post, backups+"/verify", "node_verify_backup", fromQuery),
		b.bound(get, measurement, "node_measured", fromQuery),
		b.bound(post, measurement, "node_measure", fromQuery),
	}
}

func federationRoutes(b binder) []route {
	return []route{
		b.bound(get, "/api/v1/teams", "team_list", fromQuery),
		b.bound(post, "/api/v1/teams/{name}", "team_change", fromBody),
		b.bound(del, "/api/v1/teams/{name}", "team_remove", fromQuery),
		b.bound(get, "/api/v1/outbound", "outbound_list", fromQuery),
		b.bound(post, "/api/v1/outbound", "outbound_set", fromBody),
	}
}

func operatorRoutes() []route {
	return []route{
		{
			method: get, path: "/api/v1/operator", summary: "say whether the caller is the operator", handle: (*API).showOperator, open: true,
			out: gives(http.StatusOK, client.OperatorInfo{}),
		},
	}
}
