package wire

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/memory"
)

// heads are in every message, and most of what members say to each other when little
// is written. So they are read and written here by hand, to the same bytes.
type heads memory.Heads

// Major types of CBOR (RFC 8949, section 3.1).
const (
	majorUint     = 0 << 5
	majorNegative = 1 << 5
	majorBytes    = 2 << 5
	majorText     = 3 << 5
	majorArray    = 4 << 5
	majorMap      = 5 << 5

	simpleTrue = 7<<5 | 21
)

// Keys of a head.
const (
	keySeq   = 1
	keyGaps  = 2
	keyChain = 3
)

// MarshalCBOR implements cbor.Marshaler.
func (h heads) MarshalCBOR() ([]byte, error) { return encodeHeads(memory.Heads(h)), nil }

// encodeHeads returns the one encoding of h.
func encodeHeads(h memory.Heads) []byte {
	b := appendItem(make([]byte, 0, 16+aboutHead*len(h)), majorMap, uint64(len(h)))
	for _, o := range inOrder(h) {
		b = appendHead(appendText(b, o), h[o])
	}
	return b
}

// aboutHead is what most heads take at most, in bytes.
const aboutHead = 64

// inOrder are the origins of h in the order of their encodings.
func inOrder(h memory.Heads) []memory.Origin {
	names := make([]memory.Origin, 0, len(h))
	for o := range h {
		names = append(names, o)
	}
	slices.SortFunc(names, compareText)
	return names
}

// compareText is the order of the encodings of texts: shorter ones come first.
func compareText[T ~string](x, y T) int {
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(string(x), string(y))
}

func appendText[T ~string](b []byte, s T) []byte {
	return append(appendItem(b, majorText, uint64(len(s))), s...)
}

func appendBytes(b, s []byte) []byte {
	return append(appendItem(b, majorBytes, uint64(len(s))), s...)
}

func appendHead(b []byte, h memory.Head) []byte {
	fields := uint64(1)
	if len(h.Gaps) > 0 {
		fields++
	}
	if !h.Chain.IsZero() {
		fields++
	}
	b = appendItem(b, majorMap, fields)
	b = appendItem(append(b, keySeq), majorUint, h.Seq)
	if len(h.Gaps) > 0 {
		b = appendItem(append(b, keyGaps), majorArray, uint64(len(h.Gaps)))
		for _, g := range h.Gaps {
			b = appendItem(b, majorUint, g)
		}
	}
	if !h.Chain.IsZero() {
		b = appendBytes(append(b, keyChain), h.Chain[:])
	}
	return b
}

// appendItem appends the start of an item: its type and its argument, as short as it gets.
func appendItem(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

// UnmarshalCBOR implements cbor.Unmarshaler. Of bytes that are the encoding of no heads
// it reads something that is encoded otherwise, or it fails.
func (h *heads) UnmarshalCBOR(data []byte) error {
	r := items{rest: data}
	n := r.count(majorMap, MaxOrigins)
	out := make(heads, n)
	for range n {
		o := memory.Origin(r.bytes(majorText))
		if _, twice := out[o]; twice {
			return invalid("heads: duplicate map key %q", string(o))
		}
		out[o] = r.head()
	}
	if r.bad || len(r.rest) > 0 {
		return invalid("heads: no map of heads")
	}
	*h = out
	return nil
}

// items reads items of CBOR one after the other. When one is not as it should be, bad is
// set, and all that follow are empty.
type items struct {
	rest []byte
	bad  bool
}

// item reads the start of an item of a type, and returns its argument.
func (r *items) item(major byte) uint64 {
	if r.bad || len(r.rest) == 0 || r.rest[0]&0xe0 != major {
		return r.fail()
	}
	low := r.rest[0] & 0x1f
	r.rest = r.rest[1:]
	if low < 24 {
		return uint64(low)
	}
	size := 1 << (low - 24)
	if low > 27 || len(r.rest) < size {
		return r.fail()
	}
	var long [8]byte
	copy(long[8-size:], r.rest[:size])
	n := binary.BigEndian.Uint64(long[:])
	if low == 24 && n < 24 || low > 24 && n>>(4*size) == 0 {
		return r.fail() // it has a shorter form
	}
	r.rest = r.rest[size:]
	return n
}

func (r *items) fail() uint64 {
	r.bad, r.rest = true, nil
	return 0
}

// count reads the start of a list or a map of at most so many. Each takes a byte at least,
// so that a number that is only claimed allocates little.
func (r *items) count(major byte, most int) int {
	n := r.item(major)
	if n > uint64(min(most, len(r.rest))) {
		return int(r.fail())
	}
	return int(n)
}

func (r *items) bytes(major byte) []byte {
	n := r.item(major)
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// head reads the one encoding of a head.
func (r *items) head() (h memory.Head) {
	left := r.count(majorMap, keyChain)
	if r.item(majorUint) != keySeq {
		r.fail()
	}
	h.Seq = r.item(majorUint)
	if left--; left > 0 && r.next(keyGaps) {
		left--
		h.Gaps = make([]uint64, r.count(majorArray, MaxGaps))
		for i := range h.Gaps {
			h.Gaps[i] = r.item(majorUint)
		}
		if len(h.Gaps) == 0 {
			r.fail()
		}
	}
	if left > 0 && r.next(keyChain) {
		left--
		if copy(h.Chain[:], r.sized(len(h.Chain))) == 0 || h.Chain.IsZero() {
			r.fail()
		}
	}
	if left != 0 {
		r.fail()
	}
	return h
}

// next reads a key, if it comes next.
func (r *items) next(key byte) bool {
	is := len(r.rest) > 0 && r.rest[0] == key
	if is {
		r.rest = r.rest[1:]
	}
	return is
}

// sized reads a string of so many bytes.
func (r *items) sized(n int) []byte {
	b := r.bytes(majorBytes)
	if len(b) != n {
		r.fail()
		return nil
	}
	return b
}

// letters reads a text; what is not UTF-8 is none.
func (r *items) letters() []byte {
	b := r.bytes(majorText)
	if !utf8.Valid(b) {
		r.fail()
		return nil
	}
	return b
}

func (r *items) text() string { return string(r.letters()) }
