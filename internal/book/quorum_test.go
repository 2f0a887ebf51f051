package book_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
)

// federation is three nodes on one network.
func federation(t *testing.T) (net *fakenet.Net, a, b, c *node) {
	t.Helper()
	net = fakenet.New()
	names := []memory.Node{"a", "b", "c"}
	nodes := map[memory.Node]*node{}
	for _, name := range names {
		var others []upkeep.Member
		for _, other := range names {
			if other != name {
				others = append(others, upkeep.Member{Name: other, URL: "http://" + string(other)})
			}
		}
		nodes[name] = open(t, name, net.Of(name), 0, others...)
		net.Join(name, nodes[name])
	}
	return net, nodes["a"], nodes["b"], nodes["c"]
}

// isolate cuts a node off, and returns how to connect it again.
func isolate(net *fakenet.Net, name memory.Node) (heal func()) {
	for _, other := range []memory.Node{"a", "b", "c"} {
		if other != name {
			net.Cut(name, other)
		}
	}
	return func() {
		for _, other := range []memory.Node{"a", "b", "c"} {
			if other != name {
				net.Heal(name, other)
			}
		}
	}
}

func wantQuorumError(t *testing.T, err error) *engine.QuorumError {
	t.Helper()
	q, is := errors.AsType[*engine.QuorumError](err)
	if !is {
		t.Fatalf("error %v, want a *QuorumError", err)
	}
	return q
}

func TestReceiptNamesWhoHoldsTheWrite(t *testing.T) {
	_, a, b, _ := federation(t)
	out := ok(t)(a.Create(t.Context(), alice, draft("t")))
	r := out.Receipt
	if r.W != 2 || r.N != 3 || len(r.HeldBy) < 2 || r.Durability != engine.DurableQuorum || r.Dot != out.Entry.Dot || r.Digest != out.Entry.Digest {
		t.Errorf("receipt %+v", r)
	}
	all := alice
	all.Durability = engine.DurableAll
	r = ok(t)(a.Update(t.Context(), all, out.Record.ID, records.Patch{Content: new("x")})).Receipt
	if diff := cmp.Diff([]memory.Node{"a", "b", "c"}, r.HeldBy); diff != "" || r.W != 3 || r.Durability != engine.DurableAll {
		t.Errorf("receipt %+v\n%s", r, diff)
	}
	rec, _, err := b.Get(t.Context(), "alice", out.Record.ID)
	if err != nil || rec.Memory.Content != "x" {
		t.Errorf("at b: %+v, %v", rec, err)
	}
	// b may have the write from c, and hears of a later.
	b.eventually(t, "a receipt from b that names two", func() bool {
		now, err := b.Receipt(t.Context(), "alice", out.Receipt.Dot)
		if err != nil || now.Dot != out.Receipt.Dot {
			t.Fatalf("receipt from b %+v, %v", now, err)
		}
		return len(now.HeldBy) >= 2
	})
	_, err = a.Receipt(t.Context(), "alice", memory.Dot{Origin: "z.1", Seq: 1})
	wantErr(t, err, memory.ErrNotFound)
}

func TestLocalDurabilityWaitsForNobody(t *testing.T) {
	net, a, _, _ := federation(t)
	isolate(net, "a")
	local := alice
	local.Durability = engine.DurableLocal
	r := ok(t)(a.Create(t.Context(), local, draft("t"))).Receipt
	if diff := cmp.Diff([]memory.Node{"a"}, r.HeldBy); diff != "" || r.Durability != engine.DurableLocal {
		t.Errorf("receipt %+v\n%s", r, diff)
	}
	bad := alice
	bad.Durability = "eventually"
	_, err := a.Create(t.Context(), bad, draft("u"))
	wantErr(t, err, memory.ErrInvalid)
}

func TestMissedQuorumKeepsTheWriteAndSaysSo(t *testing.T) {
	net, a, b, _ := federation(t)
	heal := isolate(net, "a")
	out, err := a.Create(t.Context(), keyed(alice, "k", "body"), draft("t"))
	q := wantQuorumError(t, err)
	if q.Got != 1 || q.Needed != 2 || q.Reason != "unreachable" || q.Outcome.Receipt.Dot.IsZero() || q.Outcome.Receipt.Durability != engine.DurableLocal {
		t.Errorf("error %+v", q)
	}
	if out.Record == nil || out.Receipt.Dot != q.Outcome.Receipt.Dot {
		t.Errorf("outcome %+v", out)
	}
	if _, _, err := a.Get(t.Context(), "alice", out.Record.ID); err != nil {
		t.Errorf("the write did not stay: %v", err)
	}
	heal()
	// The repetition is no conflict with the first: it waits for the same write.
	b.eventually(t, "the write arrives", func() bool {
		_, _, err := b.Get(t.Context(), "alice", out.Record.ID)
		return err == nil
	})
	again, err := a.Create(t.Context(), keyed(alice, "k", "body"), draft("t"))
	if err != nil || !again.Replayed || again.Receipt.Dot != out.Receipt.Dot || len(again.Receipt.HeldBy) < 2 {
		t.Errorf("repeated: %+v, %v", again, err)
	}
}

func TestAllIsMissedWhenOneMemberIsAway(t *testing.T) {
	net, a, _, _ := federation(t)
	isolate(net, "c")
	all := alice
	all.Durability = engine.DurableAll
	_, err := a.Create(t.Context(), all, draft("t"))
	q := wantQuorumError(t, err)
	if q.Got != 2 || q.Needed != 3 || q.Reason != "timeout" {
		t.Errorf("error %+v", q)
	}
	if _, err := a.Create(t.Context(), alice, draft("u")); err != nil {
		t.Errorf("a quorum is there: %v", err)
	}
}

func TestClientThatLeavesEndsTheWaitOnly(t *testing.T) {
	net, a, b, _ := federation(t)
	heal := isolate(net, "a")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := a.Create(ctx, alice, draft("t"))
		done <- err
	}()
	a.eventually(t, "the write is committed", func() bool { return a.store.View().LSN > 0 })
	cancel()
	wantErr(t, <-done, context.Canceled)
	heal()
	b.eventually(t, "the write arrives", func() bool {
		_, _, err := b.Get(t.Context(), "alice", memory.PrivateID("alice", "global", "t"))
		return err == nil
	})
}

func TestNamespaceAsksForItsOwnQuorum(t *testing.T) {
	net, a, _, _ := federation(t)
	a.govern(t, "all", `{"write_quorum":3}`)
	a.govern(t, "all/one", `{"write_quorum":1}`)
	a.govern(t, "all/none", `{"write":"any"}`)
	a.govern(t, "all/stop", `{"inherit":false}`)
	for ns, want := range map[string]int{"all": 3, "all/x/y": 3, "all/one": 1, "all/none": 3, "all/stop": 2, "else": 2} {
		if got := ok(t)(a.Create(t.Context(), nobody, in(ns, draft("t")))).Receipt.W; got != want {
			t.Errorf("W in %s is %d, want %d", ns, got, want)
		}
	}
	isolate(net, "a")
	if _, err := a.Create(t.Context(), nobody, in("all/one", draft("u"))); err != nil {
		t.Errorf("one member is enough: %v", err)
	}
	// A move touches both namespaces: the larger quorum counts.
	_, err := a.Update(t.Context(), nobody, memory.DerivedID("all/one", "u"), records.Patch{Namespace: new("all")})
	if q := wantQuorumError(t, err); q.Needed != 3 {
		t.Errorf("error %+v", q)
	}
}

// Any agent can set a standard of all namespaces: it does not say on how many disks
// what operators decide has to be.
func TestNoStandardOfOthersSaysWhatIsAQuorumForOperators(t *testing.T) {
	_, a, _, _ := federation(t)
	a.govern(t, "*", `{"write_quorum":1}`)
	change := func() engine.Outcome {
		return ok(t)(a.ChangeTeam(t.Context(), operator, "ops", []memory.AgentID{"zoe"}, nil))
	}
	if got := ok(t)(a.Create(t.Context(), nobody, in("else", draft("t")))).Receipt.W; got != 1 {
		t.Fatalf("W elsewhere is %d: the standard says nothing", got)
	}
	if got := change().Receipt.W; got != 2 {
		t.Errorf("W of a change of a team is %d, want the majority", got)
	}
}

func TestQuorumLargerThanTheFederationIsClampedWithAWarning(t *testing.T) {
	n := alone(t)
	// Such a standard comes from when the federation was larger.
	d := draft("rules")
	d.Memory.Metadata = memory.Object(`{"governance":{"write_quorum":5}}`)
	rec := n.create(t, nobody, d)
	set := foreign(t, n.clock.now(), 1, &memory.SetStandard{Namespace: "ns", StandardID: rec.ID})
	if _, err := n.Accept(t.Context(), imported, []memory.Shipment{set}); err != nil {
		t.Fatal(err)
	}
	before := n.logs.warnings.Load()
	for i := range 3 {
		if w := ok(t)(n.Create(t.Context(), nobody, in("ns", draft(title(i))))).Receipt.W; w != 1 {
			t.Errorf("W %d, want 1", w)
		}
	}
	if got := n.logs.warnings.Load() - before; got != 1 {
		t.Errorf("%d warnings, want one", got)
	}
}

func TestVoteAtAnotherNodeIsCarriedOutAtHomeAndReachesAll(t *testing.T) {
	_, a, b, c := federation(t)
	a.govern(t, "ns", `{"write":"approve"}`)
	p := a.propose(t, alice, in("ns", draft("t")))
	b.eventually(t, "the proposal arrives", func() bool { _, err := b.Pending(t.Context(), "bob", p.ID); return err == nil })
	if _, p := b.approve(t, bob, p.ID); p.Home != "a" {
		t.Errorf("home %s", p.Home)
	}
	for _, n := range []*node{a, b, c} {
		n.eventually(t, "the action arrives", func() bool {
			_, _, err := n.Get(t.Context(), "alice", memory.PrivateID("alice", "ns", "t"))
			return err == nil
		})
		p, err := n.Pending(t.Context(), "bob", p.ID)
		if err != nil || p.Verdict != memory.VerdictApproved || p.By != "bob" {
			t.Errorf("proposal %+v, %v", p, err)
		}
	}
}

func TestMembersBecomeEqualAndProveIt(t *testing.T) {
	net, a, b, c := federation(t)
	heal := isolate(net, "c")
	for i, n := range []*node{a, b, c} {
		local := engine.Caller{Durability: engine.DurableLocal}
		for k := range 20 {
			n.create(t, local, draft(title(100*i+k)))
		}
	}
	d, err := a.Diff(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	if d.Equal && len(d.Differences) > 0 {
		t.Errorf("diff %+v", d)
	}
	_, err = a.Diff(t.Context(), "c")
	if err == nil {
		t.Error("compared with a member that is away")
	}
	_, err = a.Diff(t.Context(), "stranger")
	wantErr(t, err, memory.ErrNotFound)
	heal()
	for _, n := range []*node{a, b, c} {
		n.eventually(t, "all have all", func() bool { return n.store.View().Root == a.store.View().Root && len(n.store.View().Heads) == 3 })
	}
	d, err = a.Diff(t.Context(), "c")
	if err != nil || !d.Equal || d.Here != d.There {
		t.Errorf("diff %+v, %v", d, err)
	}
	d, err = c.Repair(t.Context(), "a")
	if err != nil || !d.Equal {
		t.Errorf("repair %+v, %v", d, err)
	}
	s, err := a.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Node != "a" || s.N != 3 || s.W != 2 || len(s.Members) != 2 || s.Members[0].URL != "http://b" || s.Counts.Live != 60 || s.Digest != c.store.View().Root {
		t.Errorf("status %+v", s)
	}
}

func TestConcurrentRequestsWithOneKeyAreOneWrite(t *testing.T) {
	n := alone(t)
	var wg sync.WaitGroup
	outs := make([]engine.Outcome, 16)
	for i := range outs {
		wg.Go(func() {
			var err error
			if outs[i], err = n.Create(t.Context(), keyed(alice, "k", "body"), draft("t")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, out := range outs {
		if out.Receipt.Dot != outs[0].Receipt.Dot {
			t.Errorf("dots %s and %s", out.Receipt.Dot, outs[0].Receipt.Dot)
		}
	}
	if v := n.store.View().Heads[n.store.Origin()].Seq; v != 1 {
		t.Errorf("%d ops, want 1", v)
	}
}

func TestRepeatedRequestsReturnTheFirstOutcome(t *testing.T) {
	n := alone(t)
	fresh := func(name string) string { return n.create(t, alice, draft(name)).ID }
	update, remove, archive, erase := fresh("update"), fresh("delete"), fresh("archive"), fresh("erase")
	restore, l1, l2, c1, c2 := fresh("restore"), fresh("l1"), fresh("l2"), fresh("c1"), fresh("c2")
	ok(t)(n.Delete(t.Context(), alice, restore))
	ok(t)(n.Link(t.Context(), alice, link(l1, l2, "supersedes")))
	tests := map[string]func(c engine.Caller) (engine.Outcome, error){
		"create": func(c engine.Caller) (engine.Outcome, error) { return n.Create(t.Context(), c, draft("created")) },
		"create that expires": func(c engine.Caller) (engine.Outcome, error) {
			d := draft("brief")
			d.Memory.ExpiresAt = n.now() + memory.Instant(time.Hour)
			return n.Create(t.Context(), c, d)
		},
		"update": func(c engine.Caller) (engine.Outcome, error) {
			return n.Update(t.Context(), c, update, records.Patch{Content: new("x"), IfVersion: 1})
		},
		"delete":  func(c engine.Caller) (engine.Outcome, error) { return n.Delete(t.Context(), c, remove) },
		"archive": func(c engine.Caller) (engine.Outcome, error) { return n.Archive(t.Context(), c, archive, "") },
		"erase":   func(c engine.Caller) (engine.Outcome, error) { return n.Erase(t.Context(), c, erase) },
		"restore": func(c engine.Caller) (engine.Outcome, error) { return n.Restore(t.Context(), c, restore) },
		"link":    func(c engine.Caller) (engine.Outcome, error) { return n.Link(t.Context(), c, link(l1, l2, "")) },
		"unlink": func(c engine.Caller) (engine.Outcome, error) {
			out, removed, err := n.Unlink(t.Context(), c, l1, l2, "supersedes")
			if err == nil && removed != 1 {
				t.Errorf("removed %d", removed)
			}
			return out, err
		},
		"consolidate": func(c engine.Caller) (engine.Outcome, error) {
			return n.Consolidate(t.Context(), c, records.Consolidation{IDs: []string{c1, c2}})
		},
		"set standard": func(c engine.Caller) (engine.Outcome, error) {
			return n.SetStandard(t.Context(), c, governance.StandardDraft{Namespace: "ns"})
		},
	}
	for name, act := range tests {
		t.Run(name, func(t *testing.T) {
			first := ok(t)(act(keyed(alice, name, "body")))
			lsn := n.store.View().LSN
			again := ok(t)(act(keyed(alice, name, "body")))
			if !again.Replayed || again.Receipt.Dot != first.Receipt.Dot || n.store.View().LSN != lsn {
				t.Errorf("repeated as %+v, first %+v", again.Receipt, first.Receipt)
			}
			if diff := cmp.Diff(first.Record, again.Record); diff != "" {
				t.Errorf("records differ:\n%s", diff)
			}
			_, err := act(keyed(alice, name, "another body"))
			wantErr(t, err, memory.ErrKeyReused)
		})
	}
}

func TestRepeatedProposalIsTheSameProposal(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	first := n.propose(t, keyed(alice, "k", "body"), in("ns", draft("t")))
	again := n.propose(t, keyed(alice, "k", "body"), in("ns", draft("t")))
	if first.ID != again.ID {
		t.Errorf("proposals %s and %s", first.ID, again.ID)
	}
	for range 2 {
		_, p := n.approve(t, keyed(bob, "k2", "body"), first.ID)
		if p.Verdict != memory.VerdictApproved {
			t.Errorf("proposal %+v", p)
		}
	}
}

func TestRepeatedBulkWritesNothingTwice(t *testing.T) {
	n := alone(t)
	var drafts []records.Draft
	for i := range 50 {
		drafts = append(drafts, draft(title(i)))
	}
	for range 2 {
		for i, r := range n.Bulk(t.Context(), keyed(alice, "k", "body"), drafts) {
			if r.Err != nil || r.Outcome.Record == nil || r.Outcome.Record.Version != 1 {
				t.Errorf("draft %d: %+v, %v", i, r.Outcome.Record, r.Err)
			}
		}
	}
	if v := n.store.View().Heads[n.store.Origin()].Seq; v != 50 {
		t.Errorf("%d ops, want 50", v)
	}
}
