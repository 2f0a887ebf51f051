package graph

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Reached is a memory at the end of a chain of links.
type Reached struct {
	Record memory.Record
	Link   memory.Link // the last one of the chain
	Path   []string    // ids of all memories of the chain, from where it begins
}

// ReachQuery asks where links lead.
type ReachQuery struct {
	Source string
	Depth  int              // links of a chain, 1 to 5; 0 is 1
	Limit  int              // of memories, at most 1,000; 0 is 100
	At     memory.Instant   // only links that hold then; 0: links of any time
	Agents []memory.AgentID // only links that one of them observed: who the link names, or else the owner of its source; nil: of all
}

// Bounds of walks along links.
const (
	MaxHops     = 7 // links of a chain
	defaultHops = 4
	maxReached  = 1000
	maxPaths    = 50
	maxTried    = 20_000 // chains that one question may try
)

// Reach returns the memories that links lead to from a memory, nearest first,
// each once, as far as agent may see all on the way.
func (b *Book) Reach(ctx context.Context, agent memory.AgentID, q ReachQuery) ([]Reached, error) {
	start, err := b.core.Visible(ctx, agent, q.Source, memory.Live)
	if err != nil {
		return nil, err
	}
	depth, limit := min(cmp.Or(max(q.Depth, 0), 1), MaxHops), min(cmp.Or(max(q.Limit, 0), 100), maxReached)
	var out []Reached
	seen := map[string]bool{q.Source: true}
	front := []Reached{{Record: *start, Path: []string{q.Source}}}
	for ; depth > 0 && len(front) > 0; depth-- {
		var next []Reached
		for _, from := range front {
			edges, err := b.leaving(ctx, agent, from, q)
			if err != nil {
				return nil, err
			}
			for _, r := range edges {
				if q.Depth > 1 && seen[r.Record.ID] {
					continue
				}
				seen[r.Record.ID] = true
				next = append(next, r)
			}
		}
		out = append(out, next...)
		if len(out) >= limit {
			return out[:limit], nil
		}
		front = next
	}
	return out, nil
}

// leaving are the links that leave a memory and fit q, by age.
func (b *Book) leaving(ctx context.Context, agent memory.AgentID, from Reached, q ReachQuery) ([]Reached, error) {
	id := from.Record.ID
	links, err := b.store.Links(ctx, id)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(links, func(a, b memory.Link) int {
		return cmp.Or(cmp.Compare(begins(a), begins(b)), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Relation, b.Relation))
	})
	var out []Reached
	for _, l := range links {
		if l.Source != id || q.At != 0 && !holds(l, q.At) || q.Agents != nil && !slices.Contains(q.Agents, observer(l, from.Record)) {
			continue
		}
		rec, err := b.core.Visible(ctx, agent, l.Target, memory.Live)
		if err != nil {
			if err = memory.Unread(ctx, l.Target, err); err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, Reached{Record: *rec, Link: l, Path: append(slices.Clone(from.Path), rec.ID)})
	}
	return out, b.lost(ctx, agent, id)
}

// begins is from when on a link holds.
func begins(l memory.Link) memory.Instant { return cmp.Or(l.ValidFrom, l.CreatedAt) }

// holds reports whether a link says of itself that it is true at an instant.
func holds(l memory.Link, at memory.Instant) bool {
	return l.ValidFrom <= at && (l.ValidUntil == 0 || at < l.ValidUntil)
}

func observer(l memory.Link, source memory.Record) memory.AgentID {
	return cmp.Or(memory.AgentID(l.ObservedBy), source.Access().Owner, memory.Anonymous)
}

// Paths returns chains of links between two memories, whichever way the links
// point, shortest first: up to hops links each (0 is 4), no memory twice, at most
// limit of them (0 is 10). A link that no longer holds is none. truncated says
// that there were too many chains to try them all.
func (b *Book) Paths(ctx context.Context, agent memory.AgentID, source, target string, hops, limit int) (paths [][]string, truncated bool, err error) {
	for _, id := range []string{source, target} {
		if _, err := b.core.Visible(ctx, agent, id, memory.Live); err != nil {
			return nil, false, err
		}
	}
	hops, limit = min(cmp.Or(max(hops, 0), defaultHops), MaxHops), min(cmp.Or(max(limit, 0), 10), maxPaths)
	if source == target {
		return [][]string{{source}}, false, nil
	}
	near := b.neighbours(agent)
	tried := 0
	for todo := [][]string{{source}}; len(todo) > 0 && len(paths) < limit; todo = todo[1:] {
		path := todo[0]
		next, err := near(ctx, path[len(path)-1])
		if err != nil {
			return nil, false, err
		}
		for _, id := range next {
			switch {
			case slices.Contains(path, id):
				continue
			case id == target:
				paths = append(paths, append(slices.Clone(path), id))
			case len(path) < hops:
				todo = append(todo, append(slices.Clone(path), id))
			}
			if tried++; tried > maxTried {
				return paths, true, nil
			}
		}
	}
	if len(paths) > limit {
		return paths[:limit], true, nil
	}
	return paths, false, nil
}

// neighbours returns a func that lists what is linked with a memory, and asks
// the store once about each.
func (b *Book) neighbours(agent memory.AgentID) func(context.Context, string) ([]string, error) {
	known := map[string][]string{}
	now := b.core.Now()
	return func(ctx context.Context, id string) ([]string, error) {
		if ids, is := known[id]; is {
			return ids, nil
		}
		links, err := b.LinksOf(ctx, agent, id)
		if err != nil {
			return nil, err
		}
		ids := []string{}
		for _, l := range links {
			if !holds(l, now) {
				continue
			}
			other := l.Target
			if other == id {
				other = l.Source
			}
			ids = append(ids, other)
		}
		slices.Sort(ids)
		known[id] = slices.Compact(ids)
		return known[id], nil
	}
}

// Invalidate says of a link that it holds no longer than until. It returns what
// the link said before. A signature goes: it was of other words.
func (b *Book) Invalidate(ctx context.Context, c engine.Caller, source, target, relation string, until memory.Instant) (engine.Outcome, memory.Instant, error) {
	c = c.Named()
	var before memory.Instant
	out, err := b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) {
		links, err := b.store.LinkBetween(ctx, source, target)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(links, func(l memory.Link) bool { return l.Relation == relation })
		if i < 0 {
			return nil, fmt.Errorf("link %.140s %.40s %.140s: %w", source, relation, target, memory.ErrNotFound)
		}
		l := links[i]
		before = l.ValidUntil
		l.ValidUntil, l.Signature, l.AttestLevel = until, nil, ""
		return b.linking(ctx, c.Agent, &l)
	})
	return out, before, err
}
