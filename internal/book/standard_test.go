package book_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

func TestStandardWithoutMemoryGetsAPlaceholder(t *testing.T) {
	n := alone(t)
	out := ok(t)(n.SetStandard(t.Context(), alice, governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`{"write":"owner"}`)}))
	if out.Record == nil || out.Record.Title != "_standard:ns" || out.Record.Tier != memory.Long || out.Record.ExpiresAt != 0 {
		t.Fatalf("record %+v", out.Record)
	}
	s, err := n.Standard(t.Context(), "alice", "ns")
	if err != nil || s.StandardID != out.Record.ID || string(s.Governance) != `{"write":"owner"}` || s.Record == nil {
		t.Fatalf("standard %+v, %v", s, err)
	}
	if _, _, err := n.Get(t.Context(), "bob", s.StandardID); err != nil {
		t.Errorf("rules must be for everybody to read: %v", err)
	}
	// Setting it again edits the same memory.
	out = ok(t)(n.SetStandard(t.Context(), alice, governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`{"write":"any"}`)}))
	if out.Record.ID != s.StandardID || out.Record.Version != 2 || out.Record.Conflicts != 0 {
		t.Errorf("record %+v", out.Record)
	}
}

func TestBadStandards(t *testing.T) {
	n := alone(t)
	rec := n.create(t, bob, draft("private of bob"))
	tests := map[string]struct {
		draft governance.StandardDraft
		want  error
	}{
		"unknown rule":            {governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`{"write":"maybe"}`)}, memory.ErrInvalid},
		"consensus of nobody":     {governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`{"approver":{"consensus":0}}`)}, memory.ErrInvalid},
		"more members than are":   {governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`{"write_quorum":2}`)}, memory.ErrInvalid},
		"negative quorum":         {governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`{"write_quorum":-1}`)}, memory.ErrInvalid},
		"governance is no object": {governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`[]`)}, memory.ErrInvalid},
		"bad namespace":           {governance.StandardDraft{Namespace: "a//b"}, memory.ErrInvalid},
		"own parent":              {governance.StandardDraft{Namespace: "ns", Parent: "ns"}, memory.ErrInvalid},
		"unknown memory":          {governance.StandardDraft{Namespace: "ns", ID: "nothing"}, memory.ErrNotFound},
		"memory not visible":      {governance.StandardDraft{Namespace: "ns", ID: rec.ID}, memory.ErrNotFound},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := n.SetStandard(t.Context(), alice, tc.draft)
			wantErr(t, err, tc.want)
		})
	}
	if list, err := n.store.Standards(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("standards %v, %v", list, err)
	}
}

func TestRulesOfANamespace(t *testing.T) {
	tests := map[string]struct {
		at, rules string
		by        engine.Caller
		refused   bool
	}{
		"any":                             {"team", `{"write":"any"}`, bob, false},
		"registered, and is":              {"team", `{"write":"registered"}`, carol, false},
		"registered, and is not":          {"team", `{"write":"registered"}`, bob, true},
		"registered, and anonymous":       {"team", `{"write":"registered"}`, nobody, true},
		"owner of the standard":           {"team", `{"write":"owner"}`, alice, false},
		"not the owner of the standard":   {"team", `{"write":"owner"}`, bob, true},
		"inherited from the parent":       {"team", `{"write":"owner"}`, bob, true},
		"inherited from the root":         {"*", `{"write":"owner"}`, bob, true},
		"of another namespace":            {"other", `{"write":"owner"}`, bob, false},
		"the memory itself is not in it":  {"team/a/b/c", `{"write":"owner"}`, bob, false},
		"unset rules take their defaults": {"team", `{"delete":"approve"}`, bob, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			n := alone(t)
			n.register(t, "carol")
			ok(t)(n.SetStandard(t.Context(), alice, governance.StandardDraft{Namespace: tc.at, Governance: memory.Object(tc.rules)}))
			_, err := n.Create(t.Context(), tc.by, in("team/a", draft("t")))
			if tc.refused {
				wantForbidden(t, err)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStandardsChain(t *testing.T) {
	n := alone(t)
	set := func(ns, parent, rules string) {
		t.Helper()
		ok(t)(n.SetStandard(t.Context(), nobody, governance.StandardDraft{Namespace: ns, Parent: parent, Governance: memory.Object(rules)}))
	}
	set("*", "", `{"write":"any"}`)
	set("a", "", `{"write":"any"}`)
	set("x", "", `{"write":"any"}`)
	set("a/b", "x", `{"write":"any"}`)
	set("end", "", `{"inherit":false}`)
	for ns, want := range map[string][]string{
		"a/b/c": {"a/b", "x", "*"},
		"a/z":   {"a", "*"},
		"end/1": {"end"},
		"else":  {"*"},
	} {
		chain, err := n.StandardChain(t.Context(), "alice", ns)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range chain {
			got = append(got, s.Namespace)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("chain of %s:\n%s", ns, diff)
		}
	}
	set("x", "a/b", `{}`) // the two now name each other
	if chain, err := n.StandardChain(t.Context(), "alice", "x"); err != nil || len(chain) != 3 {
		t.Errorf("chain %v, %v", chain, err)
	}
}

func TestStandardGoesWithItsMemory(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	s, err := n.Standard(t.Context(), "alice", "ns")
	if err != nil {
		t.Fatal(err)
	}
	ok(t)(n.Archive(t.Context(), nobody, s.StandardID, ""))
	n.create(t, alice, in("ns", draft("t")))
	if s, err := n.Standard(t.Context(), "alice", "ns"); err != nil || s.Record != nil {
		t.Errorf("standard %+v, %v; want it set, without a memory", s, err)
	}
	ok(t)(n.Restore(t.Context(), nobody, s.StandardID))
	n.propose(t, alice, in("ns", draft("u")))
}

func TestStandardsThatComeFromElsewhereHoldAtOnce(t *testing.T) {
	n := alone(t)
	n.create(t, bob, in("ns", draft("before")))
	m := n.create(t, nobody, draft("rules")).Memory
	m.Metadata, m.Version = memory.Object(`{"governance":{"write":"approve"}}`), 2
	ships := []memory.Shipment{
		foreign(t, n.clock.now().Add(1e6), 1, &memory.SetStandard{Namespace: "ns", StandardID: m.ID}),
		foreign(t, n.clock.now().Add(1e6), 2, &memory.Put{Memory: m}),
	}
	if _, err := n.Accept(t.Context(), imported, ships[:1]); err != nil {
		t.Fatal(err)
	}
	n.create(t, bob, in("ns", draft("between")))
	if _, err := n.Accept(t.Context(), imported, ships[1:]); err != nil {
		t.Fatal(err)
	}
	n.propose(t, bob, in("ns", draft("after")))
}

func TestStandardsAreForTheirOwner(t *testing.T) {
	n := alone(t)
	ok(t)(n.SetStandard(t.Context(), alice, governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`{"write":"approve"}`)}))
	_, err := n.SetStandard(t.Context(), bob, governance.StandardDraft{Namespace: "ns", Governance: memory.Object(`{"write":"any"}`)})
	wantForbidden(t, err)
	_, err = n.SetStandard(t.Context(), bob, governance.StandardDraft{Namespace: "ns/below", Governance: memory.Object(`{"write":"any"}`)})
	wantForbidden(t, err)
	_, _, err = n.ClearStandard(t.Context(), bob, "ns")
	wantForbidden(t, err)
	out, cleared, err := n.ClearStandard(t.Context(), alice, "ns")
	if err != nil || !cleared || out.Receipt.Dot.IsZero() {
		t.Fatalf("cleared %v, %v", cleared, err)
	}
	n.create(t, bob, in("ns", draft("t")))
	_, cleared, err = n.ClearStandard(t.Context(), alice, "ns")
	if err != nil || cleared {
		t.Errorf("cleared %v, %v; want nothing to clear", cleared, err)
	}
	_, err = n.Standard(t.Context(), "alice", "ns")
	wantErr(t, err, memory.ErrNotFound)
}

func TestConsolidateMakesOneOfMany(t *testing.T) {
	n := alone(t)
	mk := func(c engine.Caller, title string, priority int32, tags []string, meta string) string {
		d := in("ns", draft(title))
		d.Memory.Priority, d.Memory.Tags, d.Memory.Metadata = priority, tags, memory.Object(meta)
		return n.create(t, c, d).ID
	}
	a := mk(nobody, "a", 3, []string{"z", "x"}, `{"k":1,"only":"a"}`)
	b := mk(alice, "b", 8, []string{"x", "y"}, `{"k":2}`)
	out := ok(t)(n.Consolidate(t.Context(), alice, records.Consolidation{IDs: []string{a, b}}))
	want := memory.Memory{
		ID: out.Record.ID, Tier: memory.Long, Namespace: "ns", Title: "Consolidated summary of 2 memories: a; b",
		Content: "Consolidated summary of 2 memories: a; b", Tags: []string{"x", "y", "z"}, Priority: 8, Confidence: 1, Source: "consolidation",
		CreatedAt: out.Record.CreatedAt, MemoryKind: "observation", ConfidenceSource: "caller_provided", Version: 1,
		Metadata: memory.Object(`{"agent_id":"alice","consolidated_from_agents":["alice"],"derived_from":["` + a + `","` + b + `"],"k":2,"only":"a"}`),
	}
	if diff := cmp.Diff(want, out.Record.Memory); diff != "" {
		t.Error(diff)
	}
	for _, id := range []string{a, b} {
		rec, err := n.store.Record(t.Context(), id)
		if err != nil || rec.Life != memory.Archived || rec.Reason != memory.ReasonConsolidated {
			t.Errorf("source %+v, %v", rec, err)
		}
	}
}

func TestConsolidateUnderTheTitleOfASource(t *testing.T) {
	n := alone(t)
	a, b := n.create(t, nobody, draft("a")).ID, n.create(t, nobody, draft("b")).ID
	out := ok(t)(n.Consolidate(t.Context(), nobody, records.Consolidation{IDs: []string{a, b}, Title: "a", Summary: "s"}))
	if out.Record.ID == a || out.Record.Title != "a" || out.Record.Life != memory.Live {
		t.Errorf("record %+v", out.Record)
	}
}

func TestBadConsolidations(t *testing.T) {
	n := alone(t)
	a, b, taken := n.create(t, alice, draft("a")).ID, n.create(t, alice, draft("b")).ID, n.create(t, alice, draft("taken")).ID
	d := draft("shared")
	d.Memory.Metadata = memory.Object(`{"scope":"collective"}`)
	shared := n.create(t, bob, d).ID
	tests := map[string]struct {
		ids   []string
		title string
		check func(*testing.T, error)
	}{
		"one source":           {[]string{a}, "", func(t *testing.T, err error) { t.Helper(); wantErr(t, err, memory.ErrInvalid) }},
		"one source twice":     {[]string{a, a}, "", func(t *testing.T, err error) { t.Helper(); wantErr(t, err, memory.ErrInvalid) }},
		"too many":             {make([]string, 101), "", func(t *testing.T, err error) { t.Helper(); wantErr(t, err, memory.ErrInvalid) }},
		"unknown source":       {[]string{a, "nothing"}, "", func(t *testing.T, err error) { t.Helper(); wantErr(t, err, memory.ErrNotFound) }},
		"somebody else's":      {[]string{a, shared}, "", func(t *testing.T, err error) { t.Helper(); wantForbidden(t, err) }},
		"title of a bystander": {[]string{a, b}, "taken", func(t *testing.T, err error) { t.Helper(); wantConflict(t, err, taken) }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := n.Consolidate(t.Context(), alice, records.Consolidation{IDs: tc.ids, Title: tc.title})
			tc.check(t, err)
		})
	}
}
