package replicate_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// A copy has numbered on without asking, under numbers of which the others have dropped
// some entries, with holes in what they still have.
func TestWhatOthersHaveDroppedIsConceded(t *testing.T) {
	inFederation(t, 3, nil, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		for i := range 3 {
			a.Submit(nil, put(strconv.Itoa(i)))
		}
		f.settle(time.Second)
		backup := a.Clone()
		for i := range 400 {
			a.Submit(nil, put(strconv.Itoa(3+i)))
		}
		f.settle(5 * time.Second)
		for _, name := range []memory.Node{"b", "c"} {
			f.nodes[name].Truncate("a.1", 60, func(seq uint64) bool { return seq <= 5 || seq >= 50 && name == "b" || seq >= 55 })
		}
		a.stop()
		f.isolate("a")
		a = f.start("a", backup)
		backup.Confirm()
		op := put("only here")
		backup.Submit(nil, op, put("and this"))
		f.join("a")
		f.settle(2 * time.Minute)
		for _, name := range f.names {
			if e := f.nodes[name].Winner(op.Subjects()[0]); e == nil || e.Dot.Origin == "a.1" {
				t.Errorf("%s has %+v, want what was issued again", name, e)
			}
		}
		f.pass(time.Minute)
		if n := a.logs.count("were compared"); n > 20 {
			t.Errorf("compared %d times: it does not end", n)
		}
	})
}
