package verb

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/memory"
)

type node struct{ *deps }

// nodeVerbs are those about the node, its members and what it keeps.
func nodeVerbs(of *deps) []Verb {
	d := node{of}
	reaching := []client.Code{client.CodeNotFound, client.CodeMemberUnreachable}
	return []Verb{
		Of(Verb{Name: "memory_receipt", Summary: "say who holds a write now, or have the members' signed word for it", Answers: []Answer{Gives(Fine, client.ReceiptNow{})}, Codes: []client.Code{client.CodeNotSupported, client.CodeNotFound}}, d.receipt),
		Of(Verb{Name: "node_status", Summary: "describe the node and its members", Answers: []Answer{Gives(Fine, client.Status{})}}, d.status),
		Of(Verb{
			Name: "node_status_all", Summary: "say how each member gets on with each other one", Answers: []Answer{Gives(Fine, client.StatusAll{})},
		}, d.statusAll),
		Of(Verb{Name: "node_diff", Summary: "compare with a member", Answers: []Answer{Gives(Fine, client.Diff{})}, Codes: reaching}, d.diff),
		Of(Verb{
			Name: "node_repair", Summary: "merge again what a member has and this node lacks", Access: Operator,
			Answers: []Answer{Gives(Fine, client.Diff{})}, Codes: reaching,
		}, d.repair),
		Of(Verb{
			Name: "node_scrub", Summary: "read a part of the log to find damage", Access: Operator, Answers: []Answer{Gives(Fine, client.Scrubbing{})},
		}, d.scrub),
		Of(Verb{Name: "node_parked", Summary: "list ops that a member refused", Answers: []Answer{Gives(Fine, client.ParkedList{})}}, d.parked),
		Of(Verb{
			Name: "node_parked_retry", Summary: "offer refused ops again", Access: Operator,
			Answers: []Answer{Gives(Fine, client.Retried{})}, Codes: []client.Code{client.CodeNotFound},
		}, d.retryParked),
		Of(Verb{Name: "memory_stats", Family: familyMeta, Summary: "count what the node keeps", Answers: []Answer{Gives(Fine, client.Stats{})}}, d.stats),
		Of(Verb{
			Name: "memory_capabilities", Family: familyMeta, Summary: "say what this server can do", Answers: []Answer{Gives(Fine, client.Capabilities{})},
		}, d.capabilities),
		Of(Verb{
			Name: "memory_gc", Family: familyLifecycle, Summary: "drop history that is no longer kept", Drops: true,
			Answers: []Answer{Gives(Fine, client.Collected{})},
		}, d.collect),
		Of(Verb{Name: "memory_quota_status", Family: familyPower, Summary: "say what an agent keeps", Answers: []Answer{Gives(Fine, client.Quota{})}}, d.quota),
	}
}

func (d node) receipt(ctx context.Context, c *Call, in *client.ReceiptInput) (Done, error) {
	dot, err := memory.ParseDot(in.Dot)
	if err != nil {
		return Done{}, err
	}
	r, err := d.books.Core.Receipt(ctx, c.Agent, dot)
	if err != nil {
		return Done{}, err
	}
	v := ShowReceipt(r)
	told, err := d.books.Upkeep.Told(ctx, dot)
	if err != nil {
		return Done{}, err
	}
	for _, t := range told {
		v.Told = append(v.Told, client.LegacyHolder{Name: t.Name, State: t.State, Reason: t.Reason, Durability: "unknown"})
	}
	out := client.ReceiptNow{Receipt: *v, Nested: v}
	if in.Signed {
		if out.Signed, err = d.books.Core.Evidence(ctx, r); err != nil {
			return Done{}, err
		}
	}
	return Done{Body: out}, nil
}

func (d node) status(ctx context.Context, c *Call, _ *client.NoInput) (Done, error) {
	s, err := d.books.Upkeep.Status(ctx)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: showStatus(&s, c.Operator)}, nil
}

// showStatus is a status as callers see it. Why a model cannot be used may have addresses,
// paths and rules in it: the operator alone is told the whole.
func showStatus(s *upkeep.Status, operator bool) client.Status {
	c := s.Counts
	v := client.Status{
		Node: string(s.Node), Incarnation: s.Incarnation, Digest: s.Digest.String(), Heads: map[string]client.Head{}, LSN: s.LSN, W: s.W, N: s.N,
		Members: make([]client.Member, len(s.Members)), Parked: showParked(s.Parked), IndexLag: s.IndexLag, Damaged: s.Damaged, Version: s.Version,
		Counts:    client.Counts{Live: c.Live, Archived: c.Archived, Deleted: c.Deleted, Erased: c.Erased, Conflicts: c.Conflicts, Links: c.Links, Bytes: c.Bytes, Pending: s.Counting},
		StartedAt: timeOf(s.StartedAt), Time: timeOf(s.Time), Warnings: orEmpty(s.Warnings), Models: make([]client.Model, len(s.Models)),
	}
	for i, m := range s.Models {
		v.Models[i] = client.Model{Name: m.Name, State: m.State, Vectors: m.Vectors, Unread: m.Unread, Behind: m.Behind, Bytes: m.Bytes, Problem: m.Plain}
		if operator {
			v.Models[i].Problem = m.Problem
		}
	}
	for origin, h := range s.Heads {
		head := client.Head{Seq: h.Seq, Gaps: h.Gaps}
		if !h.Chain.IsZero() {
			head.Chain = h.Chain.String()
		}
		v.Heads[string(origin)] = head
	}
	for i := range s.Members {
		m := &s.Members[i]
		v.Members[i] = showMember(m)
	}
	for i := range s.Legacy {
		v.Legacy = append(v.Legacy, showLegacy(&s.Legacy[i], s))
	}
	return v
}

func showMember(m *upkeep.MemberStatus) client.Member {
	return client.Member{
		Name: string(m.Name), URL: m.URL, State: m.State, Acked: m.Acked, Owed: m.Owed, Parked: m.Parked,
		OldestOwedAt: timeOf(m.OldestOwedAt), LastAckAt: timeOf(m.LastAckAt), ProvenEqualAt: timeOf(m.ProvenEqualAt), LastError: m.LastError, ClockSkewMS: m.ClockSkewMS,
	}
}

func (d node) statusAll(ctx context.Context, _ *Call, _ *client.NoInput) (Done, error) {
	told, err := d.books.Upkeep.Accounts(ctx)
	if err != nil {
		return Done{}, err
	}
	v := client.StatusAll{Node: string(d.books.Core.Node()), Time: timeOf(d.books.Core.Now()), Members: make([]client.Account, len(told)), Count: len(told)}
	for i := range told {
		v.Members[i] = showAccount(&told[i])
	}
	return Done{Body: v}, nil
}

func showAccount(t *upkeep.Told) client.Account {
	v := client.Account{Node: string(t.Node), At: timeOf(t.At), Error: t.Err, Members: []client.Member{}}
	a := t.Account
	if a == nil {
		return v
	}
	v.Incarnation, v.Version, v.Digest, v.LSN, v.Parked = a.Incarnation, a.Version, a.Digest.String(), a.LSN, a.Parked
	v.StartedAt, v.Time = timeOf(a.StartedAt), timeOf(a.Time)
	if a.Certificate != nil {
		v.Certificate = &client.Certificate{Key: a.Certificate.Key, Until: timeOf(a.Certificate.Until)}
	}
	for i := range a.Members {
		v.Members = append(v.Members, showMember(&a.Members[i]))
	}
	return v
}

func showLegacy(p *upkeep.LegacyStatus, s *upkeep.Status) client.LegacyPeer {
	v := client.LegacyPeer{
		Name: p.Name, URL: p.URL, Direction: p.Direction, Namespaces: orEmpty(p.Namespace), Expires: timeOf(p.Expires), State: "ok",
		Taken: p.Taken, Drift: p.Drift, Failed: p.Failed, LastAt: timeOf(p.LastAt), LastError: p.Error, Durability: "unknown",
	}
	sent := p.Direction != "in"
	if sent {
		v.Owed = s.LSN - min(p.LSN, s.LSN)
	}
	switch {
	case p.Expires != 0 && p.Expires <= s.Time:
		v.State = "expired"
	case !sent:
		v.State = "only_calls"
	case p.Failing:
		v.State = "failing"
	case v.Owed > 0:
		v.State = "owed"
	}
	return v
}

func showParked(list []memory.Parked) []client.Parked {
	out := make([]client.Parked, len(list))
	for i := range list {
		p := &list[i]
		out[i] = client.Parked{Dot: p.Dot.String(), Code: p.Code, Text: p.Text, Member: string(p.Member), Since: timeOf(p.Since), Retry: timeOf(p.Retry)}
	}
	return out
}

// showDiff is a comparison; versions are shown as the dots that wrote them.
func showDiff(d upkeep.Diff) client.Diff {
	v := client.Diff{
		Member: string(d.Member), Equal: d.Equal, Here: d.Here.String(), There: d.There.String(), Count: len(d.Differences), Truncated: d.Truncated,
		Differences: make([]client.Difference, len(d.Differences)),
	}
	for i, x := range d.Differences {
		to := &v.Differences[i]
		to.Key, to.Family = x.Key, x.Family
		if !x.Here.IsZero() {
			to.Here, to.HereAt = x.Here.Dot.String(), timeOf(x.Here.Stamp.Instant())
		}
		if !x.There.IsZero() {
			to.There, to.ThereAt = x.There.Dot.String(), timeOf(x.There.Stamp.Instant())
		}
	}
	return v
}

func (d node) diff(ctx context.Context, _ *Call, in *client.MemberInput) (Done, error) {
	return d.compare(ctx, in, d.books.Upkeep.Diff)
}

func (d node) repair(ctx context.Context, _ *Call, in *client.MemberInput) (Done, error) {
	return d.compare(ctx, in, d.books.Upkeep.Repair)
}

func (d node) compare(ctx context.Context, in *client.MemberInput, with func(context.Context, memory.Node) (upkeep.Diff, error)) (Done, error) {
	m := memory.Node(in.Member)
	if err := m.Valid(); err != nil {
		return Done{}, err
	}
	found, err := with(ctx, m)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: showDiff(found)}, nil
}

func (d node) scrub(ctx context.Context, _ *Call, in *client.ScrubInput) (Done, error) {
	s, err := d.books.Upkeep.Scrub(ctx, in.After)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Scrubbing{Entries: s.Entries, After: s.After, Last: s.Last, Done: s.Done, Damaged: s.Damaged, Wrong: s.Wrong}}, nil
}

// omitted names what a read had to leave out because it is damaged.
func omitted(left *memory.Omissions) []string {
	names, _ := left.Names()
	return names
}

func (d node) parked(ctx context.Context, _ *Call, _ *client.NoInput) (Done, error) {
	list, err := d.books.Upkeep.Parked(ctx)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.ParkedList{Parked: showParked(list), Count: len(list)}}, nil
}

func (d node) retryParked(ctx context.Context, _ *Call, in *client.RetryInput) (Done, error) {
	dots := make([]memory.Dot, len(in.Dots))
	for i, text := range in.Dots {
		var err error
		if dots[i], err = memory.ParseDot(text); err != nil {
			return Done{}, err
		}
	}
	if in.DryRun {
		tried, err := d.books.Upkeep.TryParked(ctx, dots)
		return Done{Body: showTrials(tried)}, err
	}
	n, err := d.books.Upkeep.RetryParked(ctx, dots)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Retried{Retried: n}}, nil
}

func showTrials(list []upkeep.Trial) client.Retried {
	v := client.Retried{Ops: make([]client.Prospect, len(list))}
	for i := range list {
		t, to := &list[i], &v.Ops[i]
		to.Parked, to.Would = showParked([]memory.Parked{t.Parked})[0], string(t.Would)
		if t.Would == upkeep.Taken {
			v.Retried++
		}
		if t.Entry == nil || t.Entry.Op == nil {
			continue
		}
		to.Kind, to.Actor, to.At = t.Entry.Op.Kind().String(), string(t.Entry.Actor), timeOf(t.Entry.Stamp.Instant())
		for _, s := range t.Entry.Op.Subjects() {
			to.Subjects = append(to.Subjects, s.Name())
		}
	}
	return v
}

func (d node) stats(ctx context.Context, caller *Call, _ *client.NoInput) (Done, error) {
	c, err := d.books.Query.Namespaces(ctx, caller.Agent)
	if err != nil {
		return Done{}, err
	}
	tiers := make([]client.TierCount, 0, len(c.ByTier))
	for t, n := range c.ByTier {
		tiers = append(tiers, client.TierCount{Tier: string(t), Count: n})
	}
	slices.SortFunc(tiers, func(x, y client.TierCount) int {
		return cmp.Compare(memory.Tier(y.Tier).Rank(), memory.Tier(x.Tier).Rank())
	})
	return Done{Body: client.Stats{
		Total: c.Live, ByTier: tiers, ByNamespace: namespaceCounts(c.ByNamespace), Links: c.Links, Bytes: c.Bytes,
		Archived: c.Archived, Deleted: c.Deleted, Erased: c.Erased, ExpiringSoon: c.ExpiringSoon,
	}}, nil
}

func (d node) collect(ctx context.Context, c *Call, _ *client.NoInput) (Done, error) {
	n, err := d.books.Upkeep.Collect(ctx)
	if err != nil {
		return Done{}, err
	}
	counts, err := d.books.Query.Namespaces(ctx, c.Agent)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Collected{Dropped: n, Bytes: counts.Bytes}}, nil
}

func (d node) quota(ctx context.Context, c *Call, in *client.QuotaInput) (Done, error) {
	f := memory.Filter{Viewer: c.Agent, Now: d.now(), Owner: c.Agent, Namespace: in.Namespace}
	if err := validFilter(f); err != nil {
		return Done{}, err
	}
	counts := map[string]int64{}
	if !c.Agent.Unowned() {
		var err error
		if counts, err = d.books.Query.Spaces(ctx, f); err != nil {
			return Done{}, err
		}
	}
	agent := string(c.Agent)
	v := client.Quota{
		Agent: agent, Quota: client.Allotment{Agent: agent, Namespace: cmp.Or(in.Namespace, "_global")}, Quotas: []client.Allotment{}, Count: len(counts),
	}
	for _, s := range namespaceCounts(counts) {
		v.Quota.Memories += s.Count
		v.Quotas = append(v.Quotas, client.Allotment{Agent: agent, Namespace: s.Namespace, Memories: s.Count})
	}
	return Done{Body: v}, nil
}
