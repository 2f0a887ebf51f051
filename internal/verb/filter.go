package verb

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// How many are listed, or found, if nobody says.
const (
	defaultList   = 20
	defaultRecall = 10
)

func (d *deps) filter(c *Call, in *client.Filter) (memory.Filter, error) {
	return FilterOf(c.Agent, d.now(), in)
}

// listed is what the filters of a list select.
func (d *deps) listed(c *Call, in *client.Filter, more *client.ListFilter) (memory.Filter, error) {
	f, err := d.filter(c, in)
	if err != nil {
		return f, err
	}
	f.Owner, f.Conflicting = cmp.Or(memory.AgentID(more.Owner), f.Owner), more.Conflicts
	switch more.Expiry {
	case "will":
		f.Expiry = memory.WillExpire
	case "never":
		f.Expiry = memory.NeverExpires
	}
	for _, at := range []struct {
		field, member string
		missing       bool
	}{{"held_by", more.HeldBy, false}, {"missing_at", more.MissingAt, true}} {
		if at.member == "" {
			continue
		}
		p, err := engine.HeldAt(d.books.Core, memory.Node(at.member), at.missing)
		if err != nil {
			return f, BadField(at.field, "%s: %s", at.field, err)
		}
		f.Presence = append(f.Presence, p)
	}
	return f, nil
}

// FilterOf is what a filter of a caller selects.
func FilterOf(caller memory.AgentID, now memory.Instant, in *client.Filter) (memory.Filter, error) {
	f := memory.Filter{
		Viewer: caller, Now: now, Namespace: in.Namespace, Subtree: in.Subtree, Tier: memory.Tier(in.Tier),
		Owner: memory.AgentID(in.AgentID), MinPriority: int32(in.MinPriority), Title: in.Title, SourceURI: in.SourceURI,
	}
	for _, tag := range in.Tags {
		if tag != "" {
			f.Tags = append(f.Tags, tag)
		}
	}
	var kinds []string
	for _, text := range in.Kinds {
		for kind := range strings.SplitSeq(text, ",") {
			if kind = strings.TrimSpace(kind); kind != "" {
				kinds = append(kinds, kind)
			}
		}
	}
	if len(kinds) > 0 && kinds[0] != "all" {
		f.Kinds = kinds
	}
	var err error
	if f.Since, err = instantOf("since", in.Since); err != nil {
		return f, err
	}
	if f.Until, err = instantOf("until", in.Until); err != nil {
		return f, err
	}
	return f, validFilter(f)
}

// validFilter refuses values that no memory can have: a typing error must not
// look like an empty result.
func validFilter(f memory.Filter) error {
	if f.Namespace != "" {
		if err := memory.ValidNamespace(f.Namespace); err != nil {
			return err
		}
	}
	for _, k := range f.Kinds {
		if !slices.Contains(memory.MemoryKinds(), k) {
			return BadField("kinds", "kinds: %.40q: want one of %s", k, strings.Join(memory.MemoryKinds(), ", "))
		}
	}
	return nil
}
