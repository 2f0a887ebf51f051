package carry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
	"github.com/tallystick/tallystick/internal/screen"
)

// memory writes one memory. It returns an error only if the import must end.
func (r *run) memory(ctx context.Context, it numbered) error {
	with := r.With
	with.IdempotencyKey = Key(it.item.Draft, with.Durability)
	err := r.persist(ctx, it.n, func(c *client.Client) error {
		c, err := r.speakers.of(c, it.item.Owner)
		if err != nil {
			return err
		}
		switch {
		case r.Dry:
			return r.foresee(ctx, c, it.item)
		case it.item.Archive != "":
			return r.archive(ctx, c, it.item, with)
		}
		return r.create(ctx, c, it.item, with)
	})
	return r.verdict(ctx, it.item, err)
}

func (r *run) create(ctx context.Context, c *client.Client, item importer.Item, with client.With) error {
	out, err := c.Create(ctx, item.Draft, with)
	if taken(err) {
		e, _ := errors.AsType[*client.Error](err)
		if item.Otherwise != "" && e.ID != item.Draft.ID {
			return r.apart(ctx, c, item, with)
		}
		return r.settle(ctx, c, e.ID, item)
	}
	if err != nil {
		return err
	}
	if out.Replayed {
		return r.repeated(ctx, c, out, item)
	}
	r.met(item, out.ID)
	r.wrote(out, false)
	return nil
}

// wrote counts a create or an edit: one that waits for approval is none yet.
func (r *run) wrote(out *client.Outcome, edit bool) {
	r.count(func(t *Report) {
		if out.Pending != nil {
			t.Pending++
			return
		}
		t.Written++
		if edit {
			t.Updated++
		}
		t.receipt(out.Receipt)
	})
}

// repeated settles what an earlier import has asked for: a memory, or a proposal, which
// may have been approved since.
func (r *run) repeated(ctx context.Context, c *client.Client, out *client.Outcome, item importer.Item) error {
	if out.Pending == nil {
		return r.settle(ctx, c, out.ID, item)
	}
	m, _, err := existing(ctx, c, item)
	switch {
	case err != nil:
		return err
	case m != nil:
		return r.settle(ctx, c, m.ID, item)
	}
	r.wrote(out, false)
	return nil
}

// settle compares with the memory that has the title already, and edits it if it
// says something else.
func (r *run) settle(ctx context.Context, c *client.Client, id string, item importer.Item) error {
	d := item.Draft
	r.met(item, id)
	m, _, err := c.Get(ctx, id)
	if client.IsNotFound(err) { // it was there once, and is no longer
		return r.bringBack(ctx, c, id, item)
	}
	if err != nil {
		return err
	}
	if same(m, &d) || d.Content != m.Content && sameMasked(m, d) {
		r.count(func(t *Report) { t.Unchanged++ })
		return nil
	}
	p := client.Patch{Content: &d.Content, IfVersion: m.Version}
	if len(d.Tags) > 0 {
		p.Tags = &d.Tags
	}
	with := r.With // repeated, an edit that waits for approval is the same proposal
	with.IdempotencyKey = Key(d, with.Durability) + "-at-" + strconv.FormatInt(m.Version, 10)
	out, err := c.Update(ctx, id, p, with)
	if err != nil {
		return err
	}
	r.wrote(out, true)
	return nil
}

// bringBack writes what was there once as id. If that was erased, it gets another id,
// under which an earlier import may have written it already.
func (r *run) bringBack(ctx context.Context, c *client.Client, id string, item importer.Item) error {
	out, err := c.Create(ctx, item.Draft, r.With)
	if err == nil {
		r.met(item, out.ID)
		r.wrote(out, false)
		return nil
	}
	e, _ := errors.AsType[*client.Error](err)
	if !taken(err) || e.ID == id {
		return err
	}
	if item.Otherwise != "" { // the title may be that of another memory
		m, _, err := c.Get(ctx, e.ID)
		if err != nil {
			return err
		}
		if !same(m, &item.Draft) {
			return r.apart(ctx, c, item, r.With)
		}
	}
	return r.settle(ctx, c, e.ID, item)
}

// sameMasked is same for a memory whose secrets the node has masked.
func sameMasked(m *client.Memory, d client.Draft) bool {
	if !strings.Contains(m.Content, "[masked: ") {
		return false
	}
	d.Content = screen.New().Masked(d.Content)
	return same(m, &d)
}

// same reports whether a memory says what a draft says.
func same(m *client.Memory, d *client.Draft) bool {
	return m.Content == d.Content && (len(d.Tags) == 0 || slices.Equal(m.Tags, d.Tags))
}

// apart writes a memory whose title is another one's: under its other title,
// unless it is there by its id.
func (r *run) apart(ctx context.Context, c *client.Client, item importer.Item, with client.With) error {
	_, _, err := c.Get(ctx, item.Draft.ID)
	if err == nil {
		return r.settle(ctx, c, item.Draft.ID, item)
	}
	if !client.IsNotFound(err) {
		return err
	}
	item.Draft.Title, item.Otherwise = item.Otherwise, ""
	with.IdempotencyKey = Key(item.Draft, with.Durability)
	return r.create(ctx, c, item, with)
}

// archive creates a memory and archives it, unless it is there in any state.
func (r *run) archive(ctx context.Context, c *client.Client, item importer.Item, with client.With) error {
	id := item.Draft.ID
	if id != "" {
		there, halfway, err := before(ctx, c, &item.Draft)
		switch {
		case err != nil:
			return err
		case halfway:
			return r.putAway(ctx, c, id, item)
		case there:
			r.met(item, id)
			r.count(func(t *Report) { t.Unchanged++ })
			return nil
		}
	}
	out, err := c.Create(ctx, item.Draft, with)
	if taken(err) && item.Otherwise != "" {
		item.Draft.Title, item.Otherwise = item.Otherwise, ""
		with.IdempotencyKey = Key(item.Draft, with.Durability)
		return r.archive(ctx, c, item, with)
	}
	if err != nil {
		return err
	}
	if out.Pending != nil {
		r.count(func(t *Report) { t.Pending++ })
		return nil
	}
	if out.Erased { // since an earlier import put it away: nobody misses it in the archive
		r.count(func(t *Report) { t.Unchanged++ })
		return nil
	}
	return r.putAway(ctx, c, out.ID, item)
}

// before reports whether the node has the memory of a draft that is to be archived, in
// whatever state, and whether an earlier import came halfway: it is live as that has
// created it. Any other that is live was kept or brought back since, and stays.
func before(ctx context.Context, c *client.Client, d *client.Draft) (there, halfway bool, err error) {
	past, err := c.Past(ctx, d.ID)
	if client.IsNotFound(err) {
		return false, false, nil
	}
	if err != nil || past.State != client.StateLive || len(past.Revisions) != 1 {
		return err == nil, false, err
	}
	only := &past.Revisions[0]
	if only.Dot != past.StateDot || only.Memory == nil || d.CreatedAt == nil {
		return true, false, nil
	}
	m := &only.Memory.Memory
	return true, m.ExpiresAt.IsZero() && m.CreatedAt.Equal(d.CreatedAt.Time) && same(m, d), nil
}

func (r *run) putAway(ctx context.Context, c *client.Client, id string, item importer.Item) error {
	out, err := c.Archive(ctx, []string{id}, item.Archive, client.With{Durability: r.With.Durability})
	if err != nil {
		return err
	}
	if len(out.Archived) == 0 && len(out.Pending) == 0 {
		return fmt.Errorf("archive %s: the node says it is missing", id)
	}
	r.met(item, id)
	r.count(func(t *Report) {
		t.Written++
		t.Archived++
		t.receipt(out.Receipt)
	})
	return nil
}

// taken reports whether a create met a memory with the same title.
func taken(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Conflict() && e.ID != "" && e.Current == 0
}

// Key is the idempotency key of a create: the same for the same request, so that a
// repetition whose first answer was lost does not write twice.
func Key(d client.Draft, durability client.Durability) string {
	b, err := json.Marshal(d)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append(b, durability...))
	return "import-" + hex.EncodeToString(sum[:16])
}
