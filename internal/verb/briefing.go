package verb

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	briefingTokens   = 1000
	briefingPriority = 8    // from here on a memory is standing knowledge
	briefingLook     = 200  // memories of one sort in one namespace, at most
	conflictLook     = 1000 // memories of one namespace that are looked at for conflicts, at most
	briefingHandoffs = 5    // handoffs, at most
	shownDefault     = 20
)

// Tags that make a memory part of briefings.
const (
	TagPinned  = "pinned"
	TagRule    = "rule"
	TagHandoff = "handoff"
)

// Reasons why a briefing shows a memory.
const (
	whyStandard  = "standard"
	whyRule      = "rule"
	whyPinned    = "pinned"
	whyHandoff   = "handoff"
	whyConflict  = "conflict"
	whyImportant = "important"
	whyTrigger   = "trigger"
)

// Journal keeps what agents were shown in briefings. What cannot be kept is its own
// to report: a briefing does not fail for it.
type Journal interface {
	// Note keeps one. It does not block.
	Note(ctx context.Context, s client.Shown)
	// Shown lists the newest, those of one agent or of all if it is "".
	Shown(agent string, limit int) ([]client.Shown, error)
}

// noJournal keeps nothing.
type noJournal struct{}

func (noJournal) Note(context.Context, client.Shown)        {}
func (noJournal) Shown(string, int) ([]client.Shown, error) { return []client.Shown{}, nil }

type briefing struct{ *deps }

// briefingVerbs tell what to know before work begins, and hand work over.
func briefingVerbs(of *deps) []Verb {
	d := briefing{of}
	return []Verb{
		Of(Verb{
			Name: "memory_briefing", Family: familyMeta, Summary: "tell what to know before work begins", Answers: []Answer{Gives(Fine, client.Briefing{})},
		}, d.brief),
		Of(Verb{
			Name: "memory_briefing_shown", Family: familyMeta, Summary: "list what agents were shown in briefings of this node",
			Answers: []Answer{Gives(Fine, client.ShownList{})}, Codes: []client.Code{client.CodeForbidden},
		}, d.shown),
		Of(Verb{
			Name: "memory_handoff", Family: familyOther, Summary: "hand work over to whoever goes on with it", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.HandedOver{}, client.Gone{})},
		}, d.handOver),
	}
}

// brief puts together, by rule: the standards that hold for a namespace, nearest
// first; rules that hold now; what is pinned; handoffs; memories in conflict; those
// of high priority; the rules that may come to hold; and what waits for the caller.
// Each comes from the namespace, then from those above it, then from the global
// one. The same state and the same question give the same text.
func (d briefing) brief(ctx context.Context, c *Call, in *client.BriefingInput) (Done, error) {
	ns := cmp.Or(in.Namespace, memory.DefaultNamespace)
	if err := memory.ValidNamespace(ns); err != nil {
		return Done{}, err
	}
	p := newPage(ns, cmp.Or(in.BudgetTokens, briefingTokens))
	if err := d.standards(ctx, c, p); err != nil {
		return Done{}, err
	}
	later, err := d.rules(ctx, c, p, in)
	if err != nil {
		return Done{}, err
	}
	for _, section := range []func(context.Context, *Call, *page) error{d.pinned, d.handoffs, d.conflicts, d.important} {
		if err := section(ctx, c, p); err != nil {
			return Done{}, err
		}
	}
	for _, r := range later {
		p.show(r.rec, whyTrigger, fmt.Sprintf("- Rule for %s: %s [%s]", r.when(), oneLine(r.rec.Title), r.rec.ID))
	}
	if err := d.waiting(ctx, c, p); err != nil {
		return Done{}, err
	}
	p.finish()
	if !c.Unseen {
		d.note(ctx, c, p)
	}
	return Done{Body: p.Briefing}, nil
}

// note keeps what the caller is shown.
func (d briefing) note(ctx context.Context, c *Call, p *page) {
	ids := make([]string, len(p.Items))
	for i := range p.Items {
		ids[i] = p.Items[i].ID
	}
	d.read(c, client.ReadInBriefing, ids...)
	sum := sha256.Sum256([]byte(p.Text))
	d.journal.Note(ctx, client.Shown{
		At: client.TimeOf(d.clock()), AgentID: string(cmp.Or(c.Agent, memory.Anonymous)), Namespace: p.Namespace, Tokens: p.Tokens, Digest: hex.EncodeToString(sum[:]),
		Items: p.Items, LeftOut: len(p.LeftOut),
	})
}

// places are the namespaces that a briefing looks at, the nearest first.
func places(ns string) []string {
	var out []string
	for at := ns; at != ""; at = above(at) {
		out = append(out, at)
	}
	if out[len(out)-1] != memory.DefaultNamespace {
		out = append(out, memory.DefaultNamespace)
	}
	return out
}

// each lists memories of the places of a page, by priority in each of them.
func (d briefing) each(ctx context.Context, c *Call, p *page, f memory.Filter, visit func(rec *memory.Record)) error {
	f.Viewer, f.Now = c.Agent, d.now()
	for _, f.Namespace = range places(p.Namespace) {
		recs, _, err := d.books.Query.List(ctx, f, query.Page{Limit: briefingLook})
		if err != nil {
			return err
		}
		for i := range recs {
			visit(&recs[i])
		}
	}
	return nil
}

// standards shows those of the namespace and of those above it.
func (d briefing) standards(ctx context.Context, c *Call, p *page) error {
	rules, err := d.books.Governance.StandardChain(ctx, c.Agent, p.Namespace)
	if err != nil {
		return err
	}
	for i := range rules {
		if rec := rules[i].Record; rec != nil && !rules[i].Hidden {
			p.show(rec, whyStandard, fmt.Sprintf("Rules of %s (%s): %s", rules[i].Namespace, oneLine(rec.Title), indented(rec.Memory.Content)))
		}
	}
	return nil
}

func (d briefing) pinned(ctx context.Context, c *Call, p *page) error {
	return d.each(ctx, c, p, memory.Filter{Tags: []string{TagPinned}}, func(rec *memory.Record) { p.show(rec, whyPinned, line(rec)) })
}

func (d briefing) important(ctx context.Context, c *Call, p *page) error {
	return d.each(ctx, c, p, memory.Filter{MinPriority: briefingPriority}, func(rec *memory.Record) { p.show(rec, whyImportant, line(rec)) })
}

// conflicts names memories with versions that nobody has settled, whatever else
// shows them.
func (d briefing) conflicts(ctx context.Context, c *Call, p *page) error {
	for _, ns := range places(p.Namespace) {
		f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: ns}
		page := query.Page{Limit: briefingLook}
		for seen := 0; seen < conflictLook; {
			recs, next, err := d.books.Query.List(ctx, f, page)
			if err != nil {
				return err
			}
			for i := range recs {
				if recs[i].Conflicts > 0 {
					p.Conflicts++
					p.again(&recs[i], whyConflict, fmt.Sprintf("- In conflict, %d versions: %s [%s]", recs[i].Conflicts+1, oneLine(recs[i].Title), recs[i].ID))
				}
			}
			if seen += len(recs); next == "" {
				break
			}
			page.Cursor = next
		}
	}
	return nil
}

// waiting adds what waits for the caller.
func (d briefing) waiting(ctx context.Context, c *Call, p *page) error {
	var err error
	if _, p.Unread, err = d.books.Inbox.Inbox(ctx, c.Agent, true, 1); err != nil {
		return err
	}
	open, err := d.books.Governance.Pendings(ctx, c.Agent, governance.StatusPending, "", defaultPending)
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

// shown lists briefings that were read on this node.
func (d briefing) shown(_ context.Context, c *Call, in *client.ShownInput) (Done, error) {
	agent := string(cmp.Or(c.Agent, memory.Anonymous))
	if c.Operator {
		agent = in.Of
	} else if in.Of != "" && in.Of != agent {
		return Done{}, Forbidden("what %.140q was shown is told to itself and to the operator of the node", in.Of)
	}
	list, err := d.journal.Shown(agent, cmp.Or(in.Limit, shownDefault))
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.ShownList{Shown: list, Count: len(list)}}, nil
}

// above is the namespace above another, "" for one at the top.
func above(ns string) string {
	i := strings.LastIndexByte(ns, '/')
	if i < 0 {
		return ""
	}
	return ns[:i]
}

// standing is what holds in a namespace whatever is asked: standards, rules that
// hold now, and what is pinned.
func (d briefing) standing(ctx context.Context, c *Call, namespace string) (*client.Briefing, error) {
	ns := cmp.Or(namespace, memory.DefaultNamespace)
	p := newPage(ns, briefingTokens)
	if err := d.standards(ctx, c, p); err != nil {
		return nil, fmt.Errorf("standing rules: %w", err)
	}
	if _, err := d.rules(ctx, c, p, &client.BriefingInput{Namespace: ns}); err != nil {
		return nil, fmt.Errorf("standing rules: %w", err)
	}
	if err := d.pinned(ctx, c, p); err != nil {
		return nil, fmt.Errorf("standing rules: %w", err)
	}
	p.finish()
	return &p.Briefing, nil
}
