package wire_test

import (
	"crypto/sha256"
	"math"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/wire"
)

// What is read once more is what the codec has read, to the last nil.
func TestAnEntryIsReadOnceMoreAsTheCodecDoes(t *testing.T) {
	byHand, puts := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		e := memorytest.Entry().Draw(t, "entry")
		if rapid.Bool().Draw(t, "put") {
			e.Op = &memory.Put{Memory: memorytest.Memory().Draw(t, "memory"), Create: rapid.Bool().Draw(t, "create")}
		}
		raw, err := wire.EncodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		want, err := wire.DecodeEntry(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.Codec{}.Again(raw, want.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("-codec +once more:\n%s", d)
		}
		if _, is := e.Op.(*memory.Put); is {
			puts++
			if wire.PutByHand(raw) {
				byHand++
			}
		} else if wire.PutByHand(raw) {
			t.Fatalf("a %s was read by hand as a put", e.Op.Kind())
		}
	})
	if byHand < puts/8 || byHand == puts {
		t.Errorf("%d of %d puts were read by hand", byHand, puts)
	}
}

// Whatever is in a log that was doctored with its digests: it is read as something, or not
// at all.
func TestOddBytesAreReadOnceMoreOrNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := memorytest.Entry().Draw(t, "entry")
		e.Op = &memory.Put{Memory: memorytest.Memory().Draw(t, "memory"), Create: true}
		raw, err := wire.EncodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		raw = raw[:rapid.IntRange(len(raw)/2, len(raw)).Draw(t, "length")]
		e, err = wire.Codec{}.Again(raw, sha256.Sum256(raw))
		if err == nil && e.Op == nil {
			t.Fatal("neither an op nor an error")
		}
	})
}

func TestHalvesAreThoseOfTheCodec(t *testing.T) {
	for n := range 1 << 16 {
		var want float64
		if err := cbor.Unmarshal([]byte{0xf9, byte(n >> 8), byte(n)}, &want); err != nil {
			t.Fatal(err)
		}
		if got := wire.Half(uint16(n)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#x is %v, want %v", n, got, want)
		}
	}
}

func BenchmarkAgain(b *testing.B) {
	raw := batch(b).Ops[0].Raw
	digest := sha256.Sum256(raw)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (wire.Codec{}).Again(raw, digest); err != nil {
			b.Fatal(err)
		}
	}
}
