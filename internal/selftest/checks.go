package selftest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/client"
)

// rules is the namespace in which writes need approval.
func (t *trial) rules() string { return t.namespace + "/rules" }

// id is what an earlier check has made.
func (t *trial) id(name string) (string, error) {
	if id := t.ids[name]; id != "" {
		return id, nil
	}
	return "", fmt.Errorf("%s was not made", name)
}

// keep remembers what a write has made, so that it is erased in the end.
func (t *trial) keep(name string, out *client.Outcome, err error) (*client.Receipt, error) {
	if err != nil {
		return nil, err
	}
	if out.Pending != nil {
		return nil, errors.New("it waits for approval: the rules of the namespaces above ask for it")
	}
	if out.ID != "" {
		t.ids[name] = out.ID
		if !slices.Contains(t.made, out.ID) {
			t.made = append(t.made, out.ID)
		}
	}
	return out.Receipt, nil
}

func (t *trial) draft(title, content string) client.Draft {
	return client.Draft{Title: title, Content: content, Namespace: t.namespace, Scope: "collective", Tags: []string{"selftest"}}
}

// with is a step on what an earlier check has made under that name.
func (t *trial) with(name string, f func(context.Context, *client.Client, string) (*client.Outcome, error)) func(context.Context, *client.Client) (*client.Receipt, error) {
	return func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
		id, err := t.id(name)
		if err != nil {
			return nil, err
		}
		out, err := f(ctx, c, id)
		return t.keep(name, out, err)
	}
}

// shows wants a memory to be live and as is says.
func (t *trial) shows(name string, is func(*client.Memory, []client.Link) bool) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		m, links, err := c.Get(ctx, t.ids[name])
		if err == nil && !is(m, links) {
			err = fmt.Errorf("%q is shown as it was before", m.Title)
		}
		return err
	}
}

// hides wants memories not to be live.
func (t *trial) hides(names ...string) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		for _, name := range names {
			switch _, _, err := c.Get(ctx, t.ids[name]); {
			case err == nil:
				return fmt.Errorf("%s is still there", name)
			case !client.IsNotFound(err):
				return err
			}
		}
		return nil
	}
}

func live(*client.Memory, []client.Link) bool { return true }

// checks are the steps, each on what those before it have made.
func (t *trial) checks() []check {
	return slices.Concat(t.memoryChecks(), t.lifeChecks(), t.ruleChecks())
}

func (t *trial) memoryChecks() []check {
	linked := func(_ *client.Memory, links []client.Link) bool {
		return slices.ContainsFunc(links, func(l client.Link) bool { return l.Target == t.ids["second"] && l.Relation == "supersedes" })
	}
	return []check{
		{
			"create",
			func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
				out, err := c.Create(ctx, t.draft("first", "one"))
				return t.keep("first", out, err)
			},
			t.shows("first", func(m *client.Memory, _ []client.Link) bool { return m.Content == "one" }),
		},
		{"create several", t.createSeveral, t.shows("third", live)},
		{
			"edit",
			t.with("first", func(ctx context.Context, c *client.Client, id string) (*client.Outcome, error) {
				return c.Update(ctx, id, client.Patch{Content: new("two"), IfVersion: 1})
			}),
			t.shows("first", func(m *client.Memory, _ []client.Link) bool { return m.Content == "two" && m.Version == 2 }),
		},
		{
			"promote",
			t.with("first", func(ctx context.Context, c *client.Client, id string) (*client.Outcome, error) {
				return c.Promote(ctx, id)
			}),
			t.shows("first", func(m *client.Memory, _ []client.Link) bool { return m.Tier == "long" && m.ExpiresAt.IsZero() }),
		},
		{
			"link",
			func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
				out, err := c.Graph().Link(ctx, t.ids["first"], t.ids["second"], "supersedes")
				if err != nil {
					return nil, err
				}
				return out.Receipt, nil
			},
			t.shows("first", linked),
		},
		{
			"unlink",
			func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
				_, out, err := c.Graph().Unlink(ctx, t.ids["first"], t.ids["second"], "")
				if err != nil {
					return nil, err
				}
				return out.Receipt, nil
			},
			t.shows("first", func(m *client.Memory, links []client.Link) bool { return !linked(m, links) }),
		},
	}
}

func (t *trial) createSeveral(ctx context.Context, c *client.Client) (*client.Receipt, error) {
	out, err := c.CreateAll(ctx, []client.Draft{t.draft("second", "b"), t.draft("third", "c")})
	if err != nil {
		return nil, err
	}
	t.made = append(t.made, out.IDs...)
	if len(out.IDs) != 2 || len(out.Receipts) != 2 {
		return nil, fmt.Errorf("%d of 2 were created: %v", out.Created, out.Errors)
	}
	t.ids["second"], t.ids["third"] = out.IDs[0], out.IDs[1]
	return out.Receipts[1], nil
}

func (t *trial) lifeChecks() []check {
	restore := func(ctx context.Context, c *client.Client, id string) (*client.Outcome, error) {
		return c.Restore(ctx, id)
	}
	return []check{
		{
			"archive",
			func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
				id, err := t.id("third")
				if err != nil {
					return nil, err
				}
				out, err := c.Archive(ctx, []string{id}, "selftest")
				if err == nil && len(out.Archived) != 1 {
					err = errors.New("it was not archived")
				}
				return out.Receipt, err
			},
			t.hides("third"),
		},
		{"restore from the archive", t.with("third", restore), t.shows("third", live)},
		{
			"delete",
			t.with("second", func(ctx context.Context, c *client.Client, id string) (*client.Outcome, error) {
				return c.Delete(ctx, id)
			}),
			t.hides("second"),
		},
		{"restore what was deleted", t.with("second", restore), t.shows("second", func(m *client.Memory, _ []client.Link) bool { return m.Content == "b" })},
		{
			"consolidate",
			func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
				k := client.Consolidation{IDs: []string{t.ids["second"], t.ids["third"]}, Title: "both", Summary: "b and c", Namespace: t.namespace}
				out, err := c.Consolidate(ctx, k)
				return t.keep("both", out, err)
			},
			func(ctx context.Context, c *client.Client) error {
				if err := t.shows("both", live)(ctx, c); err != nil {
					return err
				}
				return t.hides("second", "third")(ctx, c)
			},
		},
		{
			"erase",
			t.with("first", func(ctx context.Context, c *client.Client, id string) (*client.Outcome, error) {
				return c.Erase(ctx, id)
			}),
			func(ctx context.Context, c *client.Client) error {
				if _, err := c.History(ctx, t.ids["first"]); err == nil {
					return errors.New("its history is still there")
				} else if !client.IsNotFound(err) {
					return err
				}
				return t.hides("first")(ctx, c)
			},
		},
	}
}

func (t *trial) ruleChecks() []check {
	governance, _ := json.Marshal(map[string]string{"write": "approve", "approver": "human"})
	decide := func(name string, approve bool) func(context.Context, *client.Client) (*client.Receipt, error) {
		return func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
			id, err := t.id(name)
			if err != nil {
				return nil, err
			}
			out, err := c.Governance().Decide(ctx, id, approve)
			if out == nil {
				return nil, err
			}
			return out.Receipt, err
		}
	}
	return []check{
		{
			"set a standard",
			func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
				s, out, err := c.Governance().SetStandard(ctx, t.rules(), client.StandardDraft{Governance: governance})
				if err != nil {
					return nil, err
				}
				t.made = append(t.made, s.ID())
				return out.Receipt, nil
			},
			func(ctx context.Context, c *client.Client) error { return t.standard(ctx, c, true) },
		},
		{"propose", t.propose("asked"), t.proposed("asked", "pending")},
		{"approve", decide("asked", true), t.approved},
		{"propose again", t.propose("asked again"), t.proposed("asked again", "pending")},
		{"reject", decide("asked again", false), t.proposed("asked again", "rejected")},
		{
			"clear the standard",
			func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
				_, out, err := c.Governance().ClearStandard(ctx, t.rules())
				if err != nil {
					return nil, err
				}
				return out.Receipt, nil
			},
			func(ctx context.Context, c *client.Client) error { return t.standard(ctx, c, false) },
		},
	}
}

func (t *trial) standard(ctx context.Context, c *client.Client, want bool) error {
	s, err := c.Governance().Standard(ctx, t.rules())
	if err == nil && (s.ID() != "") != want {
		err = errors.New("the standard is as it was before")
	}
	return err
}

// propose creates a memory where that needs approval.
func (t *trial) propose(name string) func(context.Context, *client.Client) (*client.Receipt, error) {
	return func(ctx context.Context, c *client.Client) (*client.Receipt, error) {
		d := t.draft(name, "may I")
		d.Namespace = t.rules()
		out, err := c.Create(ctx, d)
		if err != nil {
			return nil, err
		}
		if out.Pending == nil {
			_, _ = t.keep(name, out, nil)
			return nil, errors.New("it was created without approval")
		}
		t.ids[name] = out.Pending.ID
		return out.Receipt, nil
	}
}

func (t *trial) proposed(name, status string) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		list, err := c.Governance().Proposals(ctx, status, 1000)
		if err == nil && !slices.ContainsFunc(list, func(p client.Pending) bool { return p.ID == t.ids[name] }) {
			err = fmt.Errorf("the proposal is not among those that are %s", status)
		}
		return err
	}
}

// approved wants the memory to be there that was asked for.
func (t *trial) approved(ctx context.Context, c *client.Client) error {
	page, err := c.List(ctx, client.Selection{Namespace: t.rules()})
	if err != nil {
		return err
	}
	for _, m := range page.Memories {
		if m.Title == "asked" {
			_, err := t.keep("approved", &client.Outcome{ID: m.ID}, nil)
			return err
		}
	}
	return errors.New("what was approved is not there")
}
