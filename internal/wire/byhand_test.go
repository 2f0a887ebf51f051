package wire_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// spoken is a message as it was written by hand and by the codec.
type spoken struct{ byHand, plain []byte }

// anySpoken draws a push and a reply of the same view, with all heads or as a difference.
func anySpoken(t *rapid.T) (base wire.Reading, both []spoken) {
	now := anyView().Draw(t, "now")
	base = anyBase(t, now)
	var reading wire.Reading
	if rapid.Bool().Draw(t, "difference") {
		reading = wire.ReadingOf(now.Heads)
	}
	since := base
	if reading.IsZero() {
		since = wire.Reading{}
	}
	p := &memory.Push{
		From: anyNode().Draw(t, "from"), To: anyNode().Draw(t, "to"), Created: anyTime().Draw(t, "at"),
		Ops: rapid.SliceOfN(anyShipment(), 0, 3).Draw(t, "ops"), View: now,
	}
	r := &memory.PushReply{From: p.From, Time: p.Created, View: now}
	for _, d := range rapid.SliceOfN(anyDot(), 0, 3).Draw(t, "refused") {
		r.Refused = append(r.Refused, memory.Refusal{Dot: d, Code: memory.CodeSkew, Text: rapid.String().Draw(t, "text")})
	}
	for _, m := range []struct{ byHand, plain func() ([]byte, error) }{
		{func() ([]byte, error) { return wire.EncodePushSince(p, reading, since) }, func() ([]byte, error) { return wire.PlainPush(p, reading, since) }},
		{func() ([]byte, error) { return wire.EncodePushReplySince(r, reading, since) }, func() ([]byte, error) { return wire.PlainPushReply(r, reading, since) }},
	} {
		byHand, err := m.byHand()
		plain, err2 := m.plain()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		both = append(both, spoken{byHand, plain})
	}
	return base, both
}

// anyBase is a reading that has some heads of now, and others.
func anyBase(t *rapid.T, now memory.View) wire.Reading {
	before := anyView().Draw(t, "before").Heads
	for o, h := range now.Heads {
		switch rapid.IntRange(0, 2).Draw(t, "stays") {
		case 1:
			before[o] = h
		case 2:
			h.Seq++
			before[o] = h
		}
	}
	return wire.ReadingOf(before)
}

func TestPushesAreWrittenAsTheCodecDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, both := anySpoken(t)
		for _, m := range both {
			if !bytes.Equal(m.byHand, m.plain) {
				t.Fatalf("wrote %x, the codec writes %x", m.byHand, m.plain)
			}
			if !wire.ByHand(m.byHand) {
				t.Fatalf("%x is not read by hand", m.byHand)
			}
		}
	})
}

// Whatever bytes come: what is read by hand the codec reads as well, and as the same.
func TestPushesAreReadAsTheCodecDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, both := anySpoken(t)
		for _, m := range both {
			data := bytes.Clone(m.plain)
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				i := rapid.IntRange(0, len(data)-1).Draw(t, "where")
				switch rapid.IntRange(0, 3).Draw(t, "what") {
				case 0:
					data[i] = rapid.Byte().Draw(t, "byte")
				case 1:
					data[i] += byte(rapid.IntRange(0, 2).Draw(t, "more")) - 1
				case 2:
					data = slices.Insert(data, i, rapid.Byte().Draw(t, "byte"))
				default:
					data = slices.Delete(data, i, i+1)
				}
			}
			sameAsTheCodec(t, data, base)
		}
	})
}

func sameAsTheCodec(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, data []byte, base wire.Reading,
) {
	t.Helper()
	p, _, err := wire.DecodePushSince(data, only(base))
	plain, plainErr := wire.PlainDecodePush(data, base)
	if (err == nil) != (plainErr == nil) || err == nil && equal(plain, p) != "" {
		t.Fatalf("push %x: %v, the codec: %v", data, err, plainErr)
	}
	r, _, err := wire.DecodePushReplySince(data, only(base))
	plainReply, plainErr := wire.PlainDecodePushReply(data, base)
	if (err == nil) != (plainErr == nil) || err == nil && equal(plainReply, r) != "" {
		t.Fatalf("reply %x: %v, the codec: %v", data, err, plainErr)
	}
}

func FuzzByHand(f *testing.F) {
	for _, b := range goldens(f, "push*") {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) { sameAsTheCodec(t, data, exampleBase()) })
}

// A difference has one form: what says too much, or that something is gone which never was
// there, leads to no reading, whatever digest it has.
func TestADifferenceIsTakenIfItIsTheOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := anyView().Draw(t, "now")
		base := anyBase(t, now)
		heads := memory.Heads{}
		for _, from := range []memory.Heads{base.Heads, now.Heads} {
			for _, o := range slices.Sorted(maps.Keys(from)) {
				if rapid.Bool().Draw(t, "is named") {
					heads[o] = from[o]
				}
			}
		}
		var gone []memory.Origin
		if names := slices.Sorted(maps.Keys(base.Heads)); len(names) > 0 {
			gone = rapid.SliceOfN(rapid.SampledFrom(names), 0, 2).Draw(t, "gone")
		}
		if rapid.IntRange(0, 4).Draw(t, "unheard of") == 0 {
			gone = append(gone, "nobody.1")
		}
		data, err := wire.Doctored(heads, gone, base)
		if err != nil {
			t.Fatal(err)
		}
		sameAsTheCodec(t, data, base)
	})
}

// A reading that is made from the one before is the one that is made from nothing.
func TestAReadingAfterAnotherIsTheSame(t *testing.T) {
	if r := wire.ReadingAfter(wire.Reading{}, memory.Heads{}); r.Digest != wire.ReadingOf(memory.Heads{}).Digest {
		t.Errorf("after none: digest %s", r.Digest)
	}
	rapid.Check(t, func(t *rapid.T) {
		now := anyView().Draw(t, "now").Heads
		before := maps.Clone(now)
		for _, o := range slices.Sorted(maps.Keys(now)) {
			switch rapid.IntRange(0, 9).Draw(t, "change") {
			case 0:
				delete(before, o)
				before[o+"0"] = memory.Head{Seq: 1}
			case 1:
				delete(before, o)
			case 2, 3, 4:
				before[o] = memory.Head{Seq: 1}
			}
		}
		base, want, got := wire.ReadingOf(before), wire.ReadingOf(now), wire.ReadingAfter(wire.ReadingOf(before), now)
		if got.Digest != want.Digest {
			t.Fatalf("digest %s, want %s", got.Digest, want.Digest)
		}
		p := &memory.Push{From: "a", To: "b", View: memory.View{Heads: now}}
		x, err := wire.EncodePushSince(p, got, base)
		y, err2 := wire.EncodePushSince(p, want, base)
		if err != nil || err2 != nil || !bytes.Equal(x, y) {
			t.Fatalf("its difference is %x, want %x: %v, %v", x, y, err, err2)
		}
	})
}
