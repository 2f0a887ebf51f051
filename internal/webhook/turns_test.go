package webhook

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tallystick/tallystick/internal/memory"
)

// took takes a turn if there is one without waiting.
func took(t *testing.T, turns *turns, owner memory.AgentID, troubled bool) (release func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		release, _ = turns.take(ctx, owner, troubled)
	}()
	synctest.Wait()
	cancel()
	<-done
	return release
}

func TestEndpointsThatHangStopNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(64)
		var eves []func()
		for range 300 {
			if release := took(t, turns, "eve", false); release != nil {
				eves = append(eves, release)
			}
		}
		if len(eves) != 8 {
			t.Errorf("eve has %d turns of 64, want 8", len(eves))
		}
		for _, owner := range []memory.AgentID{"bob", "", "alice"} {
			release := took(t, turns, owner, false)
			if release == nil {
				t.Fatalf("%q waits for eve", owner)
			}
			release()
		}
		eves[0]()
		if took(t, turns, "eve", false) == nil {
			t.Error("what eve gave back is not there for her")
		}
	})
}

func TestEndpointsInTroubleTakeNoTurnFromThoseThatAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(64)
		late := 0
		for i := range 100 {
			if took(t, turns, memory.AgentID(rune('a'+i%26)), true) != nil {
				late++
			}
		}
		if late != 16 {
			t.Errorf("%d attempts at endpoints in trouble, want 16", late)
		}
		if took(t, turns, "bob", false) == nil {
			t.Error("an endpoint that answers waits for those that do not")
		}
	})
}

func TestAnOwnerWithoutTurnsIsForgotten(t *testing.T) {
	turns := newTurns(8)
	for _, owner := range []memory.AgentID{"a", "b", "c"} {
		release, err := turns.take(t.Context(), owner, false)
		if err != nil {
			t.Fatal(err)
		}
		release()
	}
	if len(turns.owners) != 0 {
		t.Errorf("%d owners are remembered", len(turns.owners))
	}
}
