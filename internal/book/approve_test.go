package book_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// govern sets rules for a namespace, on behalf of nobody.
func (n *node) govern(t *testing.T, namespace, rules string) {
	t.Helper()
	d := governance.StandardDraft{Namespace: namespace, Governance: memory.Object(rules)}
	if _, err := n.SetStandard(t.Context(), nobody, d); err != nil {
		t.Fatal(err)
	}
}

// register makes an agent known.
func (n *node) register(t *testing.T, agents ...memory.AgentID) {
	t.Helper()
	for _, a := range agents {
		ok(t)(n.RegisterAgent(t.Context(), engine.Caller{Agent: a}, governance.Agent{ID: a, Type: "test"}))
	}
}

// propose creates a memory where that needs approval, and returns the proposal.
func (n *node) propose(t *testing.T, c engine.Caller, d records.Draft) *memory.Pending {
	t.Helper()
	return pending(t)(n.Create(t.Context(), c, d))
}

// pending fails the test unless an operation waits for approval.
func pending(t *testing.T) func(engine.Outcome, error) *memory.Pending {
	t.Helper()
	return func(out engine.Outcome, err error) *memory.Pending {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if out.Pending == nil || out.Record != nil || out.Receipt.Dot.IsZero() {
			t.Fatalf("outcome %+v, want a proposal", out)
		}
		return out.Pending
	}
}

// approve votes for a proposal and returns how it stands.
func (n *node) approve(t *testing.T, c engine.Caller, id string) (engine.Outcome, *memory.Pending) {
	t.Helper()
	out, p, err := n.Approve(t.Context(), c, id)
	if err != nil {
		t.Fatal(err)
	}
	return out, p
}

func (n *node) missing(t *testing.T, id string) {
	t.Helper()
	_, err := n.store.Record(t.Context(), id)
	wantErr(t, err, memory.ErrNotFound)
}

func TestProposalIsCarriedOutOnApproval(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	p := n.propose(t, alice, in("ns", draft("t")))
	id := memory.PrivateID("alice", "ns", "t")
	n.missing(t, id)
	_, _, err := n.Approve(t.Context(), alice, p.ID)
	wantForbidden(t, err)
	out, p := n.approve(t, bob, p.ID)
	if p.Verdict != memory.VerdictApproved || p.By != "bob" || out.Record == nil || out.Record.ID != id {
		t.Errorf("proposal %+v, record %+v", p, out.Record)
	}
	rec, _, err := n.Get(t.Context(), "alice", id)
	if err != nil || rec.Access().Owner != "alice" {
		t.Errorf("record %+v, %v", rec, err)
	}
	_, _, err = n.Approve(t.Context(), bob, p.ID)
	wantErr(t, err, governance.ErrDecided)
	_, _, err = n.Reject(t.Context(), bob, p.ID)
	wantErr(t, err, governance.ErrDecided)
	_, _, err = n.Approve(t.Context(), bob, "no-such-proposal")
	wantErr(t, err, memory.ErrNotFound)
}

// A node looks at a proposal as soon as a vote is committed. Whoever votes is told what was
// carried out all the same.
func TestWhoVotesIsToldWhatWasCarriedOut(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	for i := range 20 {
		title := fmt.Sprint("t", i)
		proposal := n.propose(t, alice, in("ns", draft(title))).ID
		voted := make(chan struct{})
		var looking sync.WaitGroup
		looking.Go(func() {
			for {
				select {
				case <-voted:
					return
				default:
					n.Voted(t.Context(), proposal)
				}
			}
		})
		out, p := n.approve(t, bob, proposal)
		close(voted)
		looking.Wait()
		if id := memory.PrivateID("alice", "ns", title); out.Record == nil || out.Record.ID != id {
			t.Fatalf("%d: proposal %+v, record %+v, want %s", i, p, out.Record, id)
		}
	}
}

func TestRejectedProposalChangesNothing(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	p := n.propose(t, alice, in("ns", draft("t")))
	_, p, err := n.Reject(t.Context(), bob, p.ID)
	if err != nil || p.Verdict != memory.VerdictRejected || p.By != "bob" {
		t.Fatalf("proposal %+v, %v", p, err)
	}
	n.missing(t, memory.PrivateID("alice", "ns", "t"))
	_, _, err = n.Approve(t.Context(), carol, p.ID)
	wantErr(t, err, governance.ErrDecided)
}

func TestAnonymousProposalsMayBeApprovedByAnybody(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	p := n.propose(t, nobody, in("ns", draft("t")))
	if _, p := n.approve(t, nobody, p.ID); p.Verdict != memory.VerdictApproved {
		t.Errorf("proposal %+v", p)
	}
}

func TestNamedApproverDecidesAlone(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve","approver":{"agent":"carol"}}`)
	p := n.propose(t, alice, in("ns", draft("t")))
	for _, vote := range []func() error{
		func() error { _, _, err := n.Approve(t.Context(), bob, p.ID); return err },
		func() error { _, _, err := n.Reject(t.Context(), bob, p.ID); return err },
	} {
		wantErr(t, vote(), memory.ErrNotFound) // bob may not even read it
	}
	for agent, want := range map[memory.AgentID]int{"alice": 1, "bob": 0, "carol": 1} {
		list, err := n.Pendings(t.Context(), agent, governance.StatusPending, "", 0)
		if err != nil || len(list) != want {
			t.Errorf("%s sees %d proposals, %v; want %d", agent, len(list), err, want)
		}
	}
	if _, p := n.approve(t, carol, p.ID); p.Verdict != memory.VerdictApproved {
		t.Errorf("proposal %+v", p)
	}
}

func TestConsensusNeedsDistinctRegisteredAgents(t *testing.T) {
	n := alone(t)
	n.register(t, "bob", "BOB", "carol")
	n.govern(t, "ns", `{"write":"approve","approver":{"consensus":2}}`)
	p := n.propose(t, alice, in("ns", draft("t")))
	stranger := engine.Caller{Agent: "stranger"}
	_, _, err := n.Approve(t.Context(), stranger, p.ID)
	wantErr(t, err, memory.ErrNotFound) // who has no vote may not read what is private
	_, _, err = n.Approve(t.Context(), stranger, n.propose(t, nobody, in("ns", draft("for all"))).ID)
	wantForbidden(t, err)
	for _, voter := range []engine.Caller{bob, bob, {Agent: "BOB"}} {
		if _, p := n.approve(t, voter, p.ID); p.Verdict != "" {
			t.Fatalf("one agent made a consensus: %+v", p)
		}
	}
	if _, p := n.approve(t, carol, p.ID); p.Verdict != memory.VerdictApproved {
		t.Errorf("proposal %+v", p)
	}
}

func TestEveryActionCanBeProposed(t *testing.T) {
	n := alone(t)
	make2 := func(name string) (string, string) {
		return n.create(t, alice, in("ns", draft(name+" 1"))).ID, n.create(t, alice, in("ns", draft(name+" 2"))).ID
	}
	tests := map[string]struct {
		act  func(a, b string) (engine.Outcome, error)
		done func(a, b string) bool
	}{
		"update": {
			func(a, _ string) (engine.Outcome, error) {
				return n.Update(t.Context(), alice, a, records.Patch{Content: new("edited")})
			},
			func(a, _ string) bool { r, _ := n.store.Record(t.Context(), a); return r.Memory.Content == "edited" },
		},
		"rename": {
			func(a, _ string) (engine.Outcome, error) {
				return n.Update(t.Context(), alice, a, records.Patch{Title: new("renamed")})
			},
			func(a, _ string) bool { r, _ := n.store.Record(t.Context(), a); return r.Title == "renamed" },
		},
		"promote": {
			func(a, _ string) (engine.Outcome, error) { return n.Promote(t.Context(), alice, a) },
			func(a, _ string) bool { r, _ := n.store.Record(t.Context(), a); return r.Tier == memory.Long },
		},
		"delete": {
			func(a, _ string) (engine.Outcome, error) { return n.Delete(t.Context(), alice, a) },
			func(a, _ string) bool { r, _ := n.store.Record(t.Context(), a); return r.Life == memory.Deleted },
		},
		"erase": {
			func(a, _ string) (engine.Outcome, error) { return n.Erase(t.Context(), alice, a) },
			func(a, _ string) bool { r, _ := n.store.Record(t.Context(), a); return r.Life == memory.Erased },
		},
		"archive": {
			func(a, _ string) (engine.Outcome, error) { return n.Archive(t.Context(), alice, a, "why not") },
			func(a, _ string) bool { r, _ := n.store.Record(t.Context(), a); return r.Reason == "why not" },
		},
		"link": {
			func(a, b string) (engine.Outcome, error) { return n.Link(t.Context(), alice, link(a, b, "")) },
			func(a, b string) bool { l, _ := n.store.LinkBetween(t.Context(), a, b); return len(l) == 1 },
		},
		"consolidate": {
			func(a, b string) (engine.Outcome, error) {
				return n.Consolidate(t.Context(), alice, records.Consolidation{IDs: []string{a, b}, Title: "both"})
			},
			func(a, _ string) bool {
				r, err := n.store.ByTitle(t.Context(), "alice", "ns", "both")
				s, _ := n.store.Record(t.Context(), a)
				return err == nil && r.Life == memory.Live && s.Reason == memory.ReasonConsolidated
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := make2(name)
			n.govern(t, "ns", `{"write":"approve","promote":"approve","delete":"approve"}`)
			defer n.govern(t, "ns", `{"write":"any"}`)
			p := pending(t)(tc.act(a, b))
			if tc.done(a, b) {
				t.Fatal("done before it was approved")
			}
			if _, p := n.approve(t, bob, p.ID); p.Verdict != memory.VerdictApproved {
				t.Fatalf("proposal %+v", p)
			}
			if !tc.done(a, b) {
				t.Error("not done although approved")
			}
		})
	}
}

func TestApprovedActionThatBecameImpossibleFails(t *testing.T) {
	n := alone(t)
	rec := n.create(t, alice, in("ns", draft("t")))
	tests := map[string]struct {
		act     func() (engine.Outcome, error)
		prevent func()
	}{
		"the title was taken": {
			func() (engine.Outcome, error) { return n.Create(t.Context(), alice, in("ns", draft("taken"))) },
			func() { n.create(t, alice, in("ns", draft("taken"))) },
		},
		"the memory was edited": {
			func() (engine.Outcome, error) {
				return n.Update(t.Context(), alice, rec.ID, records.Patch{Content: new("proposed")})
			},
			func() { ok(t)(n.Update(t.Context(), alice, rec.ID, records.Patch{Content: new("meanwhile")})) },
		},
		"the memory is gone": {
			func() (engine.Outcome, error) { return n.Delete(t.Context(), alice, rec.ID) },
			func() { ok(t)(n.Erase(t.Context(), alice, rec.ID)) },
		},
	}
	for _, name := range []string{"the title was taken", "the memory was edited", "the memory is gone"} {
		t.Run(name, func(t *testing.T) {
			n.govern(t, "ns", `{"write":"approve","delete":"approve"}`)
			p := pending(t)(tests[name].act())
			n.govern(t, "ns", `{"write":"any"}`)
			tests[name].prevent()
			_, p = n.approve(t, bob, p.ID)
			if p.Verdict != memory.VerdictFailed || p.Detail == "" {
				t.Errorf("proposal %+v, want it failed, with a reason", p)
			}
		})
	}
}

func TestConcurrentApprovalsCarryOutOnce(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	p := n.propose(t, alice, in("ns", draft("t")))
	var wg sync.WaitGroup
	for range 8 {
		for _, c := range []engine.Caller{bob, carol, {Agent: "dave"}} {
			wg.Go(func() { _, _, _ = n.Approve(t.Context(), c, p.ID) })
		}
	}
	wg.Wait()
	events, err := n.Events(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[memory.Kind]int{}
	for _, ev := range events {
		kinds[ev.Entry.Op.Kind()]++
	}
	// The other Put is the memory of the standard.
	if kinds[memory.KindResolve] != 1 || kinds[memory.KindPut] != 2 {
		t.Errorf("ops %v, want one resolve and one put beside the standard", kinds)
	}
}

// vote makes the entry of a vote cast at node b.
func vote(t *testing.T, n *node, seq uint64, id string, voter memory.AgentID, approve bool) memory.Shipment {
	t.Helper()
	return foreign(t, n.clock.now(), seq, &memory.Decide{ID: id, Voter: voter, Approve: approve})
}

func TestHomeResolvesOnVotesFromElsewhere(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	p := n.propose(t, alice, in("ns", draft("t")))
	// The vote of who asked does not count, wherever it was cast.
	ships := []memory.Shipment{vote(t, n, 1, p.ID, "alice", true), vote(t, n, 2, p.ID, "bob", true)}
	if _, err := n.Accept(t.Context(), imported, ships); err != nil {
		t.Fatal(err)
	}
	n.eventually(t, "the proposal is resolved", func() bool {
		p, err := n.Pending(t.Context(), "bob", p.ID)
		return err == nil && p.Verdict == memory.VerdictApproved && p.By == "bob"
	})
	if _, _, err := n.Get(t.Context(), "alice", memory.PrivateID("alice", "ns", "t")); err != nil {
		t.Error(err)
	}
}

func TestOnlyTheHomeResolves(t *testing.T) {
	n := alone(t)
	now := n.now()
	m := n.create(t, nobody, draft("t")).Memory
	m.Title, m.ID = "proposed elsewhere", "proposed-elsewhere"
	propose := &memory.Propose{ID: "p1", Namespace: "ns", Requester: "alice", RequestedAt: now, Action: &memory.Put{Memory: m, Create: true}}
	if _, err := n.Accept(t.Context(), imported, []memory.Shipment{foreign(t, n.clock.now(), 1, propose)}); err != nil {
		t.Fatal(err)
	}
	if _, p := n.approve(t, bob, "p1"); p.Verdict != "" || len(p.Votes) != 1 || p.Home != "b" {
		t.Errorf("proposal %+v, want a vote and no outcome", p)
	}
	n.missing(t, "proposed-elsewhere")
	p, err := n.Pending(t.Context(), "bob", "p1")
	if err != nil {
		t.Fatal(err)
	}
	if verdict, err := n.Settled(t.Context(), p); err != nil || verdict != memory.VerdictApproved {
		t.Errorf("settled as %q, %v: bob's vote is enough, and its home has only to hear of it", verdict, err)
	}
	p.Votes = nil
	if verdict, err := n.Settled(t.Context(), p); err != nil || verdict != "" {
		t.Errorf("settled as %q, %v without a vote", verdict, err)
	}
}

func TestWithdrawal(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve","approver":{"agent":"carol"}}`)
	p := n.propose(t, alice, in("ns", draft("t")))
	if _, p, err := n.Reject(t.Context(), alice, p.ID); err != nil || p.Verdict != memory.VerdictRejected {
		t.Errorf("proposal %+v, %v", p, err)
	}
}
