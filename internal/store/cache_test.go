package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// What was read before is what the rows say: after each transaction, whatever it does.
func TestRecordsInMemoryAreThoseOfTheRows(t *testing.T) {
	fromMemory := 0
	for seed := range uint64(2) {
		s := suite()
		_, ships, _ := s.History(t, seed, 2, 24)
		n := s.Open(t, "reader", t.TempDir())
		n.FewCached([]int{8 << 20, 16 << 10}[seed])
		for i := 0; len(ships) > 0; i++ {
			k := min(1+i%4, len(ships))
			n.Take(ships[:k]...)
			ships = ships[k:]
			write(n, fmt.Sprintf("%d-%d", seed, i), i)
			if i > 0 { // it is to expire, and was read
				n.Put(&memory.Touch{ID: fmt.Sprintf("soon-%d-%d", seed, i-1)})
			}
			if i%3 == 0 {
				ids := everyID(t, n)
				n.Touch(ids[:len(ids)/2], memory.InstantOf(time.Now()))
				n.Put(&memory.Link{Source: ids[i%len(ids)], Target: ids[(i+1)%len(ids)], Relation: memory.Supersedes})
			}
			fromMemory += sameRecords(t, n)
		}
	}
	if fromMemory < 100 {
		t.Errorf("%d records came from memory: this proves little", fromMemory)
	}
}

func everyID(t *testing.T, n *storetest.Node) []string {
	t.Helper()
	recs, _, err := n.ChangedRows(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range recs {
		if !slices.Contains(ids, recs[i].ID) {
			ids = append(ids, recs[i].ID)
		}
	}
	return ids
}

// sameRecords compares all records, and says how many of them were in memory.
func sameRecords(t *testing.T, n *storetest.Node) (fromMemory int) {
	t.Helper()
	ids := everyID(t, n)
	byID := func(a, b memory.Record) int { return cmp.Compare(a.ID, b.ID) }
	for range 2 { // the second time what the first has read
		want, links, err := n.ManyOfRows(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			is, linked := n.Cached(id)
			if is {
				fromMemory++
			}
			if is && linked != links[id] {
				t.Fatalf("links name %s: %t, and in memory %t", id, links[id], linked)
			}
		}
		got, err := n.Many(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, byID)
		slices.SortFunc(want, byID)
		if d := gocmp.Diff(want, got, cmpopts.EquateEmpty(), uncounted()); d != "" {
			t.Fatalf("-rows +memory:\n%s", d)
		}
	}
	return fromMemory
}

// uncounted leaves out what is counted beside the test, which has its own.
func uncounted() gocmp.Option {
	return cmpopts.IgnoreFields(memory.Record{}, "AccessCount", "AccessedAt")
}

// Reads are added to the counts of what is in memory, too.
func TestReadsAreCountedInMemory(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	d := storetest.Create("one", "text")
	n.Put(d)
	id := d.Memory.ID
	for times := int64(1); times < 4; times++ {
		if _, err := n.Many(t.Context(), []string{id}); err != nil {
			t.Fatal(err)
		}
		n.Touch([]string{id}, memory.Instant(times))
		for got := int64(0); got != times; {
			recs, _, err := n.ManyOfRows(t.Context(), []string{id})
			if err != nil {
				t.Fatal(err)
			}
			got = recs[0].AccessCount
			n.Put(storetest.Create("beside "+strconv.FormatInt(times, 10), "wakes the writer"))
		}
		if is, _ := n.Cached(id); !is {
			t.Fatal("it was to be in memory")
		}
		recs, err := n.Many(t.Context(), []string{id})
		if err != nil || recs[0].AccessCount != times || recs[0].AccessedAt != memory.Instant(times) {
			t.Fatalf("read %d times at %d (%v), want %d", recs[0].AccessCount, recs[0].AccessedAt, err, times)
		}
	}
}

// Whoever asks after a write was acknowledged gets what was written, whoever else reads.
func TestWhatWasAcknowledgedIsRead(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	d := storetest.Create("one", "0")
	n.Put(d)
	id := d.Memory.ID
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := n.Many(t.Context(), []string{id}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer readers.Wait()
	defer close(stop)
	for i := 1; i < 200; i++ {
		m := d.Memory
		m.Content = strconv.Itoa(i)
		n.Put(&memory.Put{Memory: m})
		recs, err := n.Many(t.Context(), []string{id})
		if err != nil || len(recs) != 1 || recs[0].Memory.Content != m.Content {
			t.Fatalf("it says %v (%v) after %d was acknowledged", recs, err, i)
		}
	}
}

// More reads than are folded in at a time are counted all the same, each once.
func TestReadsOfManyAreAllCounted(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	var ids []string
	for i := range 500 {
		d := storetest.Create(strconv.Itoa(i), "text")
		n.Put(d)
		ids = append(ids, d.Memory.ID)
	}
	n.Touch(ids, 1)
	for i, left := 0, 500; left > 0; i++ {
		n.Put(storetest.Create(fmt.Sprintf("beside %d", i), "wakes the writer"))
		recs, _, err := n.ManyOfRows(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		left = 0
		for i := range recs {
			switch recs[i].AccessCount {
			case 0:
				left++
			case 1:
			default:
				t.Fatalf("%s was read once, and is counted %d times", recs[i].ID, recs[i].AccessCount)
			}
		}
	}
}
