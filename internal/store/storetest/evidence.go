package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// evidence is what members have signed about runs of entries.
func (s Suite) evidence(t *testing.T) {
	dir := t.TempDir()
	n := s.Open(t, "a", dir)
	ctx := t.Context()
	var want []memory.Digest
	for i := range 4 {
		want = append(want, n.Put(Create(title(i), "x"))[0].Digest)
	}
	o := n.Origin()
	if got, err := n.Digests(ctx, memory.Range{Origin: o, From: 2, To: 4}); err != nil || !slices.Equal(got, want[1:]) {
		t.Errorf("digests %v, %v; want %v", got, err, want[1:])
	}
	for _, r := range []memory.Range{{Origin: o, From: 2, To: 5}, {Origin: o, From: 5, To: 5}, {Origin: "z.1", From: 1, To: 1}, {Origin: o, From: 0, To: 1}} {
		if _, err := n.Digests(ctx, r); !errors.Is(err, memory.ErrTruncated) {
			t.Errorf("digests of %+v: %v", r, err)
		}
	}
	about := func(member memory.Node, epoch uint64, at memory.Instant, from, to uint64) memory.Statement {
		return memory.Statement{
			Member: member, Epoch: epoch, At: at, Run: memory.Range{Origin: o, From: from, To: to},
			Signed: []byte{byte(from)}, Signature: []byte("signature of " + member), Credential: "of " + string(member), Chain: "chain",
		}
	}
	all := []memory.Statement{about("b", 1, 10, 1, 2), about("c", 1, 20, 2, 4), about("b", 2, 30, 2, 2), about("b", 2, 40, 3, 4)}
	if err := n.KeepStatements(ctx, all); err != nil {
		t.Fatal(err)
	}
	n.Stop()
	n = s.Open(t, "a", dir)
	on := func(seq uint64) []memory.Statement {
		t.Helper()
		got, err := n.Statements(ctx, memory.Dot{Origin: o, Seq: seq})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	same := func(a, b memory.Statement) bool {
		return a.Member == b.Member && a.Epoch == b.Epoch && a.At == b.At && a.Run == b.Run && a.Credential == b.Credential &&
			a.Chain == b.Chain && slices.Equal(a.Signed, b.Signed) && slices.Equal(a.Signature, b.Signature)
	}
	for seq, want := range map[uint64][]memory.Statement{1: all[:1], 2: all[:3], 3: {all[1], all[3]}, 5: nil} {
		if got := on(seq); !slices.EqualFunc(got, want, same) {
			t.Errorf("about %d: %+v, want %+v", seq, got, want)
		}
	}
	if err := n.DropStatements(ctx, 20, 2); err != nil {
		t.Fatal(err)
	}
	if got := on(2); !slices.EqualFunc(got, all[2:3], same) {
		t.Errorf("the newest two are left of those that are not too old: %+v", got)
	}
}

// marks are signed requests: each is remembered in the transaction that carries it out.
func (s Suite) marks(t *testing.T) {
	dir := t.TempDir()
	n, from := s.Open(t, "a", dir), s.Open(t, "b", t.TempDir())
	now := memory.InstantOf(time.Now())
	mark := func(nonce string, left time.Duration) memory.Mark {
		return memory.Mark{Signer: "key", Nonce: nonce, Created: now, Expires: memory.InstantOf(now.Time().Add(left))}
	}
	take := func(m memory.Mark, e *memory.Entry) {
		t.Helper()
		in, _ := memory.Open(s.Codec.Decode, s.Ship(t, []*memory.Entry{e}))
		in[0].Mark = m
		if _, err := n.Store.Take(t.Context(), in, false); err != nil {
			t.Fatal(err)
		}
	}
	live := mark("live", time.Hour)
	take(live, from.Put(Create("one", "x"))[0])
	take(mark("stale", -time.Second), from.Put(Create("two", "x"))[0])
	take(memory.Mark{}, from.Put(Create("three", "x"))[0])
	take(live, from.Put(Create("four", "x"))[0]) // the ledger says no before, and this may not fail either
	n.Stop()
	n = s.Open(t, "a", dir)
	var got []memory.Mark
	for m, err := range n.Marks(t.Context(), now) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	if !slices.Equal(got, []memory.Mark{live}) {
		t.Errorf("after a restart: %+v, want %+v", got, live)
	}
	if n.View().Heads[from.Origin()].Seq != 4 {
		t.Errorf("heads %+v", n.View().Heads)
	}
}
