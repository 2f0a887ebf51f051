package verb

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	briefingTokens   = 1000
	briefingPriority = 8   // from here on a memory is standing knowledge
	briefingLook     = 200 // memories at most
)

type briefing struct{ *deps }

// briefingVerbs tell what to know before work begins.
func briefingVerbs(of *deps) []Verb {
	d := briefing{of}
	return []Verb{
		Of(Verb{
			Name: "memory_briefing", Family: familyMeta, Summary: "tell what to know before work begins", Answers: []Answer{Gives(Fine, client.Briefing{})},
		}, d.brief),
	}
}

// page is a briefing in the making. What does not fit is left out by its title,
// and shorter pieces behind it still have a chance.
type page struct {
	client.Briefing

	b    strings.Builder
	room int // bytes
}

func (p *page) add(title, text string) {
	if len(text)+1 > p.room {
		p.LeftOut = append(p.LeftOut, title)
		return
	}
	p.room -= len(text) + 1
	p.b.WriteString(text)
	p.b.WriteByte('\n')
}

// brief puts together the standards that hold for a namespace, nearest first, then
// its memories of high priority and those of the namespaces above, and says what
// waits for the caller. The same state gives the same text.
func (d briefing) brief(ctx context.Context, c *Call, in *client.BriefingInput) (Done, error) {
	ns := cmp.Or(in.Namespace, memory.DefaultNamespace)
	if err := memory.ValidNamespace(ns); err != nil {
		return Done{}, err
	}
	p := &page{Briefing: client.Briefing{Namespace: ns, LeftOut: []string{}}, room: 4 * cmp.Or(in.BudgetTokens, briefingTokens)}
	rules, err := d.engine.StandardChain(ctx, c.Agent, ns)
	if err != nil {
		return Done{}, err
	}
	for i := range rules {
		if rec := rules[i].Record; rec != nil && !rules[i].Hidden {
			p.add(rec.Title, fmt.Sprintf("Rules of %s (%s): %s", rules[i].Namespace, rec.Title, rec.Memory.Content))
		}
	}
	for at := ns; at != ""; at = above(at) {
		f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: at, MinPriority: briefingPriority}
		recs, _, err := d.engine.List(ctx, f, engine.Page{Limit: briefingLook})
		if err != nil {
			return Done{}, err
		}
		for i := range recs {
			p.add(recs[i].Title, fmt.Sprintf("- %s: %s [%s]", recs[i].Title, recs[i].Memory.Content, recs[i].ID))
			if recs[i].Conflicts > 0 {
				p.Conflicts++
			}
		}
	}
	if err := d.waiting(ctx, c, p); err != nil {
		return Done{}, err
	}
	p.Text = strings.TrimSuffix(p.b.String(), "\n")
	p.Tokens = (len(p.Text) + 3) / 4
	return Done{Body: p.Briefing}, nil
}

// waiting adds what waits for the caller.
func (d briefing) waiting(ctx context.Context, c *Call, p *page) error {
	var err error
	if _, p.Unread, err = d.engine.Inbox(ctx, c.Agent, true, 1); err != nil {
		return err
	}
	open, err := d.engine.Pendings(ctx, c.Agent, engine.StatusPending, "", defaultPending)
	if err != nil {
		return err
	}
	p.Open = len(open)
	for _, line := range []struct {
		n    int
		text string
	}{{p.Unread, "messages wait in your inbox"}, {p.Open, "proposals wait for votes"}, {p.Conflicts, "memories have versions in conflict"}} {
		if line.n > 0 {
			p.add(line.text, fmt.Sprintf("%d %s.", line.n, line.text))
		}
	}
	return nil
}

// above is the namespace above another, "" for one at the top.
func above(ns string) string {
	i := strings.LastIndexByte(ns, '/')
	if i < 0 {
		return ""
	}
	return ns[:i]
}
