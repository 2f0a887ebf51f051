package store_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
	"github.com/tallystick/tallystick/internal/wire"
)

// traces lists the database files that hold a text.
func traces(t *testing.T, dir, text string) []string {
	t.Helper()
	var out []string
	for _, suffix := range []string{"", "-wal", "-shm"} {
		raw, err := os.ReadFile(filepath.Join(dir, store.FileName+suffix))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(text)) {
			out = append(out, "file"+suffix)
		}
	}
	return out
}

func cleanWithin(t *testing.T, dir, text string, limit time.Duration) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); ; <-tick.C {
		left := traces(t, dir, text)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v still have the text that was erased", left)
		}
	}
}

func ship(tb testing.TB, e *memory.Entry) memory.Shipment {
	tb.Helper()
	raw, err := wire.EncodeEntry(e)
	if err != nil {
		tb.Fatal(err)
	}
	return memory.Shipment{Raw: raw}
}

// The stem of a word is what the text index keeps of it.
const secret, trace = "my pass phrase is Xylophones", "ylophon"

// An erased text leaves the log, the history, the text index, the refused ops
// and the write-ahead log, while the node runs.
func TestAnErasedTextLeavesTheFiles(t *testing.T) {
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	for i := range 300 {
		n.Put(storetest.Create(time.Unix(int64(i), 0).String(), "ordinary words"))
	}
	m := storetest.Memo("one", secret)
	foreign := func(seq uint64, change func(*memory.Memory)) *memory.Entry {
		c := m
		change(&c)
		return &memory.Entry{Dot: memory.Dot{Origin: "b.1", Seq: seq}, Stamp: memory.MakeStamp(time.Now()), Actor: "ai:x", Op: &memory.Put{Memory: c}}
	}
	n.Put(&memory.Put{Memory: m, Create: true}, &memory.Put{Memory: m})
	n.Take(
		ship(t, foreign(1, func(m *memory.Memory) { m.Version = 7 })),
		ship(t, foreign(1, func(m *memory.Memory) { m.Version = 8 })), // an impostor
		ship(t, foreign(2, func(m *memory.Memory) { m.Priority = 99 })),
	)
	if len(traces(t, dir, trace)) == 0 {
		t.Fatal("the test looks in the wrong place")
	}
	n.Put(&memory.Erase{ID: m.ID})
	cleanWithin(t, dir, trace, 10*time.Second)
	n.CheckState(nil)

	// And what comes after it does not come in.
	n.Put(&memory.Put{Memory: m})
	n.Take(
		ship(t, foreign(3, func(m *memory.Memory) { m.Version = 9 })),
		ship(t, foreign(3, func(m *memory.Memory) { m.Version = 10 })),
		ship(t, foreign(4, func(m *memory.Memory) { m.Priority = 0 })),
	)
	if left := traces(t, dir, trace); len(left) > 0 {
		t.Errorf("%v: the text has come back", left)
	}
	own, _, err := n.Range(t.Context(), memory.Range{Origin: n.Origin(), From: 1, To: 1 << 60}, 1000, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range own {
		if bytes.Contains(op.Raw, []byte(trace)) {
			t.Error("the text is still sent to members")
		}
	}
	n.CheckState(nil)
}

// What a crash interrupts is done after the next start.
func TestErasingGoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	n.Put(storetest.Create("one", secret))
	n.Put(&memory.Erase{ID: storetest.Memo("one", "").ID})
	n.Stop()
	suite().Open(t, "a", dir)
	cleanWithin(t, dir, trace, 10*time.Second)
}

// The text of a memory is also in the proposal to create it.
func TestErasingReachesClosedProposals(t *testing.T) {
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	m := storetest.Memo("one", secret)
	create := &memory.Put{Memory: m, Create: true}
	propose := func(id string) *memory.Propose {
		return &memory.Propose{ID: id, Namespace: "global", Requester: "ai:x", RequestedAt: m.CreatedAt, Action: create}
	}
	n.Put(propose("closed"), propose("open"), &memory.Resolve{ID: "closed", Verdict: memory.VerdictApproved}, create)
	n.Put(&memory.Erase{ID: m.ID})
	if p, err := n.Pending(t.Context(), "open"); err != nil || p.Action.(*memory.Put).Memory.Content != secret {
		t.Errorf("an open proposal lost what is to be decided: %+v (%v)", p, err)
	}
	n.Put(&memory.Resolve{ID: "open", Verdict: memory.VerdictRejected}, &memory.Resolve{ID: "late", Verdict: memory.VerdictRejected})
	n.Put(propose("late"))
	cleanWithin(t, dir, trace, 10*time.Second)
	n.CheckState(nil)
	p, err := n.Pending(t.Context(), "closed")
	if err != nil || p.Verdict != memory.VerdictApproved || p.Requester != "ai:x" || p.Action.(*memory.Put).Memory.ID != m.ID {
		t.Errorf("the closed proposal is %+v (%v)", p, err)
	}

	dir = t.TempDir()
	b := suite().Open(t, "b", dir)
	if acc := b.Feed(n); acc.Deferred > 0 || len(acc.Refused) > 0 || b.View().Root != n.View().Root {
		t.Errorf("fed: %+v, want the root %s", acc, n.View().Root)
	}
	if _, err := b.Reapply(t.Context(), all(t, n)); err != nil || b.View().Root != n.View().Root {
		t.Errorf("fed again: %v", err)
	}
	b.CheckState(nil)
	if left := traces(t, dir, trace); len(left) > 0 {
		t.Errorf("%v: the text went to a member", left)
	}
}

func all(t *testing.T, n *storetest.Node) []memory.Shipment {
	t.Helper()
	ops, _, err := n.Range(t.Context(), memory.Range{Origin: n.Origin(), From: 1, To: 1 << 60}, 1000, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return ops
}
