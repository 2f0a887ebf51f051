package index

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// The slots of classes are as long as what they are for, and no more than a quarter
// longer.
func TestASlotIsALittleLongerThanItsList(t *testing.T) {
	last := 0
	for n := 1; n <= longestSlab; n++ {
		class := classOf(n)
		if class != last && class != last+1 || class >= slabClasses {
			t.Fatalf("%d bytes are of class %d, one less of %d", n, class, last)
		}
		if size := slotOf(class); size < n || size > max(4, n+n/4+1) || classOf(size) != class {
			t.Fatalf("%d bytes have a slot of %d, which is of class %d, not %d", n, size, classOf(size), class)
		}
		last = class
	}
}

// Lists that grow in turn, from nothing to long ones, stay what they are.
func TestListsInSlabsAreLists(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var s slabs
		lists := make([]bytesAt, rapid.IntRange(1, 30).Draw(rt, "lists"))
		want := make([][]byte, len(lists))
		for i := range rapid.IntRange(0, 3000).Draw(rt, "steps") {
			at := (i * i) % len(lists)
			more := bytes.Repeat([]byte{byte(i)}, 1+i%(1+at*3))
			s.extend(&lists[at], more)
			want[at] = append(want[at], more...)
		}
		for i := range lists {
			if got := s.get(lists[i]); !bytes.Equal(got, want[i]) {
				rt.Fatalf("list %d has %d bytes, want %d, or others", i, len(got), len(want[i]))
			}
		}
	})
}

// What a list leaves when it moves, others get.
func TestSlotsAreUsedAgain(t *testing.T) {
	var s slabs
	for range 1000 {
		var l bytesAt
		for range longestSlab + 1 {
			s.extend(&l, []byte{1})
		}
	}
	if len(s.blocks) > 2 {
		t.Errorf("%d blocks for lists that are all long", len(s.blocks))
	}
}
