package wire_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// batch returns 256 memories of 1 KiB, a full batch of a lane.
func batch(b *testing.B) *memory.Push {
	b.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	p := &memory.Push{From: "node-a", To: "node-b", View: exampleView()}
	for i := range uint64(256) {
		m := memory.Memory{
			ID: memory.DerivedID("bench", string(rune('a'+i))), Tier: memory.Mid, Namespace: "bench", Title: "one of a batch",
			Content: strings.Repeat(string(rune('a'+rng.IntN(26))), 1024), Tags: []string{"one", "two"}, Priority: 5, Confidence: 1,
			Source: "api", CreatedAt: 1_770_000_000_000_000_000, Metadata: memory.Object(`{"agent_id":"ai:alice"}`),
			MemoryKind: "observation", ConfidenceSource: "caller_provided", Version: 1,
		}
		e := exampleEntry(&memory.Put{Memory: m, Create: true})
		e.Dot.Seq = i + 1
		p.Ops = append(p.Ops, memory.Shipment{Raw: encoded(b, e)})
	}
	return p
}

func BenchmarkEncodePushOf256(b *testing.B) {
	p := batch(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.EncodePush(p); err != nil {
			b.Fatal(err)
		}
	}
}

// Both what the handler does, and what the store does with the entries.
func BenchmarkDecodePushOf256(b *testing.B) {
	raw, err := wire.EncodePush(batch(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		p, err := wire.DecodePush(raw)
		if err != nil {
			b.Fatal(err)
		}
		for _, op := range p.Ops {
			if _, err := wire.DecodeEntry(op.Raw); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncodeEntry(b *testing.B) {
	e, err := wire.DecodeEntry(batch(b).Ops[0].Raw)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.EncodeEntry(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeEntry(b *testing.B) {
	raw := batch(b).Ops[0].Raw
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.DecodeEntry(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// readingOf is what a node of a federation of n says that it holds.
func readingOf(n uint64) memory.View {
	v := memory.View{Heads: memory.Heads{}, Root: memory.Digest{1}, LSN: 1}
	for i := range n {
		v.Heads[memory.MakeOrigin(memory.Node(fmt.Sprintf("node-%02d", i)), 1<<40+i)] = memory.Head{Seq: 1000 + i, Chain: memory.Chain{byte(i), 1}}
	}
	return v
}

// A push of one memory among many members, from one end to the other, and the bytes of it:
// with all heads, with those that have changed, and the same as the codec does it.
func BenchmarkPushAmongMany(b *testing.B) {
	for _, n := range []uint64{25, 50} {
		p := batch(b)
		p.Ops, p.View = p.Ops[:1], readingOf(n)
		base := wire.ReadingOf(readingOf(n).Heads)
		for o, h := range p.View.Heads {
			if strings.HasPrefix(string(o), "node-0") && h.Seq%5 == 0 {
				p.View.Heads[o] = memory.Head{Seq: h.Seq + 1, Chain: memory.Chain{7}}
			}
		}
		reading := wire.ReadingOf(p.View.Heads)
		b.Run(fmt.Sprintf("%d/whole", n), func(b *testing.B) {
			through(b, func() ([]byte, error) { return wire.EncodePush(p) }, wire.DecodePush)
		})
		b.Run(fmt.Sprintf("%d/difference", n), func(b *testing.B) {
			through(b, func() ([]byte, error) { return wire.EncodePushSince(p, reading, base) }, func(data []byte) (*memory.Push, error) {
				p, _, err := wire.DecodePushSince(data, only(base))
				return p, err
			})
		})
		b.Run(fmt.Sprintf("%d/codec", n), func(b *testing.B) {
			through(b, func() ([]byte, error) { return wire.PlainPush(p, reading, base) }, func(data []byte) (*memory.Push, error) {
				return wire.PlainDecodePush(data, base)
			})
		})
	}
}

func through(b *testing.B, encode func() ([]byte, error), decode func([]byte) (*memory.Push, error)) {
	b.Helper()
	b.ReportAllocs()
	var size int
	for b.Loop() {
		raw, err := encode()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := decode(raw); err != nil {
			b.Fatal(err)
		}
		size = len(raw)
	}
	b.ReportMetric(float64(size), "bytes")
}

// A reading of a node among many, of the one before.
func BenchmarkReadingAfter(b *testing.B) {
	before, now := wire.ReadingOf(readingOf(50).Heads), readingOf(50).Heads
	b.ReportAllocs()
	for b.Loop() {
		wire.ReadingAfter(before, now)
	}
}
