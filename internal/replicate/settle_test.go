package replicate_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
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
		for range 400 { // of which only the last one holds anything
			a.Submit(nil, put("again and again"))
		}
		f.settle(5 * time.Second)
		for _, name := range []memory.Node{"b", "c"} {
			memlog.Thin(f.nodes[name].Store, func(string) bool { return true })
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
			e, want := f.nodes[name].Winner(op.Subjects()[0]), a.Winner(op.Subjects()[0])
			if e == nil || e.Digest != want.Digest {
				t.Errorf("%s has %+v, a has %+v", name, e, want)
			}
			if here, there := f.nodes[name].View().Heads["a.1"], a.View().Heads["a.1"]; here.Seq != there.Seq || here.Chain != there.Chain {
				t.Errorf("%s goes by %+v, a by %+v", name, here, there)
			}
		}
		f.pass(time.Minute)
		if n := a.logs.count("were compared"); n > 20 {
			t.Errorf("compared %d times: it does not end", n)
		}
	})
}
