package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// What was read before is what the rows say: after each transaction, whatever it does.
func TestRecordsInMemoryAreThoseOfTheRows(t *testing.T) {
	fromMemory, located := 0, 0
	for seed := range uint64(3) {
		s := suite()
		_, ships, _ := s.History(t, seed, 2, 24)
		n := s.Open(t, "reader", t.TempDir())
		n.FewCached([]int{8 << 20, 16 << 10, 0}[seed])
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
			decoded, known := sameRecords(t, n)
			fromMemory, located = fromMemory+decoded, located+known
		}
	}
	if fromMemory < 100 || located < 30 {
		t.Errorf("%d records came from memory, of %d it was known where they are: this proves little", fromMemory, located)
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

// sameRecords compares all records, and says how many of them were in memory, and of how
// many others it was known where they are.
func sameRecords(t *testing.T, n *storetest.Node) (fromMemory, located int) {
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
			switch {
			case is:
				fromMemory++
			case n.Located(id):
				located++
				if links[id] {
					t.Fatalf("links name %s, and it counts as plain", id)
				}
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
	return fromMemory, located
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

// Who reads a new memory for the first time finds it where it lies, unless it is not plain:
// links may name it that came before it, also before the node was started.
func TestWhatIsNewIsReadWhereItLies(t *testing.T) {
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	<-n.Learned()
	source := storetest.Create("source", "text")
	early, earlier, last := storetest.Create("early", "text"), storetest.Create("earlier", "text"), storetest.Create("last", "text")
	n.Put(source)
	link := func(target string) memory.Op {
		return &memory.Link{Source: source.Memory.ID, Target: target, Relation: memory.Supersedes}
	}
	n.Put(link(earlier.Memory.ID))
	n.Stop()
	n = suite().Open(t, "a", dir)
	<-n.Learned()
	n.Put(link(early.Memory.ID))
	for _, d := range []*memory.Put{early, earlier, last} {
		n.Put(d)
	}
	n.Put(storetest.Create("both", "text"), link(last.Memory.ID))
	plain := storetest.Create("plain", "text")
	n.Put(plain)
	if !n.Located(plain.Memory.ID) {
		t.Error("where a new memory lies is not known")
	}
	for what, d := range map[string]*memory.Put{"before it": early, "before the start": earlier, "behind it": last} {
		if n.Located(d.Memory.ID) {
			t.Errorf("a link names it that came %s, and it counts as plain", what)
		}
		by, err := n.Superseding(t.Context(), []string{d.Memory.ID})
		if err != nil || len(by[d.Memory.ID]) != 1 {
			t.Errorf("superseded by %v, %v, by a link that came %s", by, err, what)
		}
	}
	sameRecords(t, n)
}

// Of what is read by where it lies in the log nothing is shown that its row does not
// stand for any more, whatever has become of the log: it is left out, and named.
func TestWhatLiesElsewhereIsLeftOutAndNamed(t *testing.T) {
	for name, statement := range map[string]string{
		"other bytes":        `UPDATE log SET raw = x'00' WHERE lsn = (SELECT c_lsn FROM memories WHERE title = 'one')`,
		"a changed text":     `UPDATE log SET raw = CAST(replace(CAST(raw AS TEXT), 'first', 'forge') AS BLOB) WHERE lsn = (SELECT c_lsn FROM memories WHERE title = 'one')`,
		"another type":       `UPDATE log SET state = 'x' WHERE lsn = (SELECT c_lsn FROM memories WHERE title = 'one')`,
		"no row":             `DELETE FROM log WHERE lsn = (SELECT c_lsn FROM memories WHERE title = 'one')`,
		"another's entry":    `UPDATE log SET (origin, seq, digest, raw) = (SELECT -origin, seq, digest, raw FROM log o WHERE o.lsn = (SELECT c_lsn FROM memories WHERE title = 'two')) WHERE lsn = (SELECT c_lsn FROM memories WHERE title = 'one')`,
		"marked as damaged":  `UPDATE log SET state = 3 WHERE lsn = (SELECT c_lsn FROM memories WHERE title = 'one')`,
		"of another's place": `UPDATE log SET lsn = -lsn WHERE lsn <> 0; UPDATE log SET lsn = (SELECT sum(c_lsn) FROM memories WHERE title IN ('one', 'two')) + lsn WHERE lsn < 0`,
	} {
		t.Run(name, func(t *testing.T) {
			n := suite().Open(t, "a", t.TempDir())
			n.FewCached(0)
			one, two := storetest.Create("one", "the first"), storetest.Create("two", "the second")
			n.Put(one, two)
			ids := []string{one.Memory.ID, two.Memory.ID}
			if recs, err := n.Many(t.Context(), ids); err != nil || len(recs) != 2 || !n.Located(ids[0]) || !n.Located(ids[1]) {
				t.Fatalf("%v (%v): it is to be known where they are", recs, err)
			}
			execute(t, n.Dir(), statement)
			ctx, left := memory.WithOmissions(t.Context())
			recs, err := n.Many(ctx, ids)
			if err != nil {
				t.Fatal(err)
			}
			names, _ := left.Names()
			for i := range recs {
				if want := map[string]string{ids[0]: "the first", ids[1]: "the second"}[recs[i].ID]; recs[i].Memory.Content != want {
					t.Errorf("%s says %q", recs[i].Title, recs[i].Memory.Content)
				}
			}
			if len(recs)+len(names) != 2 || !slices.Contains(names, ids[0]) {
				t.Errorf("%d are shown, and left out are %v, want %s among them", len(recs), names, ids[0])
			}
		})
	}
}

// However many there are, what is kept of where they are is what was put in last.
func TestStubsAreBoundedAndRight(t *testing.T) {
	var s store.Stubs
	rng := rand.New(rand.NewPCG(3, 3))
	want := map[uint64]int64{}
	for i := range int64(300_000) {
		hash := rng.Uint64N(200_000) * 0x9e3779b97f4a7c15
		if i%7 == 0 {
			s.Drop(hash)
			delete(want, hash)
			continue
		}
		s.Put(hash, i+1)
		want[hash] = i + 1
	}
	found := 0
	for hash := range want {
		lsn, ok := s.Find(hash)
		if ok {
			found++
		}
		if ok && lsn != want[hash] {
			t.Fatalf("%x is at %d, want %d", hash, lsn, want[hash])
		}
	}
	if n, room := s.Len(); n != found || n > room || room != 1<<17 || n < room*8/10 {
		t.Errorf("%d are counted, and %d found, of %d", n, found, room)
	}
	if s.Clear(); len(want) == 0 {
		t.Fatal("nothing was left to be cleared")
	}
	for hash := range want {
		if _, ok := s.Find(hash); ok {
			t.Fatal("it is found though all was cleared")
		}
	}
}
