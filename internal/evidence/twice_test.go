package evidence_test

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

// sends has a sign for ops from 1 on with these bodies, and members take them.
func sends(f *federation, bodies []string, members ...memory.Node) []receipt.Op {
	f.t.Helper()
	return sendsOf(f, "a", bodies, members...)
}

// sendsOf is sends for any node.
func sendsOf(f *federation, sender memory.Node, bodies []string, members ...memory.Node) []receipt.Op {
	f.t.Helper()
	var ops []receipt.Op
	for i, body := range bodies {
		d := memory.Dot{Origin: memory.MakeOrigin(sender, 1), Seq: uint64(i + 1)}
		ops = append(ops, receipt.Op{Dot: d, Digest: sha256.Sum256([]byte(body)), Body: []byte(body)})
	}
	word, err := f.nodes[sender].Vouch(ops)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, m := range members {
		n := f.nodes[m]
		s, err := n.Received(sender, word, ops)
		if err != nil {
			f.t.Fatal(err)
		}
		var conflict []receipt.Op
		for _, op := range ops {
			n.mu.Lock()
			if have, ok := n.log[op.Dot]; ok && have != op.Digest {
				conflict = append(conflict, op)
			} else {
				n.log[op.Dot], n.bodies[op.Dot] = op.Digest, op.Body
			}
			n.mu.Unlock()
		}
		n.Taken(f.t.Context(), sender, s, conflict)
	}
	return ops
}

func TestTwoWordsAboutOneNumberAreAProof(t *testing.T) {
	runAll(t, []memory.Node{"a", "b", "c", "d"}, func(f *federation) {
		t := f.t
		b, c, d := f.nodes["b"], f.nodes["c"], f.nodes["d"]
		sends(f, []string{"first", "one thing"}, "b", "d")
		theirs := sends(f, []string{"first", "another"}, "c")
		b.Disputed(t.Context(), "c", theirs)
		if !slices.Equal(b.caught, []memory.Node{"a"}) {
			t.Fatalf("b has caught %v", b.caught)
		}
		proof, frozen := b.Frozen(f.nodes["a"].key.Public())
		if digests, _, err := proof.Verify(roots(f), time.Now()); !frozen || err != nil || proof.Dot != dot(2) || digests[0] == digests[1] ||
			string(proof.Words[0].Body) != "one thing" || string(proof.Words[1].Body) != "another" {
			t.Errorf("%+v: %v", proof, err)
		}
		// After it was settled, b still shows c what it had.
		b.has(2, theirs[1].Digest)
		ours := []receipt.Op{{Dot: dot(2), Digest: sha256.Sum256([]byte("one thing"))}}
		c.Disputed(t.Context(), "b", ours)
		if !slices.Equal(c.caught, []memory.Node{"a"}) {
			t.Errorf("c has caught %v", c.caught)
		}
		if err := d.Adopt(b.Proofs()); err != nil || !slices.Equal(d.caught, []memory.Node{"a"}) {
			t.Errorf("d, which was told the same as b, has caught %v: %v", d.caught, err)
		}
		if err := d.Adopt(c.Proofs()); err != nil || len(d.caught) != 1 || len(d.Proofs()) != 1 {
			t.Errorf("another proof of the same: %v, %v", d.caught, err)
		}
	})
}

func TestASecondOpToTheSameMemberIsAProof(t *testing.T) {
	runAll(t, []memory.Node{"a", "b"}, func(f *federation) {
		sends(f, []string{"one"}, "b")
		sends(f, []string{"other"}, "b")
		if got := f.nodes["b"].caught; !slices.Equal(got, []memory.Node{"a"}) {
			f.t.Errorf("caught %v", got)
		}
	})
}

// A count of proofs would not tell these two apart, and neither would fetch the other's.
func TestAsManyProofsOfOthersAreAnotherSet(t *testing.T) {
	runAll(t, []memory.Node{"a", "b", "c", "d"}, func(f *federation) {
		t := f.t
		b, c := f.nodes["b"], f.nodes["c"]
		for _, body := range []string{"one", "other"} {
			sendsOf(f, "a", []string{body}, "b")
			sendsOf(f, "d", []string{body}, "c")
		}
		if len(b.Proofs()) != 1 || len(c.Proofs()) != 1 || b.ProofSet() == "" || b.ProofSet() == c.ProofSet() {
			t.Fatalf("b has %d proofs, %q, and c %d, %q", len(b.Proofs()), b.ProofSet(), len(c.Proofs()), c.ProofSet())
		}
		if err := b.Adopt(c.Proofs()); err != nil {
			t.Error(err)
		}
		if err := c.Adopt(b.Proofs()); err != nil || b.ProofSet() != c.ProofSet() {
			t.Errorf("after both have both: %q and %q: %v", b.ProofSet(), c.ProofSet(), err)
		}
	})
}

// One that lies about others must not get them frozen.
func TestNobodyIsFrozenOnTheWordOfAnother(t *testing.T) {
	runAll(t, []memory.Node{"a", "b", "c"}, func(f *federation) {
		t := f.t
		b, c := f.nodes["b"], f.nodes["c"]
		sends(f, []string{"first", "one thing"}, "b")
		honest, err := b.Words(t.Context(), dot(2))
		if err != nil || len(honest) != 1 {
			t.Fatal(honest, err)
		}
		// c has an op under a's number that a never signed.
		c.has(1, sha256.Sum256([]byte("first")))
		c.has(2, sha256.Sum256([]byte("made up")))
		b.Disputed(t.Context(), "c", []receipt.Op{{Dot: dot(2), Digest: sha256.Sum256([]byte("made up"))}})
		made, err := c.State(t.Context(), []memory.Range{{Origin: "a.1", From: 2, To: 2}})
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256([]byte("made up"))
		made.Digests = digest[:]
		flipped := honest[0]
		flipped.Signed.Digests = slices.Clone(flipped.Signed.Digests)
		flipped.Signed.Digests[40] ^= 1
		other := honest[0]
		other.Body = []byte("not the body")
		for name, second := range map[string]receipt.Word{
			"signed by c": {Signed: made}, "other digests": flipped, "another body": other, "the same": honest[0], "nothing": {},
		} {
			if err := b.Adopt([]receipt.Twice{{Dot: dot(2), Member: "a", Words: [2]receipt.Word{honest[0], second}}}); err == nil {
				t.Errorf("%s: believed", name)
			}
		}
		mine := receipt.Twice{Dot: dot(2), Member: "c", Words: [2]receipt.Word{{Signed: made}, {Signed: made}}}
		if err := b.Adopt([]receipt.Twice{mine}); err == nil {
			t.Error("what c says of an op of a: believed")
		}
		if len(b.caught) > 0 || len(b.Proofs()) > 0 {
			t.Errorf("caught %v", b.caught)
		}
	})
}

func TestAWordThatIsNotAboutWhatWasSentIsRefused(t *testing.T) {
	f := found(t, "a", "b")
	ops := sends(f, []string{"1", "2", "3"})
	word, err := f.nodes["a"].Vouch(ops)
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(ops)
	changed[1].Digest[0]++
	for name, tt := range map[string]struct {
		from memory.Node
		ops  []receipt.Op
	}{
		"too few": {"a", ops[:2]}, "another digest": {"a", changed}, "of another": {"b", ops},
		"too many": {"a", append(slices.Clone(ops), receipt.Op{Dot: dot(4)})},
	} {
		if _, err := f.nodes["b"].Received(tt.from, word, tt.ops); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := f.nodes["b"].Received("a", word, ops); err != nil {
		t.Error(err)
	}
}
