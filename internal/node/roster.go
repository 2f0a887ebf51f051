package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/evidence"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/verb"
)

// roster is who the members are, for replication; nil if they are configured.
func (t *trust) roster() (*replicate.Roster, error) {
	if t == nil {
		return nil, nil //nolint:nilnil // no identity is no error
	}
	under, err := t.UnderWay()
	if err != nil {
		return nil, err
	}
	m, _ := t.Membership()
	r := &replicate.Roster{Epoch: m.Epoch, Voters: seats(m.Voters())}
	for _, e := range m.Members {
		if e.Node != t.Place().Node {
			r.Others = append(r.Others, replicate.Seat{Node: e.Node, Since: e.Since})
		}
	}
	if under {
		r.Former = seats(m.Former)
	}
	return r, nil
}

func seats(list []cluster.Seat) []replicate.Seat {
	out := make([]replicate.Seat, len(list))
	for i, s := range list {
		out[i] = replicate.Seat(s)
	}
	return out
}

// onEnded and onOvertaken are what replication tells of changes of members. They do
// not block: keepCurrent does what is to be done.
func (t *trust) onEnded() func(uint64) {
	if t == nil {
		return nil
	}
	return func(epoch uint64) { // called by one goroutine
		select {
		case <-t.endings: // the end of this change ends an earlier one, too
		default:
		}
		t.endings <- epoch
	}
}

func (t *trust) onOvertaken() func(memory.Node, uint64) {
	if t == nil {
		return nil
	}
	return func(memory.Node, uint64) {
		select {
		case t.hurry <- struct{}{}:
		default:
		}
	}
}

// follow learns of new memberships, from the directory and from the members, until
// ctx is done.
func (t *trust) follow(ctx context.Context) {
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if err := t.Reload(); err != nil {
				t.log.WarnContext(ctx, "the membership cannot be read", "err", err)
			}
			t.followKey(ctx)
			t.followAuthority(ctx)
			t.note(t.fold.Due(time.Now())...)
		case epoch := <-t.endings:
			t.log.InfoContext(ctx, "the change of the members has ended", "epoch", epoch)
			t.note(audit.Event{Kind: audit.Membership, Subject: fmt.Sprintf("epoch %d", epoch), Tag: "change_ended"})
			if err := t.Ended(epoch); err != nil {
				t.log.ErrorContext(ctx, "that a change of the members has ended cannot be kept", "err", err)
			}
		case <-t.Changed():
			t.changed(ctx)
		}
	}
}

// changed goes by a new list of members.
func (t *trust) changed(ctx context.Context) {
	m, _ := t.Membership()
	t.log.InfoContext(ctx, "membership", "epoch", m.Epoch, "members", len(m.Members), "voters", len(m.Voters()))
	t.note(differences(t.last, m)...)
	t.last = m
	r, err := t.roster()
	if err != nil {
		t.log.ErrorContext(ctx, "the membership cannot be read", "err", err)
		return
	}
	t.setMembers(*r)
}

// followKey goes on with another key of this node, if it has one now: nobody is
// answered on connections that were opened with the one before.
func (t *trust) followKey(ctx context.Context) {
	next := t.Self().Key()
	if next.Public() == t.key.Public() {
		return
	}
	t.key = next
	t.log.InfoContext(ctx, "this node has another key", "key", next.Public())
	if err := handOver(t.audit, next, t.Cluster); err != nil {
		t.log.ErrorContext(ctx, "the audit log cannot be written", "err", err)
	}
	t.note(audit.Event{Kind: audit.KeyChange, Actor: string(t.Place().Name), Tag: "key_rotated", Subject: string(next.Public().ID())})
	t.server.SetKeepAlivesEnabled(false)
	time.AfterFunc(reconnecting, func() { t.server.SetKeepAlivesEnabled(true) })
}

// followAuthority notes that an authority was brought here, or taken away.
func (t *trust) followAuthority(ctx context.Context) {
	now := t.Authority()
	if now == t.holds {
		return
	}
	event := audit.Event{Kind: audit.KeyChange, Subject: string(now), Tag: "authority_here"}
	if now == "" {
		event.Subject, event.Tag = string(t.holds), "authority_gone"
	}
	t.holds = now
	t.log.InfoContext(ctx, "authority", "holds", now)
	t.note(event)
}

// reconnecting is how long connections are not kept after a change of the key.
const reconnecting = 15 * time.Second

// openAudit opens the audit log. Where the key was changed while the node did not run,
// the one that it was last of hands it over.
func openAudit(path string, c *cluster.Cluster) (*audit.Log, error) {
	key := c.Self().Key()
	log, err := audit.Open(path, key, time.Now)
	if err == nil {
		return log, c.ForgetLastKeys(key.Public())
	}
	last, lastErr := c.LastKeys()
	if lastErr != nil {
		return nil, errors.Join(err, lastErr)
	}
	for _, before := range last {
		log, beforeErr := audit.Open(path, before, time.Now)
		if beforeErr != nil {
			continue
		}
		if err := handOver(log, key, c); err != nil {
			return nil, errors.Join(err, log.Close())
		}
		return log, nil
	}
	return nil, err
}

// handOver has an audit log go on with the present key of this node. Until that is in
// the log, the keys before are kept: at the next start one of them must do it.
func handOver(log *audit.Log, key identity.Key, c *cluster.Cluster) error {
	if err := log.Rotate(key); err != nil {
		return err
	}
	return c.ForgetLastKeys(key.Public())
}

// ask asks the members for what they know of the membership, again and again, until
// ctx is done.
func (t *trust) ask(ctx context.Context) {
	tick := time.NewTicker(askAround)
	defer tick.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-t.hurry:
			if time.Since(last) < lookAgain/4 {
				continue // the next tick does
			}
		}
		last = time.Now()
		t.askMembers(ctx)
	}
}

// nowhere is the address of a member that has none.
const nowhere = "no address"

// differences are what an epoch has changed, for the audit log.
func differences(before, now cluster.Membership) []audit.Event {
	epoch := fmt.Sprintf("epoch %d", now.Epoch)
	out := []audit.Event{{Kind: audit.Membership, Subject: fmt.Sprintf("%s, %d members", epoch, len(now.Members)), Tag: "epoch"}}
	add := func(kind audit.Kind, tag string, e cluster.Member, detail string) {
		out = append(out, audit.Event{Kind: kind, Actor: epoch, Subject: string(e.Name), Tag: tag, Detail: detail})
	}
	for _, e := range now.Members {
		was, ok := before.Find(e.Node)
		switch {
		case !ok || was.Since != e.Since:
			add(audit.Membership, "member_added", e, fmt.Sprintf("key %s at %s", e.Key.ID(), e.URL))
			continue
		case was.Key != e.Key:
			add(audit.KeyChange, "member_key_changed", e, fmt.Sprintf("from %s to %s", was.Key.ID(), e.Key.ID()))
		}
		if was.URL != e.URL {
			add(audit.Membership, "member_moved", e, fmt.Sprintf("from %s to %s", cmp.Or(was.URL, nowhere), cmp.Or(e.URL, nowhere)))
		}
		if was.Counts() != e.Counts() {
			add(audit.Membership, "member_role", e, string(e.Role))
		}
	}
	for _, e := range before.Members {
		if is, ok := now.Find(e.Node); !ok || is.Since != e.Since {
			add(audit.Membership, "member_removed", e, "key "+string(e.Key.ID()))
		}
	}
	return out
}

// grace is whom a node believed of late though their certificates have ended. It is
// safe for concurrent use.
type grace struct {
	mu     sync.Mutex
	ending map[identity.Name]ended
}

// ended is a certificate that has ended, and when a member was last believed by it.
type ended struct{ until, seen time.Time }

// graceShown is how long a status tells of a member after it was last believed by grace:
// while it goes on calling or answering, that is noted once a minute.
const graceShown = 3 * time.Minute

// forborne notes that a member was believed by grace.
func (t *trust) forborne(name identity.Name, until time.Time) {
	t.grace.mu.Lock()
	if t.grace.ending == nil {
		t.grace.ending = map[identity.Name]ended{}
	}
	t.grace.ending[name] = ended{until: until, seen: t.clock()}
	t.grace.mu.Unlock()
	t.log.Error("a member is believed by grace: its certificate has ended", "member", string(name), "ended_at", until)
	t.event(audit.Event{Kind: audit.AuthFailure, Subject: string(name), Tag: "expired_grace", Detail: "believed, though its certificate ended at " + until.UTC().Format(time.RFC3339)})
}

// concerns are what every status says of members and certificates: members that are
// frozen, this node's own certificate that is not renewed, and those that are believed by
// grace.
func (t *trust) concerns() []string {
	if t == nil {
		return nil
	}
	now, allowed := t.clock(), t.Roots().Grace
	out := t.frozen()
	leaf := t.Self().TLS().Leaf
	switch left := leaf.NotAfter.Sub(now).Round(time.Minute); ca.HealthOf(leaf.NotBefore, leaf.NotAfter, allowed, now) {
	case ca.Overdue:
		out = append(out, fmt.Sprintf("the certificate of this node could not be renewed, and ends in %s: no authority answers", left))
	case ca.InGrace:
		out = append(out, fmt.Sprintf("the certificate of this node has ended: members with the same expired_grace take it for another %s", (left+allowed).Round(time.Minute)))
	case ca.Ended:
		out = append(out, "the certificate of this node has ended: members refuse it")
	case ca.Fresh:
	}
	t.grace.mu.Lock()
	defer t.grace.mu.Unlock()
	maps.DeleteFunc(t.grace.ending, func(_ identity.Name, e ended) bool { return now.Sub(e.seen) > graceShown })
	for _, name := range slices.Sorted(maps.Keys(t.grace.ending)) {
		e := t.grace.ending[name]
		out = append(out, fmt.Sprintf("member %s is believed by grace: its certificate ended at %s, and it is refused in %s",
			name, e.until.UTC().Format(time.RFC3339), e.until.Add(allowed).Sub(now).Round(time.Minute)))
	}
	return out
}

// believed are the members, but for those that have signed two ops under one number.
type believed struct {
	*cluster.Cluster
	proofs *evidence.Book
}

// Admit implements [attest.Roster].
func (b believed) Admit(name identity.Name, key identity.PublicKey) (memory.Node, error) {
	node, err := b.Cluster.Admit(name, key)
	if err != nil {
		return node, err
	}
	if t, frozen := b.proofs.Frozen(key); frozen {
		return "", identity.Refuse(identity.MemberFrozen, "%s has signed two ops as %s: tally member rotate, replace or remove %s", node, t.Dot, node)
	}
	return node, nil
}

// twice is told that a member has signed two ops under one number.
func (t *trust) twice(node memory.Node, d memory.Dot, digests [2]memory.Digest) {
	t.log.Error("a member has signed two ops under one number; nothing more is taken from it", "member", node, "op", d, "one", digests[0], "other", digests[1])
	t.event(audit.Event{
		Kind: audit.Refusal, Actor: string(node), Subject: d.String(), Tag: "equivocation",
		Detail: fmt.Sprintf("signed %s and %s; both are in %s/%s", digests[0], digests[1], IdentityDir, ProofsFile),
	})
}

// disputed is told of entries that a member has under numbers under which there are
// others here.
func (t *trust) disputed() func(context.Context, memory.Source, []memory.Arrival) {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, from memory.Source, in []memory.Arrival) {
		ops := make([]receipt.Op, len(in))
		for i, a := range in {
			ops[i] = receipt.Op{Dot: a.Entry.Dot, Digest: a.Entry.Digest, Body: a.Raw}
		}
		t.proofs.Disputed(ctx, from.Member, ops)
	}
}

// adoptProofs fetches the proofs of a member that has others than this node, once each
// time that they are others than before.
func (t *trust) adoptProofs(ctx context.Context, m memory.Node, proofs string) {
	if before, _ := t.adopted.Load(m); proofs == "" || proofs == t.proofs.ProofSet() || before == proofs {
		return
	}
	list, err := t.calls.Proofs(ctx, m)
	if err != nil {
		t.log.WarnContext(ctx, "a member does not show its proofs", "peer", m, "err", err)
		return
	}
	if err := t.proofs.Adopt(list); err != nil {
		t.log.WarnContext(ctx, "a member's proofs are none", "peer", m, "err", err)
	}
	t.adopted.Store(m, proofs)
}

// frozen is what every status says of members from which nothing is taken.
func (t *trust) frozen() []string {
	members, _ := t.Membership()
	var out []string
	for _, m := range members.Members {
		if p, frozen := t.proofs.Frozen(m.Key); frozen {
			out = append(out, fmt.Sprintf("member %s has signed two ops as %s, and nothing is taken from it: tally member rotate, replace or remove %s", m.Node, p.Dot, m.Node))
		}
	}
	return out
}

// roll is the list of members, as the operator sees and changes it over HTTP. What it
// changes goes the way of what the command line changes: through the signed list.
type roll struct{ *trust }

// roll returns nil if members have no identity.
func (t *trust) roll() api.Members {
	if t == nil {
		return nil
	}
	return roll{t}
}

// List implements [api.Members].
func (r roll) List(context.Context) (client.Membership, error) {
	m, _ := r.Membership()
	under, err := r.UnderWay()
	if err != nil {
		return client.Membership{}, err
	}
	key, _ := identity.PublicKeyOf(r.Root().PublicKey) // a root that is believed has one
	out := client.Membership{
		Identity: true, Domain: string(m.Domain), Epoch: m.Epoch, Changing: under, Authority: r.Authority() != "", Root: key.String(),
		Words: identity.Words(ca.Fingerprint(r.Root())), Members: []client.MemberInfo{},
	}
	if leaf := r.Self().TLS().Leaf; leaf != nil {
		out.CertEnds = client.TimeOf(leaf.NotAfter)
	}
	for _, e := range m.Members {
		role := cluster.Voter
		if !e.Counts() {
			role = e.Role
		}
		out.Members = append(out.Members, client.MemberInfo{
			Node: string(e.Node), Name: string(e.Name), URL: e.URL, Role: string(role), Key: string(e.Key.ID()), Since: e.Since, Self: e.Node == r.Place().Node,
		})
	}
	slices.SortFunc(out.Members, func(x, y client.MemberInfo) int { return strings.Compare(x.Node, y.Node) })
	return out, nil
}

// Invite implements [api.Members].
func (r roll) Invite(_ context.Context, ttl time.Duration, observer bool) (client.JoinToken, error) {
	line, token, err := r.Cluster.Invite(ttl, 1, cluster.Terms{Observer: observer})
	if err != nil {
		return client.JoinToken{}, r.refusal(err)
	}
	return client.JoinToken{ID: token.ID, Token: line, URL: r.Place().URL, Expires: client.TimeOf(token.Expires), Words: identity.Words(token.Root)}, nil
}

// Cancel implements [api.Members].
func (r roll) Cancel(_ context.Context, token string) error {
	ended, err := r.Cluster.Cancel(token)
	if err == nil && !ended {
		return &verb.Problem{Code: client.CodeNotFound, Text: "there is no such token"}
	}
	return err
}

// SetRole implements [api.Members].
func (r roll) SetRole(_ context.Context, node, role string) error {
	_, err := r.Set(memory.Node(node), "", cluster.Role(role))
	return r.refusal(err)
}

// Remove implements [api.Members].
func (r roll) Remove(_ context.Context, node string, force bool) error {
	return r.refusal(r.Cluster.Remove(memory.Node(node), force))
}

// refusal says to the operator why the members are not changed.
func (r roll) refusal(err error) error {
	switch {
	case errors.Is(err, cluster.ErrNoAuthority):
		return &verb.Problem{Code: client.CodeNotSupported, Text: "this node does not hold the root's key: members are changed where it is (tally member list on that machine says so)"}
	case errors.Is(err, cluster.ErrUnderWay):
		return &verb.Problem{Code: client.CodeBusy, Text: fmt.Sprintf("%v: it ends when enough members go by it and hold what was acknowledged, mostly within seconds", err), Retry: 1}
	case identity.TagOf(err) == identity.NotAMember:
		return &verb.Problem{Code: client.CodeNotFound, Text: err.Error()}
	}
	return err
}
