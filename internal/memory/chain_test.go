package memory

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Runs have the same chain if they are the same, and else not: not if an entry is
// another one, not in another order, and not if one is shorter.
func TestAChainTellsRunsApart(t *testing.T) {
	chain := func(run []byte) (c Chain) {
		for _, b := range run {
			c = c.Next(Digest{b})
		}
		return c
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.ByteRange(1, 3), 0, 6).Draw(t, "a")
		b := rapid.SliceOfN(rapid.ByteRange(1, 3), 0, 6).Draw(t, "b")
		if same := chain(a) == chain(b); same != slices.Equal(a, b) {
			t.Fatalf("%v and %v: same chain %v", a, b, same)
		}
		if chain(a).IsZero() != (len(a) == 0) {
			t.Fatalf("chain of %v: %s", a, chain(a))
		}
	})
}

func TestAChainIsReadBackFromItsText(t *testing.T) {
	for _, h := range []Head{{Seq: 3, Chain: Chain{}.Next(Digest{7})}, {Seq: 3}, {}} {
		raw, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var got Head
		if err := json.Unmarshal(raw, &got); err != nil || got.Chain != h.Chain || got.Seq != h.Seq {
			t.Errorf("%s became %+v (%v)", raw, got, err)
		}
	}
	for _, bad := range []string{"", "00", "0000000000000000000000000000000g", "000000000000000000000000000000000"} {
		var c Chain
		if err := c.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
