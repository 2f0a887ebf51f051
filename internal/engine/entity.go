package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Entity is a thing that memories are about, and the names it goes by. It is a
// memory of kind "entity": its title is the name, its metadata has the aliases.
type Entity struct {
	ID        string
	Name      string
	Namespace string
	Aliases   []string
	Metadata  memory.Object // further metadata
}

const (
	kindEntity  = "entity"
	metaKind    = "kind"
	metaAliases = "aliases"
	maxAliases  = 100
)

// RegisterEntity makes an entity, or adds aliases to the one of that name; it
// returns the entity as it is then. A memory of that title which is no entity is
// a *ConflictError. If there was nothing to add, the outcome has no entry.
func (e *Engine) RegisterEntity(ctx context.Context, c Caller, x Entity) (Outcome, Entity, error) {
	c = c.named()
	x.Aliases = names(nil, x.Aliases)
	var stale error
	for range tries {
		d, err := x.draft()
		if err != nil {
			return Outcome{}, x, err
		}
		out, err := e.Create(ctx, c, d)
		clash, taken := errors.AsType[*ConflictError](err)
		if !taken {
			return out, entityIn(out, x), err
		}
		out, known, err := e.addAliases(ctx, c, clash, x)
		if _, moved := errors.AsType[*ConditionError](err); !moved {
			return out, known, err
		}
		stale = err
	}
	return Outcome{}, x, stale
}

// addAliases gives the entity that has the name of x the aliases that it lacks.
func (e *Engine) addAliases(ctx context.Context, c Caller, clash *ConflictError, x Entity) (Outcome, Entity, error) {
	rec, err := e.visible(ctx, c.Agent, clash.ID, memory.Live)
	if errors.Is(err, memory.ErrNotFound) || err == nil && rec.MemoryKind != kindEntity {
		return Outcome{}, x, clash
	}
	if err != nil {
		return Outcome{}, x, err
	}
	known := entityOf(rec)
	all := names(known.Aliases, x.Aliases)
	if len(all) == len(known.Aliases) {
		return Outcome{}, known, nil
	}
	known.Aliases, known.Metadata = all, rec.Metadata
	d, err := known.draft()
	if err != nil {
		return Outcome{}, known, err
	}
	out, err := e.Update(ctx, c, rec.ID, Patch{Content: &d.Memory.Content, Metadata: &d.Memory.Metadata, IfVersion: rec.Version})
	return out, known, err
}

func (x Entity) draft() (Draft, error) {
	if len(x.Aliases) > maxAliases {
		return Draft{}, fmt.Errorf("aliases: %d, limit %d: %w", len(x.Aliases), maxAliases, memory.ErrInvalid)
	}
	for _, a := range x.Aliases {
		if err := memory.ValidTitle(a); err != nil {
			return Draft{}, fmt.Errorf("aliases: %w", err)
		}
	}
	meta, err := with(x.Metadata, metaKind, kindEntity)
	if err != nil {
		return Draft{}, err
	}
	if meta, err = with(meta, metaAliases, x.Aliases); err != nil {
		return Draft{}, err
	}
	text := "Entity: " + x.Name
	if len(x.Aliases) > 0 {
		text += "\nAliases: " + strings.Join(x.Aliases, ", ")
	}
	return Draft{Memory: memory.Memory{
		Title: x.Name, Namespace: x.Namespace, Content: text, Tier: memory.Long, MemoryKind: kindEntity, Tags: []string{kindEntity}, Metadata: meta,
	}}, nil
}

// names adds to list what is new in more, whatever its case.
func names(list, more []string) []string {
	out := append([]string{}, list...)
	for _, name := range more {
		name = strings.TrimSpace(name)
		if name != "" && !named(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func named(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

func entityOf(r *memory.Record) Entity {
	x := Entity{ID: r.ID, Name: r.Title, Namespace: r.Namespace, Aliases: []string{}}
	r.Metadata.Field(metaAliases, &x.Aliases)
	return x
}

func entityIn(out Outcome, x Entity) Entity {
	if out.Record != nil {
		return entityOf(out.Record)
	}
	return x
}

// EntityByAlias returns the entity that goes by a name, whatever its case, in a
// namespace ("" is any), as far as agent may see it, or [memory.ErrNotFound]. Of
// several it is the most important.
func (e *Engine) EntityByAlias(ctx context.Context, agent memory.AgentID, alias, namespace string) (Entity, error) {
	f := memory.Filter{Viewer: agent, Namespace: namespace, Kinds: []string{kindEntity}}
	e.asked(&f)
	fits := func(r *memory.Record) bool { return named(append(entityOf(r).Aliases, r.Title), alias) }
	recs, complete, err := e.entitiesLike(ctx, f, alias)
	if err != nil {
		return Entity{}, err
	}
	if i := slices.IndexFunc(recs, func(r memory.Record) bool { return fits(&r) }); i >= 0 {
		return entityOf(&recs[i]), nil
	}
	if !complete {
		if recs, err = e.gather(ctx, f, 1, fits); err != nil {
			return Entity{}, err
		}
		if len(recs) > 0 {
			return entityOf(&recs[0]), nil
		}
	}
	return Entity{}, fmt.Errorf("entity %.140q: %w", alias, memory.ErrNotFound)
}

// entitiesLike are the entities with all words of a name in their texts, and
// whether these are all there are.
func (e *Engine) entitiesLike(ctx context.Context, f memory.Filter, name string) (recs []memory.Record, complete bool, err error) {
	if err := e.finder.Sync(ctx); err != nil {
		return nil, false, err
	}
	hits, ok := e.finder.Named(name, f, maxCandidates)
	found, err := recordsOf(ctx, e.store, &f, hits)
	for i := range found {
		recs = append(recs, found[i].Record)
	}
	slices.SortStableFunc(recs, func(a, b memory.Record) int { return int(b.Priority - a.Priority) })
	return recs, ok && len(hits) < maxCandidates, err
}
