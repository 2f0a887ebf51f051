package evidence_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

// Members get entries while their node commits them: what they sign about these comes
// before there is anything in its log to compare it with, and is right all the same.
func TestMembersSignForWhatIsBeingCommitted(t *testing.T) {
	running(t, []memory.Node{"a", "b", "c"}, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		said := push(t, f, 1, 2, "b")
		a.mu.Lock()
		a.pending = map[memory.Dot]memory.Digest{dot(2): a.log[dot(2)]}
		delete(a.log, dot(2))
		a.mu.Unlock()
		a.Heard("b", said["b"])
		f.nodes["b"].away, f.nodes["c"].away = true, true
		if got := holders(t, f, dot(1)); got != "[a b] of 3 in 1 refused 0" || len(f.wrong) > 0 {
			t.Error(got, f.wrong)
		}
	})
}

// Who sends an entry signs for it, before it need have it on disk. In a receipt that
// somebody else makes this counts once it is known to have.
func TestTheWordOfASenderIsNoProofThatItHoldsIt(t *testing.T) {
	runAll(t, []memory.Node{"a", "b", "c"}, func(f *federation) {
		t := f.t
		a, b := f.nodes["a"], f.nodes["b"]
		push(t, f, 1, 1, "b", "c")
		ops := []receipt.Op{{Dot: dot(1), Digest: memory.Digest{1}}}
		signed, err := a.Vouch(ops)
		if err != nil {
			t.Fatal(err)
		}
		signed, err = b.Received("a", signed, ops)
		if err != nil {
			t.Fatal(err)
		}
		b.Taken(t.Context(), "a", signed, nil)
		synctest.Wait()
		a.away, a.unsure = true, true
		if got := provenBy(t, f, b); slices.Contains(got, "a") || len(got) != 2 {
			t.Errorf("held by %q, of which a may not have it", got)
		}
		a.unsure = false
		if got := provenBy(t, f, b); !slices.Contains(got, "a") || len(got) != 3 {
			t.Errorf("held by %q, and a has it", got)
		}
	})
}

// provenBy is who holds the first op of a by a receipt that n makes.
func provenBy(t *testing.T, f *federation, n *node) (names []string) {
	t.Helper()
	text, err := n.Receipt(t.Context(), dot(1), 2)
	if err != nil {
		t.Fatal(err)
	}
	r, err := receipt.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range r.Verify(roots(f), time.Now()).Holders {
		names = append(names, string(h))
	}
	return names
}
