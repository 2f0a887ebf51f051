package api

import (
	"net/http"

	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// graphRoutes are those that walk along links, and those about names and topics.
func graphRoutes() []route {
	return []route{
		{
			method: get, path: "/api/v1/taxonomy", summary: "count memories along the tree of namespaces", handle: (*API).taxonomy,
			query: taxonomyParams(), out: gives(http.StatusOK, taxonomyView{}),
		},
		{
			method: post, path: "/api/v1/kg/query", summary: "follow the links that leave a memory", handle: (*API).kgQuery, body: bodyRequired, in: reachBody{},
			need: []string{"source_id"}, out: gives(http.StatusOK, reachView{}), codes: []client.Code{client.CodeNotFound},
		},
		{
			method: get, path: "/api/v1/kg/timeline", summary: "list the links that leave a memory by the time from which they hold", handle: (*API).kgTimeline,
			query: timelineParams(), out: gives(http.StatusOK, timelineView{}), codes: []client.Code{client.CodeNotFound},
		},
		{
			method: post, path: "/api/v1/kg/invalidate", summary: "end the time for which a link holds", handle: (*API).kgInvalidate, mutates: true, body: bodyRequired, in: invalidateBody{},
			need: []string{"source_id", "target_id", "relation"}, out: gives(http.StatusOK, invalidatedView{}).waits(), codes: []client.Code{client.CodeNotFound, client.CodeInvalidRelation},
		},
		{
			method: post, path: "/api/v1/kg/find_paths", summary: "find chains of links between two memories", handle: (*API).findPaths, body: bodyRequired, in: pathsBody{},
			need: []string{"source_id", "target_id"}, out: gives(http.StatusOK, pathsView{}), codes: []client.Code{client.CodeNotFound},
		},
		{
			method: post, path: "/api/v1/find_paths", summary: "find chains of links between two memories", handle: (*API).findPaths, body: bodyRequired, in: pathsBody{},
			need: []string{"source_id", "target_id"}, out: gives(http.StatusOK, pathsView{}), codes: []client.Code{client.CodeNotFound},
		},
		{
			method: post, path: "/api/v1/links/verify", summary: "say how well links are attested", handle: (*API).verifyLinks, body: bodyRequired, in: verifyBody{},
			out: gives(http.StatusOK, verificationView{}), codes: []client.Code{client.CodeNotFound},
		},
		{
			method: post, path: "/api/v1/check_duplicate", summary: "find the memory with most words in common", handle: (*API).checkDuplicate, body: bodyRequired, in: duplicateBody{},
			need: []string{"title", "content"}, out: gives(http.StatusOK, duplicateView{}),
		},
		{
			method: get, path: "/api/v1/contradictions", summary: "list memories about a topic that contradict each other", handle: (*API).contradictions,
			query: contradictionParams(), out: gives(http.StatusOK, contradictionsView{}),
		},
		{
			method: post, path: "/api/v1/entities", summary: "register an entity and the names it goes by", handle: (*API).registerEntity, mutates: true, body: bodyRequired, in: entityBody{},
			need: []string{"canonical_name", "namespace"}, out: gives(http.StatusCreated, registeredEntityView{}).or(http.StatusOK, registeredEntityView{}).waits(), codes: []client.Code{client.CodeConflict},
		},
		{
			method: get, path: "/api/v1/entities/by_alias", summary: "find the entity that goes by a name", handle: (*API).entityByAlias,
			query: aliasParams(), out: gives(http.StatusOK, foundEntityView{}),
		},
	}
}

// agentRoutes are those with which agents deal with each other and begin their work.
func agentRoutes() []route {
	return []route{
		{
			method: get, path: "/api/v1/agents", summary: "list registered agents", handle: (*API).agents,
			out: gives(http.StatusOK, agentsView{}),
		},
		{
			method: post, path: "/api/v1/agents", summary: "register an agent", handle: (*API).registerAgent, mutates: true, body: bodyRequired, in: agentBody{},
			need: []string{"agent_id", "agent_type"}, out: gives(http.StatusCreated, registeredView{}).waits(), codes: []client.Code{client.CodeConflict},
		},
		{
			method: post, path: "/api/v1/notify", summary: "send a message to an agent", handle: (*API).notify, mutates: true, body: bodyRequired, in: notifyBody{},
			out: gives(http.StatusCreated, deliveredView{}).waits(),
		},
		{
			method: get, path: "/api/v1/inbox", summary: "list the messages for the caller", handle: (*API).inbox,
			query: inboxParams(), out: gives(http.StatusOK, inboxView{}),
		},
		{
			method: post, path: "/api/v1/share", summary: "give an agent a copy of a memory", handle: (*API).share, mutates: true, body: bodyRequired, in: shareBody{},
			out: gives(http.StatusCreated, sharedView{}).waits(), codes: []client.Code{client.CodeNotFound, client.CodeAmbiguousID},
		},
		{
			method: post, path: "/api/v1/capture_turn", summary: "keep a turn of a conversation, once", handle: (*API).captureTurn, mutates: true, body: bodyRequired, in: turnBody{},
			need: []string{"host_session_id", "host_turn_index", "role", "content"},
			out:  gives(http.StatusCreated, turnView{}).or(http.StatusOK, turnView{}).waits(), codes: []client.Code{client.CodeAttestationFailed},
		},
		{
			method: post, path: "/api/v1/session/start", summary: "list what matters most at the start of a session", handle: (*API).sessionStart, body: bodyOptional, in: sessionBody{},
			out: gives(http.StatusOK, sessionView{}),
		},
		{
			method: post, path: "/api/v1/memory_load_family", summary: "list the memories of a family", handle: (*API).loadFamily, body: bodyRequired, in: familyBody{},
			need: []string{"family"}, out: gives(http.StatusOK, familyLoadView{}),
		},
		{
			method: post, path: "/api/v1/memory_smart_load", summary: "list the memories of the family that fits an intent", handle: (*API).smartLoad, body: bodyRequired, in: intentBody{},
			need: []string{"intent"}, out: gives(http.StatusOK, smartView{}),
		},
		{
			method: get, path: "/api/v1/tools/list", summary: "list what can be done, by family", handle: (*API).tools,
			out: gives(http.StatusOK, toolsView{}),
		},
		{
			method: get, path: "/api/v1/approvals/stream", summary: "stream proposals as they are made and closed", handle: (*API).approvals, stream: true,
			query: eventParams(), out: streams("text/event-stream", approvalEvent{}), codes: []client.Code{client.CodeBusy},
		},
		{
			method: post, path: "/api/v1/approvals/{id}", summary: "approve or deny a proposal", handle: (*API).decide, mutates: true, body: bodyRequired, in: decisionBody{},
			need: []string{"decision"}, out: gives(http.StatusOK, approvedView{}, rejectedView{}).or(http.StatusAccepted, votedView{}), codes: []client.Code{client.CodeAlreadyDecided, client.CodeAbsent},
		},
	}
}

// upkeepRoutes are those of operators.
func upkeepRoutes() []route {
	return []route{
		{
			method: post, path: "/api/v1/import", summary: "take in an export of ai-memory", handle: (*API).importAll, mutates: true, body: bodyRequired, in: importBody{},
			need: []string{"memories"}, out: gives(http.StatusOK, importedView{}),
		},
		{
			method: del, path: "/api/v1/archive", summary: "delete what is in the archive", handle: (*API).purge, mutates: true,
			query: purgeParams(), out: gives(http.StatusOK, purgedView{}),
		},
		{
			method: post, path: "/api/v1/gc", summary: "drop history that is no longer kept", handle: (*API).collect,
			out: gives(http.StatusOK, collectedView{}),
		},
		{
			method: post, path: "/api/v1/quota/status", summary: "say what an agent keeps", handle: (*API).quota, body: bodyOptional, in: quotaBody{},
			out: gives(http.StatusOK, quotaView{}),
		},
	}
}

func taxonomyParams() []param {
	return []param{
		textParam("prefix", "The namespace to begin at."),
		textParam("namespace_prefix", "Another name of prefix."),
		textParam("root", "Another name of prefix."),
		numberParam("depth", "Show so many levels below it; what lies deeper counts for its ancestors.", 0).def(memory.MaxDepth),
		numberParam("limit", "Show at most so many namespaces, those with most memories.", 1).def(maxList),
	}
}

func timelineParams() []param {
	return []param{
		textParam("source_id", "Where the links begin.").needed(),
		timeParam("since", "Only links that hold from this time or later."),
		timeParam("until", "Only links that hold from this time or earlier."),
		numberParam("limit", "At most so many, and no more than 1,000.", 1).def(defaultTimeline),
	}
}

func contradictionParams() []param {
	return []param{
		textParam("topic", "Only memories with this title, or this metadata.topic. Topic or namespace is required."),
		textParam("namespace", "Only memories of this namespace."),
		numberParam("limit", "Look at no more memories than so many.", 1).def(defaultContradictions),
	}
}

func aliasParams() []param {
	return []param{
		textParam("alias", "A name of the entity, whatever its case.").needed(),
		textParam("namespace", "Only entities of this namespace."),
	}
}

func inboxParams() []param {
	return []param{
		textParam("agent_id", "Whose inbox; it must be the caller's."),
		flagParam("unread_only", "Only messages that no recall of this node has given out."),
		flagParam("unread", "Another name of unread_only."),
		numberParam("limit", "At most so many, and no more than 1,000.", 1).def(defaultInbox),
	}
}

func purgeParams() []param {
	return []param{
		numberParam("older_than_days", "Only what has been in the archive for longer.", 0).def(0),
		flagParam("dry_run", "Only count."),
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
			method: a.method, path: a.path, summary: "not implemented: " + a.why, codes: []client.Code{client.CodeAbsent},
			handle: func(*API, *request) (reply, error) {
				return reply{}, &verb.Problem{Code: client.CodeAbsent, Text: "not implemented: " + a.why}
			},
		})
	}
	return out
}
