package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// bin reads hex in which spaces do not matter and 'text' stands for itself.
func bin(t *testing.T, s string) []byte {
	t.Helper()
	var out []byte
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			out = append(out, part...)
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(part, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

const (
	// good is a Delete of "m" by "x" under a.1.1, without its op.
	good = `87 63'a.1' 01 02 61'x' 80 `
	// hollow is the same as a hollow entry of 9 elements.
	hollow = `89 63'a.1' 01 02 61'x' 80 `
	// tail is what a hollow entry ends with.
	tail = `5820'01234567890123456789012345678901' a2 01 63'b.1' 02 09`
	// bare is a memory of which the id "m" alone is left.
	bare = `ac 01 61'm' 02 60 03 60 04 60 05 60 07 00 08 f90000 09 60 0b 00 11 60 17 60 18 1a 00`
)

func TestTheSimplestEntryIsTaken(t *testing.T) {
	e, err := wire.DecodeEntry(bin(t, good+`02 a1 01 61'm'`))
	if err != nil {
		t.Fatal(err)
	}
	if op, ok := e.Op.(*memory.Delete); !ok || op.ID != "m" || e.Dot.String() != "a.1.1" || e.Stamp != 2 || e.Actor != "x" {
		t.Errorf("got %+v of %+v", e, e.Op)
	}
}

func TestAnEntryHasOneEncoding(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":                             ``,
		"not CBOR":                            `'{"kind":"put"}'`,
		"a map":                               `a1 01 02`,
		"an array of another length":          `86 63'a.1' 01 02 61'x' 80 02`,
		"one byte more":                       good + `02 a1 01 61'm' 00`,
		"one byte less":                       good + `02 a1 01 61`,
		"a key twice":                         good + `02 a2 01 61'm' 01 61'm'`,
		"an unknown field":                    good + `02 a2 01 61'm' 09 00`,
		"a missing field":                     good + `04 a1 01 61'm'`,
		"fields out of order":                 good + `04 a2 02 61'r' 01 61'm'`,
		"an array of indefinite length":       `9f 63'a.1' 01 02 61'x' 80 02 a1 01 61'm' ff`,
		"a map of indefinite length":          good + `02 bf 01 61'm' ff`,
		"a text of indefinite length":         good + `02 a1 01 7f 61'm' ff`,
		"a tag":                               good + `02 a1 01 c0 61'm'`,
		"a tag around all":                    `d9d9f7` + good + `02 a1 01 61'm'`,
		"a number longer than it must be":     `87 63'a.1' 1801 02 61'x' 80 02 a1 01 61'm'`,
		"a length longer than it must be":     good + `02 a1 01 7801'm'`,
		"a key longer than it must be":        good + `02 a1 1801 61'm'`,
		"a text that is not UTF-8":            good + `02 a1 01 61 ff`,
		"bytes for a text":                    good + `02 a1 01 41'm'`,
		"null for a text":                     good + `02 a1 01 f6`,
		"null for a list":                     `87 63'a.1' 01 02 61'x' f6 02 a1 01 61'm'`,
		"a number for a text":                 good + `02 a1 01 05`,
		"a negative seq":                      `87 63'a.1' 20 02 61'x' 80 02 a1 01 61'm'`,
		"seq 0":                               `87 63'a.1' 00 02 61'x' 80 02 a1 01 61'm'`,
		"a seq beyond 2^62":                   `87 63'a.1' 1bffffffffffffffff 02 61'x' 80 02 a1 01 61'm'`,
		"an origin without incarnation":       `87 61'a' 01 02 61'x' 80 02 a1 01 61'm'`,
		"false where it is left out":          good + `01 a2 01 ` + bare + ` 02 f4`,
		"an integer for a float":              good + `01 a1 01 ` + strings.Replace(bare, "f90000", "00", 1),
		"a float longer than it must be":      good + `01 a1 01 ` + strings.Replace(bare, "f90000", "fa00000000", 1),
		"not a number":                        good + `01 a1 01 ` + strings.Replace(bare, "f90000", "f97e00", 1),
		"infinity":                            good + `01 a1 01 ` + strings.Replace(bare, "f90000", "f97c00", 1),
		"a proposal without an action":        good + `09 a5 01 61'p' 02 61'n' 03 61'x' 04 01 05 a0`,
		"a proposal of null":                  good + `09 a6 01 61'p' 02 61'n' 03 61'x' 04 01 05 a0 06 f6`,
		"nesting without end":                 good + `02 ` + strings.Repeat(`81`, 2000) + `00`,
		"an array larger than the bytes":      good + `07 a3 01 61'm' 02 61'n' 03 9a7fffffff`,
		"a text larger than the bytes":        good + `02 a1 01 7b7fffffffffffffff`,
		"an unknown kind, header not minimal": `87 63'a.1' 1801 02 61'x' 80 18c8 a0`,
		"an unknown kind, body cut":           good + `18c8 a1 01`,
		"hollow with a content":               hollow + `01 a1 01 ` + strings.Replace(bare, "05 60", "05 61'c'", 1) + tail,
		"hollow of a kind without content":    hollow + `02 a1 01 61'm' ` + tail,
		"hollow without a digest":             hollow + `01 a1 01 ` + bare + strings.Replace(tail, "01234567890123456789012345678901", strings.Repeat("\x00", 32), 1),
		"hollow with a short digest":          hollow + `01 a1 01 ` + bare + `41'x' a2 01 63'b.1' 02 09`,
		"hollow without a successor":          hollow + `01 a1 01 ` + bare + strings.Replace(tail, "63'b.1' 02 09", "60 02 00", 1),
		"hollow with half a successor":        hollow + `01 a1 01 ` + bare + strings.Replace(tail, "02 09", "02 00", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := wire.DecodeEntry(bin(t, raw)); !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("got %+v, %v; want ErrInvalid", e, err)
			}
			// Whoever says that he knows these bytes must name their digest.
			if e, err := (wire.Codec{}).Again(bin(t, raw), memory.Digest{1}); !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("as known bytes: got %+v, %v; want ErrInvalid", e, err)
			}
		})
	}
}

// Each refusal above must be for what its name says: so the bytes that it is a
// variant of are taken.
func TestTheVariedEntriesAreGood(t *testing.T) {
	for name, raw := range map[string]string{
		"put":     good + `01 a1 01 ` + bare,
		"hollow":  hollow + `01 a1 01 ` + bare + tail,
		"archive": good + `04 a2 01 61'm' 02 61'r'`,
		"unlink":  good + `07 a3 01 61'm' 02 61'n' 03 80`,
		"propose": good + `09 a6 01 61'p' 02 61'n' 03 61'x' 04 01 05 a0 06 82 02 a1 01 61'm'`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := wire.DecodeEntry(bin(t, raw)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnUnknownKindKeepsItsHeader(t *testing.T) {
	for name, raw := range map[string]string{
		"full":     good + `18c8 a1 01 82 f5 fb3ff3333333333333`,
		"hollow":   hollow + `18c8 a0 ` + tail,
		"proposed": good + `09 a6 01 61'p' 02 61'n' 03 61'x' 04 01 05 a0 06 82 18c8 a0`,
	} {
		t.Run(name, func(t *testing.T) {
			b := bin(t, raw)
			e, err := wire.DecodeEntry(b)
			if !errors.Is(err, memory.ErrUnknownKind) || errors.Is(err, memory.ErrInvalid) {
				t.Fatalf("got %v, want ErrUnknownKind", err)
			}
			if e == nil || e.Op != nil || e.Dot.String() != "a.1.1" || e.Stamp != 2 || e.Actor != "x" {
				t.Fatalf("got %+v, want the header", e)
			}
			if e.Digest == (memory.Digest{}) {
				t.Error("no digest")
			}
			if dot, err := wire.DotOf(b); err != nil || dot != e.Dot {
				t.Errorf("dot %s, %v", dot, err)
			}
		})
	}
}

func TestAnEntryOverTheLimitIsNeitherWrittenNorRead(t *testing.T) {
	e := exampleEntry(&memory.Resolve{ID: "p", Verdict: memory.VerdictFailed, Detail: strings.Repeat("x", wire.MaxEntry)})
	if _, err := wire.EncodeEntry(e); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("encode: %v", err)
	}
	if _, err := wire.DecodeEntry(make([]byte, wire.MaxEntry+1)); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("decode: %v", err)
	}
}

// Whatever is valid must fit, or it could be written and never be sent.
func TestTheLargestValidMemoryFits(t *testing.T) {
	m := exampleMemory()
	m.ID = strings.Repeat("i", memory.MaxID)
	m.Title = strings.Repeat("🪵", memory.MaxTitle)
	m.Content = strings.Repeat("c", memory.MaxContent)
	m.Namespace = strings.Repeat("🪵", memory.MaxNamespace)
	m.Metadata = memory.Object(`{"k":"` + strings.Repeat("v", memory.MaxMetadata-8) + `"}`)
	m.SourceURI = "uri:" + strings.Repeat("u", memory.MaxURI-4)
	m.Tags = nil
	for range memory.MaxTags {
		m.Tags = append(m.Tags, strings.Repeat("t", memory.MaxTag))
	}
	m.Citations = nil
	for range memory.MaxCitations {
		c := exampleMemory().Citations[0]
		c.URI = m.SourceURI
		m.Citations = append(m.Citations, c)
	}
	c := &memory.Consolidate{Into: m}
	for i := range memory.MaxSources {
		id := strings.Repeat("s", memory.MaxID-2) + string(rune('a'+i/26)) + string(rune('a'+i%26))
		c.Sources = append(c.Sources, memory.SourceVersion{ID: id, Dot: exampleDot(1 << 61)})
	}
	e := exampleEntry(&memory.Propose{ID: m.ID, Namespace: m.Namespace, Requester: "x", RequestedAt: 1, Action: c})
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	if raw := encoded(t, e); len(raw) > wire.MaxEntry*9/10 {
		t.Errorf("%d bytes leave little room below %d", len(raw), wire.MaxEntry)
	}
}

func TestAnEntryWithoutAnOpIsNotWritten(t *testing.T) {
	for name, e := range map[string]*memory.Entry{
		"no op":                     exampleEntry(nil),
		"a proposal of nothing":     exampleEntry(&memory.Propose{ID: "p"}),
		"hollow without digest":     {Dot: exampleDot(1), Op: &memory.Put{}, Hollow: exampleDot(2)},
		"hollow of another kind":    {Dot: exampleDot(1), Op: &memory.Delete{}, Hollow: exampleDot(2), Digest: memory.Digest{1}},
		"a proposal of an empty op": exampleEntry(&memory.Propose{ID: "p", Action: &memory.Propose{}}),
	} {
		t.Run(name, func(t *testing.T) {
			if raw, err := wire.EncodeEntry(e); !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("got %x, %v", raw, err)
			}
		})
	}
}

// changed returns the message of a golden file with some of its fields replaced;
// one that is replaced by nil is taken out.
func changed(t *testing.T, name string, fields map[string]any) []byte {
	t.Helper()
	var m map[string]any
	if err := cbor.Unmarshal(goldens(t, name)[0], &m); err != nil {
		t.Fatal(err)
	}
	for k, v := range fields {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := mode.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestMessagesThatAreNoneAreRefused(t *testing.T) {
	type fields = map[string]any
	type key = map[int]any
	sum := memory.Digest{1}
	allHeads := fields{"c.0": key{1: 0}, "node-a.1": key{1: 42, 3: append([]byte{0xc4, 0xa1}, make([]byte, 14)...)}, "node-b.1z": key{1: 70001, 2: []int{9, 70000}}}
	for name, c := range map[string]struct {
		message string
		fields  fields
		want    string
	}{
		"another version":             {"push", fields{"v": 3, "signature": []byte{1}}, "protocol version 3, want 2"},
		"another version, no more":    {"push", fields{"v": 1}, "protocol version 1, want 2"},
		"no version":                  {"push", fields{"v": nil}, "canonical"},
		"an unknown field":            {"push", fields{"x": 1}, "unknown field"},
		"a field in capitals":         {"push", fields{"from": nil, "FROM": "node-a"}, "unknown field"},
		"no sender":                   {"push", fields{"from": nil}, "canonical"},
		"an empty sender":             {"push", fields{"from": ""}, "node name"},
		"a receiver that is none":     {"push", fields{"to": "b c"}, "node name"},
		"no ops":                      {"push", fields{"ops": nil}, "canonical"},
		"too many ops":                {"push", fields{"ops": many(wire.MaxOps+1, key{1: []byte{1}})}, "1025 ops, limit 1024"},
		"an empty op":                 {"push", fields{"ops": []any{key{1: []byte{}}}}, "op 0: 0 bytes"},
		"an op over the limit":        {"push", fields{"ops": []any{key{1: make([]byte, wire.MaxEntry+1)}}}, "op 0: 524289 bytes"},
		"an op that is no bytes":      {"push", fields{"ops": []any{key{1: "text"}}}, "UTF-8 text string"},
		"an embedding of 3 bytes":     {"push", fields{"ops": []any{key{1: []byte{1}, 2: key{1: "m", 2: []byte{1, 2, 3}}}}}, "embedding"},
		"an embedding by nobody":      {"push", fields{"ops": []any{key{1: []byte{1}, 2: key{1: "", 2: []byte{1, 2, 3, 4}}}}}, "embedding"},
		"a head of nobody":            {"push", fields{"heads": fields{"a": key{1: 1}}}, "origin"},
		"a head with gaps in it":      {"push", fields{"heads": fields{"a.1": key{1: 5, 2: []int{3, 2}}}}, "gap 2 after 3"},
		"a gap above the head":        {"push", fields{"heads": fields{"a.1": key{1: 5, 2: []int{6}}}}, "gap 6"},
		"a gap at 0":                  {"push", fields{"heads": fields{"a.1": key{1: 5, 2: []int{0}}}}, "gap 0"},
		"a head beyond 2^62":          {"push", fields{"heads": fields{"a.1": key{1: uint64(1) << 63}}}, "head of a.1"},
		"heads without end":           {"push", fields{"heads": heads(wire.MaxOrigins + 1)}, "exceeded max number"},
		"a difference to nothing":     {"push", fields{"sum": make([]byte, 31)}, "canonical"},
		"a sum of whole heads":        {"push", fields{"sum": sum[:]}, "a difference where heads are whole"},
		"what is gone of whole heads": {"push", fields{"gone": []string{"a.1"}}, "a difference where heads are whole"},
		"a difference in a pull":      {"pull_reply", fields{"base": sum[:]}, "a difference where heads are whole"},
		"a difference to another":     {"push_difference", fields{"base": sum[:]}, "not known"},
		"a difference without a sum":  {"push_difference", fields{"sum": nil}, "does not lead"},
		"a difference to elsewhere":   {"push_difference", fields{"sum": sum[:]}, "does not lead"},
		"what is not gone":            {"push_difference", fields{"gone": nil}, "does not lead"},
		"what was never there":        {"push_difference", fields{"gone": []string{"gone.1", "nobody.1"}}, "does not lead"},
		"what is gone, twice":         {"push_difference", fields{"gone": []string{"gone.1", "gone.1"}}, "does not lead"},
		"what has not changed":        {"push_difference", fields{"heads": allHeads}, "does not lead"},
		"a head of nobody, different": {"push_difference", fields{"heads": fields{"a": key{1: 1}}}, "origin"},
		"a reply without a base":      {"push_reply_difference", fields{"base": nil}, "a difference where heads are whole"},
		"a reply with another base":   {"push_reply_difference", fields{"base": sum[:]}, "not known"},
		"a reply to elsewhere":        {"push_reply_difference", fields{"sum": sum[:]}, "does not lead"},
		"a short root":                {"push", fields{"root": []byte{1}}, "canonical"},
		"a time that is a text":       {"push", fields{"created": "2026-01-01T00:00:00Z"}, "created"},
		"a reply not durable":         {"push_reply", fields{"durable": false}, "not durable"},
		"a reply of another kind":     {"pull_reply", fields{"durable": true}, "unknown field"},
		"a refusal of no dot":         {"push_reply", fields{"refused": []any{key{1: key{1: "a.1", 2: 0}, 2: "x", 3: ""}}}, "seq 0"},
		"a refusal of no reason":      {"push_reply", fields{"refused": []any{key{1: key{1: "a.1", 2: 1}, 2: "", 3: ""}}}, "code of 0 bytes"},
		"a refusal of many words":     {"push_reply", fields{"refused": []any{key{1: key{1: "a.1", 2: 1}, 2: "x", 3: strings.Repeat("x", 513)}}}, "text of 513"},
		"a range from 0":              {"pull_request", fields{"ranges": []any{key{1: "a.1", 2: 0, 3: 1}}}, "range 0 to 1"},
		"a range backwards":           {"pull_request", fields{"ranges": []any{key{1: "a.1", 2: 2, 3: 1}}}, "range 2 to 1"},
		"a range of nobody":           {"pull_request", fields{"ranges": []any{key{1: "a", 2: 1, 3: 1}}}, "origin"},
		"ranges without end":          {"pull_request", fields{"ranges": many(1025, key{1: "a.1", 2: 1, 3: 1})}, "1025 ranges"},
		"a dot at 0":                  {"pull_request", fields{"dots": []any{key{1: "a.1", 2: 0}}}, "seq 0"},
		"a bucket that does not be":   {"digest_request", fields{"buckets": []int{4096}}, "bucket 4096"},
		"a bucket beyond 16 bits":     {"digest_request", fields{"buckets": []int{70000}}, "cannot unmarshal"},
		"some of the sums":            {"digest_sums", fields{"sums": make([]byte, 64)}, "sums of 64 bytes"},
		"a register without a key":    {"digest_registers", fields{"registers": []any{key{1: "x", 2: key{2: 1, 3: key{1: "a.1", 2: 1}}, 3: make([]byte, 32)}}}, "register"},
		"truncated origins of no one": {"pull_reply", fields{"truncated": []string{"nobody"}}, "origin"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := exampleMessages(t)[c.message].decode(changed(t, c.message, c.fields))
			if !errors.Is(err, memory.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something about %q", err, c.want)
			}
		})
	}
}

func TestTheVariedMessagesAreGood(t *testing.T) {
	for _, name := range []string{"push", "push_reply", "push_difference", "push_reply_difference", "pull_request", "pull_reply", "digest_request", "digest_sums", "digest_registers"} {
		if want, got := goldens(t, name)[0], changed(t, name, nil); !bytes.Equal(want, got) {
			t.Errorf("%s: %x\nbecame %x", name, want, got)
		}
	}
}

func many(n int, v any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func heads(n uint64) map[string]any {
	out := map[string]any{}
	for i := range n {
		out[string(memory.MakeOrigin("n", i))] = map[int]any{1: 1}
	}
	return out
}

func TestMessagesOverTheLimitAreNotRead(t *testing.T) {
	for name, m := range exampleMessages(t) {
		if _, err := m.decode(make([]byte, wire.MaxDigest+1)); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMessagesOverTheLimitAreNotWritten(t *testing.T) {
	big := []memory.Shipment{}
	for range wire.MaxBody/wire.MaxEntry + 1 {
		big = append(big, memory.Shipment{Raw: make([]byte, wire.MaxEntry)})
	}
	dots := make([]memory.Dot, wire.MaxRanges+1)
	for i := range dots {
		dots[i] = exampleDot(1)
	}
	for name, encode := range map[string]func() ([]byte, error){
		"push of too many bytes": func() ([]byte, error) { return wire.EncodePush(&memory.Push{From: "a", To: "b", Ops: big}) },
		"push of too many ops": func() ([]byte, error) {
			return wire.EncodePush(&memory.Push{From: "a", To: "b", Ops: make([]memory.Shipment, wire.MaxOps+1)})
		},
		"push of no bytes": func() ([]byte, error) {
			return wire.EncodePush(&memory.Push{From: "a", To: "b", Ops: make([]memory.Shipment, 1)})
		},
		"pull reply with an op over the limit": func() ([]byte, error) {
			return wire.EncodePullReply(&memory.PullReply{From: "a", Ops: []memory.Shipment{{Raw: make([]byte, wire.MaxEntry+1)}}})
		},
		"pull of too many dots": func() ([]byte, error) {
			return wire.EncodePullRequest(&memory.PullRequest{From: "a", To: "b", Dots: dots})
		},
		"digest of a bucket that does not exist": func() ([]byte, error) {
			return wire.EncodeDigestRequest(&memory.DigestRequest{From: "a", To: "b", Buckets: []uint16{4096}})
		},
		"refusals without end": func() ([]byte, error) {
			return wire.EncodePushReply(&memory.PushReply{From: "a", Refused: make([]memory.Refusal, wire.MaxOps+1)})
		},
		"registers without end": func() ([]byte, error) {
			return wire.EncodeDigestReply(&memory.DigestReply{From: "a", Registers: make([]memory.RegisterDigest, wire.MaxRegisters+1)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := encode(); !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAPullReplyIsCutToAPrefixThatFits(t *testing.T) {
	for name, c := range map[string]struct{ ops, size, want int }{
		"by bytes": {20, wire.MaxEntry, 7},
		"by ops":   {wire.MaxOps + 10, 1, wire.MaxOps},
		"not":      {2, wire.MaxEntry, 2},
		"nothing":  {0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := &memory.PullReply{From: "a"}
			for i := range c.ops {
				r.Ops = append(r.Ops, memory.Shipment{Raw: bytes.Repeat([]byte{byte(i)}, c.size)})
			}
			raw, err := wire.EncodePullReply(r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := wire.DecodePullReply(raw)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Ops) != c.want {
				t.Errorf("%d of %d ops, want %d", len(got.Ops), c.ops, c.want)
			}
			for i, op := range got.Ops {
				if !bytes.Equal(op.Raw, r.Ops[i].Raw) {
					t.Fatalf("op %d is another one", i)
				}
			}
		})
	}
}

func TestALongTextOfARefusalIsCut(t *testing.T) {
	raw, err := wire.EncodePushReply(&memory.PushReply{From: "b", Refused: []memory.Refusal{
		{Dot: exampleDot(1), Code: memory.CodeInvalid, Text: "\xff" + strings.Repeat("🪵", 400)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := wire.DecodePushReply(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Refused[0].Text; len(got) < 500 || len(got) > 512 || !strings.HasPrefix(got, "\uFFFD🪵") {
		t.Errorf("%d bytes: %.20q", len(got), got)
	}
}

func TestAHelloMayHaveMoreToSay(t *testing.T) {
	h, err := wire.DecodeHello([]byte(`{"protocol":[2,3],"member":"b","limits":{"ops":9,"bytes":9},"future":{"x":1}}`))
	if err != nil || h.Member != "b" || h.Limits.Ops != 9 {
		t.Errorf("got %+v, %v", h, err)
	}
}

func TestAHelloThatIsNoneIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a page":          {"<html>", "hello: invalid character"},
		"another version": {`{"protocol":[3],"member":"b","limits":{"ops":9,"bytes":9}}`, "protocols [3], want 2"},
		"no member":       {`{"protocol":[2],"limits":{"ops":9,"bytes":9}}`, "node name"},
		"no limits":       {`{"protocol":[2],"member":"b"}`, "limits of 0 ops"},
		"a book":          {`"` + strings.Repeat("x", 1<<17) + `"`, "limit 65536"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wire.DecodeHello([]byte(c.body))
			if !errors.Is(err, memory.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something about %q", err, c.want)
			}
		})
	}
}

func TestTheCodecIsTheTwoFunctions(t *testing.T) {
	e := exampleEntry(&memory.Restore{ID: "m"})
	raw, err := wire.Codec{}.Encode(e)
	if err != nil || !bytes.Equal(raw, encoded(t, e)) {
		t.Fatalf("got %x, %v", raw, err)
	}
	if got, err := (wire.Codec{}).Decode(raw); err != nil || got.Op.Kind() != memory.KindRestore {
		t.Errorf("got %+v, %v", got, err)
	}
}
