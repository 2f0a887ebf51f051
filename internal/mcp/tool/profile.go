package tool

import (
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/verb"
)

// Names of profiles.
const (
	Core       = "core"        // seven tools under short names: what an agent needs every day
	Memory     = "memory"      // everything on memories, links, the archive, agents and messages
	Governance = "governance"  // proposals and standards
	Ops        = "ops"         // the node and its members
	Full       = "full"        // every verb
	AIMemory   = "ai-memory"   // the tools of ai-memory 0.7, for agents that know it
	MCPMemory  = "mcp-memory"  // the nine tools of the protocol's reference server for knowledge graphs
	MemoryTool = "memory-tool" // the file commands of Anthropic's memory tool
)

// Profiles lists the names of profiles, the default first.
func Profiles() []string {
	return []string{Core, Memory, Governance, Ops, Full, AIMemory, MCPMemory, MemoryTool}
}

// short is a verb as the core profile offers it.
type short struct {
	name   string
	title  string
	text   string // what it does, and when to use it
	verb   string
	fields []string
	gives  []string // what of its answer is worth the words of a schema
}

// shorts are few and small, because every one of them is part of every prompt.
func shorts() []short {
	return []short{
		{
			"remember", "Remember", "Keep a fact, a decision or a preference for later sessions and other agents. If the title is taken, say on_conflict merge to edit it.",
			"memory_store",
			[]string{"title", "content", "namespace", "tags", "tier", "priority", "scope", "on_conflict"},
			[]string{"id", "namespace", "version"},
		},
		{
			"recall", "Recall", "Find what was remembered that bears on a question. Use it before answering from memory.",
			"memory_recall",
			[]string{"context", "namespace", "subtree", "tags", "limit", "budget_tokens"},
			[]string{"memories", "count"},
		},
		{"get", "Get", "Read one memory whole, with its links.", "memory_get", []string{"id"}, []string{"id", "content", "links"}},
		{
			"update", "Update", "Edit a memory: only the fields given change.", "memory_update",
			[]string{"id", "title", "content", "tags", "tier", "priority"},
			[]string{"id", "version"},
		},
		{"forget", "Forget", "Move memories to the archive, from where they can be restored.", "memory_archive", []string{"ids", "reason"}, []string{"count"}},
		{"link", "Link", "Say how two memories hang together.", "memory_link", []string{"source_id", "target_id", "relation"}, []string{"linked"}},
		{
			"briefing", "Briefing", "Read the rules and standing knowledge of a project before work begins.", "memory_briefing",
			[]string{"namespace", "budget_tokens", "paths"},
			[]string{"text", "left_out"},
		},
	}
}

// toolsOf lists the tools of a profile. There must be one of that name.
func toolsOf(profile string, table []verb.Verb) []Tool {
	var out []Tool
	switch profile {
	case Core:
		for _, s := range shorts() {
			t := toolOf(verb.Find(table, s.verb), s.fields, s.gives)
			t.Name, t.Title, t.Text = s.name, s.title, s.text
			out = append(out, t)
		}
		return out
	case AIMemory:
		return aiMemoryTools(table)
	case MCPMemory:
		return graphTools(table)
	case MemoryTool:
		return fileTools(table)
	}
	for _, v := range verb.ByFamily(table) {
		if v.OnlyHTTP == "" && within(profile, v.Family) {
			out = append(out, toolOf(v, nil, nil))
		}
	}
	return out
}

// within reports whether the verbs of a family are tools of a profile.
func within(profile, family string) bool {
	switch profile {
	case Governance:
		return family == "governance"
	case Ops:
		return family == "" || family == "meta"
	case Memory:
		return family != "" && family != "governance"
	}
	return true
}

// toolOf offers a verb as a tool: with some of its fields, and some of what it
// gives in the schema; nil is all.
func toolOf(v *verb.Verb, fields, gives []string) Tool {
	title := strings.ToUpper(v.Summary[:1]) + v.Summary[1:]
	project := defaultsToProject(v.Name)
	return Tool{
		Name: v.Name, Title: title, Text: title + ".", Input: inputSchema(v, fields, project), Output: outputSchema(v, gives), run: doing(v),
		Reads: v.Access == verb.Read, Destroys: destroying(v.Name), Again: repeatable(v.Name), project: project,
	}
}

func destroying(name string) bool {
	return slices.Contains([]string{"memory_delete", "memory_erase", "memory_archive_purge", "memory_forget", "memory_unlink"}, name)
}

// repeatable reports whether a verb, called twice, changes no more than called once.
func repeatable(name string) bool {
	return slices.Contains([]string{
		"memory_archive", "memory_archive_restore", "memory_capture_turn", "memory_delete", "memory_erase", "memory_link", "memory_namespace_clear_standard",
		"memory_namespace_set_standard", "memory_promote", "memory_unlink", "memory_unsubscribe", "node_repair", "node_scrub",
		"node_back_up", "node_backups", "node_checkup", "node_measure", "node_measured", "node_verify_backup",
	}, name)
}

// defaultsToProject reports whether a verb is about the project that the caller
// works in, unless it says otherwise. Questions are not: what is known elsewhere may
// help.
func defaultsToProject(name string) bool {
	return slices.Contains([]string{"memory_store", "memory_briefing", "memory_capture_turn", "memory_handoff"}, name)
}
