package book_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// A token is put together here, so that nothing in the tree looks like one.
func token() string { return "ghp_" + strings.Repeat("aB3x9Kq7Lm", 4)[:36] }

func secretive() records.Draft {
	d := draft("Deploying")
	d.Memory.Content = "Push with " + token() + " and <private>call Bob</private>."
	d.Memory.Metadata = memory.Object(`{"env":"TOKEN=` + token() + `"}`)
	return d
}

const masked = "Push with [masked: github-token] and [masked: private]."

// rulesOn says what is done with secrets in a namespace.
func (n *node) rulesOn(t *testing.T, namespace, secrets string) {
	t.Helper()
	ok(t)(n.SetStandard(t.Context(), nobody, governance.StandardDraft{Namespace: namespace, Governance: memory.Object(`{"secrets":"` + secrets + `"}`)}))
}

func TestSecretsAreMaskedOnTheWayIn(t *testing.T) {
	n := alone(t)
	out := ok(t)(n.Create(t.Context(), alice, in("work", secretive())))
	want := []string{"github-token", "private", "github-token"}
	if m := out.Record.Memory; m.Content != masked || strings.Contains(string(m.Metadata), token()) || !cmp.Equal(out.Masked[:2], want[:2]) {
		t.Errorf("%q %s, masked %v", m.Content, m.Metadata, out.Masked)
	}
	f := <-n.found
	if d := cmp.Diff(engine.Found{By: "alice", Namespace: "work", Memory: out.Record.ID, Outcome: "secret_masked", Kinds: []string{"github-token", "private"}}, f); d != "" {
		t.Error(d)
	}
	// What is stored and sent to others is what was answered.
	rec, err := n.store.Record(t.Context(), out.Record.ID)
	if err != nil || rec.Memory.Content != masked {
		t.Errorf("%v, %v", rec, err)
	}
	text := "now " + token()
	out = ok(t)(n.Update(t.Context(), alice, rec.ID, records.Patch{Content: &text}))
	if out.Record.Memory.Content != "now [masked: github-token]" || len(out.Masked) == 0 {
		t.Errorf("an edit: %+v", out)
	}
	if out := ok(t)(n.Create(t.Context(), alice, draft("harmless"))); len(out.Masked) != 0 {
		t.Errorf("masked %v", out.Masked)
	}
}

func TestRulesOfANamespaceSayWhatIsDoneWithSecrets(t *testing.T) {
	n := alone(t)
	n.rulesOn(t, "strict", memory.SecretsRefuse)
	n.rulesOn(t, "vault", memory.SecretsKeep)
	if _, err := n.Create(t.Context(), alice, in("strict/below", secretive())); !errors.Is(err, memory.ErrInvalid) || strings.Contains(err.Error(), token()) {
		t.Errorf("got %v", err)
	}
	if f := <-n.found; f.Outcome != "secret_refused" {
		t.Errorf("%+v", f)
	}
	if out := ok(t)(n.Create(t.Context(), alice, in("vault", secretive()))); !strings.Contains(out.Record.Memory.Content, token()) {
		t.Error("it was not kept as it is")
	}
	_, err := n.SetStandard(t.Context(), nobody, governance.StandardDraft{Namespace: "x", Governance: memory.Object(`{"secrets":"maybe"}`)})
	if !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestSecretsOfOtherNodesAreNotedOrRefused(t *testing.T) {
	n := alone(t)
	n.rulesOn(t, "strict", memory.SecretsRefuse)
	put := func(id, namespace string) *memory.Put {
		m := n.create(t, nobody, draft("like "+id)).Memory
		m.ID, m.Namespace, m.Title, m.Content = id, namespace, id, "with "+token()
		return &memory.Put{Memory: m, Create: true}
	}
	got, err := n.Accept(t.Context(), imported, []memory.Shipment{
		foreign(t, n.clock.now(), 1, put("one", "work")), foreign(t, n.clock.now(), 2, put("two", "strict")),
	})
	if err != nil || len(got.Refused) != 1 || got.Refused[0].Dot.Seq != 2 || strings.Contains(got.Refused[0].Text, token()) {
		t.Fatalf("%+v, %v", got.Refused, err)
	}
	for _, want := range []string{"secret_received", "secret_refused"} {
		if f := <-n.found; f.Outcome != want || f.By != "b.1" && !strings.HasPrefix(f.By, "b.") {
			t.Errorf("%+v, want %s", f, want)
		}
	}
}
