package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"

	"github.com/tallystick/tallystick/internal/memory"
)

// Codec turns entries into bytes and back, for those who take one as an interface.
type Codec struct{}

// Encode is [EncodeEntry].
func (Codec) Encode(e *memory.Entry) ([]byte, error) { return EncodeEntry(e) }

// Decode is [DecodeEntry].
func (Codec) Decode(raw []byte) (*memory.Entry, error) { return DecodeEntry(raw) }

// Again is Decode of bytes that were decoded before, if they still have the digest that
// they had then: nothing else has it, so that they need not be compared once more with
// the bytes of what they say.
func (Codec) Again(raw []byte, digest memory.Digest) (*memory.Entry, error) {
	if len(raw) > 0 && raw[0] == entryHead && sha256.Sum256(raw) == digest {
		if e, is := readPut(raw); is {
			e.Digest = digest
			return e, nil
		}
	}
	return decodeEntry(raw, &digest)
}

// header is what an entry says whatever its kind.
type header struct {
	Origin memory.Origin
	Seq    uint64
	Stamp  memory.Stamp
	Actor  memory.AgentID
	Prev   []memory.Dot
	Kind   memory.Kind
}

// entryArray is a full entry: an array of 7 elements. For writing Body is the
// op, for reading it is its bytes.
type entryArray[Body any] struct {
	_ struct{} `cbor:",toarray"`
	header
	Body Body
}

// hollowArray is a hollow entry: an array of 9 elements. Body holds what
// [memory.Entry.Hollowed] leaves.
type hollowArray[Body any] struct {
	_ struct{} `cbor:",toarray"`
	header
	Body   Body
	Digest memory.Digest // of the full form
	Hollow memory.Dot
}

// Both arrays are shorter than 24, so their length is in the first byte.
const (
	entryHead  = 0x80 | 7
	hollowHead = 0x80 | 9
)

// proposal is a Propose with its action, which CBOR alone cannot tell the type of.
type proposal[Body any] struct {
	memory.Propose
	Action action[Body] `cbor:"6,keyasint"`
}

type action[Body any] struct {
	_    struct{} `cbor:",toarray"`
	Kind memory.Kind
	Body Body
}

// EncodeEntry returns the canonical bytes of e: of its full form, whose SHA-256
// is the entry's digest, or of its hollow form if e is hollow. It does not
// validate e; an entry that no decoder would take for its size is [memory.ErrInvalid].
func EncodeEntry(e *memory.Entry) ([]byte, error) {
	if e.Op == nil {
		return nil, invalid("encode entry %s: no op", e.Dot)
	}
	h := headerOf(e, e.Op.Kind())
	if e.Hollow.IsZero() {
		body, err := outgoing(e.Op)
		if err != nil {
			return nil, fmt.Errorf("encode entry %s: %w", e.Dot, err)
		}
		return encode("entry", entryArray[any]{header: h, Body: body}, MaxEntry)
	}
	stripped, ok := e.Hollowed(e.Hollow)
	if !ok || e.Digest == (memory.Digest{}) {
		return nil, invalid("encode entry %s: a %s without a digest or a content cannot be hollow", e.Dot, e.Op.Kind())
	}
	body, err := outgoing(stripped.Op)
	if err != nil {
		return nil, fmt.Errorf("encode entry %s: %w", e.Dot, err)
	}
	return encode("entry", hollowArray[any]{header: h, Body: body, Digest: e.Digest, Hollow: e.Hollow}, MaxEntry)
}

func headerOf(e *memory.Entry, k memory.Kind) header {
	return header{Origin: e.Dot.Origin, Seq: e.Dot.Seq, Stamp: e.Stamp, Actor: e.Actor, Prev: e.Prev, Kind: k}
}

// outgoing returns the value to write for op.
func outgoing(op memory.Op) (any, error) {
	p, ok := op.(*memory.Propose)
	if !ok {
		return op, nil
	}
	if p.Action == nil {
		return nil, invalid("a proposal without an action")
	}
	body, err := outgoing(p.Action)
	if err != nil {
		return nil, err
	}
	return proposal[any]{Propose: *p, Action: action[any]{Kind: p.Action.Kind(), Body: body}}, nil
}

// DecodeEntry reads the canonical bytes of an entry and sets its digest. The
// entry shares no memory with raw.
//
// If the kind is unknown to this binary, the entry comes back with its header and
// without an op, beside an error that is [memory.ErrUnknownKind]. Bytes that are no
// entry, or not in canonical form, are [memory.ErrInvalid]; the header comes with
// that error, too, where it can be read. What the entry says is not judged: see
// [memory.Entry.Validate].
func DecodeEntry(raw []byte) (*memory.Entry, error) { return decodeEntry(raw, nil) }

// decodeEntry is DecodeEntry of bytes that are known to be canonical if they have a
// digest; nil: nothing is known of them.
func decodeEntry(raw []byte, known *memory.Digest) (*memory.Entry, error) {
	e, kind, body, err := decodeHeader(raw)
	if err != nil {
		return nil, err
	}
	if e.Hollow.IsZero() {
		e.Digest = sha256.Sum256(raw)
	}
	e.Op, err = decodeOp(kind, body)
	unknown := errors.Is(err, memory.ErrUnknownKind)
	if err != nil && !unknown {
		e.Op = nil
		return e, fmt.Errorf("entry %s: %w", e.Dot, err)
	}
	if known == nil || !e.Hollow.IsZero() || e.Digest != *known {
		again, err := encodeAgain(e, kind, body, unknown)
		if err == nil && !bytes.Equal(again, raw) {
			err = invalid("entry %s: %w", e.Dot, errNotCanonical)
		}
		if err != nil {
			e.Op = nil
			return e, err
		}
	}
	if unknown {
		return e, fmt.Errorf("entry %s: %w", e.Dot, err)
	}
	return e, nil
}

// encodeAgain writes what was read. Of an unknown op only the header can be
// judged, so its body is copied.
func encodeAgain(e *memory.Entry, kind memory.Kind, body cbor.RawMessage, unknown bool) ([]byte, error) {
	switch {
	case !unknown:
		return EncodeEntry(e)
	case e.Hollow.IsZero():
		return encode("entry", entryArray[cbor.RawMessage]{header: headerOf(e, kind), Body: body}, MaxEntry)
	}
	return encode("entry", hollowArray[cbor.RawMessage]{
		header: headerOf(e, kind), Body: body, Digest: e.Digest, Hollow: e.Hollow,
	}, MaxEntry)
}

// DotOf returns the dot of an entry of any kind, and reads nothing behind it.
func DotOf(raw []byte) (memory.Dot, error) {
	if len(raw) == 0 || len(raw) > MaxEntry || raw[0] != entryHead && raw[0] != hollowHead {
		return memory.Dot{}, invalid("entry: %d bytes that do not begin as one", len(raw))
	}
	var d memory.Dot
	rest, err := modes.dec.UnmarshalFirst(raw[1:], &d.Origin)
	if err == nil {
		_, err = modes.dec.UnmarshalFirst(rest, &d.Seq)
	}
	if err != nil {
		return memory.Dot{}, invalid("entry: %w", err)
	}
	if err := checkDot(d); err != nil {
		return memory.Dot{}, err
	}
	return d, nil
}

// DigestOf returns the dot of an entry and its digest, without reading the rest of a
// full one.
func DigestOf(raw []byte) (memory.Dot, memory.Digest, error) {
	d, err := DotOf(raw)
	if err != nil {
		return d, memory.Digest{}, err
	}
	if raw[0] == entryHead {
		return d, sha256.Sum256(raw), nil
	}
	e, _, _, err := decodeHeader(raw)
	if err != nil {
		return d, memory.Digest{}, err
	}
	return d, e.Digest, nil
}

func decodeHeader(raw []byte) (*memory.Entry, memory.Kind, cbor.RawMessage, error) {
	if len(raw) == 0 || len(raw) > MaxEntry {
		return nil, 0, nil, invalid("entry: %d bytes, want 1 to %d", len(raw), MaxEntry)
	}
	var h hollowArray[cbor.RawMessage]
	var err error
	switch raw[0] {
	case entryHead:
		var full entryArray[cbor.RawMessage]
		err = modes.dec.Unmarshal(raw, &full)
		h.header, h.Body = full.header, full.Body
	case hollowHead:
		err = modes.dec.Unmarshal(raw, &h)
	default:
		return nil, 0, nil, invalid("entry: starts with %#x, want an array of 7 or 9", raw[0])
	}
	if err != nil {
		return nil, 0, nil, invalid("entry: %w", err)
	}
	e := &memory.Entry{
		Dot: memory.Dot{Origin: h.Origin, Seq: h.Seq}, Stamp: h.Stamp, Actor: h.Actor, Prev: h.Prev,
		Digest: h.Digest, Hollow: h.Hollow,
	}
	if len(e.Prev) == 0 {
		e.Prev = nil
	}
	if !e.Hollow.IsZero() {
		err = checkDot(e.Hollow)
	}
	return e, h.Kind, h.Body, errors.Join(checkDot(e.Dot), err)
}

func checkDot(d memory.Dot) error {
	if d.Seq == 0 || d.Seq > maxSeq {
		return invalid("dot of %.80q: seq %d", string(d.Origin), d.Seq)
	}
	return d.Origin.Valid()
}

func decodeOp(kind memory.Kind, body []byte) (memory.Op, error) {
	if kind == 0 {
		return nil, invalid("no kind")
	}
	op := memory.New(kind)
	if op == nil {
		return nil, fmt.Errorf("kind %d: %w", kind, memory.ErrUnknownKind)
	}
	p, ok := op.(*memory.Propose)
	if !ok {
		if err := modes.dec.Unmarshal(body, op); err != nil {
			return nil, invalid("%s: %w", kind, err)
		}
		return op, nil
	}
	var w proposal[cbor.RawMessage]
	if err := modes.dec.Unmarshal(body, &w); err != nil {
		return nil, invalid("%s: %w", kind, err)
	}
	act, err := decodeOp(w.Action.Kind, w.Action.Body)
	if err != nil {
		return nil, fmt.Errorf("proposed action: %w", err)
	}
	*p = w.Propose
	p.Action = act
	return p, nil
}

// Most of what is read from a log is the content of memories, and was found to be in its
// one encoding when it came. So it is read by hand, if its fields are those that most
// memories have: all else is for the codec.

// readPut reads the bytes of a [memory.Put] that are known to be canonical, without the
// digest. It is false for what it does not know; then they may be those of anything.
func readPut(raw []byte) (e *memory.Entry, is bool) {
	// All texts are parts of one copy: nearly all of it is text.
	r := known{items: items{rest: raw}, text: string(raw)}
	if r.count(majorArray, 7) != 7 {
		return nil, false
	}
	e = &memory.Entry{}
	e.Dot = memory.Dot{Origin: memory.Origin(r.string()), Seq: r.item(majorUint)}
	e.Stamp = memory.Stamp(r.item(majorUint))
	e.Actor = memory.AgentID(r.string())
	e.Prev = r.dots()
	if r.item(majorUint) != uint64(memory.KindPut) || checkDot(e.Dot) != nil {
		return nil, false
	}
	op := &memory.Put{}
	fields := r.count(majorMap, 2)
	if !r.next(1) {
		return nil, false
	}
	r.memory(&op.Memory)
	if fields == 2 {
		op.Create = r.next(2) && r.next(simpleTrue)
	}
	e.Op = op
	return e, !r.bad && len(r.rest) == 0 && (fields == 1 || op.Create)
}

// known are items whose texts are parts of a string.
type known struct {
	items

	text string
}

func (r *known) string() string {
	n := len(r.bytes(majorText))
	end := len(r.text) - len(r.rest)
	return r.text[end-n : end]
}

func (r *known) dots() []memory.Dot {
	n := r.count(majorArray, len(r.rest))
	if n == 0 {
		return nil
	}
	out := make([]memory.Dot, n)
	for i := range out {
		if r.count(majorMap, 2) != 2 || !r.next(1) {
			r.fail()
		}
		if out[i].Origin = memory.Origin(r.string()); !r.next(2) {
			r.fail()
		}
		out[i].Seq = r.item(majorUint)
	}
	return out
}

// memory reads a map by the numbers of its fields, which go up.
func (r *known) memory(m *memory.Memory) {
	for range r.count(majorMap, 32) {
		switch r.item(majorUint) {
		case 1:
			m.ID = r.string()
		case 2:
			m.Tier = memory.Tier(r.string())
		case 3:
			m.Namespace = r.string()
		case 4:
			m.Title = r.string()
		case 5:
			m.Content = r.string()
		case 6:
			m.Tags = make([]string, r.count(majorArray, len(r.rest)))
			for i := range m.Tags {
				m.Tags[i] = r.string()
			}
		case 7:
			m.Priority = r.int32()
		case 8:
			m.Confidence = r.float()
		case 9:
			m.Source = r.string()
		case 11:
			m.CreatedAt = memory.Instant(r.int64())
		case 14:
			m.ExpiresAt = memory.Instant(r.int64())
		case 15:
			m.Metadata = append([]byte{}, r.bytes(majorBytes)...)
		case 16:
			m.ReflectionDepth = r.int32()
		case 17:
			m.MemoryKind = r.string()
		case 18:
			m.EntityID = r.string()
		case 21:
			m.SourceURI = r.string()
		case 23:
			m.ConfidenceSource = r.string()
		case 26:
			m.Version = r.int64()
		default:
			r.fail()
		}
	}
}

// int64 reads a number that may be below 0.
func (r *known) int64() int64 {
	major := byte(majorUint)
	if len(r.rest) > 0 && r.rest[0]&0xe0 == majorNegative {
		major = majorNegative
	}
	n := r.item(major)
	if n > math.MaxInt64 {
		return int64(r.fail())
	}
	if major == majorNegative {
		return ^int64(n)
	}
	return int64(n)
}

func (r *known) int32() int32 {
	n := r.int64()
	if n != int64(int32(n)) {
		r.fail()
	}
	return int32(n)
}

// The heads of numbers with a fraction.
const (
	head16 = 7<<5 | 25
	head32 = 7<<5 | 26
	head64 = 7<<5 | 27
)

// float reads a number with a fraction, whatever its width.
func (r *known) float() float64 {
	if r.bad || len(r.rest) == 0 {
		return float64(r.fail())
	}
	switch head := r.rest[0]; {
	case head == head16 && len(r.rest) > 2:
		n := binary.BigEndian.Uint16(r.rest[1:])
		r.rest = r.rest[3:]
		return half(n)
	case head == head32 && len(r.rest) > 4:
		n := binary.BigEndian.Uint32(r.rest[1:])
		r.rest = r.rest[5:]
		return float64(math.Float32frombits(n))
	case head == head64 && len(r.rest) > 8:
		n := binary.BigEndian.Uint64(r.rest[1:])
		r.rest = r.rest[9:]
		return math.Float64frombits(n)
	}
	return float64(r.fail())
}

// half is a number of 16 bits (IEEE 754).
func half(n uint16) float64 {
	const bias, most = 15, 31
	exponent, fraction := int(n>>10&most), float64(n&(1<<10-1))/(1<<10)
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, 1-bias)
	case most:
		v = math.Inf(1)
		if fraction != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1+fraction, exponent-bias)
	}
	if n>>15 == 1 {
		v = -v
	}
	return v
}
