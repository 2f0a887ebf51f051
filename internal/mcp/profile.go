package mcp

import (
	"slices"

	"github.com/tallystick/tallystick/internal/verb"
)

// Names of profiles.
const (
	Core       = "core"       // seven tools under short names: what an agent needs every day
	Memory     = "memory"     // everything on memories, links, the archive, agents and messages
	Governance = "governance" // proposals and standards
	Ops        = "ops"        // the node and its members
	Full       = "full"       // every verb
)

// Profiles lists the names of profiles, the default first.
func Profiles() []string { return []string{Core, Memory, Governance, Ops, Full} }

// tool is a verb as a profile offers it.
type tool struct {
	name   string
	title  string
	text   string   // what it does, and when to use it
	verb   string   // the name of the verb
	fields []string // nil: all of them
}

// coreTools are few and small, because every one of them is part of every prompt.
func coreTools() []tool {
	return []tool{
		{
			"remember", "Remember", "Keep a fact, a decision or a preference for later sessions and other agents. If the title is taken, say on_conflict merge to edit it.",
			"memory_store",
			[]string{"title", "content", "namespace", "tags", "tier", "priority", "scope", "on_conflict"},
		},
		{
			"recall", "Recall", "Find what was remembered that bears on a question. Use it before answering from memory.",
			"memory_recall",
			[]string{"context", "namespace", "subtree", "tags", "limit", "budget_tokens"},
		},
		{"get", "Get", "Read one memory whole, with its links.", "memory_get", []string{"id"}},
		{"update", "Update", "Edit a memory: only the fields given change.", "memory_update", []string{"id", "title", "content", "tags", "tier", "priority"}},
		{"forget", "Forget", "Move memories to the archive, from where they can be restored.", "memory_archive", []string{"ids", "reason"}},
		{"link", "Link", "Say how two memories hang together.", "memory_link", []string{"source_id", "target_id", "relation"}},
		{"briefing", "Briefing", "Read the rules and standing knowledge of a namespace before work begins.", "memory_briefing", []string{"namespace", "budget_tokens"}},
	}
}

// toolsOf lists the tools of a profile, false if there is no such profile.
func toolsOf(profile string, table []verb.Verb) ([]tool, bool) {
	if profile == Core {
		return coreTools(), true
	}
	if !slices.Contains(Profiles(), profile) {
		return nil, false
	}
	var out []tool
	for _, v := range verb.ByFamily(table) {
		if v.OnlyHTTP == "" && within(profile, v.Family) {
			out = append(out, tool{name: v.Name, text: v.Summary, verb: v.Name})
		}
	}
	return out, true
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
