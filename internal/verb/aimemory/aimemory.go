// Package aimemory has the spellings of ai-memory 0.7 where they are not ours: other
// names of fields, second paths of routes, and what it can do and this server
// cannot. Its clients work because of this package; nothing else knows of it.
package aimemory

// Aliases are, by verb, other names of its fields and the names that they stand for.
func Aliases() map[string]map[string]string {
	return map[string]map[string]string{
		"memory_get_taxonomy":        {"namespace_prefix": "prefix", "root": "prefix"},
		"memory_inbox":               {"unread": "unread_only"},
		"memory_link":                {"from": "source_id", "to": "target_id", "rel_type": "relation"},
		"memory_notify":              {"to": "target_agent_id", "subject": "title", "content": "body"},
		"memory_recall":              {"query": "context", "q": "context", "k": "limit"},
		"memory_share":               {"memory_id": "source_memory_id", "to": "target_agent_id"},
		"memory_store":               {"memory_kind": "kind"},
		"memory_subscribe":           {"callback_url": "url", "namespace": "namespace_filter"},
		"memory_subscription_replay": {"id": "subscription_id"},
		"memory_unlink":              {"from": "source_id", "to": "target_id", "rel_type": "relation"},
	}
}

// Path is a second path of a verb, beside the one that this API gives it.
type Path struct{ Method, Path, Verb string }

// Paths lists the second paths.
func Paths() []Path {
	return []Path{
		{"POST", "/api/v1/find_paths", "memory_find_paths"},
		{"POST", "/api/v1/approvals/{id}", "memory_pending_decide"},
	}
}

// Absence is a route of ai-memory that this server does not have, and why.
type Absence struct{ Method, Path, Why string }

// Absences lists them: a client learns that it asked for something that exists
// elsewhere, and never takes an error page for a result.
func Absences() []Absence {
	const (
		model   = "it needs a language model, and this server has none"
		skills  = "this server keeps memories, not skills"
		reflect = "reflections, personas and atoms are made by language models; this server keeps what a client writes"
		rights  = "a memory has one owner, one recipient and a scope: set metadata.scope, or give a copy with POST /api/v1/share"
		members = "the members of a federation are named in its configuration; GET /api/v1/status shows them"
		recall  = "this server keeps no account of what recalls have found"
		rules   = "rules are those of namespace standards: GET /api/v1/namespaces/{ns}/standard?inherit=true"
	)
	return []Absence{
		{"POST", "/api/v1/auto_tag", model},
		{"POST", "/api/v1/expand_query", model},
		{"POST", "/api/v1/memory_atomise", reflect},
		{"POST", "/api/v1/memory_reflect", reflect},
		{"POST", "/api/v1/memory_reflection_origin", reflect},
		{"POST", "/api/v1/memory_export_reflection", reflect},
		{"POST", "/api/v1/memory_dependents_of_invalidated", reflect},
		{"POST", "/api/v1/memory_calibrate_confidence", model},
		{"POST", "/api/v1/memory_recall_observations", recall},
		{"POST", "/api/v1/memory_replay", recall},
		{"POST", "/api/v1/memory_rule_list", rules},
		{"POST", "/api/v1/memory_check_agent_action", rules},
		{"POST", "/api/v1/memory_verify", "ask POST /api/v1/links/verify"},
		{"POST", "/api/v1/skill/register", skills},
		{"GET", "/api/v1/skill/list", skills},
		{"POST", "/api/v1/skill/promote", skills},
		{"POST", "/api/v1/skill/compose", skills},
		{"GET", "/api/v1/skill/{id}", skills},
		{"GET", "/api/v1/skill/{id}/resource", skills},
		{"GET", "/api/v1/skill/{id}/export", skills},
		{"POST", "/api/v1/memories/{id}/grant", rights},
		{"POST", "/api/v1/memories/{id}/revoke", rights},
		{"POST", "/api/v1/cluster", members},
	}
}
