package book_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

func TestLifecycle(t *testing.T) {
	n := alone(t)
	verbs := map[string]func(id string) (engine.Outcome, error){
		"archive": func(id string) (engine.Outcome, error) { return n.Archive(t.Context(), alice, id, "") },
		"delete":  func(id string) (engine.Outcome, error) { return n.Delete(t.Context(), alice, id) },
		"restore": func(id string) (engine.Outcome, error) { return n.Restore(t.Context(), alice, id) },
		"erase":   func(id string) (engine.Outcome, error) { return n.Erase(t.Context(), alice, id) },
	}
	tests := map[string]struct {
		path []string
		want memory.Life // Unborn: the last verb finds nothing
	}{
		"archive":                 {[]string{"archive"}, memory.Archived},
		"archive twice":           {[]string{"archive", "archive"}, memory.Unborn},
		"delete":                  {[]string{"delete"}, memory.Deleted},
		"delete twice":            {[]string{"delete", "delete"}, memory.Unborn},
		"delete an archived one":  {[]string{"archive", "delete"}, memory.Deleted},
		"archive a deleted one":   {[]string{"delete", "archive"}, memory.Unborn},
		"restore a live one":      {[]string{"restore"}, memory.Unborn},
		"restore an archived one": {[]string{"archive", "restore"}, memory.Live},
		"restore a deleted one":   {[]string{"delete", "restore"}, memory.Live},
		"erase":                   {[]string{"erase"}, memory.Erased},
		"erase a deleted one":     {[]string{"delete", "erase"}, memory.Erased},
		"erase twice":             {[]string{"erase", "erase"}, memory.Unborn},
		"restore an erased one":   {[]string{"erase", "restore"}, memory.Unborn},
		"delete an erased one":    {[]string{"erase", "delete"}, memory.Unborn},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			rec := n.create(t, alice, draft(name))
			var out engine.Outcome
			var err error
			for i, verb := range tc.path {
				out, err = verbs[verb](rec.ID)
				if err != nil && i < len(tc.path)-1 {
					t.Fatal(err)
				}
			}
			if tc.want == memory.Unborn {
				wantErr(t, err, memory.ErrNotFound)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if out.Record == nil || out.Record.Life != tc.want {
				t.Errorf("record %+v, want %s", out.Record, tc.want)
			}
			_, _, err = n.Get(t.Context(), "alice", rec.ID)
			if tc.want == memory.Live && err != nil {
				t.Error(err)
			} else if tc.want != memory.Live {
				wantErr(t, err, memory.ErrNotFound)
			}
		})
	}
}

func TestArchiveKeepsItsReason(t *testing.T) {
	n := alone(t)
	for reason, want := range map[string]string{"": "archive", "old": "old"} {
		rec := n.create(t, nobody, draft("because "+reason))
		out := ok(t)(n.Archive(t.Context(), nobody, rec.ID, reason))
		if out.Record.Reason != want {
			t.Errorf("reason %q, want %q", out.Record.Reason, want)
		}
	}
	rec := n.create(t, nobody, draft("t"))
	_, err := n.Archive(t.Context(), nobody, rec.ID, "line\nbreak")
	wantErr(t, err, memory.ErrInvalid)
}

// What was deleted long ago is, on some nodes, no more than its id.
func TestRestoringADeletedMemoryCarriesItsContent(t *testing.T) {
	n := alone(t)
	rec := n.create(t, nobody, draft("deleted"))
	ok(t)(n.Delete(t.Context(), nobody, rec.ID))
	out := ok(t)(n.Restore(t.Context(), nobody, rec.ID))
	if m, has := out.Entry.Content(); !has || m.Content != rec.Memory.Content || out.Record.Life != memory.Live {
		t.Errorf("restored by %s with content %q, want the whole text live", out.Entry.Op.Kind(), m.Content)
	}
}

func TestExpiredMemoryIsArchivedAndCanBeRestoredToStay(t *testing.T) {
	n := alone(t)
	d := draft("t")
	d.TTL = time.Minute
	rec := n.create(t, nobody, d)
	n.clock.advance(2 * time.Minute)
	_, _, err := n.Get(t.Context(), "", rec.ID)
	wantErr(t, err, memory.ErrNotFound)
	_, err = n.Update(t.Context(), nobody, rec.ID, records.Patch{Content: new("x")})
	wantErr(t, err, memory.ErrNotFound)
	ok(t)(n.Restore(t.Context(), nobody, rec.ID))
	if _, _, err := n.Get(t.Context(), "", rec.ID); err != nil {
		t.Error(err)
	}
}

func TestLifecycleIsForTheOwner(t *testing.T) {
	n := alone(t)
	d := draft("t")
	d.Memory.Metadata = memory.Object(`{"scope":"collective"}`)
	rec := n.create(t, alice, d)
	_, err := n.Delete(t.Context(), bob, rec.ID)
	wantForbidden(t, err)
	_, err = n.Archive(t.Context(), nobody, rec.ID, "")
	wantForbidden(t, err)
	_, err = n.Erase(t.Context(), bob, rec.ID)
	wantForbidden(t, err)
	hidden := n.create(t, alice, draft("hidden"))
	_, err = n.Delete(t.Context(), bob, hidden.ID)
	wantErr(t, err, memory.ErrNotFound)
}

func TestForgetArchivesWhatMatchesAndMayBeChanged(t *testing.T) {
	n := alone(t)
	shared := draft("apple pie of bob")
	shared.Memory.Metadata = memory.Object(`{"scope":"collective"}`)
	n.create(t, bob, in("kitchen", shared))
	n.create(t, alice, in("kitchen", draft("apple cake")))
	n.create(t, alice, in("kitchen", draft("pear cake")))
	n.create(t, alice, in("garden", draft("apple tree")))

	got, _, err := n.Forget(t.Context(), alice, memory.Filter{Namespace: "kitchen"}, "apple")
	if err != nil || got != 1 {
		t.Fatalf("forgot %d, %v; want 1", got, err)
	}
	got, _, err = n.Forget(t.Context(), alice, memory.Filter{Namespace: "kitchen"}, "")
	if err != nil || got != 1 {
		t.Fatalf("forgot %d, %v; want 1", got, err)
	}
	left, _, err := n.List(t.Context(), memory.Filter{All: true}, query.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, r := range left {
		titles = append(titles, r.Title)
	}
	if diff := cmp.Diff([]string{"apple tree", "apple pie of bob"}, titles); diff != "" {
		t.Error(diff)
	}
	gone, _, err := n.List(t.Context(), memory.Filter{All: true, Life: memory.Archived}, query.Page{})
	if err != nil || len(gone) != 2 || gone[0].Reason != "forget" {
		t.Errorf("archived %+v, %v", gone, err)
	}
	_, _, err = n.Forget(t.Context(), alice, memory.Filter{}, "")
	wantErr(t, err, memory.ErrInvalid)
}

func TestForgetGoesThroughAllThatMatches(t *testing.T) {
	n := alone(t)
	var drafts []records.Draft
	for i := range 700 {
		drafts = append(drafts, in("pond", draft(title(i))))
	}
	for _, r := range n.Bulk(t.Context(), nobody, drafts) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	for _, tc := range []struct {
		pattern string
		want    int
	}{{"title 007", 1}, {"title", 699}, {"title", 0}} {
		got, _, err := n.Forget(t.Context(), nobody, memory.Filter{Namespace: "pond"}, tc.pattern)
		if err != nil || got != tc.want {
			t.Errorf("forgot %d with %q, %v; want %d", got, tc.pattern, err, tc.want)
		}
	}
}
