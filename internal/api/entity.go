package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/internal/verb"
)

// entityBody registers an entity.
type entityBody struct {
	Name      string        `json:"canonical_name"`
	Namespace string        `json:"namespace"`
	Aliases   []string      `json:"aliases"`
	Metadata  memory.Object `json:"metadata"`
	AgentID   string        `json:"agent_id"`
}

type entityView struct {
	ID        *string  `json:"entity_id"`
	Name      *string  `json:"canonical_name"`
	Namespace *string  `json:"namespace"`
	Aliases   []string `json:"aliases"`
}

func entityViewOf(x engine.Entity) entityView {
	return entityView{orNull(x.ID), orNull(x.Name), orNull(x.Namespace), orEmpty(x.Aliases)}
}

type registeredEntityView struct {
	entityView

	Created bool            `json:"created"`
	Receipt *engine.Receipt `json:"receipt,omitempty"` // absent: there was nothing to add
}

func (a *API) registerEntity(q *request) (reply, error) {
	var b entityBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	var lacking []string
	if b.Name == "" {
		lacking = append(lacking, "canonical_name")
	}
	if b.Namespace == "" {
		lacking = append(lacking, "namespace")
	}
	if len(lacking) > 0 {
		return reply{}, verb.Missing(lacking...)
	}
	if err := q.claims(b.AgentID); err != nil {
		return reply{}, err
	}
	if err := badObject(b.Metadata); err != nil {
		return reply{}, err
	}
	out, x, err := a.engine.RegisterEntity(q.Context(), q.caller(), engine.Entity{Name: b.Name, Namespace: b.Namespace, Aliases: b.Aliases, Metadata: b.Metadata})
	if err == nil && out.Entry == nil {
		return ok(registeredEntityView{entityView: entityViewOf(x)})
	}
	status := http.StatusOK
	created := false
	if err == nil {
		if made, is := out.Entry.Op.(*memory.Put); is && made.Create {
			status, created = http.StatusCreated, true
		}
	}
	return written(out, err, status, func() any {
		return registeredEntityView{entityView: entityViewOf(x), Created: created, Receipt: receiptOf(out.Receipt)}
	})
}

// badObject refuses metadata that are no object, or nil.
func badObject(o memory.Object) error {
	if kind := kindOf(o); kind != 0 && kind != '{' {
		return verb.BadField("metadata", "metadata: want a JSON object")
	}
	return nil
}

type foundEntityView struct {
	entityView

	Found bool `json:"found"`
}

func (a *API) entityByAlias(q *request) (reply, error) {
	alias := strings.TrimSpace(q.text("alias"))
	if alias == "" {
		return reply{}, verb.Missing("alias")
	}
	namespace := q.text("namespace")
	if namespace != "" {
		if err := memory.ValidNamespace(namespace); err != nil {
			return reply{}, err
		}
	}
	x, err := a.engine.EntityByAlias(q.Context(), q.agent, alias, namespace)
	if errors.Is(err, memory.ErrNotFound) {
		return ok(foundEntityView{entityView: entityViewOf(engine.Entity{})})
	}
	if err != nil {
		return reply{}, err
	}
	return ok(foundEntityView{entityView: entityViewOf(x), Found: true})
}
