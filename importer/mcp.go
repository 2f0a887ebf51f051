package importer

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// readGraph reads the knowledge graph of the MCP memory server: a memory for each
// entity, with its observations and relations; a link for each two entities that
// are related.
func readGraph(c *carrier, s *Source) error {
	g := &knowledge{entities: map[string]*entity{}, seen: map[[3]string]bool{}}
	full := false // the rest is not kept
	for _, f := range s.files {
		if err := c.values(f, []string{"entities", "relations"}, func(raw json.RawMessage, where string) {
			if full = full || c.hold(raw) != nil; !full {
				g.add(c, objectOf(raw), where)
			}
		}); err != nil {
			return err
		}
	}
	g.carry(c)
	if full {
		return errTooMuch
	}
	return nil
}

type entity struct {
	name, kind, where string
	observations      []string
	relations         []relation
}

type relation struct {
	from, to, kind, where string
}

// knowledge is a graph as it was read: entities in the order of the source.
type knowledge struct {
	order     []string
	entities  map[string]*entity
	relations []relation
	seen      map[[3]string]bool // relations, by ends and kind
}

func (g *knowledge) add(c *carrier, f fields, where string) {
	switch {
	case f == nil:
		c.bad(where, errNotAnObject)
	case f.has("entities") || f.has("relations") && !f.has("type"):
		for _, raw := range f.list("entities") {
			g.entity(c, objectOf(raw), where+" entities")
		}
		for _, raw := range f.list("relations") {
			g.relation(c, objectOf(raw), where+" relations")
		}
	case f.text("type") == "entity":
		g.entity(c, f, where)
	case f.text("type") == "relation":
		g.relation(c, f, where)
	default:
		c.bad(where, errors.New("neither an entity nor a relation"))
	}
}

func (g *knowledge) entity(c *carrier, f fields, where string) {
	name := f.text("name")
	if name == "" {
		c.bad(where, errors.New("an entity without a name"))
		return
	}
	e := g.entities[name]
	if e == nil {
		e = &entity{name: name, kind: f.text("entityType", "entity_type"), where: where}
		g.entities[name] = e
		g.order = append(g.order, name)
	}
	for _, raw := range f.list("observations") {
		o := fields{"": raw}.text("")
		if o == "" {
			o = objectOf(raw).text("content", "text")
		}
		switch {
		case o == "":
			c.lose(where+" "+name, "an observation that is no text", string(raw))
		case !slices.Contains(e.observations, o):
			e.observations = append(e.observations, o)
		}
	}
}

func (g *knowledge) relation(c *carrier, f fields, where string) {
	r := relation{from: f.text("from", "source"), to: f.text("to", "target"), kind: f.text("relationType", "relation_type"), where: where}
	if r.from == "" || r.to == "" {
		c.bad(where, errors.New("a relation without both ends"))
		return
	}
	if key := [3]string{r.from, r.to, r.kind}; !g.seen[key] {
		g.seen[key] = true
		g.relations = append(g.relations, r)
	}
}

func (g *knowledge) carry(c *carrier) {
	for _, r := range g.relations {
		if e := g.entities[r.from]; e != nil {
			e.relations = append(e.relations, r)
		}
	}
	for _, name := range g.order {
		if !c.memory(g.entities[name].found(c)) {
			return
		}
	}
	drawn := map[[2]string]bool{}
	for _, r := range g.relations {
		where := r.where + " " + r.from + " " + r.kind + " " + r.to
		switch {
		case g.entities[r.from] == nil || g.entities[r.to] == nil:
			c.lose(where, "a relation with an entity that is not there", r.from+" "+r.kind+" "+r.to)
		case !drawn[[2]string{r.from, r.to}]:
			drawn[[2]string{r.from, r.to}] = true
			c.link(c.room+r.from, c.room+r.to, relations()[0], where)
		}
	}
}

func (e *entity) found(c *carrier) *found {
	var b strings.Builder
	b.WriteString(e.name)
	if e.kind != "" {
		b.WriteString(" (" + e.kind + ")")
	}
	b.WriteString("\n")
	for _, o := range e.observations {
		b.WriteString("\n- " + o)
	}
	type edge struct {
		Type string `json:"type"`
		To   string `json:"to"`
	}
	var edges []edge
	for _, r := range e.relations {
		b.WriteString("\n- " + r.kind + " " + r.to)
		edges = append(edges, edge{r.kind, r.to})
	}
	f := &found{ref: c.room + e.name, where: e.where}
	f.Title, f.Content, f.Namespace, f.Kind = e.name, b.String(), "mcp-memory", "entity"
	if e.kind != "" {
		f.Tags = []string{e.kind}
		c.note(f, "entity_type", e.kind)
	}
	if len(edges) > 0 {
		raw, err := json.Marshal(edges)
		if err == nil {
			f.meta = fields{"relations": raw}
		}
	}
	return f
}
