package webhook_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/webhook"
)

func TestEventsArriveSignedAndInOrder(t *testing.T) {
	r, n := receive(t, nil), open(t, setup{})
	n.create(alice, "before")
	sub := n.subscribe(r.URL + "/hook?token=x")
	first := n.create(alice, "first", func(m *memory.Memory) { m.Tier = memory.Mid })
	n.create(bob, "second")
	content := "changed"
	if _, err := n.Update(t.Context(), alice, first, records.Patch{Content: &content}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Promote(t.Context(), alice, first); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Delete(t.Context(), alice, first); err != nil {
		t.Fatal(err)
	}
	all := r.wait(5)
	var events []string
	for i, g := range all {
		events = append(events, g.Event)
		if got, want := g.header.Get("x-ai-memory-signature"), signature(secret, g); got != want {
			t.Errorf("signature %s, want %s", got, want)
		}
		if age := time.Since(unixOf(t, g)); age < -time.Second || age > time.Minute {
			t.Errorf("timestamp is %s old", age)
		}
		if id := g.header.Get("x-ai-memory-correlation-id"); id != g.CorrelationID || id != memory.CorrelationID(sub, g.Dot) {
			t.Errorf("correlation id %s, in the body %s", id, g.CorrelationID)
		}
		if g.header.Get("Content-Type") != "application/json" {
			t.Errorf("content type %s", g.header.Get("Content-Type"))
		}
		if i > 0 && g.LSN <= all[i-1].LSN {
			t.Errorf("event %d comes after %d", g.LSN, all[i-1].LSN)
		}
	}
	want := []string{"memory_store", "memory_store", "memory_update", "memory_promote", "memory_delete"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Error(diff)
	}
	if g := all[0]; g.MemoryID != first || g.Namespace != "house" || g.Agent != "alice" || g.title() != "first" || g.Kind != "put" {
		t.Errorf("first event: %+v", g.Notice)
	}
}

func TestASubscriberHearsOnlyWhatItWantsAndMaySee(t *testing.T) {
	private := func(m *memory.Memory) { m.Metadata = nil }
	for name, tt := range map[string]struct {
		change func(*memory.Subscription)
		want   []string
	}{
		"all":                     {func(*memory.Subscription) {}, []string{"shared", "below", "elsewhere", "mine", "shared of bob"}},
		"by event":                {func(s *memory.Subscription) { s.Events = memory.EventNames{memory.EventDelete} }, nil},
		"by namespace":            {func(s *memory.Subscription) { s.Namespace = "house" }, []string{"shared", "mine", "shared of bob"}},
		"by namespace and below":  {func(s *memory.Subscription) { s.Namespace = "house/**" }, []string{"shared", "below", "mine", "shared of bob"}},
		"by agent":                {func(s *memory.Subscription) { s.Agent = "bob" }, []string{"shared of bob"}},
		"another agent's private": {func(s *memory.Subscription) { s.Agent, s.Namespace = "bob", "secrets" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, n := receive(t, nil), open(t, setup{})
			n.subscribe(r.URL, tt.change)
			n.create(alice, "shared")
			n.create(alice, "below", func(m *memory.Memory) { m.Namespace = "house/cellar" })
			n.create(alice, "elsewhere", func(m *memory.Memory) { m.Namespace = "houses" })
			n.create(alice, "mine", private)
			n.create(bob, "his", private, func(m *memory.Memory) { m.Namespace = "secrets" })
			n.create(bob, "his too", private)
			n.create(bob, "shared of bob")
			// What every one of them hears of, in one way or another.
			var ends []string
			for _, ns := range []string{"house", "secrets"} {
				end := n.create(bob, "end", func(m *memory.Memory) { m.Namespace = ns })
				ends = append(ends, end)
				if _, err := n.Delete(t.Context(), bob, end); err != nil {
					t.Fatal(err)
				}
			}
			isEnd := func(g got) bool { return slices.Contains(ends, g.MemoryID) }
			eventually(t, "the end is heard of", func() bool { return slices.ContainsFunc(r.all(), isEnd) })
			if diff := cmp.Diff(tt.want, titles(slices.DeleteFunc(r.all(), isEnd))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestADownEndpointIsTriedAgainAndThenGivenUp(t *testing.T) {
	var up atomic.Bool
	r := receive(t, func(_ int, g got) int {
		if up.Load() || g.title() == "fine" {
			return http.StatusNoContent
		}
		return http.StatusInternalServerError
	})
	n := open(t, setup{config: func(c *webhook.Config) { c.Attempts = 3 }})
	sub := n.subscribe(r.URL)
	n.create(alice, "lost")
	n.create(alice, "fine")
	all := r.wait(4)
	if diff := cmp.Diff([]string{"lost", "lost", "lost", "fine"}, titles(all)); diff != "" {
		t.Fatal(diff)
	}
	if all[0].CorrelationID != all[2].CorrelationID {
		t.Error("the attempts have different correlation ids")
	}
	eventually(t, "one dead letter", func() bool { return len(n.letters(sub)) == 1 })
	l := n.letters(sub)[0]
	if l.Attempts != 3 || l.Error != "status 500" || l.Event != memory.EventStore || l.Queued || l.CorrelationID != all[0].CorrelationID {
		t.Errorf("dead letter %+v", l)
	}
	if got, want := n.hooks.Failed.Load(), uint64(3); got != want {
		t.Errorf("%d failed attempts, want %d", got, want)
	}

	up.Store(true)
	if _, err := n.Redeliver(t.Context(), alice, sub, memory.Redelivery{DeadLetters: true}); err != nil {
		t.Fatal(err)
	}
	all = r.wait(5)
	if all[4].title() != "lost" || all[4].CorrelationID != l.CorrelationID || all[4].header.Get("x-ai-memory-signature") != signature(secret, all[4]) {
		t.Errorf("redelivered: %+v", all[4].Notice)
	}
	eventually(t, "no dead letter", func() bool { return len(n.letters(sub)) == 0 })
}

func (n *node) letters(sub string) []memory.DeadLetter {
	n.t.Helper()
	list, _, err := n.DeadLetters(n.t.Context(), "alice", sub, 100)
	if err != nil {
		n.t.Fatal(err)
	}
	return list
}

func TestDeadLettersAreBounded(t *testing.T) {
	r := receive(t, func(int, got) int { return http.StatusTeapot })
	n := open(t, setup{config: func(c *webhook.Config) { c.Attempts, c.DeadLetters = 1, 2 }})
	sub := n.subscribe(r.URL)
	for _, title := range []string{"one", "two", "three"} {
		n.create(alice, title)
	}
	eventually(t, "one is dropped", func() bool { return n.hooks.Dropped.Load() == 1 })
	var kept []string
	for _, l := range n.letters(sub) {
		kept = append(kept, l.Error)
	}
	if len(kept) != 2 {
		t.Errorf("kept %q", kept)
	}
	if got := n.hooks.GivenUp.Load(); got != 3 {
		t.Errorf("%d given up", got)
	}
}

func TestPastEventsAreDeliveredAgainOnRequest(t *testing.T) {
	r, n := receive(t, nil), open(t, setup{})
	n.create(alice, "long ago")
	sub := n.subscribe(r.URL)
	n.create(alice, "early")
	since := r.wait(1)[0].At + 1
	n.create(alice, "late")
	r.wait(2)
	if _, err := n.Redeliver(t.Context(), alice, sub, memory.Redelivery{Since: since}); err != nil {
		t.Fatal(err)
	}
	n.create(alice, "new")
	all := r.wait(4)
	if diff := cmp.Diff([]string{"early", "late", "late", "new"}, titles(all)); diff != "" {
		t.Error(diff)
	}
	if all[1].CorrelationID != all[2].CorrelationID {
		t.Error("delivered again under another correlation id")
	}
	found, err := n.Replay(t.Context(), "alice", sub, since, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for _, e := range found.Events {
		read = append(read, e.Details["title"].(string))
	}
	if diff := cmp.Diff([]string{"late", "new"}, read); diff != "" {
		t.Error(diff)
	}
	if _, err := n.Replay(t.Context(), "bob", sub, 0, 0, 100); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("bob reads alice's events: %v", err)
	}
}

// forgetful is a store that loses every cursor, as a crash does.
type forgetful struct{ *store.Store }

func (forgetful) SaveDeliveries(context.Context, []memory.Delivery) error {
	return errors.New("the power is out")
}

func TestNothingIsLostInACrash(t *testing.T) {
	dir := t.TempDir()
	r := receive(t, nil)
	n := open(t, setup{dir: dir, wrap: func(s *store.Store) webhook.Store { return forgetful{s} }})
	n.subscribe(r.URL)
	n.create(alice, "one")
	n.create(alice, "two")
	r.wait(2)
	n.halt()

	// While nobody delivers.
	n = open(t, setup{dir: dir, config: func(c *webhook.Config) { c.Node = "nobody" }})
	n.create(alice, "three")
	n.halt()

	n = open(t, setup{dir: dir})
	n.create(alice, "four")
	eventually(t, "four was taken, after what the crash forgot", func() bool { return n.hooks.Delivered.Load() == 4 })
	n.halt()
	seen := titles(r.all())
	if got := seen[max(0, len(seen)-2):]; !slices.Equal(got, []string{"three", "four"}) {
		t.Errorf("delivered %q", seen)
	}

	// Cursors that were saved are kept: nothing comes twice.
	n = open(t, setup{dir: dir})
	n.create(alice, "five")
	eventually(t, "five arrives", func() bool { return slices.Contains(titles(r.all()), "five") })
	if got := titles(r.all())[len(seen):]; !slices.Equal(got, []string{"five"}) {
		t.Errorf("after a clean stop %q came", got)
	}
}

func TestASlowEndpointHoldsUpNobodyElse(t *testing.T) {
	stuck := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
	defer slow.Close()
	defer close(stuck)
	quick := receive(t, nil)
	n := open(t, setup{config: func(c *webhook.Config) { c.Workers = 3 }})
	n.subscribe(slow.URL)
	n.subscribe(slow.URL + "/2")
	n.subscribe(quick.URL)
	began := time.Now()
	for _, title := range []string{"one", "two", "three"} {
		n.create(alice, title)
	}
	quick.wait(3)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s beside an endpoint that does not answer", took)
	}
}

func TestNothingIsDeliveredAfterUnsubscribing(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	r := receive(t, func(n int, _ got) int {
		if n == 1 {
			close(entered)
			<-leave
		}
		return http.StatusOK
	})
	n := open(t, setup{})
	sub := n.subscribe(r.URL)
	n.create(alice, "one")
	n.create(alice, "two")
	<-entered
	if _, err := n.Unsubscribe(t.Context(), bob, sub); err == nil {
		t.Fatal("bob ended alice's subscription")
	}
	if _, err := n.Unsubscribe(t.Context(), alice, sub); err != nil {
		t.Fatal(err)
	}
	close(leave)
	eventually(t, "the lane is gone", func() bool { return n.hooks.Active.Load() == 0 })
	n.create(alice, "three")
	other := receive(t, nil)
	n.subscribe(other.URL)
	n.create(alice, "four")
	other.wait(1)
	if got := titles(r.all()); !slices.Equal(got, []string{"one"}) {
		t.Errorf("delivered %q", got)
	}
	saved, err := n.store.Deliveries(t.Context())
	if err != nil || len(saved) > 1 {
		t.Errorf("kept %v: %v", saved, err)
	}
}

func TestOneNodeDeliversAndAnotherCanAdopt(t *testing.T) {
	net := fakenet.New()
	a := open(t, setup{name: "a", net: net.Of("a"), members: []memory.Node{"b"}})
	b := open(t, setup{name: "b", net: net.Of("b"), members: []memory.Node{"a"}})
	net.Join("a", a)
	net.Join("b", b)
	r := receive(t, nil)
	sub := a.subscribe(r.URL)
	knows := func(home memory.Node) func() bool {
		return func() bool {
			list, err := b.Subscriptions(t.Context(), "alice")
			return err == nil && len(list) == 1 && list[0].Home == home
		}
	}
	eventually(t, "b knows the subscription", knows("a"))
	a.create(alice, "from a")
	b.create(alice, "from b")
	r.wait(2)
	if got := b.hooks.Active.Load() + int64(b.hooks.Delivered.Load()); got != 0 {
		t.Error("b delivers, too")
	}

	a.halt()
	net.Join("a", nil)
	b.create(alice, "missed")
	if _, err := b.Adopt(t.Context(), bob, sub); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("bob adopts alice's subscription: %v", err)
	}
	for range 2 { // to adopt what is at home is nothing
		if _, err := b.Adopt(t.Context(), alice, sub); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "b is the home", knows("b"))
	b.create(alice, "after")
	all := r.wait(3)
	if diff := cmp.Diff([]string{"from a", "from b", "after"}, titles(all)); diff != "" {
		t.Error(diff)
	}
	since := all[1].At + 1
	if _, err := b.Redeliver(t.Context(), alice, sub, memory.Redelivery{Since: since}); err != nil {
		t.Fatal(err)
	}
	if got := titles(r.wait(5)[3:]); !slices.Equal(got, []string{"missed", "after"}) {
		t.Errorf("redelivered %q", got)
	}
}
