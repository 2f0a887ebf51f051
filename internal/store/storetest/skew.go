package storetest

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// wrongClock checks what a node makes of entries of a clock that runs ahead: it
// takes them, stamps its own by its own clock, and yet nothing that it writes over
// them is lost to them.
func (s Suite) wrongClock(t *testing.T) {
	wall := time.Now()
	clock := func() *memory.Clock { return memory.NewClock(func() time.Time { return wall }, time.Minute) }
	dir := t.TempDir()
	n := s.Open(t, "b", dir, func(c *store.Config) { c.Clock = clock() })
	early := foreign("x.1", 1, Create("theirs", "x"))
	early.Stamp = memory.MakeStamp(wall.Add(50 * time.Second))
	if acc := n.Take(s.Ship(t, []*memory.Entry{early})...); acc.Applied != 1 {
		t.Fatalf("%+v", acc)
	}
	own := n.Put(Create("ours", "x"))[0]
	if ahead := own.Stamp.Time().Sub(wall); ahead > time.Second {
		t.Errorf("an op of this node is stamped %s ahead", ahead)
	}
	for round, op := range []memory.Op{
		&memory.Archive{ID: Memo("theirs", "").ID, Reason: "x"}, Create("theirs", "ours now"), &memory.Delete{ID: Memo("theirs", "").ID},
	} {
		e := n.Put(op)[0]
		for _, k := range op.Subjects() {
			if v, _, err := n.Register(t.Context(), k); err != nil || v.Dot != e.Dot {
				t.Errorf("op %d: %v holds %v (%v), want %v", round, v, k, err, e.Dot)
			}
		}
	}
	n.Stop()

	n = s.Open(t, "b", dir, func(c *store.Config) { c.Clock = clock() })
	v, _, err := n.Register(t.Context(), memory.ContentKey(Memo("theirs", "").ID))
	if err != nil {
		t.Fatal(err)
	}
	// Who edits says what has been read.
	w := n.Write(&memory.Write{
		Ops:    []memory.NewOp{{Op: &memory.Put{Memory: Memo("theirs", "after a restart")}}},
		Expect: []memory.Expect{{Key: memory.ContentKey(Memo("theirs", "").ID), Version: v}},
	})
	if now, _, err := n.Register(t.Context(), memory.ContentKey(Memo("theirs", "").ID)); err != nil || now.Dot != w.Entries[0].Dot {
		t.Errorf("held by %v (%v), want %v", now, err, w.Entries[0].Dot)
	}
	if e := n.Put(Create("ours too", "x"))[0]; e.Stamp.Time().Sub(wall) > time.Second {
		t.Errorf("after a restart an op is stamped %s ahead", e.Stamp.Time().Sub(wall))
	}
}
