package book_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
)

// withMember is a node whose only member is never there.
func withMember(t *testing.T) *node {
	t.Helper()
	return open(t, "a", fakenet.New().Of("a"), 1, upkeep.Member{Name: "b", URL: "http://b"})
}

func remote(n *node) memory.Memory {
	return memory.Memory{
		ID: "remote", Tier: memory.Long, Namespace: "global", Title: "remote", Content: "c", Priority: 5, Confidence: 1,
		Source: "api", CreatedAt: n.now(), MemoryKind: "observation", ConfidenceSource: "caller_provided", Version: 1,
	}
}

func TestPushIsTakenFromMembersOnly(t *testing.T) {
	n := withMember(t)
	ships := []memory.Shipment{foreign(t, n.clock.now(), 1, &memory.Put{Memory: remote(n), Create: true})}
	_, err := n.AcceptPush(t.Context(), memory.Source{Member: "stranger", Route: memory.RoutePush}, &memory.Push{From: "stranger", To: "a", Ops: ships})
	wantErr(t, err, memory.ErrForbidden)
	reply, err := n.AcceptPush(t.Context(), memory.Source{Member: "b", Route: memory.RoutePush}, &memory.Push{From: "b", To: "a", Ops: ships})
	if err != nil {
		t.Fatal(err)
	}
	if reply.From != "a" || len(reply.Refused) != 0 || reply.View.Heads["b.1"].Seq != 1 || reply.Time.IsZero() {
		t.Errorf("reply %+v", reply)
	}
	if _, _, err := n.Get(t.Context(), "", "remote"); err != nil {
		t.Error(err)
	}
	for name, call := range map[string]func() error{
		"pull": func() error {
			_, err := n.AcceptPull(t.Context(), memory.Source{Member: "x"}, &memory.PullRequest{From: "x"})
			return err
		},
		"digest": func() error {
			_, err := n.AcceptDigest(t.Context(), memory.Source{Member: "x"}, &memory.DigestRequest{From: "x"})
			return err
		},
		"snapshot": func() error {
			_, err := n.AcceptSnapshot(t.Context(), memory.Source{Member: "x"}, func([]memory.Shipment) error { return nil })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantErr(t, call(), memory.ErrForbidden) })
	}
}

func TestHeadsInAPushCountAsVotes(t *testing.T) {
	n := withMember(t)
	out := ok(t)(n.Create(t.Context(), nobody, draft("t")))
	view := memory.View{Heads: memory.Heads{n.store.Origin(): n.store.View().Heads[n.store.Origin()]}}
	reply, err := n.AcceptPush(t.Context(), memory.Source{Member: "b", Route: memory.RoutePush}, &memory.Push{From: "b", To: "a", View: view})
	if err != nil || reply.View.LSN == 0 {
		t.Fatalf("reply %+v, %v", reply, err)
	}
	all := nobody
	all.Durability = engine.DurableAll
	all.Idempotency = keyed(all, "k", "").Idempotency
	r, err := n.Receipt(t.Context(), "alice", out.Receipt.Dot)
	for deadline := time.Now().Add(5 * time.Second); err == nil && len(r.HeldBy) < 2; r, err = n.Receipt(t.Context(), "alice", out.Receipt.Dot) {
		if time.Now().After(deadline) {
			t.Fatalf("receipt %+v: the word of b does not count", r)
		}
	}
	if err != nil || r.Durability != engine.DurableAll {
		t.Errorf("receipt %+v, %v", r, err)
	}
}

func TestParkedOpsAreListedAndRetried(t *testing.T) {
	n := withMember(t)
	ships := []memory.Shipment{foreign(t, n.clock.now().Add(2*time.Hour), 1, &memory.Put{Memory: remote(n), Create: true})}
	reply, err := n.AcceptPush(t.Context(), memory.Source{Member: "b", Route: memory.RoutePush}, &memory.Push{From: "b", To: "a", Ops: ships})
	if err != nil || len(reply.Refused) != 1 || reply.Refused[0].Code != memory.CodeSkew {
		t.Fatalf("reply %+v, %v", reply, err)
	}
	parked, err := n.Parked(t.Context())
	if err != nil || len(parked) != 1 || parked[0].Member != "a" {
		t.Fatalf("parked %+v, %v", parked, err)
	}
	if s, err := n.Status(t.Context()); err != nil || len(s.Parked) != 1 || len(s.Warnings) == 0 {
		t.Errorf("status %+v, %v", s, err)
	}
	if taken, err := n.RetryParked(t.Context(), nil); err != nil || taken != 0 {
		t.Errorf("took %d, %v", taken, err)
	}
	n.clock.advance(2 * time.Hour)
	// Its time has come: the store may have been faster.
	if _, err := n.RetryParked(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, _, err := n.Get(t.Context(), "", "remote"); err != nil {
		t.Error(err)
	}
	if parked, err := n.Parked(t.Context()); err != nil || len(parked) != 0 {
		t.Errorf("parked %+v, %v", parked, err)
	}
}

func TestPullBringsAPrefixOfWhatWasAskedFor(t *testing.T) {
	n := withMember(t)
	drafts := make([]records.Draft, 400)
	for i := range drafts {
		drafts[i] = draft(title(i))
	}
	for _, r := range n.Bulk(t.Context(), nobody, drafts) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	own := n.store.Origin()
	ask := func(from uint64) *memory.PullReply {
		t.Helper()
		reply, err := n.AcceptPull(t.Context(), memory.Source{Member: "b"}, &memory.PullRequest{From: "b", To: "a", Ranges: []memory.Range{
			{Origin: own, From: from, To: 400},
			{Origin: "unknown.1", From: 1, To: 9},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	next := uint64(1)
	for next <= 400 {
		reply := ask(next)
		if len(reply.Ops) == 0 || len(reply.Ops) > 256 || reply.View.Heads[own].Seq != 400 {
			t.Fatalf("from %d: %d ops, view %+v", next, len(reply.Ops), reply.View)
		}
		for _, s := range reply.Ops {
			e, err := codec.Decode(s.Raw)
			if err != nil || e.Dot.Seq != next {
				t.Fatalf("got %+v, %v; want seq %d", e, err, next)
			}
			next++
		}
	}
	reply, err := n.AcceptPull(t.Context(), memory.Source{Member: "b"}, &memory.PullRequest{From: "b", To: "a", Dots: []memory.Dot{{Origin: own, Seq: 7}, {Origin: own, Seq: 9000}}})
	if err != nil || len(reply.Ops) != 1 {
		t.Errorf("single dots: %d ops, %v", len(reply.Ops), err)
	}
}

func TestDigestsAndSnapshotForMembers(t *testing.T) {
	n := withMember(t)
	rec := n.create(t, nobody, draft("t"))
	all, err := n.AcceptDigest(t.Context(), memory.Source{Member: "b"}, &memory.DigestRequest{From: "b", To: "a"})
	if err != nil || len(all.Sums) != memory.Buckets || all.View.Root != n.store.View().Root {
		t.Fatalf("%d sums, %v", len(all.Sums), err)
	}
	bucket := uint16(memory.Bucket(memory.ContentKey(rec.ID)))
	some, err := n.AcceptDigest(t.Context(), memory.Source{Member: "b"}, &memory.DigestRequest{From: "b", To: "a", Buckets: []uint16{bucket}})
	if err != nil || len(some.Registers) != 2 {
		t.Errorf("registers %+v, %v", some, err)
	}
	count := 0
	view, err := n.AcceptSnapshot(t.Context(), memory.Source{Member: "b"}, func(s []memory.Shipment) error { count += len(s); return nil })
	if err != nil || count != 1 || view.Heads[n.store.Origin()].Seq != 1 {
		t.Errorf("snapshot of %d, %+v, %v", count, view, err)
	}
}

// What another try of a refused op would come to is what it comes to.
func TestATryOfARefusedOpIsToldBeforehand(t *testing.T) {
	n := withMember(t)
	early := remote(n)
	early.ID, early.Title = "early", "early"
	bad := remote(n)
	bad.ID, bad.Priority = "bad", 99
	at := n.clock.now()
	ships := []memory.Shipment{
		foreign(t, at.Add(5*time.Minute), 1, &memory.Put{Memory: early, Create: true}),
		foreign(t, at, 2, &memory.Put{Memory: bad, Create: true}),
	}
	reply, err := n.AcceptPush(t.Context(), memory.Source{Member: "b", Route: memory.RoutePush}, &memory.Push{From: "b", To: "a", Ops: ships})
	if err != nil || len(reply.Refused) != 2 {
		t.Fatalf("%+v, %v", reply, err)
	}
	check := func(what string, want ...upkeep.Prospect) {
		t.Helper()
		list, err := n.TryParked(t.Context(), nil)
		var got []upkeep.Prospect
		taken := 0
		for _, x := range list {
			got = append(got, x.Would)
			if x.Would == upkeep.Taken {
				taken++
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v (%v), want %v", what, got, err, want)
		}
		// What is due the writer tries by itself, too: so what counts is what is left.
		if took, err := n.RetryParked(t.Context(), nil); err != nil || took > taken {
			t.Errorf("%s: %d were taken (%v), and %d told", what, took, err, taken)
		}
		if left, err := n.TryParked(t.Context(), nil); err != nil || len(left) != len(want)-taken {
			t.Errorf("%s: %d of %d are left (%v), and %d were to be taken", what, len(left), len(want), err, taken)
		}
	}
	check("too early", upkeep.Refused, upkeep.Refused)
	n.clock.advance(6 * time.Minute)
	check("in time", upkeep.Taken, upkeep.Refused)
	check("one was taken", upkeep.Refused)
}
