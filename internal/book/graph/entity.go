package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
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
	Made      bool          // it was not there before it was registered
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
func (b *Book) RegisterEntity(ctx context.Context, c engine.Caller, x Entity) (engine.Outcome, Entity, error) {
	c = c.Named()
	x.Aliases = names(nil, x.Aliases)
	var stale error
	for range engine.Tries {
		d, err := x.draft()
		if err != nil {
			return engine.Outcome{}, x, err
		}
		out, err := b.records.Create(ctx, c, d)
		clash, taken := errors.AsType[*engine.ConflictError](err)
		if !taken {
			known := entityIn(out, x)
			known.Made = err == nil && makes(out)
			return out, known, err
		}
		out, known, err := b.addAliases(ctx, c, clash, x)
		if _, moved := errors.AsType[*engine.ConditionError](err); !moved {
			return out, known, err
		}
		stale = err
	}
	return engine.Outcome{}, x, stale
}

// makes reports whether a registration made its entity. One that is repeated under its key
// may have added aliases.
func makes(out engine.Outcome) bool {
	put, is := out.Entry.Op.(*memory.Put)
	return is && put.Create && (!out.Replayed || put.Memory.Version <= 1)
}

// addAliases gives the entity that has the name of x the aliases that it lacks.
func (b *Book) addAliases(ctx context.Context, c engine.Caller, clash *engine.ConflictError, x Entity) (engine.Outcome, Entity, error) {
	rec, err := b.core.Visible(ctx, c.Agent, clash.ID, memory.Live)
	if errors.Is(err, memory.ErrNotFound) || err == nil && rec.MemoryKind != kindEntity {
		return engine.Outcome{}, x, clash
	}
	if err != nil {
		return engine.Outcome{}, x, err
	}
	known := entityOf(rec)
	all := names(known.Aliases, x.Aliases)
	if len(all) == len(known.Aliases) {
		s, err := engine.Earlier(ctx, b.core, c)
		if err == nil && !s.Again {
			_, err = engine.NothingDone(ctx, b.core, c)
		}
		return engine.Outcome{Replayed: s.Again}, known, err
	}
	known.Aliases, known.Metadata = all, rec.Metadata
	d, err := known.draft()
	if err != nil {
		return engine.Outcome{}, known, err
	}
	out, err := b.records.Update(ctx, c, rec.ID, records.Patch{Content: &d.Memory.Content, Metadata: &d.Memory.Metadata, IfVersion: rec.Version, Live: true})
	return out, known, err
}

func (x Entity) draft() (records.Draft, error) {
	if len(x.Aliases) > maxAliases {
		return records.Draft{}, fmt.Errorf("aliases: %d, limit %d: %w", len(x.Aliases), maxAliases, memory.ErrInvalid)
	}
	for _, a := range x.Aliases {
		if err := memory.ValidTitle(a); err != nil {
			return records.Draft{}, fmt.Errorf("aliases: %w", err)
		}
	}
	meta, err := x.Metadata.With(metaKind, kindEntity)
	if err != nil {
		return records.Draft{}, err
	}
	if meta, err = meta.With(metaAliases, x.Aliases); err != nil {
		return records.Draft{}, err
	}
	text := "Entity: " + x.Name
	if len(x.Aliases) > 0 {
		text += "\nAliases: " + strings.Join(x.Aliases, ", ")
	}
	return records.Draft{Memory: memory.Memory{
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

func entityIn(out engine.Outcome, x Entity) Entity {
	if out.Record != nil {
		return entityOf(out.Record)
	}
	return x
}

// EntityByAlias returns the entity that goes by a name, whatever its case, in a
// namespace ("" is any), as far as agent may see it, or [memory.ErrNotFound]. Of
// several it is the most important.
func (b *Book) EntityByAlias(ctx context.Context, agent memory.AgentID, alias, namespace string) (Entity, error) {
	f := memory.Filter{Viewer: agent, Namespace: namespace, Kinds: []string{kindEntity}}
	b.core.Ask(&f)
	fits := func(r *memory.Record) bool { return named(append(entityOf(r).Aliases, r.Title), alias) }
	recs, complete, err := b.query.Named(ctx, f, alias)
	if err != nil {
		return Entity{}, err
	}
	slices.SortStableFunc(recs, func(a, b memory.Record) int { return int(b.Priority - a.Priority) })
	if i := slices.IndexFunc(recs, func(r memory.Record) bool { return fits(&r) }); i >= 0 {
		return entityOf(&recs[i]), nil
	}
	if !complete {
		if recs, err = b.query.Select(ctx, f, 1, fits); err != nil {
			return Entity{}, err
		}
		if len(recs) > 0 {
			return entityOf(&recs[0]), nil
		}
	}
	return Entity{}, fmt.Errorf("entity %.140q: %w", alias, memory.ErrNotFound)
}
