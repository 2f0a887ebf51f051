package api

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// linkBody names an edge. Each field has a second name, which some clients use.
type linkBody struct {
	Source     string         `json:"source_id"`
	From       string         `json:"from"`
	Target     string         `json:"target_id"`
	To         string         `json:"to"`
	Relation   *string        `json:"relation"`
	RelType    *string        `json:"rel_type"`
	ValidFrom  memory.Instant `json:"valid_from"`
	ValidUntil memory.Instant `json:"valid_until"`
}

func linkFields() []string {
	return []string{"source_id", "from", "target_id", "to", "relation", "rel_type", "valid_from", "valid_until"}
}

// edgeOfBody is the link that the body names. An empty relation is none.
func (q *request) edgeOfBody() (memory.Link, error) {
	if err := knownFields(q.body, linkFields()); err != nil {
		return memory.Link{}, err
	}
	var b linkBody
	if err := decode(q.body, &b); err != nil {
		return memory.Link{}, err
	}
	return b.edge()
}

// edge is the link that the body, or without one the query, names.
func (q *request) edge() (memory.Link, error) {
	if len(q.body) > 0 {
		return q.edgeOfBody()
	}
	b := linkBody{Source: q.text("source_id"), From: q.text("from"), Target: q.text("target_id"), To: q.text("to")}
	if rel := first(q.text("relation"), q.text("rel_type")); rel != "" {
		b.Relation = &rel
	}
	return b.edge()
}

func (b *linkBody) edge() (memory.Link, error) {
	l := memory.Link{Source: first(b.Source, b.From), Target: first(b.Target, b.To), ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil}
	set(&l.Relation, b.RelType)
	set(&l.Relation, b.Relation)
	var lacking []string
	if l.Source == "" {
		lacking = append(lacking, "source_id")
	}
	if l.Target == "" {
		lacking = append(lacking, "target_id")
	}
	if len(lacking) > 0 {
		return l, verb.Missing(lacking...)
	}
	given := b.Relation != nil || b.RelType != nil
	if (given || l.Relation != "") && !slices.Contains(memory.Relations(), l.Relation) {
		return l, &verb.Problem{
			Code: client.CodeInvalidRelation, Text: "invalid_relation", Fields: []string{"relation"},
			Extra: map[string]any{"got": l.Relation, "allowed": memory.Relations()},
		}
	}
	return l, nil
}

// knownFields refuses an object with keys that are not known: a misspelt field
// of a link would be taken for the default.
func knownFields(body []byte, known []string) error {
	var m map[string]json.RawMessage
	if err := decode(body, &m); err != nil {
		return err
	}
	var unknown []string
	for k := range m {
		if !slices.Contains(known, k) {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return &verb.Problem{Code: client.CodeUnknownField, Text: "unknown_field", Fields: unknown}
}

func (a *API) link(q *request) (reply, error) {
	l, err := q.edgeOfBody()
	if err != nil {
		return reply{}, err
	}
	if l.Relation == "" {
		l.Relation = memory.DefaultRelation
	}
	out, err := a.engine.Link(q.Context(), q.caller(), l)
	return written(out, err, http.StatusCreated, func() any {
		if made, is := out.Entry.Op.(*memory.Link); is {
			l = *made
		}
		v := linkViews([]memory.Link{l})[0]
		if v.AttestLevel == "" {
			v.AttestLevel = "unsigned"
		}
		return linkedView{true, v.AttestLevel, v.Source, v.Target, v.Relation, v.CreatedAt, receiptOf(out.Receipt)}
	})
}

// unlink removes the named relation, or all of them if none is named.
func (a *API) unlink(q *request) (reply, error) {
	l, err := q.edge()
	if err != nil {
		return reply{}, err
	}
	out, removed, err := a.engine.Unlink(q.Context(), q.caller(), l.Source, l.Target, l.Relation)
	return written(out, err, http.StatusOK, func() any {
		v := unlinkedView{Deleted: removed > 0, Removed: removed}
		if out.Entry != nil {
			v.Receipt = receiptOf(out.Receipt)
		}
		return v
	})
}

func (a *API) links(q *request) (reply, error) {
	id, err := q.id()
	if err != nil {
		return reply{}, err
	}
	links, err := a.engine.Links(q.Context(), q.agent, id)
	if err != nil {
		return reply{}, err
	}
	return ok(linksView{linkViews(links), len(links)})
}
