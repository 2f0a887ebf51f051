package book_test

import (
	"errors"
	"testing"

	"github.com/tallystick/tallystick/internal/book/feed"
	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/book/inbox"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Each owner has a diary of its own: none stands in the way of another's, nor
// tells that it is there.
func TestPrivateTitlesDoNotMeet(t *testing.T) {
	n := alone(t)
	hers, his := n.create(t, alice, draft("Diary")), n.create(t, bob, draft("Diary"))
	if hers.ID == his.ID {
		t.Fatal("one record for two diaries")
	}
	_, err := n.Create(t.Context(), alice, draft("Diary"))
	wantConflict(t, err, hers.ID)
	upsert := draft("Diary")
	upsert.OnConflict, upsert.Memory.Content = records.ConflictMerge, "more"
	if rec := n.create(t, bob, upsert); rec.ID != his.ID || rec.Memory.Content != "more" {
		t.Errorf("bob's upsert wrote %+v", rec)
	}
	carols := n.create(t, carol, shared(draft("Diary")))
	if carols.ID == hers.ID || carols.ID == his.ID {
		t.Error("a public memory took the place of a private one")
	}
	ok(t)(n.Archive(t.Context(), alice, hers.ID, ""))
	_, err = n.Restore(t.Context(), alice, hers.ID)
	wantConflict(t, err, carols.ID) // which alice can see
	other := n.create(t, bob, draft("other"))
	_, err = n.Update(t.Context(), bob, other.ID, records.Patch{Title: new("Diary")})
	wantConflict(t, err, his.ID)
}

func TestScopesAreChecked(t *testing.T) {
	n := alone(t)
	scoped := func(c engine.Caller, scope string) error {
		d := draft("of scope " + scope)
		d.Memory.Metadata = memory.Object(`{"scope":"` + scope + `"}`)
		_, err := n.Create(t.Context(), c, d)
		return err
	}
	for _, scope := range []string{"Private", "privat", "public", "none", "everybody"} {
		wantErr(t, scoped(alice, scope), memory.ErrInvalid)
	}
	for _, scope := range []string{"private", "team", "unit", "org"} {
		wantErr(t, scoped(nobody, scope), memory.ErrInvalid)
		if err := scoped(alice, scope); err != nil {
			t.Fatal(err)
		}
	}
	for viewer, want := range map[memory.AgentID]int{"alice": 4, "bob": 0, memory.Anonymous: 0, "": 0} {
		recs, _, err := n.List(t.Context(), memory.Filter{Viewer: viewer}, query.Page{})
		if err != nil || len(recs) != want {
			t.Errorf("%q lists %d memories, %v", viewer, len(recs), err)
		}
	}
	rec := n.create(t, alice, draft("t"))
	typo := memory.Object(`{"scope":"colective"}`)
	_, err := n.Update(t.Context(), alice, rec.ID, records.Patch{Metadata: &typo})
	wantErr(t, err, memory.ErrInvalid)
	free, hidden := n.create(t, nobody, draft("free")), memory.Object(`{"scope":"private"}`)
	_, err = n.Update(t.Context(), alice, free.ID, records.Patch{Metadata: &hidden})
	wantErr(t, err, memory.ErrInvalid)
}

func TestReservedNamespacesAreNotWrittenIntoByHand(t *testing.T) {
	n := alone(t)
	plain := n.create(t, alice, draft("plain"))
	other := n.create(t, alice, draft("other"))
	for _, ns := range []string{"_subscriptions", "_agents", "_messages/bob", "_messages", "_inbox/bob", "_shared/alice→bob"} {
		_, err := n.Create(t.Context(), alice, in(ns, draft("t")))
		wantErr(t, err, memory.ErrInvalid)
		if r := n.Bulk(t.Context(), alice, []records.Draft{in(ns, draft("t"))}); !errors.Is(r[0].Err, memory.ErrInvalid) {
			t.Errorf("bulk into %s: %v", ns, r[0].Err)
		}
		_, err = n.Update(t.Context(), alice, plain.ID, records.Patch{Namespace: &ns})
		wantErr(t, err, memory.ErrInvalid)
		_, err = n.Consolidate(t.Context(), alice, records.Consolidation{IDs: []string{plain.ID, other.ID}, Namespace: ns})
		wantErr(t, err, memory.ErrInvalid)
		_, _, err = n.RegisterEntity(t.Context(), alice, graph.Entity{Name: "x", Namespace: ns})
		wantErr(t, err, memory.ErrInvalid)
		_, _, _, err = n.CaptureTurn(t.Context(), alice, inbox.Turn{Session: "s", Content: "c", Namespace: ns})
		wantErr(t, err, memory.ErrInvalid)
	}
	n.create(t, alice, in("_turns", draft("t")))
}

// An agent has its own share of the subscriptions, and what is none counts for nobody.
func TestSubscriptionsOfOneAgentAreBounded(t *testing.T) {
	n := alone(t)
	for range 100 {
		ok(t)(n.Subscribe(t.Context(), alice, memory.Subscription{}))
	}
	_, err := n.Subscribe(t.Context(), alice, memory.Subscription{})
	wantErr(t, err, feed.ErrTooMany)
	ok(t)(n.Subscribe(t.Context(), bob, memory.Subscription{}))
}

func TestCountsAreOfWhatTheViewerSees(t *testing.T) {
	n := alone(t)
	one, two := n.create(t, alice, in("divorce/lawyer", draft("one"))), n.create(t, alice, in("divorce/lawyer", draft("two")))
	ok(t)(n.Link(t.Context(), alice, memory.Link{Source: one.ID, Target: two.ID, Relation: memory.DefaultRelation}))
	n.create(t, bob, shared(draft("open")))
	for viewer, want := range map[memory.AgentID]struct{ live, links int64 }{"alice": {3, 1}, "bob": {1, 0}, memory.Anonymous: {1, 0}} {
		c, err := n.Namespaces(t.Context(), viewer)
		if err != nil || c.Live != want.live || c.Links != want.links || c.ByNamespace["divorce/lawyer"] != (want.live-1) {
			t.Errorf("%s counts %+v, %v", viewer, c, err)
		}
	}
}

func TestAPrivateStandardBindsAndIsNotNamed(t *testing.T) {
	n := alone(t)
	rec := n.create(t, alice, in("ns", draft("rules")))
	d := governance.StandardDraft{Namespace: "ns", ID: rec.ID, Governance: memory.Object(`{"write":"owner"}`)}
	ok(t)(n.SetStandard(t.Context(), alice, d))
	for viewer, hidden := range map[memory.AgentID]bool{"alice": false, "bob": true} {
		s, err := n.Standard(t.Context(), viewer, "ns")
		if err != nil || s.Hidden != hidden || (s.Record == nil) != hidden || (s.StandardID == "") != hidden || len(s.Governance) == 0 {
			t.Errorf("%s sees %+v, %v", viewer, s, err)
		}
		chain, err := n.StandardChain(t.Context(), viewer, "ns/below")
		if err != nil || len(chain) != 1 || chain[0].Hidden != hidden || (chain[0].StandardID == "") != hidden {
			t.Errorf("%s sees the chain %+v, %v", viewer, chain, err)
		}
	}
	_, err := n.Create(t.Context(), bob, in("ns", draft("t")))
	wantForbidden(t, err)
}

// A prefix is completed among what the caller may see and is live.
func TestPrefixesTellNothingOfOthers(t *testing.T) {
	n := alone(t)
	named := func(c engine.Caller, id string, d records.Draft) {
		d.Memory.ID = id
		n.create(t, c, d)
	}
	named(alice, "secret-1", draft("a"))
	named(bob, "secret-2", draft("b"))
	named(bob, "secret-3", draft("c"))
	ok(t)(n.Erase(t.Context(), bob, "secret-3"))
	if rec, _, err := n.Get(t.Context(), "bob", "secret-…"); err != nil || rec.ID != "secret-2" {
		t.Errorf("bob finds %+v, %v", rec, err)
	}
	_, _, err := n.Get(t.Context(), "carol", "secret-…")
	wantErr(t, err, memory.ErrNotFound)
}

// A delete that this node has not heard of does not undo an upsert that came later.
func TestAnUpsertTakesTheLifecycle(t *testing.T) {
	n := alone(t)
	rec := n.create(t, nobody, draft("t"))
	d := draft("t")
	d.OnConflict, d.Memory.Content = records.ConflictMerge, "two"
	out := ok(t)(n.Create(t.Context(), nobody, d))
	if out.Record.ID != rec.ID || out.Record.Version != 2 || out.Record.Conflicts != 0 {
		t.Fatalf("the upsert made %+v", out.Record)
	}
	late := foreign(t, rec.LifeAt.Stamp.Time(), 1, &memory.Delete{ID: rec.ID})
	if got, err := n.Accept(t.Context(), imported, []memory.Shipment{late}); err != nil || got.Applied != 1 {
		t.Fatal(got, err)
	}
	if rec, _, err := n.Get(t.Context(), "", rec.ID); err != nil || rec.Memory.Content != "two" {
		t.Errorf("after an older delete: %+v, %v", rec, err)
	}
	// An edit by id asks for less.
	ok(t)(n.Update(t.Context(), nobody, rec.ID, records.Patch{Content: new("three")}))
	later := foreign(t, n.clock.now(), 2, &memory.Delete{ID: rec.ID})
	if _, err := n.Accept(t.Context(), imported, []memory.Shipment{later}); err != nil {
		t.Fatal(err)
	}
	_, _, err := n.Get(t.Context(), "", rec.ID)
	wantErr(t, err, memory.ErrNotFound)
}

// So it is with whatever is registered or set again under the name that it has.
func TestWhatIsRegisteredAgainIsThere(t *testing.T) {
	for name, again := range map[string]func(t *testing.T, n *node, nth string) *memory.Record{
		"an entity": func(t *testing.T, n *node, nth string) *memory.Record {
			t.Helper()
			out, _, err := n.RegisterEntity(t.Context(), nobody, graph.Entity{Name: "Ann", Namespace: "people", Aliases: []string{nth}})
			return ok(t)(out, err).Record
		},
		"a standard": func(t *testing.T, n *node, nth string) *memory.Record {
			t.Helper()
			rules := memory.Object(`{"write":"any","note":"` + nth + `"}`)
			op := ok(t)(n.SetStandard(t.Context(), nobody, governance.StandardDraft{Namespace: "house", Governance: rules})).Entry.Op
			rec, err := n.store.Record(t.Context(), op.(*memory.SetStandard).StandardID)
			if err != nil {
				t.Fatal(err)
			}
			return rec
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := alone(t)
			first := again(t, n, "one")
			again(t, n, "two")
			late := foreign(t, first.LifeAt.Stamp.Time(), 1, &memory.Delete{ID: first.ID})
			if got, err := n.Accept(t.Context(), imported, []memory.Shipment{late}); err != nil || got.Applied != 1 {
				t.Fatal(got, err)
			}
			if rec, _, err := n.Get(t.Context(), "", first.ID); err != nil || rec.Version != 2 {
				t.Errorf("after an older delete: %+v, %v", rec, err)
			}
		})
	}
}

func TestAnUpsertCanBeApproved(t *testing.T) {
	n := alone(t)
	rec := n.create(t, alice, in("ns", draft("t")))
	n.govern(t, "ns", `{"write":"approve"}`)
	d := in("ns", draft("t"))
	d.OnConflict, d.Memory.Content = records.ConflictMerge, "two"
	p := pending(t)(n.Create(t.Context(), alice, d))
	_, p = n.approve(t, bob, p.ID)
	got, _, err := n.Get(t.Context(), "alice", rec.ID)
	if p.Verdict != memory.VerdictApproved || err != nil || got.Memory.Content != "two" || got.Version != 2 {
		t.Errorf("proposal %+v, record %+v, %v", p, got, err)
	}
}

// Proposals that are none of an agent's business take nobody's place in its list,
// nor do those of another status.
func TestOwnProposalsAreListedBehindManyOfOthers(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve","approver":{"agent":"carol"}}`)
	first := n.propose(t, alice, in("ns", draft("first")))
	for i := range 5 {
		n.propose(t, bob, in("ns", draft(title(i))))
	}
	last := n.propose(t, alice, in("ns", draft("last")))
	list, err := n.Pendings(t.Context(), "alice", governance.StatusPending, "", 2)
	if err != nil || len(list) != 2 || list[0].ID != last.ID || list[1].ID != first.ID {
		t.Errorf("alice sees %+v, %v", list, err)
	}
	if _, _, err := n.Reject(t.Context(), carol, first.ID); err != nil {
		t.Fatal(err)
	}
	for status, want := range map[string]string{memory.VerdictRejected: first.ID, governance.StatusPending: last.ID, "": last.ID} {
		if list, err := n.Pendings(t.Context(), "alice", status, "", 1); err != nil || len(list) != 1 || list[0].ID != want {
			t.Errorf("status %q: %+v, %v", status, list, err)
		}
	}
}
