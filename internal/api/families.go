package api

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/internal/verb"
)

// tool is something that a client can do, under the name that ai-memory gives it.
type tool struct {
	name, method, path string
}

// family is a group of tools. Clients ask whether one is loaded; here, all are.
type family struct {
	name  string
	words string // of an intent that is about it
	tools []tool
}

// families are those that clients of ai-memory know.
func families() []family {
	const (
		v1       = "/api/v1"
		one      = v1 + "/memories/{id}"
		standard = v1 + "/namespaces"
		pending  = v1 + "/pending"
	)
	return []family{
		{"core", "store remember save recall search find read get list note", []tool{
			{"memory_store", post, v1 + "/memories"},
			{"memory_recall", post, v1 + "/recall"},
			{"memory_search", get, v1 + "/search"},
			{"memory_list", get, v1 + "/memories"},
			{"memory_get", get, one},
		}},
		{"lifecycle", "update edit change delete remove forget promote expire clean garbage", []tool{
			{"memory_update", put, one},
			{"memory_delete", del, one},
			{"memory_promote", post, one + "/promote"},
			{"memory_forget", post, v1 + "/forget"},
			{"memory_gc", post, v1 + "/gc"},
		}},
		{"graph", "link relation graph entity path connect timeline namespace taxonomy tree", []tool{
			{"memory_link", post, v1 + "/links"},
			{"memory_unlink", del, v1 + "/links"},
			{"memory_get_links", get, v1 + "/links/{id}"},
			{"memory_kg_query", post, v1 + "/kg/query"},
			{"memory_kg_timeline", get, v1 + "/kg/timeline"},
			{"memory_kg_invalidate", post, v1 + "/kg/invalidate"},
			{"memory_find_paths", post, v1 + "/kg/find_paths"},
			{"memory_entity_register", post, v1 + "/entities"},
			{"memory_entity_get_by_alias", get, v1 + "/entities/by_alias"},
			{"memory_get_taxonomy", get, v1 + "/taxonomy"},
		}},
		{"governance", "approve reject pending policy rule standard govern permission vote", []tool{
			{"memory_pending_list", get, pending},
			{"memory_pending_approve", post, pending + "/{id}/approve"},
			{"memory_pending_reject", post, pending + "/{id}/reject"},
			{"memory_namespace_set_standard", post, standard},
			{"memory_namespace_get_standard", get, standard},
			{"memory_namespace_clear_standard", del, standard},
		}},
		{"power", "consolidate merge duplicate contradiction summarise bulk verify quota", []tool{
			{"memory_consolidate", post, v1 + "/consolidate"},
			{"memory_check_duplicate", post, v1 + "/check_duplicate"},
			{"memory_detect_contradiction", get, v1 + "/contradictions"},
			{"memory_quota_status", post, v1 + "/quota/status"},
		}},
		{"meta", "agent register session start capability status statistics load family", []tool{
			{"memory_capabilities", get, v1 + "/capabilities"},
			{"memory_agent_register", post, v1 + "/agents"},
			{"memory_agent_list", get, v1 + "/agents"},
			{"memory_session_start", post, v1 + "/session/start"},
			{"memory_stats", get, v1 + "/stats"},
			{"memory_load_family", post, v1 + "/memory_load_family"},
			{"memory_smart_load", post, v1 + "/memory_smart_load"},
		}},
		{"archive", "archive restore purge history old backup", []tool{
			{"memory_archive_list", get, v1 + "/archive"},
			{"memory_archive_restore", post, v1 + "/archive/{id}/restore"},
			{"memory_archive_purge", del, v1 + "/archive"},
			{"memory_archive_stats", get, v1 + "/archive/stats"},
		}},
		{"other", "notify message inbox share send turn conversation", []tool{
			{"memory_notify", post, v1 + "/notify"},
			{"memory_inbox", get, v1 + "/inbox"},
			{"memory_share", post, v1 + "/share"},
			{"memory_capture_turn", post, v1 + "/capture_turn"},
		}},
	}
}

// toolView is a tool as clients see it.
type toolView struct {
	Name        string `json:"name"`
	Family      string `json:"family"`
	Method      string `json:"method"`
	Path        string `json:"path"`
	Description string `json:"description"`
}

type toolsView struct {
	Tools []toolView `json:"tools"`
	Count int        `json:"count"`
}

func (a *API) tools(*request) (reply, error) {
	v := toolsView{Tools: toolViews()}
	v.Count = len(v.Tools)
	return ok(v)
}

func toolViews() []toolView {
	summaries := map[string]string{}
	for _, rt := range routes() {
		summaries[rt.method+rt.path] = rt.summary
	}
	out := []toolView{}
	for _, f := range families() {
		for _, t := range f.tools {
			out = append(out, toolView{t.name, f.name, t.method, t.path, summaries[t.method+t.path]})
		}
	}
	return out
}

func toolNames() []string {
	out := []string{}
	for _, f := range families() {
		for _, t := range f.tools {
			out = append(out, t.name)
		}
	}
	return out
}

// familyView says of a family what clients ask before they rely on it.
type familyView struct {
	Name   string `json:"name"`
	Loaded bool   `json:"loaded"`
	Tools  int    `json:"tool_count"`
}

func familyViews() familiesView {
	v := familiesView{SchemaVersion: "1", AlwaysOn: []string{}}
	for _, f := range families() {
		v.AlwaysOn = append(v.AlwaysOn, f.name)
		v.Families = append(v.Families, familyView{f.name, true, len(f.tools)})
	}
	return v
}

// familyBody asks for the memories of a family: those whose metadata.family
// names it.
type familyBody struct {
	Family    string `json:"family"`
	Namespace string `json:"namespace"`
	K         *int   `json:"k"`
}

type familyLoadView struct {
	Family    string       `json:"family"`
	Namespace *string      `json:"namespace"`
	K         int          `json:"k"`
	Count     int          `json:"count"`
	Memories  []memoryView `json:"memories"`
}

const metaFamily = "family"

func (a *API) loadFamily(q *request) (reply, error) {
	var b familyBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if b.Family == "" {
		return reply{}, verb.Missing("family")
	}
	v, err := a.load(q, b)
	if err != nil {
		return reply{}, err
	}
	return ok(v)
}

func (a *API) load(q *request, b familyBody) (familyLoadView, error) {
	all := families()
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.name
	}
	if !slices.Contains(names, b.Family) {
		return familyLoadView{}, verb.BadField("family", "family %.40q: want one of %s", b.Family, strings.Join(names, ", "))
	}
	k, err := within("k", b.K, 20, 100)
	if err != nil {
		return familyLoadView{}, err
	}
	f := memory.Filter{Viewer: q.agent, Now: a.now(), Namespace: b.Namespace}
	if err := validFilter(f); err != nil {
		return familyLoadView{}, err
	}
	recs, err := a.engine.Gather(q.Context(), f, metaFamily, b.Family, k)
	return familyLoadView{b.Family, orNull(b.Namespace), k, len(recs), viewsOf(recs)}, err
}

// intentBody says in words what the caller is about to do.
type intentBody struct {
	Intent    string `json:"intent"`
	Namespace string `json:"namespace"`
	K         *int   `json:"k"`
}

type smartView struct {
	Chosen string  `json:"chosen_family"`
	Score  float64 `json:"score"`                // share of the words of the intent that are about the family
	Source string  `json:"chosen_family_source"` // keyword, or fallback if no word is
	Intent string  `json:"intent"`
	familyLoadView
}

func (a *API) smartLoad(q *request) (reply, error) {
	var b intentBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if strings.TrimSpace(b.Intent) == "" {
		return reply{}, verb.Missing("intent")
	}
	name, score := familyFor(b.Intent)
	loaded, err := a.load(q, familyBody{name, b.Namespace, b.K})
	if err != nil {
		return reply{}, err
	}
	v := smartView{Chosen: name, Score: math.Round(score*1000) / 1000, Source: "keyword", Intent: b.Intent, familyLoadView: loaded}
	if score == 0 {
		v.Source = "fallback"
	}
	return ok(v)
}

// familyFor is the family that most words of an intent are about, core if none
// is about any.
func familyFor(intent string) (name string, score float64) {
	words := strings.Fields(strings.ToLower(intent))
	best, name := 0, "core"
	for _, f := range families() {
		n := 0
		for _, w := range words {
			if slices.ContainsFunc(strings.Fields(f.name+" "+f.words), func(known string) bool { return strings.HasPrefix(w, known) }) {
				n++
			}
		}
		if n > best {
			best, name = n, f.name
		}
	}
	return name, float64(best) / float64(cmp.Or(len(words), 1))
}
