package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

// speakers are clients that speak for the agents who wrote what is imported, so
// that it stays theirs. It is safe for concurrent use.
type speakers struct {
	open func(url, agent string) (*client.Client, error)

	mu      sync.Mutex
	clients map[[2]string]*client.Client // by URL and agent
}

func (a *app) speakers() *speakers { return &speakers{open: a.connectAs} }

// of returns a client for the node of c that speaks for agent; c itself for "".
func (v *speakers) of(c *client.Client, agent string) (*client.Client, error) {
	if agent == "" || c == nil {
		return c, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	key := [2]string{c.URL(), agent}
	if v.clients == nil {
		v.clients = map[[2]string]*client.Client{}
	}
	if v.clients[key] == nil {
		own, err := v.open(c.URL(), agent)
		if err != nil {
			return nil, err
		}
		v.clients[key] = own
	}
	return v.clients[key], nil
}

// lost counts what could not be carried over for one reason.
type lost struct {
	Count    int      `json:"count"`
	Examples []string `json:"examples"` // the first few
}

const maxExamples = 3

type losses map[string]*lost

func (l losses) add(where string, x *importer.Loss) {
	of := l[x.Reason]
	if of == nil {
		of = &lost{Examples: []string{}}
		l[x.Reason] = of
	}
	if of.Count++; len(of.Examples) < maxExamples {
		if x.Detail != "" {
			where += ": " + x.Detail
		}
		of.Examples = append(of.Examples, where)
	}
}

func (l losses) show(w io.Writer) {
	if len(l) == 0 {
		return
	}
	say(w, "\nnot carried over:\n")
	for _, reason := range slices.Sorted(maps.Keys(l)) {
		say(w, "  %d × %s\n", l[reason].Count, reason)
		for _, x := range l[reason].Examples {
			say(w, "      %s\n", clipped(x))
		}
	}
}

func clipped(s string) string {
	const width = 160
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

func (im *importRun) lose(where, reason, detail string) {
	im.count(func(r *importReport) {
		if r.Lost == nil {
			r.Lost = losses{}
		}
		r.Lost.add(where, &importer.Loss{Reason: reason, Detail: detail})
	})
}

// end is a memory of the source, as the end of a link: its id at the node, and
// who may see it.
type end struct {
	id       string
	owner    string
	hidden   bool // from all but its owner
	archived bool
	planned  bool // by a dry run: it has no id yet
	strange  bool // it is none of the source
}

// met notes under which id a memory of the source is known to the node.
func (im *importRun) met(item importer.Item, id string) {
	if item.Ref == "" || id == "" && !im.dry {
		return
	}
	var access struct {
		Scope string `json:"scope"`
	}
	_ = json.Unmarshal(item.Draft.Metadata, &access) // without one it is private
	scope := cmp.Or(item.Draft.Scope, access.Scope, "private")
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.ends == nil {
		im.ends = map[string]end{}
	}
	im.ends[item.Ref] = end{id: id, owner: item.Owner, hidden: item.Owner != "" && scope == "private", archived: item.Archive != "", planned: id == ""}
}

// known returns a memory of the source; one that is called ref if it has none.
func (im *importRun) known(ref string) (end, bool) {
	im.mu.Lock()
	defer im.mu.Unlock()
	e, ok := im.ends[ref]
	if !ok {
		e.id, e.strange = ref, true
	}
	return e, ok
}

// apart writes a memory whose title is another one's: under its other title,
// unless it is there by its id.
func (im *importRun) apart(ctx context.Context, c *client.Client, item importer.Item, with client.With) error {
	_, _, err := c.Get(ctx, item.Draft.ID)
	if err == nil {
		return im.settle(ctx, c, item.Draft.ID, item)
	}
	if !notFound(err) {
		return err
	}
	item.Draft.Title, item.Otherwise = item.Otherwise, ""
	with.IdempotencyKey = importKey(item.Draft, with.Durability)
	return im.create(ctx, c, item, with)
}

// archive creates a memory and archives it, unless it is there in any state.
func (im *importRun) archive(ctx context.Context, c *client.Client, item importer.Item, with client.With) error {
	id := item.Draft.ID
	if id != "" {
		there, halfway, err := before(ctx, c, &item.Draft)
		switch {
		case err != nil:
			return err
		case halfway:
			return im.putAway(ctx, c, id, item)
		case there:
			im.met(item, id)
			im.count(func(r *importReport) { r.Unchanged++ })
			return nil
		}
	}
	out, err := c.Create(ctx, item.Draft, with)
	if taken(err) && item.Otherwise != "" {
		item.Draft.Title, item.Otherwise = item.Otherwise, ""
		with.IdempotencyKey = importKey(item.Draft, with.Durability)
		return im.archive(ctx, c, item, with)
	}
	if err != nil {
		return err
	}
	if out.Pending != nil {
		im.count(func(r *importReport) { r.Pending++ })
		return nil
	}
	return im.putAway(ctx, c, out.ID, item)
}

// before reports whether the node has the memory of a draft that is to be archived, in
// whatever state, and whether an earlier import came halfway: it is live as that has
// created it. Any other that is live was kept or brought back since, and stays.
func before(ctx context.Context, c *client.Client, d *client.Draft) (there, halfway bool, err error) {
	past, err := c.Past(ctx, d.ID)
	if notFound(err) {
		return false, false, nil
	}
	if err != nil || past.State != stateLive || len(past.Revisions) != 1 {
		return err == nil, false, err
	}
	only := &past.Revisions[0]
	if only.Dot != past.StateDot || only.Memory == nil || d.CreatedAt == nil {
		return true, false, nil
	}
	m := &only.Memory.Memory
	return true, m.ExpiresAt.IsZero() && m.CreatedAt.Equal(d.CreatedAt.Time) && same(m, d), nil
}

func (im *importRun) putAway(ctx context.Context, c *client.Client, id string, item importer.Item) error {
	out, err := c.Archive(ctx, []string{id}, item.Archive, client.With{Durability: im.with.Durability})
	if err != nil {
		return err
	}
	if len(out.Archived) == 0 && len(out.Pending) == 0 {
		return fmt.Errorf("archive %s: the node says it is missing", id)
	}
	im.met(item, id)
	im.count(func(r *importReport) {
		r.Written++
		r.Archived++
		r.receipt(out.Receipt)
	})
	return nil
}

// standards sets the standards of namespaces that are not set so already.
func (im *importRun) standards(ctx context.Context, items []importer.Item) error {
	for i, item := range items {
		s := item.Standard
		of, ok := im.known(s.Ref)
		if !ok {
			im.lose(item.Where, "a standard whose memory is not there", s.Namespace+": "+s.Ref)
			continue
		}
		err := im.persist(ctx, i, func(c *client.Client) error {
			c, err := im.speakers.of(c, item.Owner)
			if err != nil {
				return err
			}
			return im.standard(ctx, c, *s, of.id)
		})
		if err := im.verdict(ctx, item, err); err != nil {
			return err
		}
	}
	return nil
}

// standard makes a memory the standard of a namespace; c is nil in a dry run
// without a node.
func (im *importRun) standard(ctx context.Context, c *client.Client, s importer.Standard, id string) error {
	if c != nil {
		have, err := c.Governance().Standard(ctx, s.Namespace)
		if err != nil {
			return err
		}
		if have.ID() == id && (have.Parent == s.Parent || s.Parent == "") {
			im.count(func(r *importReport) { r.Unchanged++ })
			return nil
		}
	}
	if im.dry {
		im.count(func(r *importReport) { r.Standards++ })
		return nil
	}
	_, out, err := c.Governance().SetStandard(ctx, s.Namespace, client.StandardDraft{ID: id, Parent: s.Parent}, im.with)
	if err == nil {
		im.count(func(r *importReport) { r.Standards++; r.receipt(out.Receipt) })
	}
	return err
}
