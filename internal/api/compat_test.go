package api_test

import (
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/api"
)

// Ids of the memories that the conversation about the graph makes.
const (
	idA = "00000000-0000-7000-8000-00000000000a"
	idB = "00000000-0000-7000-8000-00000000000b"
	idC = "00000000-0000-7000-8000-00000000000c"
	idD = "00000000-0000-7000-8000-00000000000d"
)

// compatConversation touches the routes of ai-memory beyond those of memories.
func compatConversation() []step {
	memory := func(id, title, content, namespace string) string {
		return `{"id":"` + id + `","title":"` + title + `","content":"` + content + `","namespace":"` + namespace + `","scope":"collective","tier":"long","created_at":"2026-01-02T03:04:05Z","metadata":{"family":"graph"}}`
	}
	link := func(from, to, relation string) string {
		return `{"source_id":"` + from + `","target_id":"` + to + `","relation":"` + relation + `"}`
	}
	steps := []step{
		{"create a", "POST", "/api/v1/memories", memory(idA, "Anna", "Anna likes green tea in the morning", "people/team"), "alice", 201},
		{"create b", "POST", "/api/v1/memories", memory(idB, "Ben", "Ben drinks coffee", "people"), "alice", 201},
		{"create c", "POST", "/api/v1/memories", memory(idC, "Cleo", "Cleo drinks nothing at all", "people/team/guests"), "alice", 201},
		{"create d", "POST", "/api/v1/memories", memory(idD, "Anna", "Anna hates green tea in the morning", "rumours"), "alice", 201},
		{"create with no confidence", "POST", "/api/v1/memories", `{"title":"Doubt","content":"not believed at all","namespace":"rumours","confidence":0}`, "", 201},
		{"link a to b", "POST", "/api/v1/links", link(idA, idB, "related_to"), "alice", 201},
		{"link b to c", "POST", "/api/v1/links", link(idB, idC, "derived_from"), "alice", 201},
		{"link a to d", "POST", "/api/v1/links", link(idA, idD, "contradicts"), "alice", 201},
		{"taxonomy", "GET", "/api/v1/taxonomy", "", "", 200},
		{"taxonomy below a prefix", "GET", "/api/v1/taxonomy?prefix=people/&depth=1&limit=2", "", "", 200},
		{"taxonomy of nothing", "GET", "/api/v1/taxonomy?root=nowhere", "", "", 200},
		{"kg query", "POST", "/api/v1/kg/query", `{"source_id":"` + idA + `","max_depth":2}`, "", 200},
		{"kg query by agents", "POST", "/api/v1/kg/query", `{"source_id":"` + idA + `","allowed_agents":["bob"]}`, "", 200},
		{"kg query at another time", "POST", "/api/v1/kg/query", `{"source_id":"` + idA + `","valid_at":"2100-01-01T00:00:00Z","limit":1}`, "", 200},
		{"kg timeline", "GET", "/api/v1/kg/timeline?source_id=" + idA, "", "", 200},
		{"kg timeline of later", "GET", "/api/v1/kg/timeline?source_id=" + idA + "&since=2100-01-01T00:00:00Z", "", "", 200},
		{"find paths", "POST", "/api/v1/kg/find_paths", `{"source_id":"` + idA + `","target_id":"` + idC + `"}`, "", 200},
		{"find paths by the alias, backwards", "POST", "/api/v1/find_paths", `{"source_id":"` + idC + `","target_id":"` + idA + `","max_depth":2,"max_results":1}`, "", 200},
		{"verify links", "POST", "/api/v1/links/verify", `{"source_id":"` + idA + `","target_id":"` + idB + `"}`, "", 200},
		{"verify no link", "POST", "/api/v1/links/verify", `{"link_id":"` + idB + `→` + idA + `"}`, "", 404},
		{"check duplicate", "POST", "/api/v1/check_duplicate", `{"title":"Anna","content":"Anna likes green tea in the morning!","namespace":"people/team"}`, "", 200},
		{"check what is new", "POST", "/api/v1/check_duplicate", `{"title":"Zeppelin","content":"something else entirely","threshold":0.5}`, "", 200},
		{"what is there more than once", "GET", "/api/v1/duplicates?namespace=people&threshold=0.5", "", "", 200},
		{"contradictions by topic", "GET", "/api/v1/contradictions?topic=Anna", "", "", 200},
		{"contradictions by namespace", "GET", "/api/v1/contradictions?namespace=people", "", "", 200},
		{"kg invalidate", "POST", "/api/v1/kg/invalidate", `{"source_id":"` + idA + `","target_id":"` + idB + `","relation":"related_to","valid_until":"2026-02-03T00:00:00Z"}`, "alice", 200},
		{"kg invalidate by another", "POST", "/api/v1/kg/invalidate", `{"source_id":"` + idA + `","target_id":"` + idB + `","relation":"related_to"}`, "bob", 403},
		{"kg invalidate what is not", "POST", "/api/v1/kg/invalidate", `{"source_id":"` + idA + `","target_id":"` + idB + `","relation":"supersedes"}`, "alice", 404},
		{"kg query after that", "POST", "/api/v1/kg/query", `{"source_id":"` + idA + `"}`, "", 200},
		{"no path after that", "POST", "/api/v1/find_paths", `{"source_id":"` + idA + `","target_id":"` + idC + `"}`, "", 200},
		{"register entity", "POST", "/api/v1/entities", `{"canonical_name":"Acme Corporation","namespace":"firms","aliases":["ACME","acme","Acme Corp"],"metadata":{"scope":"collective"}}`, "alice", 201},
		{"register entity again", "POST", "/api/v1/entities", `{"canonical_name":"Acme Corporation","namespace":"firms","aliases":["The Roadrunner's"]}`, "alice", 200},
		{"register nothing new", "POST", "/api/v1/entities", `{"canonical_name":"Acme Corporation","namespace":"firms","aliases":["acme"]}`, "alice", 200},
		{"register what is no entity", "POST", "/api/v1/entities", `{"canonical_name":"Ben","namespace":"people"}`, "alice", 409},
		{"entity by alias", "GET", "/api/v1/entities/by_alias?alias=acme+corp", "", "bob", 200},
		{"entity by no alias", "GET", "/api/v1/entities/by_alias?alias=roadrunner&namespace=firms", "", "bob", 200},
	}
	return append(append(steps, agentConversation()...), upkeepConversation()...)
}

func agentConversation() []step {
	return []step{
		{"register agent", "POST", "/api/v1/agents", `{"agent_id":"alice","agent_type":"ai:test","capabilities":["read","write"]}`, "alice", 201},
		{"register agent for another", "POST", "/api/v1/agents", `{"agent_id":"robot","agent_type":"system"}`, "", 201},
		{"agents", "GET", "/api/v1/agents", "", "bob", 200},
		{"a team", "POST", "/api/v1/teams/ops", `{"add":["alice","bob"]}`, "", 200},
		{"another who is in it", "POST", "/api/v1/teams/ops", `{"add":["carol"],"remove":["bob"]}`, "", 200},
		{"teams", "GET", "/api/v1/teams", "", "bob", 200},
		{"no team more", "DELETE", "/api/v1/teams/ops", "", "", 200},
		{"rules about calls", "POST", "/api/v1/outbound", `{"rules":["deny webhook http://nowhere.invalid"]}`, "", 200},
		{"which rules", "GET", "/api/v1/outbound", "", "bob", 200},
		{"notify", "POST", "/api/v1/notify", `{"target_agent_id":"bob","title":"Tea","payload":"is ready","priority":7,"tier":"long"}`, "alice", 201},
		{"notify in other words", "POST", "/api/v1/notify", `{"to":"bob","subject":"Tea","body":"is cold","memory_id":"` + idA + `","payload":{"cups":2}}`, "alice", 201},
		{"inbox", "GET", "/api/v1/inbox", "", "bob", 200},
		{"inbox of another", "GET", "/api/v1/inbox?agent_id=bob", "", "alice", 403},
		{"unread inbox", "GET", "/api/v1/inbox?unread_only=true&limit=1&agent_id=bob", "", "bob", 200},
		{"share", "POST", "/api/v1/share", `{"source_memory_id":"` + idA + `","target_agent_id":"bob"}`, "alice", 201},
		{"capture turn", "POST", "/api/v1/capture_turn", `{"host_session_id":"s1","host_turn_index":0,"role":"user","content":"hello","host_kind":"test","tool_calls":[{"name":"ls"}]}`, "alice", 201},
		{"capture turn again", "POST", "/api/v1/capture_turn", `{"host_session_id":"s1","host_turn_index":0,"role":"user","content":"hello"}`, "alice", 200},
		{"session start", "POST", "/api/v1/session/start", `{"namespace":"people","limit":1}`, "bob", 200},
		{"briefing", "GET", "/api/v1/briefing?namespace=people&budget_tokens=100", "", "bob", 200},
		{"hand over", "POST", "/api/v1/handoff", `{"title":"The list","summary":"Half of it is read.","to":"bob","open_questions":["Who wrote it?"],"next_steps":["Read the rest."],"namespace":"people"}`, "alice", 201},
		{"briefing with a handoff", "GET", "/api/v1/briefing?namespace=people&paths=a/b.go&tools=Bash&text=read", "", "alice", 200},
		{"briefings shown", "GET", "/api/v1/briefing/shown?limit=1", "", "bob", 200},
		{"load family", "POST", "/api/v1/memory_load_family", `{"family":"graph","namespace":"people"}`, "", 200},
		{"load no family", "POST", "/api/v1/memory_load_family", `{"family":"clan"}`, "", 400},
		{"smart load", "POST", "/api/v1/memory_smart_load", `{"intent":"follow links and entities","namespace":"rumours","k":1}`, "", 200},
		{"smart load of anything", "POST", "/api/v1/memory_smart_load", `{"intent":"xyzzy"}`, "", 200},
		{"tools", "GET", "/api/v1/tools/list", "", "", 200},
		{"standard", "POST", "/api/v1/namespaces/guarded/standard", `{"governance":{"write":"approve","approver":"human"}}`, "alice", 201},
		{"create with approval", "POST", "/api/v1/memories", `{"title":"Asked","content":"may I","namespace":"guarded"}`, "bob", 202},
		{"a private proposal is hidden", "GET", "/api/v1/pending/$PENDING", "", "", 404},
		{"decide", "POST", "/api/v1/approvals/$PENDING", `{"decision":"approve"}`, "alice", 200},
		{"create with approval again", "POST", "/api/v1/memories", `{"title":"Asked again","content":"may I","namespace":"guarded"}`, "bob", 202},
		{"decide for ever", "POST", "/api/v1/approvals/$PENDING", `{"decision":"deny","remember":"forever"}`, "alice", 501},
		{"deny", "POST", "/api/v1/approvals/$PENDING", `{"decision":"deny","remember":"once"}`, "alice", 200},
	}
}

func upkeepConversation() []step {
	steps := []step{
		{"import", "POST", "/api/v1/import", `{"memories":[{"id":"00000000-0000-7000-8000-0000000000e1","tier":"long","namespace":"old","title":"Was","content":"there before","tags":[],"priority":5,"confidence":1.0,"source":"user","access_count":3,"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z","metadata":{"agent_id":"zoe","scope":"collective"},"reflection_depth":0,"memory_kind":"observation","version":4},{"id":"00000000-0000-7000-8000-0000000000e2","tier":"eternal","namespace":"old","title":"Odd","content":"x"}],"links":[{"source_id":"00000000-0000-7000-8000-0000000000e1","target_id":"` + idD + `","relation":"related_to","created_at":"2025-01-01T00:00:00Z"},{"source_id":"00000000-0000-7000-8000-0000000000e1","target_id":"nobody","relation":"related_to"}]}`, "alice", 200},
		{"export", "GET", "/api/v1/export?namespace=old", "", "alice", 200},
		{"archive", "POST", "/api/v1/archive", `{"ids":["` + idC + `"]}`, "alice", 200},
		{"purge would", "DELETE", "/api/v1/archive?dry_run=true", "", "alice", 200},
		{"purge what is old", "DELETE", "/api/v1/archive?older_than_days=1", "", "alice", 200},
		{"purge", "DELETE", "/api/v1/archive", "", "alice", 200},
		{"gc", "POST", "/api/v1/gc", "", "", 200},
		{"quota", "POST", "/api/v1/quota/status", `{"agent_id":"alice"}`, "alice", 200},
		{"quota of nobody", "POST", "/api/v1/quota/status", "", "", 200},
		{"stats", "GET", "/api/v1/stats", "", "", 200},
		{"archive stats", "GET", "/api/v1/archive/stats", "", "", 200},
		{"capabilities", "GET", "/api/v1/capabilities", "", "", 200},
	}
	for _, rt := range absent() {
		steps = append(steps, step{"not implemented: " + rt.Path, rt.Method, concrete(rt.Path), "", "", 501})
	}
	return steps
}

// absent are the routes that answer 501.
func absent() []api.Route {
	return slices.DeleteFunc(slices.Clone(allRoutes()), func(rt api.Route) bool { return !strings.HasPrefix(rt.Summary, "not implemented: ") })
}

// refusal is a request that is refused, and how.
type refusal struct {
	method, path, body string
	status             int
	code, text         string // part of error
}

// compatRefusals are requests that the routes of ai-memory refuse. id and other
// are memories of nobody.
func compatRefusals(id, other string) map[string]refusal {
	const v1 = "/api/v1"
	bad := func(method, path, body, text string) refusal {
		return refusal{method, v1 + path, body, 400, "VALIDATION_FAILED", text}
	}
	none := func(method, path, body string) refusal {
		return refusal{method, v1 + path, body, 404, "NOT_FOUND", "not found"}
	}
	return map[string]refusal{
		"taxonomy: bad depth":              bad("GET", "/taxonomy?depth=x", "", "depth"),
		"taxonomy: bad limit":              bad("GET", "/taxonomy?limit=0", "", "limit"),
		"taxonomy: bad prefix":             bad("GET", "/taxonomy?prefix=a//b", "", "namespace"),
		"kg query: no source":              bad("POST", "/kg/query", `{}`, "missing required field: source_id"),
		"kg query: unknown source":         none("POST", "/kg/query", `{"source_id":"nobody"}`),
		"kg query: deep":                   bad("POST", "/kg/query", `{"source_id":"`+id+`","max_depth":8}`, "max_depth 8: want 1 to 7"),
		"kg query: bad time":               bad("POST", "/kg/query", `{"source_id":"`+id+`","valid_at":"now"}`, "valid_at"),
		"kg query: bad agent":              bad("POST", "/kg/query", `{"source_id":"`+id+`","allowed_agents":["a b"]}`, "agent id"),
		"kg query: limit of wrong type":    bad("POST", "/kg/query", `{"source_id":"`+id+`","limit":"5"}`, "limit: want an integer"),
		"kg timeline: no source":           bad("GET", "/kg/timeline", "", "source_id"),
		"kg timeline: unknown source":      none("GET", "/kg/timeline?source_id=nobody", ""),
		"kg timeline: bad since":           bad("GET", "/kg/timeline?source_id="+id+"&since=x", "", "since"),
		"kg timeline: bad until":           bad("GET", "/kg/timeline?source_id="+id+"&until=x", "", "until"),
		"kg invalidate: no target":         bad("POST", "/kg/invalidate", `{"source_id":"`+id+`","relation":"related_to"}`, "missing required field: target_id"),
		"kg invalidate: no relation":       bad("POST", "/kg/invalidate", `{"source_id":"`+id+`","target_id":"`+other+`"}`, "missing required field: relation"),
		"kg invalidate: bad relation":      {"POST", v1 + "/kg/invalidate", `{"source_id":"` + id + `","target_id":"` + other + `","relation":"loves"}`, 400, "INVALID_RELATION", "invalid_relation"},
		"kg invalidate: bad time":          bad("POST", "/kg/invalidate", `{"source_id":"`+id+`","target_id":"`+other+`","relation":"related_to","valid_until":"x"}`, "valid_until"),
		"kg invalidate: no such link":      none("POST", "/kg/invalidate", `{"source_id":"`+id+`","target_id":"`+other+`","relation":"related_to"}`),
		"find paths: no ends":              bad("POST", "/find_paths", `{}`, "missing required field: source_id"),
		"find paths: bad id":               bad("POST", "/kg/find_paths", `{"source_id":"a b","target_id":"`+id+`"}`, "id"),
		"find paths: unknown end":          none("POST", "/kg/find_paths", `{"source_id":"`+id+`","target_id":"nobody"}`),
		"find paths: many":                 bad("POST", "/kg/find_paths", `{"source_id":"`+id+`","target_id":"`+other+`","max_results":51}`, "max_results 51: want 1 to 50"),
		"verify: no source":                bad("POST", "/links/verify", `{}`, "source_id"),
		"verify: no such link":             {"POST", v1 + "/links/verify", `{"source_id":"` + id + `","target_id":"` + other + `"}`, 404, "NOT_FOUND", "no such link"},
		"duplicate: no content":            bad("POST", "/check_duplicate", `{"title":"x"}`, "missing required field: content"),
		"duplicate: empty title":           bad("POST", "/check_duplicate", `{"title":"","content":"x"}`, "title"),
		"duplicate: blank content":         bad("POST", "/check_duplicate", `{"title":"x","content":" "}`, "content"),
		"duplicate: threshold 0":           bad("POST", "/check_duplicate", `{"title":"x","content":"x","threshold":0}`, "threshold"),
		"duplicate: bad namespace":         bad("POST", "/check_duplicate", `{"title":"x","content":"x","namespace":"/"}`, "namespace"),
		"contradictions: nothing to go by": bad("GET", "/contradictions", "", "topic"),
		"contradictions: bad namespace":    bad("GET", "/contradictions?namespace=a//b", "", "namespace"),
		"entity: no name":                  bad("POST", "/entities", `{"namespace":"ns"}`, "canonical_name"),
		"entity: no namespace":             bad("POST", "/entities", `{"canonical_name":"x"}`, "namespace"),
		"entity: bad namespace":            bad("POST", "/entities", `{"canonical_name":"x","namespace":"a b"}`, "namespace"),
		"entity: aliases of wrong type":    bad("POST", "/entities", `{"canonical_name":"x","namespace":"ns","aliases":"y"}`, "aliases: want an array"),
		"entity: bad alias":                bad("POST", "/entities", `{"canonical_name":"x","namespace":"ns","aliases":["a\u0007"]}`, "aliases"),
		"entity: bad metadata":             bad("POST", "/entities", `{"canonical_name":"x","namespace":"ns","metadata":[]}`, "metadata"),
		"entity: another agent":            {"POST", v1 + "/entities", `{"canonical_name":"x","namespace":"ns","agent_id":"bob"}`, 403, "AGENT_MISMATCH", "bob"},
		"entity by alias: no alias":        bad("GET", "/entities/by_alias?alias=+", "", "alias"),
		"entity by alias: bad namespace":   bad("GET", "/entities/by_alias?alias=x&namespace=a//b", "", "namespace"),
		"agent: no id":                     bad("POST", "/agents", `{"agent_type":"ai"}`, "agent_id"),
		"agent: no type":                   bad("POST", "/agents", `{"agent_id":"x"}`, "agent_type"),
		"agent: bad id":                    bad("POST", "/agents", `{"agent_id":"a b","agent_type":"ai"}`, "agent id"),
		"agent: bad type":                  bad("POST", "/agents", `{"agent_id":"x","agent_type":"a b"}`, "agent_type"),
		"agent: reserved id":               bad("POST", "/agents", `{"agent_id":"daemon","agent_type":"ai"}`, "reserved"),
		"agent: nobody":                    bad("POST", "/agents", `{"agent_id":"anonymous","agent_type":"ai"}`, "anonymous"),
		"notify: nothing":                  bad("POST", "/notify", `{}`, "target_agent_id"),
		"notify: no text":                  bad("POST", "/notify", `{"to":"bob","subject":"x"}`, "payload"),
		"notify: bad recipient":            bad("POST", "/notify", `{"to":"b b","subject":"x","body":"y"}`, "agent id"),
		"notify: bad payload":              bad("POST", "/notify", `{"to":"bob","subject":"x","payload":[1]}`, "payload"),
		"notify: priority 11":              bad("POST", "/notify", `{"to":"bob","subject":"x","body":"y","priority":11}`, "priority"),
		"notify: bad tier":                 bad("POST", "/notify", `{"to":"bob","subject":"x","body":"y","tier":"eternal"}`, "tier"),
		"notify: another agent":            {"POST", v1 + "/notify", `{"to":"bob","subject":"x","body":"y","agent_id":"eve"}`, 403, "AGENT_MISMATCH", "eve"},
		"inbox: another agent":             {"GET", v1 + "/inbox?agent_id=bob", "", 403, "AGENT_MISMATCH", "bob"},
		"inbox: bad limit":                 bad("GET", "/inbox?limit=x", "", "limit"),
		"inbox: bad flag":                  bad("GET", "/inbox?unread=x", "", "unread"),
		"share: nothing":                   bad("POST", "/share", `{}`, "source_memory_id"),
		"share: unknown memory":            none("POST", "/share", `{"source_memory_id":"nobody","to":"bob"}`),
		"share: bad recipient":             bad("POST", "/share", `{"source_memory_id":"`+id+`","to":"b b"}`, "agent id"),
		"turn: no index":                   bad("POST", "/capture_turn", `{"host_session_id":"s","role":"user","content":"x"}`, "host_turn_index"),
		"turn: negative index":             bad("POST", "/capture_turn", `{"host_session_id":"s","host_turn_index":-1,"role":"user","content":"x"}`, "host_turn_index"),
		"turn: bad role":                   bad("POST", "/capture_turn", `{"host_session_id":"s","host_turn_index":0,"role":"dog","content":"x"}`, "role"),
		"turn: bad time":                   bad("POST", "/capture_turn", `{"host_session_id":"s","host_turn_index":0,"role":"user","content":"x","timestamp_iso":"x"}`, "timestamp_iso"),
		"turn: bad metadata":               bad("POST", "/capture_turn", `{"host_session_id":"s","host_turn_index":0,"role":"user","content":"x","metadata":5}`, "metadata"),
		"turn: signed":                     {"POST", v1 + "/capture_turn", `{"host_session_id":"s","host_turn_index":0,"role":"user","content":"x","host_signature_b64":"AA=="}`, 403, "ATTESTATION_FAILED", "host_signature_b64"},
		"session: bad limit":               bad("POST", "/session/start", `{"limit":0}`, "limit"),
		"session: another agent":           {"POST", v1 + "/session/start", `{"agent_id":"bob"}`, 403, "AGENT_MISMATCH", "bob"},
		"family: none":                     bad("POST", "/memory_load_family", `{}`, "family"),
		"family: unknown":                  bad("POST", "/memory_load_family", `{"family":"clan"}`, "want core"),
		"family: many":                     bad("POST", "/memory_load_family", `{"family":"core","k":101}`, "k 101: want 1 to 100"),
		"smart load: no intent":            bad("POST", "/memory_smart_load", `{"intent":" "}`, "intent"),
		"decide: nothing":                  bad("POST", "/approvals/x", `{}`, "decision"),
		"decide: maybe":                    bad("POST", "/approvals/x", `{"decision":"maybe"}`, "decision"),
		"decide: remember badly":           bad("POST", "/approvals/x", `{"decision":"deny","remember":"twice"}`, "remember"),
		"decide: unknown proposal":         none("POST", "/approvals/x", `{"decision":"deny"}`),
		"purge: bad days":                  bad("DELETE", "/archive?older_than_days=-1", "", "older_than_days"),
		"purge: bad flag":                  bad("DELETE", "/archive?dry_run=x", "", "dry_run"),
		"import: nothing":                  bad("POST", "/import", `{}`, "memories"),
		"import: memories of wrong type":   bad("POST", "/import", `{"memories":{}}`, "memories: want an array"),
		"import: more than 1000":           bad("POST", "/import", `{"memories":[`+strings.Repeat("1,", 1000)+`1]}`, "at most 1000"),
		"export: bad format":               bad("GET", "/export?format=odd", "", "format"),
		"quota: another agent":             {"POST", v1 + "/quota/status", `{"agent_id":"bob"}`, 403, "AGENT_MISMATCH", "bob"},
		"not implemented":                  {"POST", v1 + "/auto_tag", `{"id":"x"}`, 501, "NOT_IMPLEMENTED", "language model"},
		"not implemented, of a memory":     {"POST", v1 + "/memories/" + id + "/grant", `{}`, 501, "NOT_IMPLEMENTED", "one owner"},
	}
}
