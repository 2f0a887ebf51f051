package book_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

func TestCreateTakesTheDefaultsOfTheDataModel(t *testing.T) {
	n := alone(t)
	before := n.now()
	got := n.create(t, alice, draft("t"))
	want := memory.Memory{
		ID: memory.PrivateID("alice", "global", "t"), Tier: memory.Mid, Namespace: "global", Title: "t", Content: "content of t",
		Priority: 5, Confidence: 1, Source: "api", MemoryKind: "observation", ConfidenceSource: "caller_provided",
		Metadata: memory.Object(`{"agent_id":"alice"}`), Version: 1, CreatedAt: got.CreatedAt, ExpiresAt: got.ExpiresAt,
	}
	if diff := cmp.Diff(want, got.Memory); diff != "" {
		t.Error(diff)
	}
	if got.CreatedAt < before-memory.Instant(time.Millisecond) || got.CreatedAt > n.now() || got.CreatedAt > got.Content.Stamp.Instant() {
		t.Errorf("created at %s", got.CreatedAt)
	}
	if want := got.CreatedAt + memory.Instant(7*24*time.Hour); got.ExpiresAt != want {
		t.Errorf("expires at %s, want %s", got.ExpiresAt, want)
	}
	stored, _, err := n.Get(t.Context(), "alice", got.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, stored); diff != "" {
		t.Errorf("the outcome is not what is stored:\n%s", diff)
	}
}

func TestCreateSetsTheExpiry(t *testing.T) {
	n := alone(t)
	at := n.now() + memory.Instant(time.Hour)
	tests := map[string]struct {
		tier    memory.Tier
		ttl     time.Duration
		expires memory.Instant
		want    time.Duration // from creation; 0: never
	}{
		"short":                 {tier: memory.Short, want: 6 * time.Hour},
		"long":                  {tier: memory.Long},
		"ttl beats the tier":    {tier: memory.Long, ttl: time.Minute, want: time.Minute},
		"expires beats the ttl": {tier: memory.Short, ttl: time.Minute, expires: at},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := draft(name)
			d.Memory.Tier, d.TTL, d.Memory.ExpiresAt = tc.tier, tc.ttl, tc.expires
			got := n.create(t, nobody, d)
			want := tc.expires
			if tc.expires == 0 && tc.want != 0 {
				want = got.CreatedAt + memory.Instant(tc.want)
			}
			if got.ExpiresAt != want {
				t.Errorf("expires %s, want %s", got.ExpiresAt, want)
			}
		})
	}
}

func TestCreateRefusesWhatBreaksTheModel(t *testing.T) {
	n := alone(t)
	tests := map[string]func(*records.Draft){
		"no title":            func(d *records.Draft) { d.Memory.Title = " " },
		"no content":          func(d *records.Draft) { d.Memory.Content = "" },
		"long title":          func(d *records.Draft) { d.Memory.Title = strings.Repeat("é", 513) },
		"long content":        func(d *records.Draft) { d.Memory.Content = strings.Repeat("x", memory.MaxContent+1) },
		"control character":   func(d *records.Draft) { d.Memory.Content = "a\x00b" },
		"bad tier":            func(d *records.Draft) { d.Memory.Tier = "forever" },
		"bad namespace":       func(d *records.Draft) { d.Memory.Namespace = "a//b" },
		"bad id":              func(d *records.Draft) { d.Memory.ID = "../x" },
		"bad source":          func(d *records.Draft) { d.Memory.Source = "elsewhere" },
		"priority 11":         func(d *records.Draft) { d.Memory.Priority = 11 },
		"metadata is a list":  func(d *records.Draft) { d.Memory.Metadata = memory.Object(`[1]`) },
		"owner is a number":   func(d *records.Draft) { d.Memory.Metadata = memory.Object(`{"agent_id":7}`) },
		"bad governance":      func(d *records.Draft) { d.Memory.Metadata = memory.Object(`{"governance":{"write":"maybe"}}`) },
		"expired":             func(d *records.Draft) { d.Memory.ExpiresAt = n.now() - 1 },
		"ttl of a nanosecond": func(d *records.Draft) { d.TTL = 1 },
		"ttl of a century":    func(d *records.Draft) { d.TTL = 100 * 365 * 24 * time.Hour },
		"created tomorrow":    func(d *records.Draft) { d.Memory.CreatedAt = n.now() + memory.Instant(24*time.Hour) },
		"unknown on_conflict": func(d *records.Draft) { d.OnConflict = "shrug" },
		"empty vector":        func(d *records.Draft) { d.Embedding = &memory.Embedding{Model: "m"} },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			d := draft(name)
			spoil(&d)
			_, err := n.Create(t.Context(), alice, d)
			wantErr(t, err, memory.ErrInvalid)
		})
	}
	_, err := n.Create(t.Context(), engine.Caller{Agent: "no spaces"}, draft("t"))
	wantErr(t, err, memory.ErrInvalid)
	if v := n.store.View(); v.LSN != 0 {
		t.Errorf("something was written: lsn %d", v.LSN)
	}
}

func TestOwnerIsTheCallerAndNobodyElse(t *testing.T) {
	n := alone(t)
	d := draft("forged")
	d.Memory.Metadata = memory.Object(`{"agent_id":"bob"}`)
	_, err := n.Create(t.Context(), alice, d)
	wantForbidden(t, err)
	_, err = n.Create(t.Context(), nobody, d)
	wantForbidden(t, err)
	got := n.create(t, nobody, draft("unowned"))
	if got.Access().Owner != "" || len(got.Metadata) != 0 {
		t.Errorf("metadata %s, want none", got.Metadata)
	}
	d.Memory.Metadata = memory.Object(`{"agent_id":"bob","k":1}`)
	if got := n.create(t, bob, d); got.Access().Owner != "bob" {
		t.Errorf("metadata %s", got.Metadata)
	}
}

func TestTakenTitleIsAConflict(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("t"))
	_, err := n.Create(t.Context(), nobody, draft("t"))
	wantConflict(t, err, first.ID)
	n.create(t, nobody, in("elsewhere", draft("t")))
}

func TestRenamedRecordStillHoldsItsNewTitle(t *testing.T) {
	n := alone(t)
	first := n.create(t, nobody, draft("old"))
	renamed := "new"
	ok(t)(n.Update(t.Context(), nobody, first.ID, records.Patch{Title: &renamed}))
	_, err := n.Create(t.Context(), nobody, draft("new"))
	wantConflict(t, err, first.ID)

	second := n.create(t, nobody, draft("old"))
	if second.ID == first.ID {
		t.Error("the id of a renamed record was used for another one")
	}
	if second.ID == memory.PrivateID("alice", "global", "old") {
		t.Error("want a random id")
	}
}

func TestMergeEditsTheRecordThatIsThere(t *testing.T) {
	n := alone(t)
	d := draft("t")
	d.Memory.Priority, d.Memory.Confidence, d.Memory.Tags, d.Memory.Tier = 7, 0.4, []string{"old"}, memory.Short
	d.Memory.Metadata = memory.Object(`{"a":1}`)
	first := n.create(t, alice, d)

	d = draft("t")
	d.OnConflict = records.ConflictMerge
	d.Memory.Content, d.Memory.Tags, d.Memory.Source = "new", []string{"new"}, "cli"
	d.Memory.Priority, d.Memory.Confidence, d.Memory.Tier = 3, 0.9, memory.Long
	d.Memory.Metadata = memory.Object(`{"b":2}`)
	got := ok(t)(n.Create(t.Context(), alice, d)).Record
	want := first.Memory
	want.Version, want.Content, want.Tags, want.Source = 2, "new", []string{"new"}, "cli"
	want.Confidence, want.Tier, want.ExpiresAt = 0.9, memory.Long, 0
	want.Metadata = memory.Object(`{"agent_id":"alice","b":2}`)
	if diff := cmp.Diff(want, got.Memory); diff != "" {
		t.Error(diff)
	}
	if got.Conflicts != 0 {
		t.Errorf("%d conflicts after an edit that saw what it replaced", got.Conflicts)
	}
	open := shared(draft("open"))
	open.OnConflict = records.ConflictMerge
	ok(t)(n.Create(t.Context(), alice, open))
	_, err := n.Create(t.Context(), bob, open)
	wantForbidden(t, err)
}

func TestVersionTakesTheNextFreeTitle(t *testing.T) {
	n := alone(t)
	long := strings.Repeat("x", memory.MaxTitle)
	for _, title := range []string{"t", long} {
		var got []string
		for range 3 {
			d := draft(title)
			d.OnConflict = records.ConflictVersion
			got = append(got, n.create(t, nobody, d).Title)
		}
		cut := title[:min(len(title), memory.MaxTitle-4)]
		if diff := cmp.Diff([]string{title, cut + " (2)", cut + " (3)"}, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCreateAgainAfterDelete(t *testing.T) {
	n := alone(t)
	for _, end := range []func(id string) (engine.Outcome, error){
		func(id string) (engine.Outcome, error) { return n.Delete(t.Context(), alice, id) },
		func(id string) (engine.Outcome, error) { return n.Archive(t.Context(), alice, id, "") },
		func(string) (engine.Outcome, error) {
			n.clock.advance(8 * 24 * time.Hour)
			return engine.Outcome{}, nil
		},
	} {
		first := n.create(t, alice, draft("t"))
		ok(t)(end(first.ID))
		second := n.create(t, alice, draft("t"))
		if second.ID != first.ID || second.Version != first.Version+1 {
			t.Errorf("created again as %s version %d, want %s version %d", second.ID, second.Version, first.ID, first.Version+1)
		}
		rec, _, err := n.Get(t.Context(), "alice", first.ID)
		if err != nil || rec.Conflicts != 0 {
			t.Errorf("get: %v, %+v", err, rec)
		}
		ok(t)(n.Delete(t.Context(), alice, first.ID))
	}
}

func TestErasedIDIsNeverUsedAgain(t *testing.T) {
	n := alone(t)
	first := n.create(t, alice, draft("t"))
	ok(t)(n.Erase(t.Context(), alice, first.ID))
	second := n.create(t, alice, draft("t"))
	if second.ID == first.ID {
		t.Error("an erased id came back")
	}
	d := draft("other")
	d.Memory.ID = first.ID
	if third := n.create(t, alice, d); third.ID == first.ID {
		t.Error("an erased id came back because it was asked for")
	}
	_, err := n.Create(t.Context(), alice, draft("t"))
	wantConflict(t, err, second.ID)
}

func TestDeletedRecordOfAnotherOwnerIsNotTakenOver(t *testing.T) {
	n := alone(t)
	first := n.create(t, alice, shared(draft("t")))
	ok(t)(n.Delete(t.Context(), alice, first.ID))
	second := n.create(t, bob, shared(draft("t")))
	if second.ID == first.ID {
		t.Error("bob writes the history of a memory of alice")
	}
	_, err := n.Restore(t.Context(), alice, first.ID)
	wantConflict(t, err, second.ID)
}

func TestGivenID(t *testing.T) {
	n := alone(t)
	d := draft("t")
	d.Memory.ID = "my-id"
	if got := n.create(t, nobody, d); got.ID != "my-id" {
		t.Errorf("id %s", got.ID)
	}
	d.Memory.Title = "another"
	_, err := n.Create(t.Context(), nobody, d)
	wantConflict(t, err, "my-id")
}

func TestConcurrentCreatesOfOneTitleMakeOneRecord(t *testing.T) {
	n := alone(t)
	// The derived id is taken, so nothing but this node can keep the title from being used twice.
	first := n.create(t, nobody, draft("t"))
	ok(t)(n.Erase(t.Context(), nobody, first.ID))
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]int{}
	for range 16 {
		wg.Go(func() {
			out, err := n.Create(t.Context(), nobody, draft("t"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ids[out.Record.ID]++
			} else {
				wantConflictAny(t, err)
			}
		})
	}
	wg.Wait()
	if len(ids) != 1 {
		t.Errorf("created %v, want one", ids)
	}
}

func TestBulkCreatesEachOnItsOwn(t *testing.T) {
	n := alone(t)
	n.create(t, bob, shared(draft(title(1))))
	var drafts []records.Draft
	for i := range 200 {
		drafts = append(drafts, draft(title(i)))
	}
	drafts[7].Memory.Content = ""
	again := draft(title(3))
	again.Memory.Content = "the later one"
	drafts = append(drafts, again)
	results := n.Bulk(t.Context(), alice, drafts)
	for i, r := range results {
		switch {
		case i == 1:
			wantForbidden(t, r.Err)
		case i == 7:
			wantErr(t, r.Err, memory.ErrInvalid)
		case r.Err != nil:
			t.Errorf("draft %d: %v", i, r.Err)
		case r.Outcome.Receipt.Durability != engine.DurableQuorum:
			t.Errorf("draft %d: receipt %+v", i, r.Outcome.Receipt)
		}
	}
	rec, _, err := n.Get(t.Context(), "alice", memory.PrivateID("alice", "global", title(3)))
	if err != nil || rec.Memory.Content != "the later one" || rec.Version != 2 {
		t.Errorf("drafts of one title were not taken in order: %v %+v", err, rec)
	}
	for _, r := range n.Bulk(t.Context(), alice, make([]records.Draft, records.MaxBulk+1)) {
		wantErr(t, r.Err, memory.ErrInvalid)
	}
	if got := n.Bulk(t.Context(), alice, nil); len(got) != 0 {
		t.Errorf("bulk of nothing: %v", got)
	}
}

func wantConflictAny(t *testing.T, err error) {
	t.Helper()
	_, titled := asConflict(err)
	if _, versioned := errors.AsType[*engine.ConditionError](err); !titled && !versioned {
		t.Errorf("error %v, want a conflict", err)
	}
}
