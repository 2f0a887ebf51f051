package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// held makes a store wait for somebody to say which numbers are its own.
func held(c *store.Config) { c.Held = true }

// numbering checks that nothing is numbered by a store that may be a copy.
func (s Suite) numbering(t *testing.T) {
	dir := t.TempDir()
	n := s.Open(t, "a", dir, held)
	n.Put(Create("the first run of a directory needs nobody", "x"))
	first := n.Origin()
	if err := n.SaveCursor(context.WithoutCancel(t.Context()), "b", first, 1); err != nil {
		t.Fatal(err)
	}
	n.Stop()

	for name, free := range map[string]func(*Node) error{
		"confirmed":       func(n *Node) error { n.Confirm(); return nil },
		"new incarnation": func(n *Node) error { return n.renew(first, 0) },
		"outrun":          func(n *Node) error { return n.renew(first, 99) },
		"an op of its own comes in": func(n *Node) error {
			n.Take(s.Ship(t, []*memory.Entry{foreign(first, 99, Create("from another life", "x"))})...)
			return nil
		},
		"heads of its own come in": func(n *Node) error {
			return n.AdoptHeads(context.WithoutCancel(t.Context()), memory.Heads{first: {Seq: 99}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := s.Open(t, "a", copyOf(t, dir), held)
			if n.Numbering() {
				t.Error("a store that may be a copy numbers")
			}
			var w *memory.Written
			done := n.queuedWrite(&w)
			if err := n.renew(first, 1); err != nil || n.Origin() != first {
				t.Errorf("origin %s (%v): the number that it was to yield to is in its log", n.Origin(), err)
			}
			select {
			case err := <-done:
				t.Fatalf("a write was numbered: %v", err)
			default:
			}
			if err := free(n); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil || !n.Numbering() {
				t.Fatalf("the write that waited: %v", err)
			}
			want := memory.Dot{Origin: first, Seq: 2}
			if name != "confirmed" {
				want = memory.Dot{Origin: n.Origin(), Seq: 1}
			}
			if got := w.Entries[0].Dot; got != want || (n.Origin() == first) != (name == "confirmed") {
				t.Errorf("numbered %s, want %s", got, want)
			}
		})
	}

	n = s.Open(t, "a", copyOf(t, dir), held)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Submit(ctx, &memory.Write{Ops: []memory.NewOp{{Op: Create("x", "x")}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("a write whose caller has gone: %v", err)
	}
	var w *memory.Written
	done := n.queuedWrite(&w)
	n.Stop()
	if err := <-done; !errors.Is(err, memory.ErrClosed) {
		t.Errorf("a write that waited until the end: %v", err)
	}
}

func (n *Node) renew(o memory.Origin, seq uint64) error {
	_, err := n.NewIncarnation(context.WithoutCancel(n.t.Context()), memory.Dot{Origin: o, Seq: seq})
	return err
}

// queuedWrite starts a write and returns how it ends.
func (n *Node) queuedWrite(out **memory.Written) <-chan error {
	done, started := make(chan error, 1), make(chan struct{})
	go func() {
		close(started)
		var err error
		*out, err = n.Submit(context.WithoutCancel(n.t.Context()), &memory.Write{
			Actor: memory.Anonymous, Ops: []memory.NewOp{{Op: Create("waits", "x")}},
		})
		done <- err
	}()
	<-started
	return done
}

// oneIncarnation checks that nobody can make a node take incarnations without end.
func (s Suite) oneIncarnation(t *testing.T) {
	dir := t.TempDir()
	s.Open(t, "a", dir).Stop()
	n := s.Open(t, "a", dir)
	for seq := range uint64(5) {
		e := foreign(n.Origin(), 100+seq, Create("forged", "x"))
		acc := n.Take(s.Ship(t, []*memory.Entry{e})...)
		if forged := seq > 0; forged != (len(acc.Refused) == 1 && acc.Refused[0].Code == memory.CodeForbidden) {
			t.Errorf("op %d of the node's own origin: %+v", seq, acc.Refused)
		}
	}
	if err := n.AdoptHeads(t.Context(), memory.Heads{n.Origin(): {Seq: 7}}); err != nil {
		t.Fatal(err)
	}
	if err := n.renew(n.Origin(), 0); err != nil {
		t.Fatal(err)
	}
	if h := n.View().Heads; len(h) != 1 || h[n.Origin()].Seq != 0 {
		t.Errorf("heads %v, want one incarnation, and nothing under it", h)
	}
	if e := n.Put(Create("x", "x"))[0]; e.Dot.Seq != 1 {
		t.Errorf("the first op is %s", e.Dot)
	}
}

// copyOf returns a copy of the directory of a stopped store.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// twice opens the directory of a stopped store, and a copy of it.
func twice(t *testing.T, s Suite, dir string) (first, copied *Node) {
	t.Helper()
	to := copyOf(t, dir) // before the first one writes
	return s.Open(t, "a", dir), s.Open(t, "a", to)
}

// origins checks that nobody can make a node know more origins than it can tell of.
func (s Suite) origins(t *testing.T) {
	n := s.Open(t, "a", t.TempDir())
	take := func(name func(i int) memory.Origin, count int) (taken int) {
		for from := 0; from < count; from += 512 {
			var list []*memory.Entry
			for i := from; i < min(from+512, count); i++ {
				list = append(list, foreign(name(i), 1, &memory.Delete{ID: "x"}))
			}
			acc := n.Take(s.Ship(t, list)...)
			taken += acc.Applied
			if acc.Applied+len(acc.Refused) != len(list) || len(acc.Refused) > 0 && acc.Refused[0].Code != memory.CodeForbidden {
				t.Fatalf("%d of %d applied, refused %v", acc.Applied, len(list), acc.Refused[:1])
			}
		}
		return taken
	}
	one := take(func(i int) memory.Origin { return memory.MakeOrigin("x", uint64(i)) }, 600)
	many := take(func(i int) memory.Origin { return memory.MakeOrigin(memory.Node(fmt.Sprint("n", i)), 1) }, 4000)
	if len(n.View().Heads) >= 4096 || one == 600 || one < 100 || many == 4000 || many < 1000 {
		t.Errorf("%d of 600 origins of one node, %d of 4000 of others; heads of %d", one, many, len(n.View().Heads))
	}
	before := len(n.View().Heads)
	if err := n.AdoptHeads(t.Context(), memory.Heads{"late.1": {Seq: 3}, "empty.1": {}}); err != nil || len(n.View().Heads) != before {
		t.Errorf("%d heads (%v), want %d", len(n.View().Heads), err, before)
	}
	dir := n.Dir()
	n.Stop()
	n = s.Open(t, "a", dir)
	if acc := n.Take(s.Ship(t, []*memory.Entry{foreign("x.zzz", 1, &memory.Delete{ID: "x"})})...); len(acc.Refused) != 1 {
		t.Errorf("after a restart there is room again: %+v", acc)
	}
	n.Put(Create("its own ops are its own", "x"))
	if err := n.renew(n.Origin(), 0); err != nil {
		t.Error(err)
	}
	if d := n.Put(Create("and so are its incarnations", "x"))[0].Dot; d.Seq != 1 || !n.View().Heads.Holds(d) {
		t.Errorf("numbered %s", d)
	}
}
