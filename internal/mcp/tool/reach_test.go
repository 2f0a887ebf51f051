package tool

import (
	"testing"

	"github.com/tallystick/tallystick/internal/verb"
)

// What a caller can do over HTTP an agent can do, under the profile that has
// everything; or the row of the verb says why not.
func TestEveryVerbIsAToolOrSaysWhyNot(t *testing.T) {
	table := verb.Table(verb.Deps{})
	is := map[string]bool{}
	for _, tool := range toolsOf(Full, table) {
		is[tool.Name] = true
	}
	for i := range table {
		switch v := &table[i]; {
		case !is[v.Name] && v.OnlyHTTP == "":
			t.Errorf("%s is no tool: offer it, or say in its row why not", v.Name)
		case is[v.Name] && v.OnlyHTTP != "":
			t.Errorf("%s is a tool, and says why it is none: %s", v.Name, v.OnlyHTTP)
		}
		if n := profilesOf(table, table[i].Name); n < 2 && table[i].OnlyHTTP == "" {
			t.Errorf("%s is in no profile but the one of everything", table[i].Name)
		}
	}
}

// profilesOf counts the profiles of ours in which a verb is a tool of its own name.
func profilesOf(table []verb.Verb, name string) int {
	n := 0
	for _, profile := range []string{Memory, Governance, Ops, Full} {
		for _, tool := range toolsOf(profile, table) {
			if tool.Name == name {
				n++
			}
		}
	}
	return n
}
