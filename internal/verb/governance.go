package verb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/near"
)

const (
	familyGovernance = "governance"
	defaultPending   = 100
)

type rules struct{ *deps }

// governanceVerbs are those on proposals and standards.
func governanceVerbs(of *deps) []Verb {
	d := rules{of}
	decided := []client.Code{client.CodeAlreadyDecided}
	approved := []Answer{Gives(Fine, client.Approved{}), Gives(Accepted, client.Voted{})}
	return []Verb{
		Of(Verb{
			Name: "memory_pending_list", Family: familyGovernance, Summary: "list proposals", Answers: []Answer{Gives(Fine, client.PendingList{})},
		}, d.pendings),
		Of(Verb{
			Name: "memory_pending_get", Family: familyGovernance, Summary: "read a proposal", Answers: []Answer{Gives(Fine, client.Pending{})},
		}, d.pending),
		Of(Verb{
			Name: "memory_pending_approve", Family: familyGovernance, Summary: "vote for a proposal", Access: Change, Answers: approved, Codes: decided,
		}, func(ctx context.Context, c *Call, in *client.ByID) (Done, error) { return d.approve(ctx, c, *in) }),
		Of(Verb{
			Name: "memory_pending_reject", Family: familyGovernance, Summary: "vote against a proposal", Access: Change,
			Answers: []Answer{Gives(Fine, client.Rejected{})}, Codes: decided,
		}, func(ctx context.Context, c *Call, in *client.ByID) (Done, error) { return d.reject(ctx, c, *in) }),
		Of(Verb{
			Name: "memory_pending_decide", Family: familyGovernance, Summary: "approve or deny a proposal", Access: Change,
			NoClient: "it is another way to say approve or reject, which the client's Decide says",
			Answers:  []Answer{Gives(Fine, client.Approved{}, client.Rejected{}), Gives(Accepted, client.Voted{})},
			Codes:    []client.Code{client.CodeAlreadyDecided, client.CodeAbsent},
		}, d.decide),
		Of(Verb{
			Name: "memory_namespaces", Family: familyGovernance, Summary: "count memories by namespace, or with a namespace read its standard",
			Answers: []Answer{Gives(Fine, client.Namespaces{}, client.Standard{}, client.StandardChain{})},
		}, d.namespaces),
		Of(Verb{
			Name: "memory_namespace_get_standard", Family: familyGovernance, Summary: "read the standard of a namespace",
			Answers: []Answer{Gives(Fine, client.Standard{}, client.StandardChain{})},
		}, func(ctx context.Context, c *Call, in *client.StandardInput) (Done, error) {
			return d.standard(ctx, c, in.Namespace, in.Inherit)
		}),
		Of(Verb{
			Name: "memory_namespace_set_standard", Family: familyGovernance, Summary: "set the standard of a namespace", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.StandardSet{})}, Codes: []client.Code{client.CodeNotFound, client.CodeConflict},
		}, d.setStandard),
		Of(Verb{
			Name: "memory_namespace_clear_standard", Family: familyGovernance, Summary: "clear the standard of a namespace", Access: Change, Waits: true,
			Answers: []Answer{Gives(Fine, client.StandardCleared{})},
		}, d.clearStandard),
	}
}

// pendings lists proposals, the newest of all states unless a status says which.
func (d rules) pendings(ctx context.Context, c *Call, in *client.PendingListInput) (Done, error) {
	status := in.Status
	if status == "all" {
		status = ""
	}
	found, err := d.books.Governance.Pendings(ctx, c.Agent, status, in.Namespace, cmp.Or(in.Limit, defaultPending))
	if err != nil {
		return Done{}, err
	}
	out := []client.Pending{}
	for i := range found {
		out = append(out, ShowPending(&found[i]))
	}
	return Done{Body: client.PendingList{Pending: out, Count: len(out), OwnerScope: string(c.Agent)}}, nil
}

func (d rules) pending(ctx context.Context, c *Call, in *client.ByID) (Done, error) {
	id, err := idOf(*in)
	if err != nil {
		return Done{}, err
	}
	p, err := d.books.Core.Pending(ctx, c.Agent, id)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: ShowPending(p)}, nil
}

// ShowPending is a proposal as ai-memory shows a pending action.
func ShowPending(p *memory.Pending) client.Pending {
	v := client.Pending{
		ID: p.ID, Action: actionType(p.Action), Namespace: p.Namespace, Payload: payload(p.Action), RequestedBy: string(p.Requester),
		RequestedAt: timeOf(p.RequestedAt), Status: statusOf(p), Detail: p.Detail, DecidedBy: string(p.By), DecidedAt: timeOf(p.At),
		Approvals: []client.Approval{}, Approver: approverOf(p.Approver), Home: string(p.Home), MemoryID: orNull(actionSubject(p.Action)),
	}
	for _, vote := range p.Votes {
		a := client.Approval{Agent: string(vote.Voter), At: timeOf(vote.At)}
		if vote.Approve {
			v.Approvals = append(v.Approvals, a)
		} else {
			v.Rejections = append(v.Rejections, a)
		}
	}
	return v
}

func statusOf(p *memory.Pending) string { return cmp.Or(p.Verdict, statusPending) }

// payload shows a proposed op: the memory that it would write, with those that it
// is made of, or its own fields.
func payload(op memory.Op) json.RawMessage {
	var v any = map[string]any{}
	switch a := aboutOf(op); {
	case op == nil:
	case op.Kind() == memory.KindLink:
		v = showLink(op.(*memory.Link)) //nolint:forcetypeassert // its kind says so
	case a.Content == nil:
		v = op
	case len(a.Memories) == 1:
		v = client.Content{Memory: showContent(*a.Content)}
	default:
		var parts []string
		for _, r := range a.Memories[1:] {
			parts = append(parts, r.ID)
		}
		v = map[string]any{"memory": client.Content{Memory: showContent(*a.Content)}, "ids": parts}
	}
	b, _ := json.Marshal(v) // values that came from JSON or CBOR
	return b
}

func aboutOf(op memory.Op) memory.About {
	if op == nil {
		return memory.About{}
	}
	return op.About()
}

// approverOf is the form that standards state approvers in.
func approverOf(a memory.Approver) json.RawMessage {
	var v any = "human"
	switch {
	case a.Agent != "":
		v = map[string]any{"agent": a.Agent}
	case a.Consensus > 0:
		v = map[string]any{"consensus": a.Consensus}
	}
	b, _ := json.Marshal(v) // strings and numbers
	return b
}

func (d rules) approve(ctx context.Context, c *Call, in client.ByID) (Done, error) {
	id, err := idOf(in)
	if err != nil {
		return Done{}, err
	}
	out, p, err := d.books.Governance.Approve(ctx, c.Caller, id)
	if err != nil {
		return Done{}, err
	}
	if p.Verdict == "" {
		settled, err := d.books.Governance.Settled(ctx, p)
		if err != nil {
			return Done{}, err
		}
		v := client.Voted{ID: id, Status: statusOf(p), Approved: settled == memory.VerdictApproved, Detail: p.Detail, Reason: "more approvals are needed", Receipt: ShowReceipt(out.Receipt)}
		v.Votes, v.Quorum = approvals(p)
		if v.Approved {
			v.Reason = "its home node " + string(p.Home) + " has not carried it out yet"
		}
		return Done{How: Accepted, Body: v, Replayed: out.Replayed}, nil
	}
	v := client.Approved{
		ID: id, Status: statusOf(p), Approved: true, Executed: p.Verdict == memory.VerdictApproved, Detail: p.Detail,
		DecidedBy: cmp.Or(string(p.By), string(c.Agent)), MemoryID: orNull(p.Action.About().Changed()), Receipt: ShowReceipt(out.Receipt),
	}
	if !v.Executed { // the vote counts, and the action could not be carried out any more
		v.Reason = p.Detail
	}
	return Done{Body: v, Replayed: out.Replayed}, nil
}

// approvals counts the votes for a proposal, and how many it needs.
func approvals(p *memory.Pending) (votes, needed int) {
	for _, v := range p.Votes {
		if v.Approve {
			votes++
		}
	}
	return votes, max(1, int(p.Approver.Consensus))
}

func (d rules) reject(ctx context.Context, c *Call, in client.ByID) (Done, error) {
	id, err := idOf(in)
	if err != nil {
		return Done{}, err
	}
	out, p, err := d.books.Governance.Reject(ctx, c.Caller, id)
	if err != nil {
		return Done{}, err
	}
	return Done{Replayed: out.Replayed, Body: client.Rejected{
		ID: id, Status: statusOf(p), Rejected: true, DecidedBy: cmp.Or(string(p.By), string(c.Agent)), Receipt: ShowReceipt(out.Receipt),
	}}, nil
}

// decide is approve or reject in one.
func (d rules) decide(ctx context.Context, c *Call, in *client.DecideInput) (Done, error) {
	if in.Remember != "" && in.Remember != "once" {
		return Done{}, &Problem{
			Code: client.CodeAbsent, Fields: []string{"remember"},
			Text: "not implemented: remember " + in.Remember + ": change the standard of the namespace instead, so that all members know",
		}
	}
	if in.Decision == "approve" {
		return d.approve(ctx, c, in.ByID)
	}
	return d.reject(ctx, c, in.ByID)
}

// namespaces counts memories by namespace; with a namespace it reads a standard.
func (d rules) namespaces(ctx context.Context, c *Call, in *client.NamespacesInput) (Done, error) {
	if c.Given["namespace"] {
		return d.standard(ctx, c, in.Namespace, in.Inherit)
	}
	counts, err := d.books.Query.Namespaces(ctx, c.Agent)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Namespaces{Namespaces: namespaceCounts(counts.ByNamespace), Count: len(counts.ByNamespace)}}, nil
}

func validStandardNamespace(ns string) error {
	if ns == memory.RootNamespace {
		return nil
	}
	return memory.ValidNamespace(ns)
}

// showStandard shows a standard, with the memory that states it as far as the
// caller may read it.
func showStandard(s *governance.Standard) client.Standard {
	v := client.Standard{Namespace: s.Namespace, Parent: s.Parent, SetAt: timeOf(s.At)}
	if !s.Hidden {
		v.StandardID = &s.StandardID
	}
	switch rec := s.Record; {
	case s.Hidden:
		v.Warning = "the memory of this standard is not visible to the caller"
	case rec == nil:
		v.Warning = "the memory of this standard is not live here: it states nothing"
	default:
		v.Title, v.Content, v.Priority = rec.Title, rec.Memory.Content, rec.Priority
	}
	if len(s.Governance) > 0 { // rules bind everybody: they are no secret
		v.Governance = json.RawMessage(s.Governance)
	}
	return v
}

func (d rules) standard(ctx context.Context, c *Call, ns string, inherit bool) (Done, error) {
	if err := validStandardNamespace(ns); err != nil {
		return Done{}, err
	}
	if inherit {
		return d.standardChain(ctx, c, ns)
	}
	s, err := d.books.Governance.Standard(ctx, c.Agent, ns)
	if errors.Is(err, memory.ErrNotFound) {
		return Done{Body: client.Standard{Namespace: ns}}, nil
	}
	if err != nil {
		return Done{}, err
	}
	return Done{Body: showStandard(s)}, nil
}

func (d rules) standardChain(ctx context.Context, c *Call, ns string) (Done, error) {
	found, err := d.books.Governance.StandardChain(ctx, c.Agent, ns)
	if err != nil {
		return Done{}, err
	}
	v := client.StandardChain{Namespace: ns, Chain: make([]string, len(found)), Standards: make([]client.Standard, len(found)), Count: len(found)}
	for i := range found {
		v.Chain[i] = found[i].Namespace
		v.Standards[i] = showStandard(&found[i])
	}
	return Done{Body: v}, nil
}

// fieldsOfStandard are those of the input, nested or not: what is nested goes
// before.
func fieldsOfStandard(in *client.SetStandardInput) client.StandardFields {
	f, s := in.StandardFields, in.Standard
	f.ID = cmp.Or(f.ID, f.StandardID)
	if s == nil {
		return f
	}
	f.Namespace, f.ID = cmp.Or(s.Namespace, f.Namespace), cmp.Or(s.ID, s.StandardID, f.ID)
	f.Parent, f.AgentID = cmp.Or(s.Parent, f.Parent), cmp.Or(s.AgentID, f.AgentID)
	if len(s.Governance) > 0 {
		f.Governance = s.Governance
	}
	return f
}

func (d rules) setStandard(ctx context.Context, c *Call, in *client.SetStandardInput) (Done, error) {
	f := fieldsOfStandard(in)
	if f.Namespace == "" {
		return Done{}, Missing("namespace")
	}
	if err := validStandardNamespace(f.Namespace); err != nil {
		return Done{}, err
	}
	if err := claims(f.AgentID, c.Agent); err != nil {
		return Done{}, err
	}
	rules := objectOf(f.Governance)
	if len(rules) > 0 {
		if _, err := memory.ParseGovernance(rules); err != nil {
			return Done{}, err
		}
		if err := knownRules(rules); err != nil {
			return Done{}, err
		}
	}
	out, err := d.books.Governance.SetStandard(ctx, c.Caller, governance.StandardDraft{Namespace: f.Namespace, ID: f.ID, Parent: f.Parent, Governance: rules})
	return written(out, err, Created, func() any {
		v := client.StandardSet{
			Set: true, Namespace: f.Namespace, StandardID: f.ID, Parent: f.Parent, Governance: json.RawMessage(rules), Receipt: ShowReceipt(out.Receipt),
		}
		if s, is := out.Entry.Op.(*memory.SetStandard); is {
			v.StandardID = s.StandardID
		}
		return v
	})
}

// knownRules refuses rules that are meant to be one of ours and are misspelt: nobody would
// keep them, and the namespace would be open to all and say that it is not. Others are kept
// with the rest: ai-memory has many more, of things that are not here.
func knownRules(raw memory.Object) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return fmt.Errorf("governance: %w: %w", err, memory.ErrInvalid)
	}
	const where = "governance."
	meant := func(name string) []string { return near.To(strings.TrimPrefix(name, where), memory.RuleNames()) }
	var wrong []string
	for name := range given {
		if !slices.Contains(memory.RuleNames(), name) && len(meant(name)) > 0 {
			wrong = append(wrong, where+name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return Unknown(wrong, func(name string) []string {
		names := meant(name)
		for i := range names {
			names[i] = where + names[i]
		}
		return names
	})
}

func (d rules) clearStandard(ctx context.Context, c *Call, in *client.ClearStandardInput) (Done, error) {
	if err := validStandardNamespace(in.Namespace); err != nil {
		return Done{}, err
	}
	out, cleared, err := d.books.Governance.ClearStandard(ctx, c.Caller, in.Namespace)
	return written(out, err, Fine, func() any {
		v := client.StandardCleared{Cleared: cleared, Namespace: in.Namespace}
		if out.Entry != nil {
			v.Receipt = ShowReceipt(out.Receipt)
		}
		return v
	})
}
