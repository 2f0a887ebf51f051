package webhook_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/webhook"
)

// An endpoint that is down when the node stops, and up when it starts again, hears of
// everything: no cursor moves before the delivery, whether the stop was clean or not.
func TestWhatIsOwedAtARestartIsDelivered(t *testing.T) {
	patient := func(c *webhook.Config) { c.Attempts = 1000 }
	for name, wrap := range map[string]func(*store.Store) webhook.Store{
		"a clean stop": nil,
		"a crash":      func(s *store.Store) webhook.Store { return forgetful{s} },
	} {
		t.Run(name, func(t *testing.T) {
			var up atomic.Bool
			var taken atomic.Int64
			r := receive(t, func(_ int, g got) int {
				if g.title() == "before" || up.Load() {
					taken.Add(1)
					return http.StatusNoContent
				}
				return http.StatusServiceUnavailable
			})
			dir := t.TempDir()
			n := open(t, setup{dir: dir, config: patient, wrap: wrap})
			n.subscribe(r.URL)
			n.create(alice, "before")
			n.create(alice, "one")
			n.create(alice, "two")
			eventually(t, "an attempt failed", func() bool { return n.hooks.Failed.Load() > 0 })
			n.halt()
			failed := len(r.all())
			up.Store(true)
			n = open(t, setup{dir: dir, config: patient})
			n.create(alice, "three")
			eventually(t, "three is taken", func() bool { return len(r.all()) > failed && r.all()[len(r.all())-1].title() == "three" })
			var heard []string
			for _, g := range r.all()[failed:] {
				if g.title() != "before" { // what a crash makes it forget comes twice
					heard = append(heard, g.title())
				}
			}
			if diff := cmp.Diff([]string{"one", "two", "three"}, heard); diff != "" {
				t.Errorf("after the restart (-want +got)\n%s", diff)
			}
		})
	}
}

// A redelivery from some time on is more than what is owed anyway, never less.
func TestARedeliverySkipsNothingThatIsOwed(t *testing.T) {
	var up atomic.Bool
	r := receive(t, func(int, got) int {
		if up.Load() {
			return http.StatusNoContent
		}
		return http.StatusServiceUnavailable
	})
	dir := t.TempDir()
	patient := func(c *webhook.Config) { c.Attempts = 1000 }
	n := open(t, setup{dir: dir, config: patient})
	sub := n.subscribe(r.URL)
	n.create(alice, "owed")
	eventually(t, "an attempt failed", func() bool { return n.hooks.Failed.Load() > 0 })
	later := memory.InstantOf(time.Now().Add(time.Hour))
	if _, err := n.Redeliver(t.Context(), alice, sub, memory.Redelivery{Since: later}); err != nil {
		t.Fatal(err)
	}
	n.create(alice, "after")
	n.halt()
	failed := len(r.all())
	up.Store(true)
	n = open(t, setup{dir: dir, config: patient})
	eventually(t, "after is taken", func() bool { return len(r.all()) > failed && r.all()[len(r.all())-1].title() == "after" })
	var heard []string
	for _, g := range r.all()[failed:] {
		if g.title() == "owed" || g.title() == "after" {
			heard = append(heard, g.title())
		}
	}
	if diff := cmp.Diff([]string{"owed", "after"}, heard); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
