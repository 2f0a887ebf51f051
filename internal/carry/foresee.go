package carry

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

// foresee counts what create or archive would do.
func (r *run) foresee(ctx context.Context, c *client.Client, item importer.Item) error {
	m, gone, err := existing(ctx, c, item)
	if err != nil {
		return err
	}
	waits := false
	if c != nil && !gone && (m == nil || !same(m, &item.Draft)) {
		if waits, err = judged(ctx, c, item, m); err != nil {
			return err
		}
	}
	id := ""
	if m != nil {
		id = m.ID
	} else if gone {
		id = item.Draft.ID
	}
	r.met(item, id)
	r.count(func(t *Report) {
		if gone || m != nil && item.Archive == "" && same(m, &item.Draft) {
			t.Unchanged++
			return
		}
		if waits {
			t.Pending++
			return
		}
		t.Written++
		switch {
		case item.Archive != "":
			t.Archived++
		case m != nil:
			t.Updated++
		}
	})
	return nil
}

// judged has the node try the write of an item, of which m is there already, or nil: by
// its rules, and by what this agent may not see. It reports whether the write would wait
// for approval.
func judged(ctx context.Context, c *client.Client, item importer.Item, m *client.Memory) (waits bool, err error) {
	d := item.Draft
	switch {
	case m != nil:
		d.ID, d.Title, d.Namespace = m.ID, m.Title, m.Namespace // what is edited stays where it is
	case item.Otherwise != "":
		d.Title = item.Otherwise // its own may be taken
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return false, err
	}
	out, err := c.Upkeep().Import(ctx, client.ImportInput{Memories: []json.RawMessage{raw}, DryRun: true})
	if err != nil || len(out.Errors) == 0 {
		return err == nil && len(out.Pending) > 0, err
	}
	_, why, _ := strings.Cut(out.Errors[0], ": ") // behind what the memory is called
	return false, errors.New(why)
}

// existing is the memory that an item would meet at the node; nil if none. gone
// is set where one that is to be archived is there in whatever state.
func existing(ctx context.Context, c *client.Client, item importer.Item) (m *client.Memory, gone bool, err error) {
	d := &item.Draft
	if c == nil {
		return nil, false, nil
	}
	switch {
	case d.ID != "" && item.Archive != "":
		there, halfway, err := before(ctx, c, d)
		if err != nil || there {
			return nil, there && !halfway, err
		}
	case d.ID != "":
		if m, _, err = c.Get(ctx, d.ID); err == nil || !client.IsNotFound(err) {
			return m, false, err
		}
	}
	ns := d.Namespace
	if ns == "" {
		ns = "global"
	}
	page, err := c.List(ctx, client.Selection{Namespace: ns, Title: d.Title, Limit: 1})
	if err != nil || len(page.Memories) == 0 || item.Otherwise != "" {
		return nil, false, err
	}
	return &page.Memories[0], false, nil
}
