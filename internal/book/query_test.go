package book_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

func titles(hits []query.Scored) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Title)
	}
	return out
}

func recordTitles(recs []memory.Record) []string {
	var out []string
	for _, r := range recs {
		out = append(out, r.Title)
	}
	return out
}

func TestGetByPrefixMasksWhatMayNotBeSeen(t *testing.T) {
	n := alone(t)
	mk := func(c engine.Caller, id string) {
		d := draft(id)
		d.Memory.ID = id
		n.create(t, c, d)
	}
	mk(alice, "abc-1")
	mk(nobody, "abd-2")
	mk(nobody, "7f000000-1111-8222-8333-444444444444")
	tests := map[string]struct {
		agent memory.AgentID
		id    string
		want  error
	}{
		"own, whole":          {"alice", "abc-1", nil},
		"own, marked":         {"alice", "abc-…", nil},
		"own, dots":           {"alice", "ab...", memory.ErrAmbiguous},
		"a name that goes on": {"alice", "abc-", memory.ErrNotFound},
		"hex that goes on":    {"alice", "abc", memory.ErrNotFound},
		"of a UUID":           {"alice", "7f", nil},
		"no mark but a mark":  {"alice", "…", memory.ErrInvalid},
		"private of others":   {"bob", "abc-1", memory.ErrNotFound},
		"private, to nobody":  {"", "abc-1", memory.ErrNotFound},
		"unowned":             {"bob", "abd-2", nil},
		"ambiguous":           {"alice", "ab", memory.ErrAmbiguous},
		"unknown":             {"alice", "x", memory.ErrNotFound},
		"empty":               {"alice", "", memory.ErrInvalid},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			rec, _, err := n.Get(t.Context(), tc.agent, tc.id)
			wantErr(t, err, tc.want)
			if prefix, _ := memory.Abbreviated(tc.id); err == nil && !strings.HasPrefix(rec.ID, prefix) {
				t.Errorf("got %s", rec.ID)
			}
		})
	}
}

func TestLinksToHiddenMemoriesAreHidden(t *testing.T) {
	n := alone(t)
	open, hidden := n.create(t, nobody, draft("open")), n.create(t, alice, draft("hidden"))
	ok(t)(n.Link(t.Context(), alice, link(hidden.ID, open.ID, "")))
	for agent, want := range map[memory.AgentID]int{"alice": 1, "bob": 0} {
		_, links, err := n.Get(t.Context(), agent, open.ID)
		if err != nil || len(links) != want {
			t.Errorf("%s sees %v, %v; want %d", agent, links, err, want)
		}
	}
}

func TestRecallFindsWhatWasJustWritten(t *testing.T) {
	n := alone(t)
	for i := range 20 {
		d := draft(title(i))
		d.Memory.Content = "the heron stands in the reeds " + title(i)
		n.create(t, nobody, d)
		got, err := n.Recall(t.Context(), query.RecallQuery{Text: title(i), All: true})
		if err != nil || !slices.Equal(titles(got.Hits), []string{title(i)}) {
			t.Fatalf("after %d writes: %v, %v", i+1, titles(got.Hits), err)
		}
	}
}

func TestRecallRanksAndFilters(t *testing.T) {
	n := alone(t)
	mk := func(c engine.Caller, ns, title, content string, priority int32) {
		d := in(ns, draft(title))
		d.Memory.Content, d.Memory.Priority = content, priority
		n.create(t, c, d)
	}
	mk(nobody, "pond", "low", "a heron and a frog", 1)
	mk(nobody, "pond", "high", "a heron and a frog", 10)
	mk(nobody, "pond/deep", "below", "a heron alone", 5)
	mk(nobody, "city", "city", "a heron on the roof", 5)
	mk(alice, "pond", "hidden", "a secret heron and a frog", 10)
	tests := map[string]struct {
		query query.RecallQuery
		want  []string
	}{
		"any word":     {query.RecallQuery{Text: "Where is the heron, or the frog?", Filter: memory.Filter{Namespace: "pond"}}, []string{"high", "low"}},
		"all words":    {query.RecallQuery{Text: "heron roof", All: true}, []string{"city"}},
		"subtree":      {query.RecallQuery{Text: "heron", Filter: memory.Filter{Namespace: "pond", Subtree: true, MinPriority: 5}}, []string{"high", "below"}},
		"as alice":     {query.RecallQuery{Text: "secret", Filter: memory.Filter{Viewer: "alice"}}, []string{"hidden"}},
		"as bob":       {query.RecallQuery{Text: "secret", Filter: memory.Filter{Viewer: "bob"}}, nil},
		"limit":        {query.RecallQuery{Text: "heron frog", Limit: 1, Filter: memory.Filter{Namespace: "pond"}}, []string{"high"}},
		"no words":     {query.RecallQuery{Text: " ?! "}, nil},
		"syntax":       {query.RecallQuery{Text: `" OR title:* NEAR(`}, nil},
		"no such word": {query.RecallQuery{Text: "submarine"}, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := n.Recall(t.Context(), tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, titles(got.Hits)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecallCountsAsReadingAndSearchDoesNot(t *testing.T) {
	n := alone(t)
	rec := n.create(t, nobody, draft("heron"))
	count := func() int64 {
		r, err := n.store.Record(t.Context(), rec.ID)
		if err != nil {
			t.Fatal(err)
		}
		return r.AccessCount
	}
	if _, err := n.Recall(t.Context(), query.RecallQuery{Text: "heron", All: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Recall(t.Context(), query.RecallQuery{Text: "heron"}); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for i := 0; count() == 0; i++ {
		if time.Now().After(deadline) {
			t.Fatal("the read was never counted")
		}
		// Counts are folded in with later writes.
		n.create(t, nobody, in("else", draft(title(i))))
	}
	if got := count(); got != 1 {
		t.Errorf("read %d times, want 1", got)
	}
	if r, _ := n.store.Record(t.Context(), rec.ID); r.Content != rec.Content {
		t.Error("a read changed the version")
	}
}

func TestListPages(t *testing.T) {
	n := alone(t)
	for i := range 25 {
		n.create(t, nobody, draft(title(i)))
	}
	n.create(t, alice, draft("hidden"))
	var got []string
	for cursor := ""; ; {
		recs, next, err := n.List(t.Context(), memory.Filter{}, query.Page{Limit: 10, Order: memory.ByID, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, recordTitles(recs)...)
		if cursor = next; next == "" {
			break
		}
	}
	slices.Sort(got)
	if len(got) != 25 || got[0] != title(0) || got[24] != title(24) {
		t.Errorf("pages hold %v", got)
	}
	recs, _, err := n.List(t.Context(), memory.Filter{}, query.Page{})
	if err != nil || len(recs) != 20 {
		t.Errorf("a page of no size has %d rows, %v; want 20", len(recs), err)
	}
}

func TestHistoryHidesWhatBelongedToOthers(t *testing.T) {
	n := alone(t)
	d := draft("t")
	d.Memory.ID = "given"
	first := n.create(t, alice, d)
	ok(t)(n.Update(t.Context(), alice, first.ID, records.Patch{Content: new("second")}))
	revs, rec, err := n.History(t.Context(), "alice", first.ID)
	if err != nil || len(revs) != 2 || !revs[0].Winner || rec.Version != 2 {
		t.Fatalf("history %+v, %v", revs, err)
	}
	_, _, err = n.History(t.Context(), "bob", first.ID)
	wantErr(t, err, memory.ErrNotFound)
	ok(t)(n.Delete(t.Context(), alice, first.ID))
	if revs, _, err := n.History(t.Context(), "alice", first.ID); err != nil || len(revs) != 2 {
		t.Errorf("history of a deleted memory: %v, %v", revs, err)
	}
	ok(t)(n.Erase(t.Context(), alice, first.ID))
	_, _, err = n.History(t.Context(), "alice", first.ID)
	wantErr(t, err, memory.ErrNotFound)
}

func TestEventsFollowTheWrites(t *testing.T) {
	n := alone(t)
	changed := n.Changed()
	rec := n.create(t, nobody, draft("t"))
	select {
	case <-changed:
	default:
		t.Error("the commit was not announced before the write returned")
	}
	ok(t)(n.Delete(t.Context(), nobody, rec.ID))
	evs, err := n.Events(t.Context(), 0, 10)
	if err != nil || len(evs) != 2 || evs[0].Entry.Op.Kind() != memory.KindPut || evs[1].Entry.Op.Kind() != memory.KindDelete {
		t.Fatalf("events %+v, %v", evs, err)
	}
	if evs, err := n.Events(t.Context(), evs[1].LSN, 10); err != nil || len(evs) != 0 {
		t.Errorf("events after the last: %v, %v", evs, err)
	}
}

func TestStatusOfOneNode(t *testing.T) {
	n := alone(t)
	n.create(t, nobody, draft("t"))
	s, err := n.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Node != "a" || s.N != 1 || s.W != 1 || s.LSN == 0 || s.Counts.Live != 1 || s.Digest.String() == (memory.Digest{}).String() || len(s.Warnings) != 0 {
		t.Errorf("status %+v", s)
	}
	if err := n.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	c, err := n.Namespaces(t.Context(), "alice")
	if err != nil || c.ByNamespace["global"] != 1 {
		t.Errorf("counts %+v, %v", c, err)
	}
}
