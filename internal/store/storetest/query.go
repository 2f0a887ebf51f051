package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
)

func now() memory.Instant { return memory.InstantOf(time.Now()) }

func titles(recs []memory.Record) []string {
	out := []string{}
	for _, r := range recs {
		out = append(out, r.Title)
	}
	return out
}

func (s Suite) lists(t *testing.T) {
	n := s.Open(t, "a", t.TempDir())
	add := func(title string, change func(*memory.Memory)) {
		op := Create(title, "text of "+title)
		change(&op.Memory)
		n.Put(op)
	}
	add("plain", func(*memory.Memory) {})
	add("urgent", func(m *memory.Memory) { m.Priority = 9; m.Tags = []string{"x", `quo"ted`} })
	add("hidden", func(m *memory.Memory) { m.Metadata = memory.Object(`{"agent_id":"ai:owner"}`) })
	add("sent", func(m *memory.Memory) {
		m.Metadata = memory.Object(`{"agent_id":"ai:owner","target_agent_id":"ai:friend"}`)
	})
	add("shared", func(m *memory.Memory) { m.Metadata = memory.Object(`{"agent_id":"ai:owner","scope":"collective"}`) })
	add("deep", func(m *memory.Memory) { m.Namespace = "global/sub"; m.Tier = memory.Short })
	add("sibling", func(m *memory.Memory) { m.Namespace = "global2" })
	add("expired", func(m *memory.Memory) { m.ExpiresAt = now() + memory.Instant(time.Minute) })
	add("archived", func(*memory.Memory) {})
	n.Put(&memory.Archive{ID: Memo("archived", "").ID, Reason: "archive"})
	add("deleted", func(*memory.Memory) {})
	n.Put(&memory.Delete{ID: Memo("deleted", "").ID})
	later := now() + memory.Instant(time.Hour)
	add("lasting", func(m *memory.Memory) { m.ExpiresAt = later + memory.Instant(time.Hour); m.Namespace = "ends" })

	for name, tc := range map[string]struct {
		filter memory.Filter
		want   []string
	}{
		"anonymous":       {memory.Filter{}, []string{"deep", "lasting", "plain", "shared", "sibling", "urgent"}},
		"owner":           {memory.Filter{Viewer: "ai:owner"}, []string{"deep", "hidden", "lasting", "plain", "sent", "shared", "sibling", "urgent"}},
		"friend":          {memory.Filter{Viewer: "ai:friend"}, []string{"deep", "lasting", "plain", "sent", "shared", "sibling", "urgent"}},
		"namespace":       {memory.Filter{Namespace: "global"}, []string{"plain", "shared", "urgent"}},
		"subtree":         {memory.Filter{Namespace: "global", Subtree: true}, []string{"deep", "plain", "shared", "urgent"}},
		"tier":            {memory.Filter{Tier: memory.Short}, []string{"deep"}},
		"tag":             {memory.Filter{Tags: []string{`quo"ted`, "x"}}, []string{"urgent"}},
		"no such tag":     {memory.Filter{Tags: []string{"x", "y"}}, []string{}},
		"priority":        {memory.Filter{MinPriority: 6}, []string{"urgent"}},
		"title":           {memory.Filter{Title: "plain"}, []string{"plain"}},
		"owned":           {memory.Filter{All: true, Owner: "ai:owner"}, []string{"hidden", "sent", "shared"}},
		"without an end":  {memory.Filter{All: true, Owner: "ai:owner", Expiry: memory.NeverExpires}, []string{"hidden", "sent", "shared"}},
		"with an end":     {memory.Filter{Expiry: memory.WillExpire}, []string{"lasting"}},
		"in conflict":     {memory.Filter{Conflicting: true}, []string{}},
		"archive":         {memory.Filter{Life: memory.Archived}, []string{"archived", "expired"}},
		"deleted":         {memory.Filter{Life: memory.Deleted}, []string{"deleted"}},
		"kind":            {memory.Filter{Kinds: []string{"claim", "event"}}, []string{}},
		"created too old": {memory.Filter{Since: later + 1}, []string{}},
	} {
		tc.filter.Now = later
		recs, next, err := n.List(t.Context(), tc.filter, memory.ByPriority, 100, 0, "")
		got := titles(recs)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, tc.want) || next != "" {
			t.Errorf("%s: %v, next %q (%v), want %v", name, got, next, err, tc.want)
		}
		if c, err := n.Count(t.Context(), tc.filter); err != nil || c != len(tc.want) {
			t.Errorf("%s: counted %d (%v), want %d", name, c, err, len(tc.want))
		}
	}
	for _, order := range []memory.Order{memory.ByPriority, memory.ByID, memory.ByEdit, memory.ByNewest} {
		whole, _, err := n.List(t.Context(), memory.Filter{Now: later}, order, 100, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		if order == memory.ByPriority && whole[0].Title != "urgent" {
			t.Errorf("first is %q", whole[0].Title)
		}
		var paged []memory.Record
		for cursor := ""; ; {
			page, next, err := n.List(t.Context(), memory.Filter{Now: later}, order, 2, 0, cursor)
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, page...)
			if cursor = next; cursor == "" {
				break
			}
		}
		if !slices.Equal(titles(whole), titles(paged)) {
			t.Errorf("pages give %v, the whole is %v", titles(paged), titles(whole))
		}
	}
	if _, _, err := n.List(t.Context(), memory.Filter{Now: later}, memory.ByID, 2, 0, "nonsense"); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("bad cursor: %v", err)
	}
	s.resolves(t, n)
}

func (s Suite) resolves(t *testing.T, n *Node) {
	op := Create("by hand", "x")
	op.Memory.ID = "abc-1"
	other := Create("by hand too", "x")
	other.Memory.ID = "abc-12"
	n.Put(op, other)
	all := memory.Filter{All: true, Now: memory.InstantOf(time.Now())}
	for prefix, want := range map[string]string{"abc-1": "abc-1", "abc-12": "abc-12"} {
		if got, err := n.Resolve(t.Context(), prefix, all); err != nil || got != want {
			t.Errorf("%s resolves to %s (%v), want %s", prefix, got, err, want)
		}
	}
	if _, err := n.Resolve(t.Context(), "abc", all); !errors.Is(err, memory.ErrAmbiguous) {
		t.Errorf("abc: %v, want ErrAmbiguous", err)
	}
	if _, err := n.Resolve(t.Context(), "nothing", all); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("nothing: %v, want ErrNotFound", err)
	}
	if r, err := n.ByTitle(t.Context(), "", "global", "by hand"); err != nil || r.ID != "abc-1" {
		t.Errorf("by title: %v (%v)", r, err)
	}
	if _, err := n.ByTitle(t.Context(), "", "global", "deleted"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("a deleted title: %v, want ErrNotFound", err)
	}
	if _, err := n.ByTitle(t.Context(), "", "global", ""); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("no title: %v, want ErrNotFound", err)
	}
	s.judges(t, n)
}

// judges looks for what is private: titles, prefixes and counts are for who may see it.
func (s Suite) judges(t *testing.T, n *Node) {
	open, hers, his := Create("diary", "of all"), Create("diary", "hers"), Create("diary", "his")
	open.Memory.ID, hers.Memory.ID, his.Memory.ID = "diary-0", "diary-1", "diary-2"
	hers.Memory.Metadata, his.Memory.Metadata = memory.Object(`{"agent_id":"ai:she"}`), memory.Object(`{"agent_id":"ai:he"}`)
	hers.Memory.Namespace, his.Memory.Namespace, open.Memory.Namespace = "diaries", "diaries", "diaries"
	n.Put(open, hers, his, &memory.Link{Source: "diary-1", Target: "diary-2", Relation: memory.DefaultRelation, CreatedAt: 1})
	now := memory.InstantOf(time.Now())
	for viewer, want := range map[memory.AgentID]struct {
		title string
		count int64
		links int64
	}{"ai:she": {"diary-1", 2, 0}, "ai:he": {"diary-2", 2, 0}, "ai:third": {"diary-0", 1, 0}, "": {"diary-0", 1, 0}} {
		if r, err := n.ByTitle(t.Context(), viewer, "diaries", "diary"); err != nil || r.ID != want.title {
			t.Errorf("%q finds %v by title (%v), want %s", viewer, r, err, want.title)
		}
		c, err := n.Counts(t.Context(), memory.Filter{Viewer: viewer, Now: now})
		if err != nil || c.ByNamespace["diaries"] != want.count || c.Links != want.links {
			t.Errorf("%q counts %+v (%v)", viewer, c, err)
		}
		if id, err := n.Resolve(t.Context(), "diary-2", memory.Filter{Viewer: viewer, Now: now}); (err == nil) != (viewer == "ai:he") {
			t.Errorf("%q resolves %s (%v)", viewer, id, err)
		}
	}
	if c, err := n.Counts(t.Context(), memory.Filter{All: true, Now: now}); err != nil || c.ByNamespace["diaries"] != 3 || c.Links != 1 {
		t.Errorf("all counts: %+v (%v)", c, err)
	}
}

// projects checks that a projection which follows the log has what there is.
func (s Suite) projects(t *testing.T) {
	n := s.Open(t, "a", t.TempDir())
	at, there := uint64(0), map[string]memory.Record{}
	follow := func(limit int) {
		t.Helper()
		for at < n.View().LSN {
			recs, last, err := n.Changed(t.Context(), at, limit)
			if err != nil || last <= at || len(recs) > limit {
				t.Fatalf("%d records, from %d to %d: %v", len(recs), at, last, err)
			}
			for _, r := range recs {
				there[r.ID] = r
			}
			at = last
		}
		for id, got := range there {
			want, err := n.Record(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(*want, got); diff != "" {
				t.Errorf("%s (-there is +was seen):\n%s", id, diff)
			}
		}
	}
	for i := range 7 {
		n.Put(Create(title(i), "text"))
	}
	follow(3)
	if len(there) != 7 {
		t.Errorf("%d memories, want 7", len(there))
	}
	m := Memo(title(0), "another text")
	m.Version = 2
	n.Put(&memory.Put{Memory: m}, &memory.Archive{ID: Memo(title(1), "").ID, Reason: "archive"}, &memory.Delete{ID: Memo(title(2), "").ID})
	follow(2)
	n.Put(&memory.Restore{ID: Memo(title(1), "").ID}, &memory.Erase{ID: m.ID}, &memory.Link{Source: m.ID, Target: Memo(title(3), "").ID, Relation: "supersedes", CreatedAt: now()})
	follow(100)
	if there[m.ID].Life != memory.Erased {
		t.Error("an erased memory was not seen to be erased")
	}
	if recs, last, err := n.Changed(t.Context(), at, 10); err != nil || last != at || len(recs) != 0 {
		t.Errorf("behind the end: %d records, %d, %v", len(recs), last, err)
	}
	ids := []string{Memo(title(5), "").ID, "nobody", m.ID}
	recs, err := n.Many(t.Context(), ids)
	if err != nil || len(recs) != 2 {
		t.Errorf("%d records (%v), want 2", len(recs), err)
	}
	if recs, err := n.Many(t.Context(), nil); err != nil || len(recs) != 0 {
		t.Errorf("%d records (%v), want none", len(recs), err)
	}
}

func (s Suite) links(t *testing.T) {
	n := s.Open(t, "a", t.TempDir())
	a, b := Memo("a", "").ID, Memo("b", "").ID
	link := &memory.Link{Source: a, Target: b, Relation: "supersedes", CreatedAt: now()}
	n.Put(link) // before its ends: normal
	count := func(want int, when string) {
		t.Helper()
		for _, id := range []string{a, b} {
			if l, err := n.Links(t.Context(), id); err != nil || len(l) != want {
				t.Errorf("%s: %d links (%v), want %d", when, len(l), err, want)
			}
		}
	}
	count(0, "no ends")
	n.Put(Create("a", "x"))
	count(0, "one end")
	n.Put(Create("b", "x"))
	count(1, "both ends")
	if to, err := n.Targets(t.Context(), a, "supersedes"); err != nil || !slices.Equal(to, []string{b}) {
		t.Errorf("targets %v (%v)", to, err)
	}
	newer, err := n.Superseding(t.Context(), []string{b, a, "nowhere"})
	if err != nil || len(newer) != 1 || !slices.Equal(newer[b], []string{a}) {
		t.Errorf("superseding %v (%v)", newer, err)
	}
	n.Put(&memory.Archive{ID: b, Reason: "archive"})
	count(0, "an end archived")
	n.Put(&memory.Restore{ID: b})
	count(1, "restored")
	n.Put(&memory.Unlink{Source: a, Target: b, Relations: []string{"supersedes"}})
	count(0, "unlinked")
	if l, err := n.LinkBetween(t.Context(), a, b); err != nil || len(l) != 0 {
		t.Errorf("between: %v (%v)", l, err)
	}
	into := Memo("c", "both")
	n.Put(&memory.Consolidate{Into: into, Sources: []memory.SourceVersion{{ID: a, Dot: memory.Dot{Origin: n.Origin(), Seq: 2}}, {ID: b, Dot: memory.Dot{Origin: n.Origin(), Seq: 3}}}})
	if r, err := n.Record(t.Context(), a); err != nil || r.Life != memory.Archived || r.Reason != memory.ReasonConsolidated {
		t.Errorf("source of a consolidation: %v %q (%v)", r.Life, r.Reason, err)
	}
	n.CheckState(nil)
}

// anyOrder checks that a proposal is closed and has its votes, in whatever order they
// came: they are of different nodes.
func anyOrder(t *testing.T, s Suite) {
	t.Helper()
	ships := s.Ship(t, []*memory.Entry{
		foreign("a.1", 1, &memory.Propose{ID: "p", Namespace: "global", Requester: "ai:x", RequestedAt: now(), Action: Create("one", "x")}),
		foreign("b.1", 1, &memory.Decide{ID: "p", Voter: "ai:y", Approve: true}),
		foreign("c.1", 1, &memory.Resolve{ID: "p", Verdict: memory.VerdictApproved}),
	})
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		n := s.Open(t, "d", t.TempDir())
		for _, i := range order {
			n.Take(ships[i])
		}
		open, err := n.Pendings(t.Context(), true, "", 10)
		if err != nil || len(open) != 0 {
			t.Errorf("in the order %v it is open: %+v (%v)", order, open, err)
		}
		p, err := n.Pending(t.Context(), "p")
		if err != nil || p.Verdict != memory.VerdictApproved || len(p.Votes) != 1 || p.Namespace != "global" {
			t.Errorf("in the order %v: %+v (%v)", order, p, err)
		}
		n.CheckState(nil)
		n.Stop()
	}
}

func (s Suite) pendings(t *testing.T) {
	anyOrder(t, s)
	a, b := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
	propose := &memory.Propose{ID: "p1", Namespace: "global", Requester: "ai:x", RequestedAt: now(), Action: Create("one", "x")}
	a.Put(propose)
	b.Feed(a)
	b.Write(&memory.Write{Actor: "ai:y", Ops: []memory.NewOp{{Op: &memory.Decide{ID: "p1", Voter: "ai:y", Approve: true}}}})
	a.Feed(b)
	open, err := a.Pendings(t.Context(), true, "global", 10)
	if err != nil || len(open) != 1 || open[0].Home != "a" || len(open[0].Votes) != 1 || !open[0].Votes[0].Approve {
		t.Fatalf("open: %+v (%v)", open, err)
	}
	a.Write(&memory.Write{
		Ops:    []memory.NewOp{{Op: &memory.Resolve{ID: "p1", Verdict: memory.VerdictApproved}}, {Op: propose.Action}},
		Expect: []memory.Expect{{Key: memory.Key{Family: memory.FamVerdict, A: "p1"}}},
	})
	b.Feed(a)
	for _, n := range []*Node{a, b} {
		if open, err := n.Pendings(t.Context(), true, "", 10); err != nil || len(open) != 0 {
			t.Errorf("still open: %+v (%v)", open, err)
		}
		p, err := n.Pending(t.Context(), "p1")
		if err != nil || p.Verdict != memory.VerdictApproved {
			t.Errorf("resolved: %+v (%v)", p, err)
		}
		if r, err := n.Record(t.Context(), Memo("one", "").ID); err != nil || r.Life != memory.Live {
			t.Errorf("the action's effect: %+v (%v)", r, err)
		}
	}
	for i := range 5 {
		ns := []string{"global", "other"}[i%2]
		a.Put(&memory.Propose{ID: title(i), Namespace: ns, Requester: "ai:x", RequestedAt: now(), Action: Create("one", "x")})
	}
	for limit, want := range map[int]int{0: 0, 2: 2, 9: 3} {
		if list, err := a.Pendings(t.Context(), true, "global", limit); err != nil || len(list) != want || want > 0 && list[0].ID != title(0) {
			t.Errorf("%d at most: %v (%v), want %d", limit, list, err, want)
		}
	}
	a.Put(&memory.SetStandard{Namespace: "global", StandardID: Memo("one", "").ID})
	if st, err := a.Standard(t.Context(), "global"); err != nil || st.StandardID != Memo("one", "").ID {
		t.Errorf("standard %+v (%v)", st, err)
	}
	a.Put(&memory.ClearStandard{Namespace: "global"})
	if _, err := a.Standard(t.Context(), "global"); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("cleared standard: %v", err)
	}
}

func (s Suite) touches(t *testing.T) {
	dir := t.TempDir()
	n := s.Open(t, "a", dir)
	n.Put(Create("one", "x"))
	root := n.View().Root
	id := Memo("one", "").ID
	n.Touch([]string{id, "unknown"}, 5)
	n.Touch([]string{id}, 7)
	n.Stop()
	n = s.Open(t, "a", dir)
	r, err := n.Record(t.Context(), id)
	if err != nil || r.AccessCount != 2 || r.AccessedAt != 7 {
		t.Errorf("count %d at %d (%v), want 2 at 7", r.AccessCount, r.AccessedAt, err)
	}
	if n.View().Root != root {
		t.Error("reading changed the digest")
	}
}

// expires checks that queries judge expiry as [memory.Record.Stands] does, to the nanosecond.
func (s Suite) expires(t *testing.T) {
	n := s.Open(t, "a", t.TempDir())
	base := memory.MakeStamp(time.Now().Add(-time.Minute))
	i := 0
	for _, life := range []memory.Stamp{base, base + 1, base + 65535, base + 65536} {
		for _, d := range []memory.Instant{-1_000_000, -1, 0, 1, 65535, 1_000_000} {
			i++
			op := Create(title(i), "x")
			op.Memory.ExpiresAt = life.Instant() + d
			e := foreign("b.1", uint64(i), op)
			e.Stamp = life
			n.Take(s.Ship(t, []*memory.Entry{e})...)
			for _, at := range []memory.Instant{-1, 0, 1} {
				f := memory.Filter{Title: title(i), Now: op.Memory.ExpiresAt + at}
				r, err := n.Record(t.Context(), op.Memory.ID)
				if err != nil {
					t.Fatal(err)
				}
				want, _ := r.Stands(f.Now)
				for _, l := range []memory.Life{memory.Live, memory.Archived} {
					f.Life = l
					c, err := n.Count(t.Context(), f)
					if err != nil || (c == 1) != (want == l) {
						t.Errorf("written at %d, expires %+d, judged at %+d: %d are %s (%v), want it to be %s", life, d, at, c, l, err, want)
					}
				}
			}
		}
	}
}

// prolongs checks that queries judge expiry as [memory.Touches] do, whichever came
// first, the memory or its touch.
func (s Suite) prolongs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	n := s.Open(t, "a", t.TempDir())
	base := memory.MakeStamp(time.Now().Add(-30 * 24 * time.Hour))
	near := func() memory.Stamp {
		return base + memory.Stamp(rng.IntN(4))*memory.MakeStamp(time.UnixMilli(0).Add(time.Hour))
	}
	seq := uint64(0)
	// Of each memory one entry is taken in each round, in an order of its own: so they come
	// in transactions of their own, as if there were no other memories.
	var rounds [][]*memory.Entry
	ids := make([]string, 300)
	for i := range ids {
		op := Create(title(i), "x")
		op.Memory.Tier = []memory.Tier{memory.Short, memory.Mid, memory.Long}[rng.IntN(3)]
		born := near()
		op.Memory.ExpiresAt = born.Instant() + memory.Instant(rng.IntN(4)-1)*memory.Instant(time.Hour)
		var entries []*memory.Entry
		add := func(op memory.Op, at memory.Stamp) {
			seq++
			e := foreign("b.1", seq, op)
			e.Stamp = at + memory.Stamp(seq)
			entries = append(entries, e)
		}
		add(op, born)
		for range rng.IntN(3) {
			add(&memory.Touch{ID: op.Memory.ID, Keep: rng.IntN(4) == 0}, near())
		}
		if rng.IntN(3) == 0 {
			add(&memory.Restore{ID: op.Memory.ID}, near())
		}
		if rng.IntN(3) == 0 {
			edit := *op
			edit.Create, edit.Memory.Version = false, 2
			add(&edit, near())
		}
		for round, j := range rng.Perm(len(entries)) {
			if round == len(rounds) {
				rounds = append(rounds, nil)
			}
			rounds[round] = append(rounds[round], entries[j])
		}
		ids[i] = op.Memory.ID
	}
	for _, entries := range rounds {
		n.Take(s.Ship(t, entries)...)
	}
	recs := make([]*memory.Record, len(ids))
	for i, id := range ids {
		var err error
		if recs[i], err = n.Record(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		checkEnds(n, recs[i])
	}
	for hours := range memory.Instant(60) {
		f := memory.Filter{Now: base.Instant() + (hours-5)*memory.Instant(time.Hour)}
		for _, f.Life = range []memory.Life{memory.Live, memory.Archived} {
			listed := map[string]bool{}
			list, next, err := n.List(t.Context(), f, memory.ByID, len(ids)+1, 0, "")
			for i := range list {
				listed[list[i].ID] = true
			}
			if c, errs := n.Count(t.Context(), f); errs != nil || err != nil || next != "" || c != len(listed) {
				t.Fatalf("judged at %s: %d are %s (%v), and %d are listed (%v)", f.Now, c, f.Life, errs, len(listed), err)
			}
			for i, r := range recs {
				if want, _ := r.Stands(f.Now); (want == f.Life) != listed[r.ID] {
					t.Fatalf("%d, expires %s, judged at %s: that it is %s is %v, want it to be %s", i, r.ExpiresAt, f.Now, f.Life, listed[r.ID], want)
				}
			}
		}
	}
}

// checkEnds asks for a memory by whether it has an end.
func checkEnds(n *Node, r *memory.Record) {
	n.t.Helper()
	f := memory.Filter{Title: r.Title, Now: 1} // nothing has expired
	for f.Expiry = memory.AnyExpiry; f.Expiry <= memory.NeverExpires; f.Expiry++ {
		want := f.Expiry == memory.AnyExpiry || (f.Expiry == memory.WillExpire) == (r.ExpiresAt != 0)
		if c, err := n.Count(n.t.Context(), f); err != nil || (c == 1) != want {
			n.t.Errorf("%s, expires %s: %d by expiry %d (%v)", r.Title, r.ExpiresAt, c, f.Expiry, err)
		}
	}
}
