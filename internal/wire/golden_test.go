package wire_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// Run with -update only where no released binary has written the old bytes: what
// is logged on disk and signed must decode for ever.
var update = flag.Bool("update", false, "rewrite the golden files")

// exampleOps has one op of every kind, with every field set.
func exampleOps() map[memory.Kind]memory.Op {
	m := exampleMemory()
	return map[memory.Kind]memory.Op{
		memory.KindPut:     &memory.Put{Memory: m, Create: true},
		memory.KindDelete:  &memory.Delete{ID: m.ID},
		memory.KindErase:   &memory.Erase{ID: m.ID},
		memory.KindArchive: &memory.Archive{ID: m.ID, Reason: "superseded"},
		memory.KindRestore: &memory.Restore{ID: m.ID},
		memory.KindLink: &memory.Link{
			Source: m.ID, Target: "other", Relation: "derived_from", CreatedAt: 1_770_000_000_000_000_001,
			ValidFrom: 1, ValidUntil: 2, ObservedBy: "ai:bob", AttestLevel: "self_signed", Signature: bytes.Repeat([]byte{7}, 64),
		},
		memory.KindUnlink: &memory.Unlink{Source: m.ID, Target: "other", Relations: []string{"related_to", "supersedes"}},
		memory.KindConsolidate: &memory.Consolidate{Into: m, Sources: []memory.SourceVersion{
			{ID: "one", Dot: exampleDot(3)}, {ID: "two", Dot: exampleDot(4)},
		}},
		memory.KindPropose: &memory.Propose{
			ID: "pending-1", Namespace: "team", Requester: "ai:alice", RequestedAt: 1_770_000_000_000_000_000,
			Approver: memory.Approver{Agent: "human:carol", Consensus: 2}, Action: &memory.Archive{ID: m.ID, Reason: "old"},
		},
		memory.KindDecide:        &memory.Decide{ID: "pending-1", Voter: "human:carol", Approve: true},
		memory.KindResolve:       &memory.Resolve{ID: "pending-1", Verdict: memory.VerdictFailed, Detail: "gone"},
		memory.KindSetStandard:   &memory.SetStandard{Namespace: "team/build", StandardID: m.ID, Parent: "team"},
		memory.KindClearStandard: &memory.ClearStandard{Namespace: "team/build"},
		memory.KindTouch:         &memory.Touch{ID: m.ID, Keep: true},
	}
}

func exampleMemory() memory.Memory {
	persona := int32(4)
	return memory.Memory{
		ID: memory.DerivedID("team", "Who owns the pager"), Tier: memory.Long, Namespace: "team", Title: "Who owns the pager",
		Content: "Ada, until Friday.\nThen Zoë.", Tags: []string{"ops", "on-call"}, Priority: 7, Confidence: 0.7,
		Source: "cli", CreatedAt: 1_770_000_000_123_456_789, ExpiresAt: 1_780_000_000_000_000_000,
		Metadata: memory.Object(`{"agent_id":"ai:alice","n":1.50}`), ReflectionDepth: 2, MemoryKind: "decision", EntityID: "e7",
		PersonaVersion: &persona,
		Citations: []memory.Citation{{
			URI: "doc:rota", AccessedAt: 1_760_000_000_000_000_000, Hash: strings.Repeat("0a", 32),
			Span: &memory.Span{Start: 1, End: 300},
		}},
		SourceURI: "file:rota.md", SourceSpan: &memory.Span{Start: 0, End: 70000}, ConfidenceSource: "calibrated",
		ConfidenceSignals: &memory.Confidence{
			SourceAgeDays: 1.5, AtomDerivation: true, PriorCorroborationCount: 3, FreshnessFactor: 0.1, BaselinePerSource: -1,
		},
		ConfidenceDecayed: 1_775_000_000_000_000_000, Version: 12,
	}
}

func exampleDot(seq uint64) memory.Dot { return memory.Dot{Origin: "node-b.1z", Seq: seq} }

func exampleEntry(op memory.Op) *memory.Entry {
	return &memory.Entry{
		Dot: memory.Dot{Origin: "node-a.1", Seq: 41}, Stamp: memory.MakeStamp(time.UnixMilli(1_770_000_000_000)) + 5,
		Actor: "ai:alice", Prev: []memory.Dot{exampleDot(70000)}, Op: op,
	}
}

func exampleView() memory.View {
	return memory.View{
		Heads: memory.Heads{"node-a.1": {Seq: 42, Chain: memory.Chain{0xc4, 0xa1}}, "node-b.1z": {Seq: 70001, Gaps: []uint64{9, 70000}}, "c.0": {}},
		Root:  memory.Digest{1, 2, 31: 0xff}, LSN: 99,
	}
}

func exampleShipments(tb testing.TB) []memory.Shipment {
	tb.Helper()
	ops := exampleOps()
	return []memory.Shipment{
		{
			Raw:       encoded(tb, exampleEntry(ops[memory.KindPut])),
			Embedding: &memory.Embedding{Model: "hash-1024", Vector: []float32{1, -0.5, 0.1}},
		},
		{Raw: encoded(tb, exampleEntry(ops[memory.KindErase]))},
	}
}

func encoded(tb testing.TB, e *memory.Entry) []byte {
	tb.Helper()
	raw, err := wire.EncodeEntry(e)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// message is an example of a message with its codec.
type message struct {
	value  any
	encode func() ([]byte, error)
	decode func([]byte) (any, error)
}

func messageOf[T any](v T, encode func(T) ([]byte, error), decode func([]byte) (T, error)) message {
	return message{
		value:  v,
		encode: func() ([]byte, error) { return encode(v) },
		decode: func(b []byte) (any, error) { return decode(b) },
	}
}

func exampleMessages(tb testing.TB) map[string]message {
	tb.Helper()
	at := time.Unix(1_770_000_000, 123_456_789).UTC()
	sums := make([]memory.Digest, memory.Buckets)
	sums[7] = memory.Digest{7}
	return map[string]message{
		"push": messageOf(&memory.Push{
			From: "node-a", To: "node-b", Created: at, Ops: exampleShipments(tb), View: exampleView(),
		}, wire.EncodePush, wire.DecodePush),
		"push_empty": messageOf(&memory.Push{From: "node-a", To: "node-b"}, wire.EncodePush, wire.DecodePush),
		"push_reply": messageOf(&memory.PushReply{
			From: "node-b", Time: at, View: exampleView(),
			Refused: []memory.Refusal{{Dot: exampleDot(9), Code: memory.CodeSkew, Text: "stamp lies 2m0s ahead"}},
		}, wire.EncodePushReply, wire.DecodePushReply),
		"push_difference": messageOf(&memory.Push{
			From: "node-a", To: "node-b", Created: at, Ops: exampleShipments(tb), View: exampleView(),
		}, encodeDifference, decodeDifference),
		"push_reply_difference": messageOf(&memory.PushReply{From: "node-b", Time: at, View: exampleView()}, encodeReplyDifference, decodeReplyDifference),
		"pull_request": messageOf(&memory.PullRequest{
			From: "node-a", To: "node-b", Ranges: []memory.Range{{Origin: "c.0", From: 1, To: 256}}, Dots: []memory.Dot{exampleDot(9)},
		}, wire.EncodePullRequest, wire.DecodePullRequest),
		"pull_reply": messageOf(&memory.PullReply{
			From: "node-b", Ops: exampleShipments(tb), Truncated: []memory.Origin{"c.0"}, View: exampleView(),
		}, wire.EncodePullReply, wire.DecodePullReply),
		"digest_request": messageOf(&memory.DigestRequest{
			From: "node-a", To: "node-b", Buckets: []uint16{0, 7, 4095},
		}, wire.EncodeDigestRequest, wire.DecodeDigestRequest),
		"digest_registers": messageOf(&memory.DigestReply{
			From: "node-b", View: exampleView(), Registers: []memory.RegisterDigest{
				{Key: memory.ContentKey("one").String(), Version: memory.Version{Stamp: 5, Dot: exampleDot(3)}, Digest: memory.Digest{1}},
				{Key: memory.LifeKey("one").String(), Version: memory.Version{Final: true, Stamp: 6, Dot: exampleDot(4)}, Digest: memory.Digest{2}},
			},
		}, wire.EncodeDigestReply, wire.DecodeDigestReply),
		"digest_sums": messageOf(&memory.DigestReply{From: "node-b", View: exampleView(), Sums: sums},
			wire.EncodeDigestReply, wire.DecodeDigestReply),
		"hello": messageOf(wire.Hello{
			Protocol: []int{2}, Member: "node-b", Incarnation: "1z", Time: memory.InstantOf(at),
			Limits: wire.Limits{Ops: wire.MaxOps, Bytes: wire.MaxBody}, Features: []string{},
		}, wire.EncodeHello, wire.DecodeHello),
		"snapshot": messageOf(snapshot{Ops: exampleShipments(tb), View: exampleView()}, encodeSnapshot, decodeSnapshot),
	}
}

func TestEveryKindHasAGoldenEntry(t *testing.T) {
	ops := exampleOps()
	for _, k := range memory.Kinds() {
		t.Run(k.String(), func(t *testing.T) {
			op := ops[k]
			if op == nil {
				t.Fatalf("no example of kind %s: add one to exampleOps and run the test with -update", k)
			}
			if op.Kind() != k {
				t.Fatalf("the example of %s is a %s", k, op.Kind())
			}
			checkGoldenEntry(t, "entry_"+k.String(), exampleEntry(op))
		})
	}
}

func TestHollowEntriesAreGolden(t *testing.T) {
	for _, k := range []memory.Kind{memory.KindPut, memory.KindConsolidate, memory.KindPropose} {
		t.Run(k.String(), func(t *testing.T) {
			full := exampleEntry(exampleOps()[k])
			if p, ok := full.Op.(*memory.Propose); ok {
				proposal := *p
				proposal.Action = exampleOps()[memory.KindPut] // only what has content can lose it
				full.Op = &proposal
			}
			full.Digest = memory.Digest{1, 2, 3}
			hollow, ok := full.Hollowed(exampleDot(70002))
			if !ok {
				t.Fatal("has no hollow form")
			}
			checkGoldenEntry(t, "hollow_"+k.String(), hollow)
		})
	}
}

func checkGoldenEntry(t *testing.T, name string, e *memory.Entry) {
	t.Helper()
	raw := encoded(t, e)
	diag, err := cbor.Diagnose(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := golden(t, name, diag, raw)
	if !bytes.Equal(raw, want) {
		t.Errorf("the bytes of a %s have changed:\n got %x\nwant %x", name, raw, want)
	}
	got, err := wire.DecodeEntry(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if e.Hollow.IsZero() {
		e.Digest = got.Digest
	}
	if diff := cmp.Diff(e, got); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesAreGolden(t *testing.T) {
	for name, m := range exampleMessages(t) {
		t.Run(name, func(t *testing.T) {
			raw, err := m.encode()
			if err != nil {
				t.Fatal(err)
			}
			diag, err := cbor.Diagnose(raw)
			if err != nil || len(raw) > 8<<10 {
				diag = "" // not CBOR, or not to be read by anybody
			}
			want := golden(t, name, diag, raw)
			if !bytes.Equal(raw, want) {
				t.Fatalf("the bytes of a %s have changed:\n got %x\nwant %x", name, raw, want)
			}
			got, err := m.decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := equal(m.value, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// golden returns the bytes of a golden file, in which they stand as hex below a
// reading of them. Runs of zeros are cut short: "*32" stands for 32 of them.
func golden(t *testing.T, name, diag string, now []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(diag+"\n\n"+hexLines(now)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update, and look at what it writes", err)
	}
	return fromGolden(t, text)
}

func hexLines(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		zeros := len(b) - len(bytes.TrimLeft(b, "\x00"))
		if zeros > 32 {
			fmt.Fprintf(&out, "*%d\n", zeros)
			b = b[zeros:]
			continue
		}
		n := min(len(b), 32)
		fmt.Fprintf(&out, "%x\n", b[:n])
		b = b[n:]
	}
	return out.String()
}

func fromGolden(tb testing.TB, text []byte) []byte {
	tb.Helper()
	_, body, ok := strings.Cut(string(text), "\n\n")
	if !ok {
		tb.Fatal("golden file without a blank line before the hex")
	}
	var out []byte
	for line := range strings.FieldsSeq(body) {
		var zeros int
		if n, _ := fmt.Sscanf(line, "*%d", &zeros); n == 1 {
			out = append(out, make([]byte, zeros)...)
			continue
		}
		b, err := hex.DecodeString(line)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// goldens returns the bytes of all golden files of a name, which may hold a "*".
func goldens(tb testing.TB, name string) [][]byte {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", name+".golden"))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no golden files %s: %v", name, err)
	}
	var out [][]byte
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, fromGolden(tb, text))
	}
	return out
}

// A signature stands behind all other fields of a memory, and one without has no place
// for it: what was logged before there were any is the same.
func TestASignatureComesLast(t *testing.T) {
	encode := func(s *memory.Signature) []byte {
		m := exampleMemory()
		m.Signature = s
		raw, err := wire.EncodeEntry(&memory.Entry{Dot: exampleDot(1), Stamp: 1, Actor: "ai:alice", Op: &memory.Put{Memory: m}})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	without, with := encode(nil), encode(&memory.Signature{
		Agent: "ai:alice", Key: bytes.Repeat([]byte{1}, 32), Value: bytes.Repeat([]byte{2}, 64), At: "2026-01-02T03:04:05Z",
	})
	want := append([]byte{0x18, 27, 0xa4, 1, 0x68}, "ai:alice"...)
	want = append(append(append(want, 2, 0x58, 32), bytes.Repeat([]byte{1}, 32)...), 3, 0x58, 64)
	want = append(append(want, bytes.Repeat([]byte{2}, 64)...), append([]byte{4, 0x74}, "2026-01-02T03:04:05Z"...)...)
	if !bytes.HasSuffix(with, want) || len(with) != len(without)+len(want)+1 { // 24 fields need a byte more for their number than 23
		t.Errorf("got\n%x\nwant it to end with\n%x", with, want)
	}
}
