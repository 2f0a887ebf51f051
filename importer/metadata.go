package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
)

var errNotAnObject = errors.New("not a JSON object")

// The scopes of a memory that a node knows.
const (
	private = "private"
	shared  = "collective"
)

// owned settles whose f is and who may see it: what is private stays so, or is
// not carried over. It reports false if f is refused.
func (c *carrier) owned(f *found) bool {
	scope := c.scope(f)
	if f.owner != "" && !validAgent(f.owner) {
		c.note(f, "agent_id", f.owner)
		if (scope == private || scope == "" && !slices.Contains(machines(), f.owner)) && c.Agent == "" {
			c.bad(f.where, fmt.Errorf("private, and its owner %q has a name that no agent can have: import it with --agent to make it that agent's", f.owner))
			return false
		}
		c.lose(f.where, "an owner with a name that no agent can have: the memory becomes that of who imports it", f.owner)
		f.owner = ""
		delete(f.meta, "agent_id")
	}
	if f.owner == "" && scope == private && c.Agent == "" {
		c.bad(f.where, errors.New("private, but nobody's: import it with --agent to make it that agent's"))
		return false
	}
	return true
}

// scope reads the scope that f has, and sets one that a node takes. One that is
// not known makes it private.
func (c *carrier) scope(f *found) string {
	given := cmp.Or(f.meta.text("scope"), f.Scope)
	scope := strings.ToLower(strings.TrimSpace(given))
	if scope != "" && scope != private && scope != shared {
		c.lose(f.where, "a scope that is not known: the memory becomes private", given)
		c.note(f, "scope", given)
		scope = private
	}
	if scope == given {
		return scope
	}
	f.Scope = ""
	f.meta = maps.Clone(f.meta)
	if f.meta == nil {
		f.meta = fields{}
	}
	f.meta["scope"] = json.RawMessage(`"` + scope + `"`)
	return scope
}

// metadata joins what the source has as metadata with the facts that have no
// field, which go under "imported".
func (c *carrier) metadata(f *found, d *client.Draft) {
	all := maps.Clone(f.meta)
	if all == nil {
		all = fields{}
	}
	if !f.own {
		delete(all, "agent_id") // the owner, whose name the write bears
		c.note(f, "from", string(c.format))
	}
	var raw json.RawMessage
	if len(f.imported) > 0 {
		var err error
		if raw, err = json.Marshal(f.imported); err != nil {
			raw = nil
		}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		v := compact(all[key])
		if v == nil || nesting(v) > maxDepth {
			c.lose(f.where, "metadata that is nested too deeply", key)
			delete(all, key)
			continue
		}
		all[key] = v
	}
	if raw != nil {
		all["imported"] = raw
	}
	if len(all) == 0 {
		return
	}
	if out := all.raw(); len(out) <= maxMetadata {
		d.Metadata = out
		return
	}
	c.lose(f.where, "metadata larger than 60 KiB", cmp.Or(f.Title, f.ID))
	kept := fields{}
	for _, key := range []string{"agent_id", "scope", "target_agent_id"} { // who may see it
		if v := all[key]; len(v) > 0 && len(v) < 1024 {
			kept[key] = v
		}
	}
	if len(raw) > 0 && len(raw) < maxMetadata-4096 {
		kept["imported"] = raw
	}
	if out := kept.raw(); len(kept) > 0 {
		d.Metadata = out
	}
}

// nesting is how deep arrays and objects go.
func nesting(raw []byte) int {
	depth, most, text := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch ch := raw[i]; {
		case text && ch == '\\':
			i++
		case ch == '"':
			text = !text
		case text:
		case ch == '{' || ch == '[':
			depth++
			most = max(most, depth)
		case ch == '}' || ch == ']':
			depth--
		}
	}
	return most
}

// owner is whose a memory is: nobody's if its agent was none with a name.
func owner(meta fields) string {
	id := meta.text("agent_id")
	if id == "anonymous" || strings.HasPrefix(id, "anonymous:") {
		return ""
	}
	return id
}

// validAgent reports whether a node takes id for an agent.
func validAgent(id string) bool {
	return len(id) <= 128 && !slices.Contains(machines(), id) && !strings.HasPrefix(id, "/") && !strings.Contains(id, "..") &&
		!strings.ContainsFunc(id, func(r rune) bool {
			return r > 0x7f || !isWord(r) && !strings.ContainsRune("-:@./", r)
		})
}

// machines are names under which the program itself writes, and no agent can.
func machines() []string {
	return []string{
		"daemon", "system", "federation-catchup", "subscription-dispatch", "ai:http-internal", "ai:migrate", "export-internal", "governance-internal",
	}
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
}

// What the data model takes, as the API documents it.

func sources() []string {
	return []string{"user", "nhi", "claude", "hook", "api", "cli", "import", "consolidation", "system", "chaos", "notify"}
}

func kinds() []string {
	return []string{"observation", "reflection", "persona", "concept", "entity", "claim", "relation", "event", "conversation", "decision"}
}

func relations() []string {
	return []string{"related_to", "supersedes", "contradicts", "derived_from", "reflects_on", "derives_from"}
}
