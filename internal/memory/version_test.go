package memory_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
)

// versions come from small pools, so that every tie occurs.
func versions() *rapid.Generator[memory.Version] {
	return rapid.Custom(func(t *rapid.T) memory.Version {
		return memory.Version{
			Final: rapid.Bool().Draw(t, "final"),
			Stamp: rapid.SampledFrom([]memory.Stamp{0, 1, 2, 1 << 63}).Draw(t, "stamp"),
			Dot: memory.Dot{
				Origin: rapid.SampledFrom([]memory.Origin{"a.1", "a.2", "b.1"}).Draw(t, "origin"),
				Seq:    rapid.Uint64Range(1, 3).Draw(t, "seq"),
			},
		}
	})
}

func TestVersionsAreTotallyOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := versions().Draw(t, "a"), versions().Draw(t, "b"), versions().Draw(t, "c")
		if a.Compare(b) != -b.Compare(a) {
			t.Fatalf("%v and %v: not antisymmetric", a, b)
		}
		if (a.Compare(b) == 0) != (a == b) {
			t.Fatalf("%v and %v: only a version itself is its equal", a, b)
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%v, %v, %v: not transitive", a, b, c)
		}
		if a.Beats(b) && b.Beats(a) || a.Beats(a) {
			t.Fatalf("%v and %v beat each other", a, b)
		}
		if a != (memory.Version{}) && !a.Beats(memory.Version{}) {
			t.Fatalf("%v does not beat the version of what was never written", a)
		}
	})
}

func TestOrderOfVersions(t *testing.T) {
	v := func(final bool, stamp memory.Stamp, origin memory.Origin, seq uint64) memory.Version {
		return memory.Version{Final: final, Stamp: stamp, Dot: memory.Dot{Origin: origin, Seq: seq}}
	}
	ascending := []memory.Version{
		{},
		v(false, 1, "z.1", 9), v(false, 2, "a.1", 1), v(false, 2, "a.1", 2), v(false, 2, "a.2", 1),
		v(false, 2, "b.1", 1), v(false, 3, "a.1", 1), v(true, 1, "a.1", 1), v(true, 2, "a.1", 1),
	}
	for i, lower := range ascending {
		for _, higher := range ascending[i+1:] {
			if !higher.Beats(lower) {
				t.Errorf("%v does not beat %v", higher, lower)
			}
		}
	}
	if !ascending[0].IsZero() || ascending[1].IsZero() {
		t.Error("only the version of what was never written is zero")
	}
}

func TestDigestsComeBackFromText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d, back memory.Digest
		copy(d[:], rapid.SliceOfN(rapid.Byte(), len(d), len(d)).Draw(t, "digest"))
		text, err := d.MarshalText()
		if err != nil || string(text) != d.String() {
			t.Fatalf("%s, %v", text, err)
		}
		if err := back.UnmarshalText(text); err != nil || back != d {
			t.Fatalf("%s came back as %s, %v", d, back, err)
		}
	})
	for _, bad := range []string{"", "00", string(make([]byte, 64)), memory.Digest{}.String() + "00"} {
		var d memory.Digest
		if err := d.UnmarshalText([]byte(bad)); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%q: got %v, want an invalid digest", bad, err)
		}
	}
}
