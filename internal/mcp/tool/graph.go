package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/openapi"
	"github.com/tallystick/tallystick/internal/verb"
)

// Shapes of the reference server for knowledge graphs: what its clients send and
// read.
type (
	graphEntity struct {
		Name         string   `json:"name"`
		Type         string   `json:"entityType"`
		Observations []string `json:"observations"`
	}
	graphRelation struct {
		From string `json:"from"`
		To   string `json:"to"`
		Type string `json:"relationType"`
	}
	graphNotes struct {
		Entity       string   `json:"entityName"`
		Contents     []string `json:"contents,omitempty"`
		Observations []string `json:"observations,omitempty"`
		Added        []string `json:"addedObservations,omitempty"`
	}
	graphAnswer struct {
		Entities  []graphEntity   `json:"entities,omitzero"`
		Relations []graphRelation `json:"relations,omitzero"`
		Results   []graphNotes    `json:"results,omitzero"`
		Success   bool            `json:"success,omitempty"`
		Message   string          `json:"message,omitempty"`
	}
	graphInput struct {
		Entities     []graphEntity   `json:"entities"`
		Relations    []graphRelation `json:"relations"`
		Observations []graphNotes    `json:"observations"`
		Deletions    []graphNotes    `json:"deletions"`
		EntityNames  []string        `json:"entityNames"`
		Names        []string        `json:"names"`
		Query        string          `json:"query"`
	}
)

// plain is what there is to say where nothing is quoted.
func (a graphAnswer) plain() string { return a.Message }

// graphTools are the nine tools of the reference server. An entity is a memory of
// the kind entity in the namespace mcp-memory, where an import of that server's
// file puts them too; its observations are lines of its text, and each relation is
// a line, an item of its metadata, and a link.
func graphTools(table []verb.Verb) []Tool {
	g := graph{}
	text := &openapi.Schema{Type: openapi.Types{"string"}}
	texts := listOf(text)
	entity := object(member("name", text), member("entityType", text), member("observations", texts))
	relation := object(member("from", text), member("to", text), member("relationType", text))
	added := object(member("entityName", text), member("contents", texts))
	removed := object(member("entityName", text), member("observations", texts))
	return []Tool{
		graphTool(table, "create_entities", "Create entities in the knowledge graph; those whose names are taken are left alone", object(member("entities", listOf(entity))), g.createEntities),
		graphTool(table, "create_relations", "Create relations between entities, in active voice", object(member("relations", listOf(relation))), g.createRelations),
		graphTool(table, "add_observations", "Add observations to entities", object(member("observations", listOf(added))), g.addObservations),
		graphTool(table, "delete_entities", "Move entities and their relations to the archive", object(member("entityNames", texts)), g.deleteEntities),
		graphTool(table, "delete_observations", "Delete observations of entities", object(member("deletions", listOf(removed))), g.deleteObservations),
		graphTool(table, "delete_relations", "Delete relations", object(member("relations", listOf(relation))), g.deleteRelations),
		reading(graphTool(table, "read_graph", "Read the whole knowledge graph", object(), g.read)),
		reading(graphTool(table, "search_nodes", "Find entities by their names, types and observations", object(member("query", text)), g.search)),
		reading(graphTool(table, "open_nodes", "Read entities by their names", object(member("names", texts)), g.open)),
	}
}

func listOf(s *openapi.Schema) *openapi.Schema {
	return &openapi.Schema{Type: openapi.Types{"array"}, Items: s}
}

// member is a property of an object.
func member(name string, s *openapi.Schema) openapi.Property {
	return openapi.Property{Name: name, Schema: s}
}

// object is a schema of members, all of which are needed.
func object(members ...openapi.Property) *openapi.Schema {
	out := &openapi.Schema{Type: openapi.Types{"object"}, Properties: members, Required: []string{}}
	for _, m := range members {
		out.Required = append(out.Required, m.Name)
	}
	return out
}

func graphTool(table []verb.Verb, name, text string, input *openapi.Schema, do func(ctx context.Context, s *session, in *graphInput) (graphAnswer, error)) Tool {
	title := strings.ReplaceAll(strings.ToUpper(name[:1])+name[1:], "_", " ")
	out := object()
	for _, list := range []string{"entities", "relations", "results"} {
		out.Properties = append(out.Properties, openapi.Property{Name: list, Schema: &openapi.Schema{Type: openapi.Types{"array"}}})
	}
	return Tool{
		Name: name, Title: title, Text: text + ".", Input: rendered(input), Output: rendered(out), Again: true,
		run: func(ctx context.Context, call *verb.Call, args json.RawMessage) (any, error) {
			in, err := graphInputOf(args, input)
			if err != nil {
				return nil, err
			}
			return do(ctx, &session{table: table, call: call}, in)
		},
	}
}

func reading(t Tool) Tool {
	t.Reads, t.Again = true, false
	return t
}

func graphInputOf(args json.RawMessage, schema *openapi.Schema) (*graphInput, error) {
	in := &graphInput{}
	return in, strictly(args, schema, in)
}

func (g graph) createEntities(ctx context.Context, s *session, in *graphInput) (graphAnswer, error) {
	out := graphAnswer{Entities: []graphEntity{}}
	for i, e := range in.Entities {
		made, err := g.create(ctx, s.at(strconv.Itoa(i)), &node{graphEntity: e})
		if err != nil {
			return out, err
		}
		if made {
			if e.Observations == nil {
				e.Observations = []string{}
			}
			out.Entities = append(out.Entities, e)
		}
	}
	return out, nil
}

func (g graph) createRelations(ctx context.Context, s *session, in *graphInput) (graphAnswer, error) {
	out := graphAnswer{Relations: []graphRelation{}}
	ids, err := g.ends(ctx, s, in.Relations)
	if err != nil {
		return out, err
	}
	for i, r := range in.Relations {
		s := s.at(strconv.Itoa(i))
		edge := nodeRelation{Type: r.Type, To: r.To}
		added, err := g.edit(ctx, s, r.From, func(n *node) bool {
			if slices.Contains(n.relations, edge) {
				return false
			}
			n.relations = append(n.relations, edge)
			return true
		})
		if err != nil {
			return out, err
		}
		if !added {
			continue
		}
		out.Relations = append(out.Relations, r)
		if r.From == r.To { // a memory has no link to itself
			continue
		}
		if _, err := s.do(ctx, "memory_link", map[string]any{"source_id": ids[r.From], "target_id": ids[r.To]}); err != nil {
			return out, err
		}
	}
	return out, nil
}

// ends are the ids of the entities that relations are between, all of which must be
// there.
func (g graph) ends(ctx context.Context, s *session, list []graphRelation) (map[string]string, error) {
	ids := map[string]string{}
	for _, r := range list {
		for _, name := range []string{r.From, r.To} {
			n, err := g.named(ctx, s, name)
			if err != nil {
				return nil, err
			}
			if n == nil {
				return nil, missingEntity(name)
			}
			ids[name] = n.id
		}
	}
	return ids, nil
}

func missingEntity(name string) error {
	return verb.NotFound(fmt.Sprintf("entity with name %.140q not found", name))
}

func (g graph) addObservations(ctx context.Context, s *session, in *graphInput) (graphAnswer, error) {
	out := graphAnswer{Results: []graphNotes{}}
	for i, notes := range in.Observations {
		var added []string
		found, err := g.editIf(ctx, s.at(strconv.Itoa(i)), notes.Entity, func(n *node) bool {
			added = []string{}
			for _, text := range notes.Contents {
				if !slices.Contains(n.Observations, text) {
					n.Observations, added = append(n.Observations, text), append(added, text)
				}
			}
			return len(added) > 0
		})
		switch {
		case err != nil:
			return out, err
		case !found:
			return out, missingEntity(notes.Entity)
		}
		out.Results = append(out.Results, graphNotes{Entity: notes.Entity, Added: added})
	}
	return out, nil
}

func (g graph) deleteEntities(ctx context.Context, s *session, in *graphInput) (graphAnswer, error) {
	all, err := g.nodes(ctx, s)
	if err != nil {
		return graphAnswer{}, err
	}
	var ids []string
	gone := func(r nodeRelation) bool { return slices.Contains(in.EntityNames, r.To) }
	for _, n := range all {
		if slices.Contains(in.EntityNames, n.Name) {
			ids = append(ids, n.id)
		} else if slices.ContainsFunc(n.relations, gone) {
			if _, err := g.edit(ctx, s.at(n.id), n.Name, func(n *node) bool {
				n.relations = slices.DeleteFunc(n.relations, gone)
				return true
			}); err != nil {
				return graphAnswer{}, err
			}
		}
	}
	if len(ids) > 0 {
		if _, err := s.do(ctx, "memory_archive", map[string]any{"ids": ids, "reason": "delete_entities"}); err != nil {
			return graphAnswer{}, err
		}
	}
	return graphAnswer{Success: true, Message: fmt.Sprintf("%d entities are in the archive.", len(ids))}, nil
}

func (g graph) deleteObservations(ctx context.Context, s *session, in *graphInput) (graphAnswer, error) {
	for i, d := range in.Deletions {
		if _, err := g.editIf(ctx, s.at(strconv.Itoa(i)), d.Entity, func(n *node) bool {
			before := len(n.Observations)
			n.Observations = slices.DeleteFunc(n.Observations, func(o string) bool { return slices.Contains(d.Observations, o) })
			return len(n.Observations) < before
		}); err != nil {
			return graphAnswer{}, err
		}
	}
	return graphAnswer{Success: true, Message: "Observations deleted."}, nil
}

func (g graph) deleteRelations(ctx context.Context, s *session, in *graphInput) (graphAnswer, error) {
	for i, r := range in.Relations {
		s := s.at(strconv.Itoa(i))
		last := false
		removed, err := g.edit(ctx, s, r.From, func(n *node) bool {
			before := len(n.relations)
			n.relations = slices.DeleteFunc(n.relations, func(e nodeRelation) bool { return e == nodeRelation{r.Type, r.To} })
			last = !slices.ContainsFunc(n.relations, func(e nodeRelation) bool { return e.To == r.To })
			return len(n.relations) < before
		})
		if err != nil {
			return graphAnswer{}, err
		}
		if removed && last {
			if err := g.unlink(ctx, s, r.From, r.To); err != nil {
				return graphAnswer{}, err
			}
		}
	}
	return graphAnswer{Success: true, Message: "Relations deleted."}, nil
}

func (g graph) read(ctx context.Context, s *session, _ *graphInput) (graphAnswer, error) {
	all, err := g.nodes(ctx, s)
	return shownGraph(all, func(*node) bool { return true }), err
}

// search finds entities in which the query occurs, in any case, as the reference
// server does; where there is none, those that recall finds.
func (g graph) search(ctx context.Context, s *session, in *graphInput) (graphAnswer, error) {
	all, err := g.nodes(ctx, s)
	if err != nil {
		return graphAnswer{}, err
	}
	query := strings.ToLower(in.Query)
	found := shownGraph(all, func(n *node) bool {
		return strings.Contains(strings.ToLower(strings.Join(append([]string{n.Name, n.Type}, n.Observations...), "\n")), query)
	})
	if len(found.Entities) > 0 || strings.TrimSpace(query) == "" {
		return found, nil
	}
	body, err := s.do(ctx, "memory_recall", map[string]any{"context": in.Query, "namespace": graphNamespace, "kinds": []string{graphKind}})
	if err != nil {
		return graphAnswer{}, err
	}
	var ids []string
	if r, is := body.(client.Recalled); is {
		for i := range r.Memories {
			ids = append(ids, r.Memories[i].ID)
		}
	}
	return shownGraph(all, func(n *node) bool { return slices.Contains(ids, n.id) }), nil
}

func (g graph) open(ctx context.Context, s *session, in *graphInput) (graphAnswer, error) {
	all, err := g.nodes(ctx, s)
	return shownGraph(all, func(n *node) bool { return slices.Contains(in.Names, n.Name) }), err
}

// shownGraph are the chosen entities, and the relations between entities that begin
// or end at one of them.
func shownGraph(all []*node, chosen func(*node) bool) graphAnswer {
	out := graphAnswer{Entities: []graphEntity{}, Relations: []graphRelation{}}
	there, picked := map[string]bool{}, map[string]bool{}
	for _, n := range all {
		there[n.Name] = true
		if chosen(n) {
			picked[n.Name] = true
			out.Entities = append(out.Entities, n.graphEntity)
		}
	}
	for _, n := range all {
		for _, r := range n.relations {
			if there[r.To] && (picked[n.Name] || picked[r.To]) {
				out.Relations = append(out.Relations, graphRelation{n.Name, r.To, r.Type})
			}
		}
	}
	return out
}
