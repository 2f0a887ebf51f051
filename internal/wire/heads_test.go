package wire_test

import (
	"bytes"
	"errors"
	"maps"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// exampleBase is a reading from which that of exampleView differs in every way.
func exampleBase() wire.Reading {
	return wire.ReadingOf(memory.Heads{"node-a.1": {Seq: 41, Chain: memory.Chain{0xc3}}, "c.0": {}, "gone.1": {Seq: 3}})
}

// only knows one reading.
func only(r wire.Reading) wire.Known {
	return func(d memory.Digest) (wire.Reading, bool) { return r, d == r.Digest }
}

func encodeDifference(p *memory.Push) ([]byte, error) {
	return wire.EncodePushSince(p, wire.ReadingOf(p.View.Heads), exampleBase())
}

func decodeDifference(data []byte) (*memory.Push, error) {
	p, _, err := wire.DecodePushSince(data, only(exampleBase()))
	return p, err
}

func encodeReplyDifference(r *memory.PushReply) ([]byte, error) {
	return wire.EncodePushReplySince(r, wire.ReadingOf(r.View.Heads), exampleBase())
}

func decodeReplyDifference(data []byte) (*memory.PushReply, error) {
	r, _, err := wire.DecodePushReplySince(data, only(exampleBase()))
	return r, err
}

// Heads are written by hand: to the bytes that the codec writes for the same values.
func TestHeadsAreWrittenAsTheCodecDoes(t *testing.T) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		raw, err := wire.EncodePush(&memory.Push{From: "a", To: "b", View: anyView().Draw(t, "view")})
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := cbor.Unmarshal(raw, &fields); err != nil {
			t.Fatal(err)
		}
		again, err := mode.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, raw) {
			t.Fatalf("wrote %x, the codec writes %x", raw, again)
		}
	})
}

// Whatever has changed: who has the base learns all of it, and who has another one
// nothing.
func TestADifferenceLeadsToTheSameReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, now := anyView().Draw(t, "before"), anyView().Draw(t, "now")
		for o, h := range before.Heads {
			if rapid.Bool().Draw(t, "stays") {
				now.Heads[o] = h
			}
		}
		base, reading := wire.ReadingOf(before.Heads), wire.ReadingOf(now.Heads)
		raw, err := wire.EncodePushSince(&memory.Push{From: "a", To: "b", View: now}, reading, base)
		if err != nil {
			t.Fatal(err)
		}
		p, came, err := wire.DecodePushSince(raw, only(base))
		if err != nil {
			t.Fatal(err)
		}
		if diff := equal(now, p.View); diff != "" || came.Digest != reading.Digest {
			t.Fatalf("digest %s, want %s: %s", came.Digest, reading.Digest, diff)
		}
		other := maps.Clone(before.Heads)
		other["other.1"] = memory.Head{Seq: 1}
		for name, known := range map[string]wire.Known{
			"nothing":       nil,
			"another one":   only(wire.ReadingOf(other)),
			"what it leads": only(wire.Reading{Heads: now.Heads, Digest: memory.Digest{1}}),
		} {
			if _, _, err := wire.DecodePushSince(raw, known); !errors.Is(err, wire.ErrOtherBase) {
				t.Fatalf("%s is known: %v", name, err)
			}
		}
	})
}
