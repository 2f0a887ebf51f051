package api

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// optional is nil for no instant.
func optional(at memory.Instant) *memory.Instant {
	if at == 0 {
		return nil
	}
	return &at
}

// orNull is nil for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// edgeView is a link that leaves a memory, with what is at its other end.
type edgeView struct {
	Target     string          `json:"target_id"`
	Relation   string          `json:"relation"`
	ValidFrom  *memory.Instant `json:"valid_from"` // of a link that does not say: when it was made
	ValidUntil *memory.Instant `json:"valid_until"`
	ObservedBy *string         `json:"observed_by"`
	Title      string          `json:"title"`
	Namespace  string          `json:"target_namespace"`
	Depth      int             `json:"depth,omitempty"`
	Path       string          `json:"path,omitempty"` // ids, with "->" between them
}

func edgeOf(r engine.Reached) edgeView {
	return edgeView{
		Target: r.Record.ID, Relation: r.Link.Relation, ValidFrom: optional(cmp.Or(r.Link.ValidFrom, r.Link.CreatedAt)),
		ValidUntil: optional(r.Link.ValidUntil), ObservedBy: orNull(r.Link.ObservedBy), Title: r.Record.Title, Namespace: r.Record.Namespace,
	}
}

// reachBody asks where links lead.
type reachBody struct {
	Source  string           `json:"source_id"`
	Depth   *int             `json:"max_depth"`
	ValidAt string           `json:"valid_at"`
	Agents  []memory.AgentID `json:"allowed_agents"`
	Limit   *int             `json:"limit"`
}

type reachView struct {
	Source   string     `json:"source_id"`
	Depth    int        `json:"max_depth"`
	Memories []edgeView `json:"memories"`
	Paths    []string   `json:"paths"`
	Count    int        `json:"count"`
}

func (a *API) kgQuery(q *request) (reply, error) {
	var b reachBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if b.Source == "" {
		return reply{}, verb.Missing("source_id")
	}
	depth, err := within("max_depth", b.Depth, 1, engine.MaxHops)
	if err != nil {
		return reply{}, err
	}
	limit, err := within("limit", b.Limit, 100, maxList)
	if err != nil {
		return reply{}, err
	}
	at, err := instant("valid_at", b.ValidAt)
	if err != nil {
		return reply{}, err
	}
	for _, id := range b.Agents {
		if err := id.Valid(); err != nil {
			return reply{}, err
		}
	}
	found, err := a.engine.Reach(q.Context(), q.agent, engine.ReachQuery{
		Source: b.Source, Depth: depth, Limit: limit, At: cmp.Or(at, a.now()), Agents: b.Agents,
	})
	if err != nil {
		return reply{}, err
	}
	v := reachView{Source: b.Source, Depth: depth, Memories: make([]edgeView, len(found)), Paths: make([]string, len(found)), Count: len(found)}
	for i, r := range found {
		v.Memories[i] = edgeOf(r)
		v.Memories[i].Depth = len(r.Path) - 1
		v.Memories[i].Path = strings.Join(r.Path, "->")
		v.Paths[i] = v.Memories[i].Path
	}
	return ok(v)
}

// within reads a number of a body, from 1: what is over most is refused, other than in
// a query, because there it would change what was asked for.
func within(name string, n *int, def, most int) (int, error) {
	switch {
	case n == nil:
		return def, nil
	case *n < 1 || *n > most:
		return 0, verb.BadField(name, "%s %d: want 1 to %d", name, *n, most)
	}
	return *n, nil
}

const defaultTimeline = 200

type timelineView struct {
	Source string     `json:"source_id"`
	Events []edgeView `json:"events"`
	Count  int        `json:"count"`
}

func (a *API) kgTimeline(q *request) (reply, error) {
	source := q.text("source_id")
	if source == "" {
		return reply{}, verb.Missing("source_id")
	}
	limit, err := q.number("limit", defaultTimeline, 1, maxList)
	if err != nil {
		return reply{}, err
	}
	since, err := instant("since", q.text("since"))
	if err != nil {
		return reply{}, err
	}
	until, err := instant("until", q.text("until"))
	if err != nil {
		return reply{}, err
	}
	found, err := a.engine.Reach(q.Context(), q.agent, engine.ReachQuery{Source: source, Depth: 1, Limit: maxList})
	if err != nil {
		return reply{}, err
	}
	v := timelineView{Source: source, Events: []edgeView{}}
	for _, r := range found {
		e := edgeOf(r)
		if *e.ValidFrom >= since && (until == 0 || *e.ValidFrom <= until) && len(v.Events) < limit {
			v.Events = append(v.Events, e)
		}
	}
	v.Count = len(v.Events)
	return ok(v)
}

// invalidateBody names a link, and until when it holds; now if it does not say.
type invalidateBody struct {
	linkEnds

	Relation   string `json:"relation"`
	ValidUntil string `json:"valid_until"`
}

// linkEnds are the two ends of a link.
type linkEnds struct {
	Source string `json:"source_id"`
	Target string `json:"target_id"`
}

func (l linkEnds) check() error {
	var lacking []string
	if l.Source == "" {
		lacking = append(lacking, "source_id")
	}
	if l.Target == "" {
		lacking = append(lacking, "target_id")
	}
	if len(lacking) > 0 {
		return verb.Missing(lacking...)
	}
	if err := memory.ValidID(l.Source); err != nil {
		return err
	}
	return memory.ValidID(l.Target)
}

type invalidatedView struct {
	linkEnds

	Found    bool            `json:"found"`
	Relation string          `json:"relation"`
	Until    memory.Instant  `json:"valid_until"`
	Before   *memory.Instant `json:"previous_valid_until"`
	Receipt  *engine.Receipt `json:"receipt"`
}

func (a *API) kgInvalidate(q *request) (reply, error) {
	var b invalidateBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if err := b.check(); err != nil {
		return reply{}, err
	}
	if b.Relation == "" {
		return reply{}, verb.Missing("relation")
	}
	if !slices.Contains(memory.Relations(), b.Relation) {
		return reply{}, badRelation(b.Relation)
	}
	until, err := instant("valid_until", b.ValidUntil)
	if err != nil {
		return reply{}, err
	}
	until = cmp.Or(until, a.now())
	out, before, err := a.engine.Invalidate(q.Context(), q.caller(), b.Source, b.Target, b.Relation, until)
	return written(out, err, http.StatusOK, func() any {
		if l, is := out.Entry.Op.(*memory.Link); is {
			until = l.ValidUntil
		}
		return invalidatedView{linkEnds: b.linkEnds, Found: true, Relation: b.Relation, Until: until, Before: optional(before), Receipt: receiptOf(out.Receipt)}
	})
}

func badRelation(got string) *verb.Problem {
	return &verb.Problem{
		Code: client.CodeInvalidRelation, Text: "invalid_relation", Fields: []string{"relation"},
		Extra: map[string]any{"got": got, "allowed": memory.Relations()},
	}
}

// pathsBody asks how two memories hang together.
type pathsBody struct {
	linkEnds

	Depth *int `json:"max_depth"`
	Most  *int `json:"max_results"`
}

type pathsView struct {
	linkEnds

	Paths     [][]string `json:"paths"` // ids, the two ends included
	Count     int        `json:"count"`
	Truncated bool       `json:"truncated"` // there may be more
}

func (a *API) findPaths(q *request) (reply, error) {
	var b pathsBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if err := b.check(); err != nil {
		return reply{}, err
	}
	depth, err := within("max_depth", b.Depth, 0, engine.MaxHops)
	if err != nil {
		return reply{}, err
	}
	most, err := within("max_results", b.Most, 0, 50)
	if err != nil {
		return reply{}, err
	}
	paths, truncated, err := a.engine.Paths(q.Context(), q.agent, b.Source, b.Target, depth, most)
	if err != nil {
		return reply{}, err
	}
	return ok(pathsView{linkEnds: b.linkEnds, Paths: orEmpty(paths), Count: len(paths), Truncated: truncated})
}

// verifyBody names the links to be verified: those between two memories, or all
// of one, or the one that "source→target" names.
type verifyBody struct {
	Source   string `json:"source_id"`
	Target   string `json:"target_id"`
	LinkID   string `json:"link_id"`
	Relation string `json:"relation"`
}

// verdictView says how well a link is attested.
type verdictView struct {
	linkView

	Signed   bool   `json:"signed"`
	Verified bool   `json:"verified"`
	Reason   string `json:"reason"`
}

type verificationView struct {
	Verified bool          `json:"verified"` // each link has a signature, and this node has checked it
	Level    string        `json:"attest_level"`
	Signed   int           `json:"signed"`
	Reason   string        `json:"reason"`
	Links    []verdictView `json:"links"`
	Count    int           `json:"count"`
}

const unsigned = "unsigned"

func (a *API) verifyLinks(q *request) (reply, error) {
	var b verifyBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	if b.LinkID != "" {
		b.Source, b.Target, _ = strings.Cut(b.LinkID, "→")
	}
	if b.Source == "" {
		return reply{}, verb.Missing("source_id")
	}
	links, err := a.engine.Links(q.Context(), q.agent, b.Source)
	if err != nil {
		return reply{}, err
	}
	v := verificationView{Level: unsigned, Reason: "no link is signed", Links: []verdictView{}}
	for _, l := range linkViews(links) {
		if b.Target != "" && (l.Source != b.Source || l.Target != b.Target) || b.Relation != "" && l.Relation != b.Relation {
			continue
		}
		verdict := verdictView{linkView: l, Signed: len(l.Signature) > 0, Reason: "the link is not signed"}
		if verdict.Signed {
			v.Signed++
			verdict.Reason = "this node has no key of the agent to check the signature with"
			v.Reason = "this node has no keys of agents to check signatures with"
		}
		verdict.AttestLevel = cmp.Or(verdict.AttestLevel, unsigned)
		v.Links = append(v.Links, verdict)
	}
	if v.Count = len(v.Links); v.Count == 0 {
		return reply{}, verb.NotFound("no such link")
	}
	return ok(v)
}
