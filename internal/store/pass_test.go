package store_test

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// A write that meets a contradiction has the indexes made anew, and the log read again: where
// an index was damaged other things may be that no index tells of.
func TestAWriteThatMeetsADamagedIndexHasTheLogRead(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	op := storetest.Create("a title", "text")
	n.Put(op, storetest.Create("another", "text"))
	passed := func() memory.Instant {
		t.Helper()
		d, err := n.Damage(t.Context(), 9)
		if err != nil {
			t.Fatal(err)
		}
		return d.At
	}
	waitFor := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !is(); {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	waitFor("the log is not read after the start", func() bool { return passed() != 0 })
	before := passed()
	garble(t, n.Dir(), "log", "kind = 9", "seq = 2")
	garble(t, n.Dir(), "memories", "title = 'a tytle'", "id = '"+op.Memory.ID+"'")
	m := op.Memory
	m.Title, m.Version = "a third", 2
	n.Put(&memory.Put{Memory: m})
	waitFor("the log is not read after that", func() bool { return passed() > before })
	g := garbling(t, n.Dir())
	defer g.close()
	if kind := g.rows(`SELECT kind FROM log WHERE seq = 2`)[0][0]; kind != int64(memory.KindPut) {
		t.Errorf("an entry is of kind %v, want %v", kind, memory.KindPut)
	}
}
