package aimemory

import "strings"

// Tool is a tool of ai-memory 0.7.1, as its binary lists it.
type Tool struct {
	Name   string
	Params []Param
	Verb   string // what it is here; "" is nothing

	Why     string            // where it is nothing: why
	Renames map[string]string // parameters that the verb calls otherwise
	Ignored []string          // parameters that ask for nothing that an answer here could lack
	Refused []string          // parameters that ask for what this server does not do
	Version string            // the parameter that names the version which must be there
}

// Param is a parameter of a tool.
type Param struct {
	Name string
	Type string // of JSON, "" for any
	Need bool
}

// Tools lists the tools of ai-memory, in its order.
func Tools() []Tool {
	var out []Tool
	for line := range strings.Lines(toolLines) {
		words := strings.Fields(line)
		t := Tool{Name: words[0], Verb: words[0], Why: absentTools()[words[0]]}
		for _, w := range words[1:] {
			name, kind, typed := strings.Cut(w, ":")
			p := Param{Name: strings.TrimSuffix(name, "!"), Type: "string", Need: strings.HasSuffix(name, "!")}
			if typed {
				p.Type = strings.TrimPrefix(kind, "any")
			}
			t.Params = append(t.Params, p)
		}
		if t.Why != "" {
			t.Verb = ""
		}
		adapt(&t)
		out = append(out, t)
	}
	return out
}

// adapt says what of a tool is called, or meant, otherwise here.
func adapt(t *Tool) {
	switch t.Name {
	case "memory_recall":
		t.Ignored = []string{"context_tokens", "format", "session_default", "session_id", "verbose_provenance"}
	case "memory_search":
		t.Renames = map[string]string{"query": "q"}
		t.Ignored = []string{"format"}
		t.Refused = []string{"as_agent", "include_archived"}
	case "memory_list":
		t.Ignored = []string{"format"}
	case "memory_kg_query":
		t.Refused = []string{"by_source_uri", "include_invalidated", "namespace"}
	case "memory_find_paths":
		t.Refused = []string{"include_invalidated"}
	case "memory_promote":
		t.Refused = []string{"target_tier", "to_namespace"}
	case "memory_update":
		t.Ignored = []string{"edit_source"}
		t.Version = "expected_version"
	case "memory_verify":
		t.Verb = "memory_verify_links"
	case "memory_capabilities":
		t.Ignored = []string{"accept", "family", "include_schema", "verbose"}
	case "memory_capture_turn":
		t.Refused = []string{"host_pubkey_b64"}
	case "memory_gc":
		t.Refused = []string{"dry_run"}
	case "memory_session_start":
		t.Ignored = []string{"format"}
	case "memory_pending_approve":
		t.Refused = []string{"remember"}
	case "memory_pending_reject":
		t.Refused = []string{"remember"}
	}
}

// absentTools says, by name, why tools of ai-memory are nothing here.
func absentTools() map[string]string {
	const (
		model   = "it needs a language model, and this server has none"
		skills  = "this server keeps memories, not skills"
		made    = "reflections, personas and atoms are made by language models; this server keeps what a client writes: memory_store"
		recall  = "this server keeps no account of what recalls have found; memory_briefing_shown lists what briefings showed"
		rules   = "rules are those of namespace standards (memory_namespace_get_standard with inherit) and of briefings (memory_briefing)"
		offload = "this server keeps memories, not parts of a context: memory_store with ttl_secs, and memory_get"
	)
	return map[string]string{
		"memory_recall_observations":           recall,
		"memory_replay":                        recall,
		"memory_reflect":                       made,
		"memory_export_reflection":             made,
		"memory_persona":                       made,
		"memory_persona_generate":              made,
		"memory_reflection_origin":             made,
		"memory_dependents_of_invalidated":     made,
		"memory_ingest_multistep":              made,
		"memory_atomise":                       made,
		"memory_calibrate_confidence":          model,
		"memory_expand_query":                  model,
		"memory_auto_tag":                      model,
		"memory_detect_contradiction":          model,
		"memory_check_agent_action":            rules,
		"memory_rule_list":                     rules,
		"memory_skill_register":                skills,
		"memory_skill_list":                    skills,
		"memory_skill_get":                     skills,
		"memory_skill_resource":                skills,
		"memory_skill_export":                  skills,
		"memory_skill_promote_from_reflection": skills,
		"memory_skill_compositional_context":   skills,
		"memory_offload":                       offload,
		"memory_deref":                         offload,
	}
}

// toolLines are a tool each: its name and its parameters, with ! those that are
// needed, and behind a colon the type where that is not a text.
const toolLines = `memory_store agent_id confidence:number content! created_at force:boolean kind metadata:object namespace on_conflict priority:integer scope signature source source_uri tags:array tier title!
memory_recall as_agent budget_tokens:integer confidence_tier context! context_tokens:array format has_citations:boolean include_archived:boolean kinds:any limit:integer namespace session_default:boolean session_id since source_uri_prefix tags until verbose_provenance:boolean
memory_recall_observations consumed:boolean limit:integer recall_id since until
memory_search agent_id as_agent format include_archived:boolean limit:integer namespace query! tier
memory_list agent_id format limit:integer namespace tier
memory_load_family family! k:integer namespace
memory_smart_load intent! k:integer namespace
memory_get_taxonomy depth:integer limit:integer namespace_prefix
memory_check_duplicate content! namespace threshold:number title!
memory_entity_register agent_id aliases:array canonical_name! metadata:any namespace!
memory_entity_get_by_alias alias! namespace
memory_kg_timeline limit:integer since source_id! until
memory_kg_invalidate relation! source_id! target_id! valid_until
memory_kg_query allowed_agents:array by_source_uri include_invalidated:boolean limit:integer max_depth:integer namespace source_id! valid_at
memory_find_paths include_invalidated:boolean max_depth:integer max_results:integer source_id! target_id!
memory_delete id!
memory_promote id! target_tier to_namespace
memory_forget dry_run:boolean namespace pattern tier
memory_stats
memory_update confidence:number content edit_source expected_version:integer expires_at id! metadata:object namespace priority:integer source_uri tags:array tier title
memory_get id!
memory_link relation source_id! target_id!
memory_get_links id!
memory_verify link_id relation source_id target_id
memory_replay agent_id depth:integer memory_id! verbose:boolean
memory_reflect agent_id confidence:number content! depth:integer entity_id metadata:any namespace priority:integer source_ids!:array tags:array tier title!
memory_export_reflection format memory_id!
memory_persona entity_id! namespace
memory_persona_generate entity_id! namespace
memory_reflection_origin memory_id!
memory_dependents_of_invalidated memory_id!
memory_consolidate agent_id ids!:array namespace summary title!
memory_ingest_multistep content! namespace pipeline_override:any pipeline_variant
memory_atomise force_re_atomise:boolean max_atom_tokens:integer memory_id!
memory_share source_memory_id! target_agent_id!
memory_calibrate_confidence days:integer output_format
memory_capabilities accept family include_schema:boolean verbose:boolean
memory_capture_turn content! host_kind host_pubkey_b64 host_session_id! host_signature_b64 host_turn_index!:integer host_version metadata:any namespace role! timestamp_iso tool_calls:array
memory_expand_query query!
memory_auto_tag id!
memory_detect_contradiction id_a! id_b!
memory_archive_list limit:integer namespace offset:integer
memory_archive_restore id!
memory_archive_purge older_than_days:integer
memory_archive_stats
memory_gc dry_run:boolean
memory_session_start format limit:integer namespace
memory_namespace_set_standard governance:any id! namespace! parent
memory_namespace_get_standard inherit:boolean namespace!
memory_namespace_clear_standard namespace!
memory_pending_list limit:integer status
memory_pending_approve id! remember
memory_pending_reject id! remember
memory_agent_register agent_id! agent_type! capabilities:array
memory_agent_list
memory_notify payload! priority:integer target_agent_id! tier title!
memory_inbox agent_id limit:integer unread_only:boolean
memory_subscribe agent_filter event_types:array events namespace_filter secret url!
memory_unsubscribe id!
memory_list_subscriptions
memory_subscription_replay since! subscription_id!
memory_subscription_dlq_list limit:integer subscription_id
memory_quota_status agent_id namespace
memory_check_agent_action agent_id args:array binary byte_estimate:integer command custom_kind cwd host kind! path scheme
memory_rule_list enabled_only:boolean kind
memory_skill_register folder_path inline_skill
memory_skill_list filter namespace
memory_skill_get skill_id!
memory_skill_resource resource_path! skill_id!
memory_skill_export skill_id! target_folder!
memory_skill_promote_from_reflection parameters_schema:any reflection_id! skill_description! skill_name!
memory_skill_compositional_context budget_tokens:integer skill_id!
memory_offload content! namespace ttl_seconds:integer
memory_deref ref_id!`
