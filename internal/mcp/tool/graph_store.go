package tool

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

const (
	graphNamespace = "mcp-memory"
	graphKind      = "entity"
	graphMax       = 10_000 // entities that are read at once
)

// node is an entity as the memory that keeps it.
type node struct {
	graphEntity

	id        string
	metadata  json.RawMessage
	relations []nodeRelation
}

// nodeRelation is a relation as the metadata of its source has it.
type nodeRelation struct {
	Type string `json:"type"`
	To   string `json:"to"`
}

// graph reads and writes entities through the verbs, as any caller does.
type graph struct{}

// all selects the entities.
func (graph) all() map[string]any {
	return map[string]any{"namespace": graphNamespace, "kinds": []string{graphKind}}
}

// nodes lists all entities.
func (g graph) nodes(ctx context.Context, s *session) ([]*node, error) {
	list, err := s.listed(ctx, g.all(), graphMax)
	out := make([]*node, len(list))
	for i := range list {
		out[i] = nodeOf(&list[i])
	}
	return out, err
}

// named is the entity of a name, nil if there is none.
func (g graph) named(ctx context.Context, s *session, name string) (*node, error) {
	m, err := s.titled(ctx, g.all(), name)
	if err != nil || m == nil {
		return nil, err
	}
	return nodeOf(m), nil
}

// create makes an entity, and reports false if its name is taken.
func (g graph) create(ctx context.Context, s *session, n *node) (bool, error) {
	in := map[string]any{
		"title": n.Name, "content": n.text(), "namespace": graphNamespace, "kind": graphKind, "metadata": n.meta(),
	}
	if tag := tagOf(n.Type); tag != "" {
		in["tags"] = []string{tag}
	}
	_, err := s.do(ctx, "memory_store", in)
	if err != nil && verb.ProblemOf(err, s.call.Agent).Code == client.CodeConflict {
		return false, nil
	}
	return err == nil, err
}

// tagOf is a type of entities as a tag, "" if it cannot be one.
func tagOf(kind string) string {
	tag := strings.Join(strings.Fields(kind), " ")
	if len(tag) > memory.MaxTag {
		return ""
	}
	return tag
}

// edit changes an entity, and reports whether it did: change says whether there is
// something to write.
func (g graph) edit(ctx context.Context, s *session, name string, change func(*node) bool) (bool, error) {
	changed := false
	_, err := g.editIf(ctx, s, name, func(n *node) bool {
		changed = change(n)
		return changed
	})
	return changed, err
}

// editIf is edit, and reports whether there is such an entity.
func (g graph) editIf(ctx context.Context, s *session, name string, change func(*node) bool) (bool, error) {
	return s.edit(ctx, g.all(), name, func(m *client.Memory) (map[string]any, error) {
		n := nodeOf(m)
		if !change(n) {
			return nil, nil //nolint:nilnil // there is nothing to write
		}
		return map[string]any{"content": n.text(), "metadata": n.meta()}, nil
	})
}

// unlink removes the link between two entities, if they are there.
func (g graph) unlink(ctx context.Context, s *session, from, to string) error {
	a, err := g.named(ctx, s, from)
	if err != nil || a == nil {
		return err
	}
	b, err := g.named(ctx, s, to)
	if err != nil || b == nil {
		return err
	}
	_, err = s.do(ctx, "memory_unlink", map[string]any{"source_id": a.id, "target_id": b.id, "relation": memory.DefaultRelation})
	return err
}

// text is an entity for whoever reads the memory: a head, and a line for each
// observation and relation. Further lines of an observation are indented.
func (n *node) text() string {
	var b strings.Builder
	b.WriteString(strings.Join(strings.Fields(n.Name), " "))
	if n.Type != "" {
		b.WriteString(" (" + n.Type + ")")
	}
	b.WriteString("\n")
	for _, o := range n.Observations {
		b.WriteString("\n- " + strings.ReplaceAll(o, "\n", "\n  "))
	}
	for _, r := range n.relations {
		b.WriteString("\n- " + r.line())
	}
	return b.String()
}

func (r nodeRelation) line() string {
	return strings.Join(strings.Fields(r.Type), " ") + " " + strings.Join(strings.Fields(r.To), " ")
}

// nodeMeta is what the metadata of an entity says of it.
type nodeMeta struct {
	Type      string         `json:"entity_type"`
	Relations []nodeRelation `json:"relations"`
	Imported  struct {
		Type string `json:"entity_type"`
	} `json:"imported"`
}

// meta is the metadata with the type and the relations, and whatever else it had.
func (n *node) meta() map[string]any {
	out := map[string]any{}
	_ = json.Unmarshal(n.metadata, &out) // a node gives objects
	out["entity_type"] = n.Type
	delete(out, "relations")
	if len(n.relations) > 0 {
		out["relations"] = n.relations
	}
	return out
}

// nodeOf reads an entity from its memory. Lines that are relations of the metadata
// are no observations; a text without lines is one.
func nodeOf(m *client.Memory) *node {
	n := &node{graphEntity: graphEntity{Name: m.Title, Observations: []string{}}, id: m.ID, metadata: m.Metadata}
	var meta nodeMeta
	if json.Unmarshal(m.Metadata, &meta) == nil {
		n.relations = meta.Relations
	}
	switch {
	case meta.Type != "":
		n.Type = meta.Type
	case meta.Imported.Type != "":
		n.Type = meta.Imported.Type
	case len(m.Tags) > 0:
		n.Type = m.Tags[0]
	}
	head, rest, lines := strings.Cut(m.Content, "\n\n- ")
	if !lines {
		if head = strings.TrimSpace(head); head != strings.TrimSpace((&node{graphEntity: graphEntity{Name: n.Name, Type: n.Type}}).text()) {
			n.Observations = append(n.Observations, head)
		}
		return n
	}
	drawn := map[string]int{}
	for _, r := range n.relations {
		drawn[r.line()]++
	}
	items := strings.Split(rest, "\n- ")
	for i, item := range slices.Backward(items) { // relations stand at the end
		if drawn[item] == 0 {
			break
		}
		drawn[item]--
		items = items[:i]
	}
	for _, item := range items {
		n.Observations = append(n.Observations, strings.ReplaceAll(item, "\n  ", "\n"))
	}
	return n
}
