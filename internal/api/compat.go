package api

import "net/http"

// graphRoutes are those that walk along links, and those about names and topics.
func graphRoutes() []route {
	return []route{
		{method: get, path: "/api/v1/taxonomy", summary: "count memories along the tree of namespaces", handle: (*API).taxonomy},
		{method: post, path: "/api/v1/kg/query", summary: "follow the links that leave a memory", handle: (*API).kgQuery, body: bodyRequired, in: reachBody{}},
		{method: get, path: "/api/v1/kg/timeline", summary: "list the links that leave a memory by the time from which they hold", handle: (*API).kgTimeline},
		{method: post, path: "/api/v1/kg/invalidate", summary: "end the time for which a link holds", handle: (*API).kgInvalidate, mutates: true, body: bodyRequired, in: invalidateBody{}},
		{method: post, path: "/api/v1/kg/find_paths", summary: "find chains of links between two memories", handle: (*API).findPaths, body: bodyRequired, in: pathsBody{}},
		{method: post, path: "/api/v1/find_paths", summary: "find chains of links between two memories", handle: (*API).findPaths, body: bodyRequired, in: pathsBody{}},
		{method: post, path: "/api/v1/links/verify", summary: "say how well links are attested", handle: (*API).verifyLinks, body: bodyRequired, in: verifyBody{}},
		{method: post, path: "/api/v1/check_duplicate", summary: "find the memory with most words in common", handle: (*API).checkDuplicate, body: bodyRequired, in: duplicateBody{}},
		{method: get, path: "/api/v1/contradictions", summary: "list memories about a topic that contradict each other", handle: (*API).contradictions},
		{method: post, path: "/api/v1/entities", summary: "register an entity and the names it goes by", handle: (*API).registerEntity, mutates: true, body: bodyRequired, in: entityBody{}},
		{method: get, path: "/api/v1/entities/by_alias", summary: "find the entity that goes by a name", handle: (*API).entityByAlias},
	}
}

// agentRoutes are those with which agents deal with each other and begin their work.
func agentRoutes() []route {
	return []route{
		{method: get, path: "/api/v1/agents", summary: "list registered agents", handle: (*API).agents},
		{method: post, path: "/api/v1/agents", summary: "register an agent", handle: (*API).registerAgent, mutates: true, body: bodyRequired, in: agentBody{}},
		{method: post, path: "/api/v1/notify", summary: "send a message to an agent", handle: (*API).notify, mutates: true, body: bodyRequired, in: notifyBody{}},
		{method: get, path: "/api/v1/inbox", summary: "list the messages for the caller", handle: (*API).inbox},
		{method: post, path: "/api/v1/share", summary: "give an agent a copy of a memory", handle: (*API).share, mutates: true, body: bodyRequired, in: shareBody{}},
		{method: post, path: "/api/v1/capture_turn", summary: "keep a turn of a conversation, once", handle: (*API).captureTurn, mutates: true, body: bodyRequired, in: turnBody{}},
		{method: post, path: "/api/v1/session/start", summary: "list what matters most at the start of a session", handle: (*API).sessionStart, body: bodyOptional, in: sessionBody{}},
		{method: post, path: "/api/v1/memory_load_family", summary: "list the memories of a family", handle: (*API).loadFamily, body: bodyRequired, in: familyBody{}},
		{method: post, path: "/api/v1/memory_smart_load", summary: "list the memories of the family that fits an intent", handle: (*API).smartLoad, body: bodyRequired, in: intentBody{}},
		{method: get, path: "/api/v1/tools/list", summary: "list what can be done, by family", handle: (*API).tools},
		{method: post, path: "/api/v1/approvals/{id}", summary: "approve or deny a proposal", handle: (*API).decide, mutates: true, body: bodyRequired, in: decisionBody{}},
	}
}

// upkeepRoutes are those of operators.
func upkeepRoutes() []route {
	return []route{
		{method: post, path: "/api/v1/import", summary: "take in an export of ai-memory", handle: (*API).importAll, mutates: true, body: bodyRequired, in: importBody{}},
		{method: del, path: "/api/v1/archive", summary: "delete what is in the archive", handle: (*API).purge, mutates: true},
		{method: post, path: "/api/v1/gc", summary: "drop history that is no longer kept", handle: (*API).collect},
		{method: post, path: "/api/v1/quota/status", summary: "say what an agent keeps", handle: (*API).quota, body: bodyOptional, in: quotaBody{}},
	}
}

// absence is a route of ai-memory that this server does not have, and why.
type absence struct{ method, path, why string }

func absences() []absence {
	const (
		model   = "it needs a language model, and this server has none"
		skills  = "this server keeps memories, not skills"
		reflect = "reflections, personas and atoms are made by language models; this server keeps what a client writes"
		rights  = "a memory has one owner, one recipient and a scope: set metadata.scope, or give a copy with POST /api/v1/share"
		members = "the members of a federation are named in its configuration; GET /api/v1/status shows them"
		recall  = "this server keeps no account of what recalls have found"
		rules   = "rules are those of namespace standards: GET /api/v1/namespaces/{ns}/standard?inherit=true"
	)
	return []absence{
		{post, "/api/v1/auto_tag", model},
		{post, "/api/v1/expand_query", model},
		{post, "/api/v1/memory_atomise", reflect},
		{post, "/api/v1/memory_reflect", reflect},
		{post, "/api/v1/memory_reflection_origin", reflect},
		{post, "/api/v1/memory_export_reflection", reflect},
		{post, "/api/v1/memory_dependents_of_invalidated", reflect},
		{post, "/api/v1/memory_calibrate_confidence", model},
		{post, "/api/v1/memory_recall_observations", recall},
		{post, "/api/v1/memory_replay", recall},
		{post, "/api/v1/memory_rule_list", rules},
		{post, "/api/v1/memory_check_agent_action", rules},
		{post, "/api/v1/memory_verify", "ask POST /api/v1/links/verify"},
		{post, "/api/v1/skill/register", skills},
		{get, "/api/v1/skill/list", skills},
		{post, "/api/v1/skill/promote", skills},
		{post, "/api/v1/skill/compose", skills},
		{get, "/api/v1/skill/{id}", skills},
		{get, "/api/v1/skill/{id}/resource", skills},
		{get, "/api/v1/skill/{id}/export", skills},
		{post, "/api/v1/memories/{id}/grant", rights},
		{post, "/api/v1/memories/{id}/revoke", rights},
		{post, "/api/v1/cluster", members},
	}
}

// absentRoutes answer 501: a client learns that it asked for something that
// exists elsewhere, and never takes an error page for a result.
func absentRoutes() []route {
	var out []route
	for _, a := range absences() {
		out = append(out, route{
			method: a.method, path: a.path, summary: "not implemented: " + a.why,
			handle: func(*API, *request) (reply, error) {
				return reply{}, &problem{status: http.StatusNotImplemented, code: codeAbsent, text: "not implemented: " + a.why}
			},
		})
	}
	return out
}

const codeAbsent = "NOT_IMPLEMENTED"
