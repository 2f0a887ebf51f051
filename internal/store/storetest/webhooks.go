package storetest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
)

// webhooks is what a node owes to the endpoints of subscriptions.
func (s Suite) webhooks(t *testing.T) {
	dir := t.TempDir()
	n := s.Open(t, "a", dir)
	ctx := t.Context()
	mark := func() string {
		t.Helper()
		m, err := n.SubscriptionMark(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	marks := []string{mark()}
	sub := Memo("s", `{"events":"*"}`)
	sub.Namespace = memory.SubscriptionNamespace
	n.Put(&memory.Put{Memory: Memo("plain", "x"), Create: true})
	if mark() != marks[0] {
		t.Error("a memory is taken for a subscription")
	}
	for _, op := range []memory.Op{
		&memory.Put{Memory: sub, Create: true}, &memory.Put{Memory: sub}, &memory.Archive{ID: sub.ID, Reason: "r"}, &memory.Restore{ID: sub.ID},
	} {
		n.Put(op)
		if m := mark(); slices.Contains(marks, m) {
			t.Errorf("the mark does not tell of a %s", op.Kind())
		} else {
			marks = append(marks, m)
		}
	}
	subs, err := n.Subscribers(ctx)
	if err != nil || len(subs) != 1 || subs[0].ID != sub.ID || subs[0].Home() != "a" || subs[0].Born != n.View().LSN || subs[0].Memory.Content != sub.Content {
		t.Fatalf("subscribers %+v: %v", subs, err)
	}
	s.cursors(t, n, sub.ID)
	n.Stop()
	n = s.Open(t, "a", dir)
	s.letters(t, n, sub.ID)
	n.Put(&memory.Delete{ID: sub.ID})
	if subs, err := n.Subscribers(ctx); err != nil || len(subs) != 0 {
		t.Errorf("a deleted subscription is one: %+v, %v", subs, err)
	}
}

func (s Suite) cursors(t *testing.T, n *Node, id string) {
	t.Helper()
	want := memory.Delivery{ID: id, Born: 5, LSN: 7, Attempts: 2, Next: 99, Delivered: 3, Failed: 4, LastAt: 98, LastError: "status 500", Redelivery: "r"}
	before := n.View()
	for range 2 {
		if err := n.SaveDeliveries(t.Context(), []memory.Delivery{want, {ID: "other"}}); err != nil {
			t.Fatal(err)
		}
	}
	if after := n.View(); after.Root != before.Root || after.LSN != before.LSN {
		t.Error("what is owed to endpoints became a part of the state")
	}
	if err := n.DropDeliveries(t.Context(), []string{"other", "unknown"}); err != nil {
		t.Fatal(err)
	}
	got, err := n.Deliveries(t.Context())
	if diff := cmp.Diff(map[string]memory.Delivery{id: want}, got); err != nil || diff != "" {
		t.Errorf("deliveries (-want +got) %v\n%s", err, diff)
	}
}

func (s Suite) letters(t *testing.T, n *Node, id string) {
	t.Helper()
	ctx := t.Context()
	state := memory.Delivery{ID: id, LSN: 8}
	letter := memory.DeadLetter{Subscription: id, LSN: 8, Event: "memory_store", CorrelationID: "c1", Attempts: 2, Error: "e", FirstAt: 1, LastAt: 2, Body: []byte("{}")}
	for i, c := range []string{"c1", "c2", "c3", "c1"} {
		letter.CorrelationID = c
		dropped, err := n.GiveUp(ctx, letter, state, 3)
		if err != nil || dropped != 0 {
			t.Fatalf("letter %d: %d dropped, %v", i, dropped, err)
		}
	}
	list, err := n.DeadLetters(ctx, id, false, 10)
	if err != nil || len(list) != 3 || list[0].CorrelationID != "c1" || list[0].Attempts != 4 || list[1].Attempts != 2 || string(list[0].Body) != "{}" {
		t.Fatalf("letters %+v: %v", list, err)
	}
	if got, err := n.Deliveries(ctx); err != nil || got[id].LSN != 8 {
		t.Errorf("giving up did not move the cursor: %+v, %v", got, err)
	}
	letter.CorrelationID = "c4"
	if dropped, err := n.GiveUp(ctx, letter, state, 3); err != nil || dropped != 1 {
		t.Errorf("%d dropped, want the oldest: %v", dropped, err)
	}
	if queued, err := n.DeadLetters(ctx, id, true, 10); err != nil || len(queued) != 0 {
		t.Errorf("queued by itself: %+v, %v", queued, err)
	}
	state.LSN, state.Redelivery = 2, "again"
	if err := n.Redeliver(ctx, state, true); err != nil {
		t.Fatal(err)
	}
	queued, err := n.DeadLetters(ctx, id, true, 10)
	if err != nil || len(queued) != 3 || queued[0].CorrelationID != "c2" {
		t.Fatalf("queued %+v: %v", queued, err)
	}
	if err := n.Delivered(ctx, queued[0].Number, state); err != nil {
		t.Fatal(err)
	}
	letter.CorrelationID = "c3" // given up once more
	if _, err := n.GiveUp(ctx, letter, state, 3); err != nil {
		t.Fatal(err)
	}
	if queued, err = n.DeadLetters(ctx, id, true, 10); err != nil || len(queued) != 1 || queued[0].CorrelationID != "c4" {
		t.Errorf("still queued %+v: %v", queued, err)
	}
	if err := n.DropDeliveries(ctx, []string{id}); err != nil {
		t.Fatal(err)
	}
	if list, err := n.DeadLetters(ctx, id, false, 10); err != nil || len(list) != 0 {
		t.Errorf("left over: %+v, %v", list, err)
	}
}

// before looks up local sequence numbers by time.
func (s Suite) before(t *testing.T) {
	n, other := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
	type event struct {
		lsn uint64
		at  memory.Instant
	}
	for _, name := range []string{"one", "two", "three", "four", "five", "six", "seven"} {
		n.Put(&memory.Put{Memory: Memo(name, "x"), Create: true})
		other.Put(&memory.Put{Memory: Memo("other "+name, "x"), Create: true})
		if name != "five" {
			n.Feed(other) // and now and then late
		}
	}
	evs, err := n.Events(t.Context(), 0, 100)
	if err != nil || len(evs) != 14 {
		t.Fatalf("%d events: %v", len(evs), err)
	}
	var all []event
	for _, ev := range evs {
		all = append(all, event{ev.LSN, ev.Entry.Stamp.Instant()})
	}
	for _, e := range all {
		for _, at := range []memory.Instant{e.at, e.at + 1, e.at - 1} {
			lsn, err := n.LSNBefore(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range all {
				if x.lsn <= lsn && x.at >= at {
					t.Errorf("before %d is %d, but %d was stamped at %d", at, lsn, x.lsn, x.at)
				}
			}
		}
	}
	if lsn, err := n.LSNBefore(t.Context(), all[len(all)-1].at+1e9); err != nil || lsn < all[len(all)-3].lsn {
		t.Errorf("before the end is %d, the log ends at %d: %v", lsn, all[len(all)-1].lsn, err)
	}
	if lsn, err := n.LSNBefore(t.Context(), 0); err != nil || lsn != 0 {
		t.Errorf("before all is %d: %v", lsn, err)
	}
}
