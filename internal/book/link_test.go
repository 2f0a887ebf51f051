package book_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/memory"
)

func link(source, target, relation string) memory.Link {
	return memory.Link{Source: source, Target: target, Relation: relation}
}

func relations(links []memory.Link) []string {
	var out []string
	for _, l := range links {
		out = append(out, l.Relation)
	}
	return out
}

func TestLinkShowsAtBothEnds(t *testing.T) {
	n := alone(t)
	a, b := n.create(t, nobody, draft("a")), n.create(t, nobody, draft("b"))
	ok(t)(n.Link(t.Context(), nobody, link(a.ID, b.ID, "")))
	for _, id := range []string{a.ID, b.ID} {
		links, err := n.Links(t.Context(), "", id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"related_to"}, relations(links)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLinkAgainIsNoSecondWrite(t *testing.T) {
	n := alone(t)
	a, b := n.create(t, nobody, draft("a")), n.create(t, nobody, draft("b"))
	first := ok(t)(n.Link(t.Context(), nobody, link(a.ID, b.ID, "")))
	lsn := n.store.View().LSN
	again := ok(t)(n.Link(t.Context(), nobody, link(a.ID, b.ID, "")))
	if n.store.View().LSN != lsn || again.Receipt.Dot != first.Receipt.Dot {
		t.Errorf("linked again as %s, want %s", again.Receipt.Dot, first.Receipt.Dot)
	}
	l := link(a.ID, b.ID, "")
	l.ObservedBy = "somebody"
	if changed := ok(t)(n.Link(t.Context(), nobody, l)); changed.Receipt.Dot == first.Receipt.Dot {
		t.Error("a link that says something else was not written")
	}
}

func TestBadLinks(t *testing.T) {
	n := alone(t)
	a, b, gone := n.create(t, nobody, draft("a")), n.create(t, nobody, draft("b")), n.create(t, nobody, draft("gone"))
	hidden := n.create(t, bob, draft("hidden"))
	ok(t)(n.Delete(t.Context(), nobody, gone.ID))
	tests := map[string]struct {
		link memory.Link
		want error
	}{
		"to itself":          {link(a.ID, a.ID, ""), memory.ErrInvalid},
		"unknown relation":   {link(a.ID, b.ID, "likes"), memory.ErrInvalid},
		"unknown target":     {link(a.ID, "nothing", ""), memory.ErrNotFound},
		"unknown source":     {link("nothing", a.ID, ""), memory.ErrNotFound},
		"deleted target":     {link(a.ID, gone.ID, ""), memory.ErrNotFound},
		"target not visible": {link(a.ID, hidden.ID, ""), memory.ErrNotFound},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := n.Link(t.Context(), alice, tc.link)
			wantErr(t, err, tc.want)
		})
	}
}

func TestLinksBelongToTheSource(t *testing.T) {
	n := alone(t)
	d := draft("of alice")
	d.Memory.Metadata = memory.Object(`{"scope":"collective"}`)
	theirs, mine := n.create(t, alice, d), n.create(t, bob, draft("of bob"))
	_, err := n.Link(t.Context(), bob, link(theirs.ID, mine.ID, ""))
	wantForbidden(t, err)
	ok(t)(n.Link(t.Context(), bob, link(mine.ID, theirs.ID, "")))
	// bob's memory is private: carol knows nothing of the link, alice owns the other end and knows as little.
	_, removed, err := n.Unlink(t.Context(), carol, mine.ID, theirs.ID, "")
	if err != nil || removed != 0 {
		t.Errorf("removed %d, %v", removed, err)
	}
	links, err := n.Links(t.Context(), "carol", theirs.ID)
	if err != nil || len(links) != 0 {
		t.Errorf("carol sees %v, %v", links, err)
	}
	_, removed, err = n.Unlink(t.Context(), bob, mine.ID, theirs.ID, "")
	if err != nil || removed != 1 {
		t.Errorf("removed %d, %v", removed, err)
	}
}

func TestReflectionsMustNotFormACycle(t *testing.T) {
	n := alone(t)
	var ids []string
	for i := range 4 {
		ids = append(ids, n.create(t, nobody, draft(title(i))).ID)
	}
	for i := range 3 {
		ok(t)(n.Link(t.Context(), nobody, link(ids[i], ids[i+1], memory.ReflectsOn)))
	}
	_, err := n.Link(t.Context(), nobody, link(ids[3], ids[0], memory.ReflectsOn))
	wantErr(t, err, graph.ErrCycle)
	ok(t)(n.Link(t.Context(), nobody, link(ids[3], ids[0], "supersedes")))
	if _, _, err := n.Unlink(t.Context(), nobody, ids[1], ids[2], ""); err != nil {
		t.Fatal(err)
	}
	ok(t)(n.Link(t.Context(), nobody, link(ids[3], ids[0], memory.ReflectsOn)))
}

func TestConcurrentReflectionsDoNotCloseACycleTogether(t *testing.T) {
	n := alone(t)
	for i := range 8 {
		a, b := n.create(t, nobody, draft(title(2*i))), n.create(t, nobody, draft(title(2*i+1)))
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for k, l := range []memory.Link{link(a.ID, b.ID, memory.ReflectsOn), link(b.ID, a.ID, memory.ReflectsOn)} {
			wg.Go(func() { _, errs[k] = n.Link(t.Context(), nobody, l) })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("errors %v, want one of the two links refused", errs)
		}
	}
}

func TestUnlinkRemovesOneRelationOrAll(t *testing.T) {
	n := alone(t)
	a, b := n.create(t, nobody, draft("a")), n.create(t, nobody, draft("b"))
	for _, r := range []string{"related_to", "supersedes", "contradicts"} {
		ok(t)(n.Link(t.Context(), nobody, link(a.ID, b.ID, r)))
	}
	out, removed, err := n.Unlink(t.Context(), nobody, a.ID, b.ID, "supersedes")
	if err != nil || removed != 1 || out.Receipt.Dot.IsZero() {
		t.Fatalf("removed %d, %v", removed, err)
	}
	_, removed, err = n.Unlink(t.Context(), nobody, b.ID, a.ID, "")
	if err != nil || removed != 0 {
		t.Errorf("removed %d in the other direction, %v", removed, err)
	}
	_, removed, err = n.Unlink(t.Context(), nobody, a.ID, b.ID, "")
	if err != nil || removed != 2 {
		t.Errorf("removed %d, %v; want 2", removed, err)
	}
	_, _, err = n.Unlink(t.Context(), nobody, a.ID, b.ID, "likes")
	wantErr(t, err, memory.ErrInvalid)
}
