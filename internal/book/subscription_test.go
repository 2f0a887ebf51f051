package book_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// hook makes a subscription and returns its record.
func (n *node) hook(t *testing.T, c engine.Caller, s memory.Subscription) *memory.Record {
	t.Helper()
	if s.URL == "" {
		s.URL = "https://hooks.example/x"
	}
	s.Key = memory.SecretKey("whatever")
	return ok(t)(n.Subscribe(t.Context(), c, s)).Record
}

// heard lists what a subscription is told from an instant on, as "event title".
func (n *node) heard(t *testing.T, c engine.Caller, id string, since memory.Instant) []string {
	t.Helper()
	found, err := n.Replay(t.Context(), c.Agent, id, since, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range found.Events {
		title, _ := e.Details["title"].(string)
		out = append(out, strings.TrimSpace(e.Event+" "+title))
	}
	return out
}

func shared(d records.Draft) records.Draft {
	d.Memory.Metadata = memory.Object(`{"scope":"collective"}`)
	return d
}

func TestEveryKindOfChangeIsAnEvent(t *testing.T) {
	n := alone(t)
	ctx := t.Context()
	all := n.hook(t, alice, memory.Subscription{})
	one, two := n.create(t, alice, draft("one")), n.create(t, alice, draft("two"))
	content, further, tier := "changed", "changed again", memory.Long
	ok(t)(n.Update(ctx, alice, one.ID, records.Patch{Content: &content}))
	ok(t)(n.Update(ctx, alice, one.ID, records.Patch{Tier: &tier}))
	ok(t)(n.Update(ctx, alice, one.ID, records.Patch{Content: &further}))              // it is long already
	ok(t)(n.Update(ctx, alice, one.ID, records.Patch{Content: &further, Tier: &tier})) // changes nothing
	ok(t)(n.Link(ctx, alice, memory.Link{Source: one.ID, Target: two.ID, Relation: memory.DefaultRelation}))
	if _, _, err := n.Unlink(ctx, alice, one.ID, two.ID, ""); err != nil {
		t.Fatal(err)
	}
	ok(t)(n.Archive(ctx, alice, two.ID, "winter"))
	ok(t)(n.Restore(ctx, alice, two.ID))
	ok(t)(n.Consolidate(ctx, alice, records.Consolidation{IDs: []string{one.ID, two.ID}, Title: "both", Summary: "one and two"}))
	three := n.create(t, alice, draft("three"))
	ok(t)(n.Delete(ctx, alice, three.ID))
	ok(t)(n.Erase(ctx, alice, three.ID))
	want := []string{
		"memory_store one", "memory_store two", "memory_update one", "memory_promote one", "memory_update one", "memory_link_created",
		"memory_link_deleted", "memory_archive", "memory_restore", "memory_consolidated both", "memory_store three", "memory_delete", "memory_delete",
	}
	// The text of three is gone by now, so its creation has no title any more.
	want[10] = "memory_store"
	if diff := cmp.Diff(want, n.heard(t, alice, all.ID, 0)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	ok(t)(n.SetStandard(ctx, alice, governance.StandardDraft{Namespace: "guarded", Governance: memory.Object(`{"write":"approve","approver":{"agent":"carol"}}`)}))
	out := ok(t)(n.Create(ctx, bob, in("guarded", shared(draft("asked")))))
	if _, _, err := n.Approve(ctx, carol, out.Pending.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.ClearStandard(ctx, alice, "guarded"); err != nil {
		t.Fatal(err)
	}
	want = append(want, "memory_store _standard:guarded", "namespace_standard_set", "memory_store asked", "namespace_standard_cleared")
	if diff := cmp.Diff(want, n.heard(t, alice, all.ID, 0)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Of a proposal hears who asked and who is asked.
	for _, c := range []engine.Caller{bob, carol} {
		sub := n.hook(t, c, memory.Subscription{Events: memory.EventNames{memory.EventAskApproval, memory.EventVoted, memory.EventDecided}})
		if got := n.heard(t, c, sub.ID, 0); !slices.Equal(got, []string{"approval_requested", "approval_voted", "approval_decided"}) {
			t.Errorf("%s hears %q", c.Agent, got)
		}
	}
}

func TestASubscriberHearsOnlyWhatItsOwnerMaySee(t *testing.T) {
	n := alone(t)
	ctx := t.Context()
	hers := n.hook(t, alice, memory.Subscription{})
	everybodys := ok(t)(n.Subscribe(ctx, nobody, memory.Subscription{Namespace: "global"})).Record
	secret, open := n.create(t, bob, draft("secret")), n.create(t, bob, shared(draft("open")))
	free := n.create(t, nobody, draft("free"))
	ok(t)(n.Link(ctx, bob, memory.Link{Source: open.ID, Target: secret.ID, Relation: memory.DefaultRelation}))
	ok(t)(n.Archive(ctx, bob, secret.ID, ""))
	ok(t)(n.Archive(ctx, bob, open.ID, ""))
	ok(t)(n.Delete(ctx, nobody, free.ID))
	want := []string{"memory_store open", "memory_store free", "memory_archive", "memory_delete"}
	for _, tt := range []struct {
		who engine.Caller
		id  string
	}{{alice, hers.ID}, {engine.Caller{Agent: memory.Anonymous}, everybodys.ID}} {
		if diff := cmp.Diff(want, n.heard(t, tt.who, tt.id, 0)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.who.Agent, diff)
		}
	}
}

func TestReplayBeginsAtATime(t *testing.T) {
	n := alone(t)
	sub := n.hook(t, alice, memory.Subscription{})
	var at []memory.Instant
	for i := range 40 {
		at = append(at, n.create(t, alice, draft(title(i))).Content.Stamp.Instant())
	}
	for _, i := range []int{0, 1, 17, 38, 39} {
		got := n.heard(t, alice, sub.ID, at[i])
		if len(got) != 40-i || got[0] != "memory_store "+title(i) {
			t.Errorf("from %d: %q", i, got)
		}
	}
	if got := n.heard(t, alice, sub.ID, at[39]+1); len(got) != 0 {
		t.Errorf("after all: %q", got)
	}
}

func TestSubscriptionsBelongToTheirMaker(t *testing.T) {
	n := alone(t)
	ctx := t.Context()
	sub := n.hook(t, alice, memory.Subscription{Namespace: "a/**"})
	list, err := n.Subscriptions(ctx, "alice")
	if err != nil || len(list) != 1 || list[0].Asks.Key != "" || list[0].Home != "a" || !list[0].Here || list[0].Asks.CreatedBy != "alice" {
		t.Errorf("alice has %+v: %v", list, err)
	}
	if list, err := n.Subscriptions(ctx, "bob"); err != nil || len(list) != 0 {
		t.Errorf("bob has %+v: %v", list, err)
	}
	_, err = n.Unsubscribe(ctx, bob, sub.ID)
	wantErr(t, err, memory.ErrNotFound)
	_, err = n.Adopt(ctx, bob, sub.ID)
	wantErr(t, err, memory.ErrNotFound)
	_, err = n.Redeliver(ctx, bob, sub.ID, memory.Redelivery{DeadLetters: true})
	wantErr(t, err, memory.ErrNotFound)
	_, _, err = n.DeadLetters(ctx, "bob", sub.ID, 10)
	wantErr(t, err, memory.ErrNotFound)
	plain := n.create(t, alice, draft("no subscription"))
	_, err = n.Unsubscribe(ctx, alice, plain.ID)
	wantErr(t, err, memory.ErrNotFound)
	before, err := n.store.Record(ctx, sub.ID)
	if err != nil {
		t.Fatal(err)
	}
	ok(t)(n.Adopt(ctx, alice, sub.ID)) // it is at home: nothing is written
	if after, err := n.store.Record(ctx, sub.ID); err != nil || after.Content != before.Content {
		t.Errorf("adopting at home wrote %+v: %v", after, err)
	}
	ok(t)(n.Unsubscribe(ctx, keyed(alice, "k", ""), sub.ID))
	if out := ok(t)(n.Unsubscribe(ctx, keyed(alice, "k", ""), sub.ID)); !out.Replayed {
		t.Error("a repeated request is not recognised")
	}
	if list, err := n.Subscriptions(ctx, "alice"); err != nil || len(list) != 0 {
		t.Errorf("alice still has %+v: %v", list, err)
	}
}

func TestRequestsToDeliverAgainAddUp(t *testing.T) {
	n := alone(t)
	ctx := t.Context()
	sub := n.hook(t, alice, memory.Subscription{})
	asked := func() *memory.Redelivery {
		t.Helper()
		rec, err := n.store.Record(ctx, sub.ID)
		if err != nil {
			t.Fatal(err)
		}
		s, err := memory.SubscriptionOf(rec.Memory)
		if err != nil {
			t.Fatal(err)
		}
		return s.Redelivery
	}
	for _, r := range []memory.Redelivery{{DeadLetters: true}, {Since: 5e9}, {Since: 9e9}} {
		ok(t)(n.Redeliver(ctx, alice, sub.ID, r))
	}
	all := asked()
	if !all.DeadLetters || all.Since != 5e9 {
		t.Errorf("asked for %+v", all)
	}
	if err := n.store.Redeliver(ctx, memory.Delivery{ID: sub.ID, Redelivery: all.ID}, true); err != nil {
		t.Fatal(err)
	}
	ok(t)(n.Redeliver(ctx, alice, sub.ID, memory.Redelivery{Since: 9e9}))
	if got := asked(); got.DeadLetters || got.Since != 9e9 || got.ID == all.ID {
		t.Errorf("after it was carried out: asked for %+v", got)
	}
}

func TestASubscriptionIsNoOrdinaryText(t *testing.T) {
	n := alone(t)
	sub := n.hook(t, alice, memory.Subscription{})
	plain := n.create(t, alice, draft("plain"))
	elsewhere, space, content, prio := "notes", memory.SubscriptionNamespace, "{}", int32(9)
	for name, tt := range map[string]struct {
		id string
		p  records.Patch
		ok bool
	}{
		"moved out":            {sub.ID, records.Patch{Namespace: &elsewhere}, false},
		"moved in":             {plain.ID, records.Patch{Namespace: &space}, false},
		"overwritten":          {sub.ID, records.Patch{Content: &content}, false},
		"moved to where it is": {sub.ID, records.Patch{Namespace: &space, Priority: &prio}, true},
		"ranked":               {plain.ID, records.Patch{Priority: &prio}, true},
	} {
		_, err := n.Update(t.Context(), alice, tt.id, tt.p)
		if tt.ok != (err == nil) || !tt.ok && !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got := sub.Redacted()
	if strings.Contains(got.Content, memory.SecretKey("whatever")) || !strings.Contains(got.Content, "hooks.example") || got.ID != sub.ID {
		t.Errorf("redacted: %s", got.Content)
	}
	for _, text := range []string{`{"SECRET_HASH":"5e","url":"u"}`, `{"Secret_Hash":"5e"}`, `{"secret_hash":"5e","secret_hash":"5f"}`, `not json 5e`} {
		m := memory.Memory{Namespace: memory.SubscriptionNamespace, Content: text}
		if got := m.Redacted().Content; strings.Contains(got, "5e") || strings.Contains(got, "5f") || !json.Valid([]byte(got)) {
			t.Errorf("%s is shown as %s", text, got)
		}
		if m.Content != text {
			t.Error("the original was changed")
		}
	}
}

func TestNotEveryURLIsTaken(t *testing.T) {
	n := alone(t)
	key := memory.SecretKey("whatever")
	for url, want := range map[string]bool{
		"https://hooks.example/x?y=z":     true,
		"http://hooks.example":            true,
		"https://[2001:db8::1]:8443/":     true,
		"":                                true, // read, not posted
		"hooks.example":                   false,
		"https://":                        false,
		"https:///x":                      false,
		"https:opaque":                    false,
		"gopher://hooks.example/":         false,
		"javascript:alert(1)":             false,
		"https://user@hooks.example/":     false,
		"https://hooks.example/#fragment": false,
		"https://hooks.example/\x7f":      false,
		"https://hooks.example/" + strings.Repeat("x", memory.MaxURL): false,
	} {
		_, err := n.Subscribe(t.Context(), alice, memory.Subscription{URL: url, Key: key})
		if want != (err == nil) || !want && !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%.60q: %v", url, err)
		}
	}
	_, err := n.Subscribe(t.Context(), alice, memory.Subscription{URL: "https://hooks.example/"})
	wantErr(t, err, memory.ErrInvalid) // nothing to sign with
	_, err = n.Subscribe(t.Context(), alice, memory.Subscription{Namespace: "a b"})
	wantErr(t, err, memory.ErrInvalid)
	_, err = n.Subscribe(t.Context(), alice, memory.Subscription{Agent: "a b"})
	wantErr(t, err, memory.ErrInvalid)
}
