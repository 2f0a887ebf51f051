package store_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// What is counted and listed from memory is what the rows say: after each transaction,
// whatever it does, and whenever one asks.
func TestTheCensusIsThatOfTheRows(t *testing.T) {
	dir := t.TempDir()
	for seed := range uint64(2) {
		s := suite()
		_, ships, _ := s.History(t, seed, 2, 24)
		n := s.Open(t, "reader", dir)
		<-n.Learned()
		for i := 0; len(ships) > 0; i++ {
			k := min(1+i%5, len(ships))
			n.Take(ships[:k]...)
			ships = ships[k:]
			write(n, fmt.Sprintf("%d-%d", seed, i), i)
			if i%6 == 0 { // every fourth question, others each time
				sameCensus(t, n, i/6%4, 4)
			}
		}
		sameCensus(t, n, 0, 1)
		n.Stop()
		n = s.Open(t, "reader", dir) // now it is read from the rows
		<-n.Learned()
		sameCensus(t, n, 0, 1)
		n.Stop()
	}
}

// It is asked while it is read: the race detector sees whether the two share anything.
func TestTheCensusIsAskedBeforeItIsComplete(t *testing.T) {
	dir := t.TempDir()
	n := suite().Open(t, "reader", dir)
	for i := range 60 {
		write(n, strconv.Itoa(i), i)
	}
	n.Stop()
	n = suite().Open(t, "reader", dir)
	f := memory.Filter{Viewer: "ai:she", Now: memory.InstantOf(time.Now())}
	want, wrong := n.CountsOfRows(t.Context(), f)
	for complete := false; !complete; {
		select {
		case <-n.Learned():
			complete = true
		default:
		}
		got, err := n.Counts(t.Context(), f)
		got.Links, got.Bytes = 0, 0
		same(t, f, got, err)(want, wrong)
	}
}

// write makes memories that expire, with touches, and private ones, also for a team.
func write(n *storetest.Node, name string, i int) {
	soon := storetest.Create("soon "+name, "text")
	soon.Memory.ID, soon.Memory.Tier = "soon-"+name, []memory.Tier{memory.Short, memory.Mid, memory.Long}[i%3]
	soon.Memory.ExpiresAt = memory.InstantOf(time.Now()) + memory.Instant(time.Duration(i-5)*20*time.Minute)
	if i%2 == 0 {
		n.Put(&memory.Touch{ID: soon.Memory.ID})
	}
	n.Put(soon)
	if i%3 == 1 {
		n.Put(&memory.Touch{ID: soon.Memory.ID, Keep: i%2 == 1})
	}
	hers := storetest.Create("hers "+name, "text")
	hers.Memory.ID, hers.Memory.Namespace, hers.Memory.Priority = "hers-"+name, fmt.Sprintf("diaries/%d", i%3), int32(1+i%10)
	hers.Memory.Metadata = memory.Object(`{"agent_id":"ai:she","scope":"` + []string{"private", "team", "collective"}[i%3] + `"}`)
	n.Put(hers)
	switch i % 4 {
	case 1:
		n.Put(&memory.Archive{ID: hers.Memory.ID})
	case 2:
		n.Put(&memory.Delete{ID: hers.Memory.ID})
	case 3:
		n.Put(&memory.Erase{ID: hers.Memory.ID})
	}
	if i == 4 {
		team := storetest.Create(memory.TeamTitle+"one", "text")
		team.Memory.ID, team.Memory.Namespace, team.Memory.Tags = "team-"+name, memory.FederationNamespace, []string{"ai:she", "ai:mate"}
		n.Put(team)
	}
}

func filters() []memory.Filter {
	var out []memory.Filter
	now := memory.InstantOf(time.Now())
	for _, at := range []memory.Instant{now, now - memory.Instant(time.Hour), now + memory.Instant(100*24*time.Hour)} {
		for _, life := range []memory.Life{memory.Live, memory.Archived, memory.Deleted, memory.Erased} {
			for _, f := range []memory.Filter{
				{All: true},
				{},
				{Viewer: "ai:she"},
				{Viewer: "ai:mate"},
				{Viewer: "ai:she", Owner: "ai:she"},
				{All: true, Namespace: "diaries", Subtree: true},
				{All: true, Namespace: "diaries/1"},
				{All: true, Within: memory.Within{"diaries/*"}},
				{All: true, Within: memory.Within{}},
				{All: true, Tier: memory.Mid},
				{All: true, Conflicting: true},
				{All: true, MinPriority: 6},
				{All: true, Tags: []string{"ai:she"}},
				{All: true, EditedAfter: 1},
			} {
				f.Now, f.Life = at, life
				out = append(out, f)
			}
		}
	}
	return out
}

// sameCensus asks each stride-th question from the first on.
func sameCensus(t *testing.T, n *storetest.Node, first, stride int) {
	t.Helper()
	all := filters()
	for q := first; q < len(all); q += stride {
		f := all[q]
		spaces, err := n.Spaces(t.Context(), f)
		same(t, f, spaces, err)(n.SpacesOfRows(t.Context(), f))
		counts, err := n.Counts(t.Context(), f)
		counts.Links, counts.Bytes = 0, 0
		same(t, f, counts, err)(n.CountsOfRows(t.Context(), memory.Filter{Viewer: f.Viewer, All: f.All, Within: f.Within, Now: f.Now}))
		for _, order := range []memory.Order{memory.ByPriority, memory.ByNewest} {
			sameList(t, n, f, order)
		}
	}
}

func sameList(t *testing.T, n *storetest.Node, f memory.Filter, order memory.Order) {
	t.Helper()
	want, err := n.ListOfRows(t.Context(), f, order, 1000, 0)
	if err != nil {
		t.Fatal(err)
	}
	var paged []memory.Record
	for cursor := ""; ; {
		recs, next, err := n.List(t.Context(), f, order, 7, 0, cursor)
		if err != nil {
			t.Fatal(err)
		}
		paged = append(paged, recs...)
		if cursor = next; cursor == "" {
			break
		}
	}
	same(t, f, paged, nil)(want, nil)
	recs, _, err := n.List(t.Context(), f, order, 5, 2, "")
	same(t, f, recs, err)(n.ListOfRows(t.Context(), f, order, 5, 2))
}

func same[T any](t *testing.T, f memory.Filter, got T, err error) func(want T, err error) {
	t.Helper()
	return func(want T, wrong error) {
		t.Helper()
		if err != nil || wrong != nil {
			t.Fatal(err, wrong)
		}
		if reflect.DeepEqual(want, got) { // to look for differences takes much longer
			return
		}
		if d := gocmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("%+v: (-rows +census)\n%s", f, d)
		}
	}
}

func TestAnOrderStaysSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		backwards := func(a, b uint32) int { return cmp.Compare(b, a) }
		o := store.NewOrder(backwards)
		want := make([]bool, 7000)
		if rapid.Bool().Draw(t, "filled") {
			var numbers []uint32
			for i := range uint32(3000) {
				numbers, want[2*i] = append(numbers, 2*i), true
			}
			o.Fill(numbers)
		}
		number := rapid.Uint32Range(0, 6000)
		for range rapid.IntRange(0, 40).Draw(t, "runs") {
			first, adds := number.Draw(t, "first"), rapid.Bool().Draw(t, "adds")
			for k := range rapid.Uint32Range(1, 900).Draw(t, "run") {
				want[first+k] = adds
				if adds {
					o.Add(first + k)
				} else {
					o.Remove(first + k)
				}
			}
		}
		from := number.Draw(t, "from")
		var sorted []uint32
		for n := int(from); n >= 0; n-- {
			if want[n] {
				sorted = append(sorted, uint32(n))
			}
		}
		if got := o.From(from); !slices.Equal(sorted, got) {
			t.Fatalf("got %v, want %v", got, sorted)
		}
	})
}
