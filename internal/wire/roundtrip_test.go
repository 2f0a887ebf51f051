package wire_test

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/wire"
)

// equal compares what a message says: nil and empty lists say the same.
func equal(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

func TestAnEntryComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := memorytest.Entry().Draw(t, "entry")
		raw, err := wire.EncodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.DecodeEntry(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("was valid, came back as: %v", err)
		}
		if want := memory.Digest(sha256.Sum256(raw)); got.Digest != want {
			t.Errorf("digest %s, want that of the bytes, %s", got.Digest, want)
		}
		e.Digest = got.Digest
		if diff := equal(e, got); diff != "" {
			t.Error(diff)
		}
		if again, err := (wire.Codec{}).Again(raw, got.Digest); err != nil || equal(e, again) != "" {
			t.Errorf("once more: %v, %s", err, equal(e, again))
		}
		if dot, err := wire.DotOf(raw); err != nil || dot != e.Dot {
			t.Errorf("dot %s, %v; want %s", dot, err, e.Dot)
		}
	})
}

func TestAHollowEntryKeepsTheDigestOfTheFullOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := memorytest.Entry().Draw(t, "entry")
		raw, err := wire.EncodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		e.Digest = sha256.Sum256(raw)
		hollow, ok := e.Hollowed(exampleDot(1 << 40))
		if !ok {
			return
		}
		small, err := wire.EncodeEntry(hollow)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := e.Content()
		if len(m.Content) > 100 && bytes.Contains(small, []byte(m.Content)) {
			t.Error("the hollow form still has the content")
		}
		got, err := wire.DecodeEntry(small)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Validate(); err != nil {
			t.Error(err)
		}
		if diff := equal(hollow, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHollowEntriesAreStrippedWhoeverMadeThem(t *testing.T) {
	e := exampleEntry(exampleOps()[memory.KindPut])
	e.Hollow, e.Digest = exampleDot(1), memory.Digest{1}
	raw := encoded(t, e)
	if bytes.Contains(raw, []byte("Friday")) {
		t.Errorf("content in the hollow form %x", raw)
	}
}

func TestMessagesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for name, m := range drawnMessages(t) {
			raw, err := m.encode()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := m.decode(raw)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := equal(m.value, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

func drawnMessages(t *rapid.T) map[string]message {
	from, to, at, view := anyNode().Draw(t, "from"), anyNode().Draw(t, "to"), anyTime().Draw(t, "at"), anyView().Draw(t, "view")
	ops := rapid.SliceOfN(anyShipment(), 0, 4).Draw(t, "ops")
	dots := rapid.SliceOfN(anyDot(), 0, 4).Draw(t, "dots")
	refused := make([]memory.Refusal, len(dots))
	ranges := make([]memory.Range, len(dots))
	registers := make([]memory.RegisterDigest, len(dots))
	for i, d := range dots {
		refused[i] = memory.Refusal{Dot: d, Code: memory.CodeInvalid, Text: rapid.StringN(0, 100, 512).Draw(t, "text")}
		ranges[i] = memory.Range{Origin: d.Origin, From: d.Seq, To: d.Seq + rapid.Uint64Range(0, 1<<60).Draw(t, "more")}
		registers[i] = memory.RegisterDigest{
			Key:     memory.LifeKey("x").String(),
			Version: memory.Version{Final: i%2 == 0, Stamp: memory.Stamp(rapid.Uint64().Draw(t, "stamp")), Dot: d},
		}
	}
	buckets := rapid.SliceOf(rapid.Uint16Range(0, memory.Buckets-1)).Draw(t, "buckets")
	return map[string]message{
		"push": messageOf(&memory.Push{From: from, To: to, Created: at, Ops: ops, View: view}, wire.EncodePush, wire.DecodePush),
		"push reply": messageOf(&memory.PushReply{From: from, Time: at, View: view, Refused: refused},
			wire.EncodePushReply, wire.DecodePushReply),
		"pull": messageOf(&memory.PullRequest{From: from, To: to, Ranges: ranges, Dots: dots},
			wire.EncodePullRequest, wire.DecodePullRequest),
		"pull reply": messageOf(&memory.PullReply{From: from, Ops: ops, View: view}, wire.EncodePullReply, wire.DecodePullReply),
		"digest": messageOf(&memory.DigestRequest{From: from, To: to, Buckets: buckets},
			wire.EncodeDigestRequest, wire.DecodeDigestRequest),
		"digest reply": messageOf(&memory.DigestReply{From: from, View: view, Registers: registers},
			wire.EncodeDigestReply, wire.DecodeDigestReply),
		"snapshot": messageOf(snapshot{Ops: ops, View: view}, encodeSnapshot, decodeSnapshot),
	}
}

func anyNode() *rapid.Generator[memory.Node] {
	return rapid.Custom(func(t *rapid.T) memory.Node {
		return memory.Node(rapid.StringMatching(`[A-Za-z0-9_-]{1,63}`).Draw(t, "node"))
	})
}

func anyDot() *rapid.Generator[memory.Dot] {
	return rapid.Custom(func(t *rapid.T) memory.Dot {
		return memory.Dot{
			Origin: memory.MakeOrigin(anyNode().Draw(t, "node"), rapid.Uint64().Draw(t, "incarnation")),
			Seq:    rapid.Uint64Range(1, 1<<60).Draw(t, "seq"),
		}
	})
}

func anyTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(0, rapid.Int64Min(1).Draw(t, "ns")).UTC()
	})
}

func anyView() *rapid.Generator[memory.View] {
	return rapid.Custom(func(t *rapid.T) memory.View {
		v := memory.View{Heads: memory.Heads{}, LSN: rapid.Uint64().Draw(t, "lsn"), Root: memory.Digest{rapid.Byte().Draw(t, "root")}, Epoch: rapid.Uint64Range(0, 9).Draw(t, "epoch")}
		for _, d := range rapid.SliceOfN(anyDot(), 0, 5).Draw(t, "heads") {
			h := memory.Head{Seq: d.Seq, Chain: memory.Chain{rapid.Byte().Draw(t, "chain")}}
			if rapid.Bool().Draw(t, "has gap") {
				h.Gaps = []uint64{rapid.Uint64Range(1, d.Seq).Draw(t, "gap")}
			}
			v.Heads[d.Origin] = h
		}
		return v
	})
}

func anyShipment() *rapid.Generator[memory.Shipment] {
	return rapid.Custom(func(t *rapid.T) memory.Shipment {
		s := memory.Shipment{Raw: rapid.SliceOfN(rapid.Byte(), 1, 600).Draw(t, "raw")}
		if rapid.Bool().Draw(t, "has embedding") {
			s.Embedding = &memory.Embedding{
				Model: "m", Vector: rapid.SliceOfN(rapid.Float32(), 1, 20).Draw(t, "vector"),
			}
		}
		return s
	})
}

func TestAnEmbeddingThatNobodyWouldTakeIsLeftOut(t *testing.T) {
	for name, e := range map[string]*memory.Embedding{
		"no vector":           {Model: "m"},
		"no model":            {Vector: []float32{1}},
		"too many dimensions": {Model: "m", Vector: make([]float32, memory.MaxDims+1)},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := wire.EncodePush(&memory.Push{From: "a", To: "b", Ops: []memory.Shipment{{Raw: []byte{1}, Embedding: e}}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := wire.DecodePush(raw)
			if err != nil {
				t.Fatal(err)
			}
			if got.Ops[0].Embedding != nil {
				t.Errorf("got an embedding by %q", got.Ops[0].Embedding.Model)
			}
		})
	}
}

// Otherwise a batch within the limits of a lane could become one that cannot be sent.
func TestEmbeddingsNeverMakeAPushTooLarge(t *testing.T) {
	p := &memory.Push{From: "a", To: "b", View: exampleView()}
	for range 256 {
		p.Ops = append(p.Ops, memory.Shipment{
			Raw: make([]byte, 4<<10), Embedding: &memory.Embedding{Model: "m", Vector: make([]float32, memory.MaxDims)},
		})
	}
	raw, err := wire.EncodePush(p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.DecodePush(raw)
	if err != nil {
		t.Fatal(err)
	}
	var kept int
	for i, op := range got.Ops {
		if len(op.Raw) != len(p.Ops[i].Raw) {
			t.Fatalf("op %d came with %d bytes", i, len(op.Raw))
		}
		if op.Embedding != nil {
			kept++
		}
	}
	if kept < 50 || kept > 100 {
		t.Errorf("%d embeddings of 32 KiB in a push of %d bytes", kept, len(raw))
	}
}
