package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// heads are in every message, and most of what members say to each other when little
// is written. So they are read and written here by hand, to the same bytes.
type heads memory.Heads

// Major types of CBOR (RFC 8949, section 3.1).
const (
	majorUint  = 0 << 5
	majorBytes = 2 << 5
	majorText  = 3 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
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
	names := make([]memory.Origin, 0, len(h))
	for o := range h {
		names = append(names, o)
	}
	slices.SortFunc(names, compareText)
	b := make([]byte, 0, 16+64*len(names))
	b = appendItem(b, majorMap, uint64(len(names)))
	for _, o := range names {
		b = appendItem(b, majorText, uint64(len(o)))
		b = appendHead(append(b, o...), h[o])
	}
	return b
}

// compareText is the order of the encodings of texts: shorter ones come first.
func compareText[T ~string](x, y T) int {
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(string(x), string(y))
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
		b = append(appendItem(append(b, keyChain), majorBytes, uint64(len(h.Chain))), h.Chain[:]...)
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
	r.rest = r.rest[size:]
	return binary.BigEndian.Uint64(long[:])
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

func (r *items) head() (h memory.Head) {
	var last uint64
	for range r.count(majorMap, keyChain) {
		key := r.item(majorUint)
		if key <= last {
			r.fail()
		}
		switch last = key; key {
		case keySeq:
			h.Seq = r.item(majorUint)
		case keyGaps:
			h.Gaps = make([]uint64, r.count(majorArray, MaxGaps))
			for i := range h.Gaps {
				h.Gaps[i] = r.item(majorUint)
			}
		case keyChain:
			if copy(h.Chain[:], r.bytes(majorBytes)) != len(h.Chain) {
				r.fail()
			}
		default:
			r.fail()
		}
	}
	return h
}

// Reading is heads with their digest, by which two nodes can tell that they mean the same.
// The zero value is none.
type Reading struct {
	Heads  memory.Heads
	Digest memory.Digest // SHA-256 of the encoding of the heads
}

// IsZero reports whether r is none.
func (r Reading) IsZero() bool { return r.Digest == memory.Digest{} }

// ReadingOf returns the reading that consists of h.
func ReadingOf(h memory.Heads) Reading {
	return Reading{Heads: h, Digest: sha256.Sum256(encodeHeads(h))}
}

// difference is what a reading has that another one has not.
type difference struct {
	heads memory.Heads    // that are not the same in the other one
	gone  []memory.Origin // that are only there; in the order of their encodings
}

// since returns the difference of h to base.
func since(h, base memory.Heads) difference {
	d := difference{heads: memory.Heads{}}
	for o, head := range h {
		if was, known := base[o]; !known || !was.Equal(head) {
			d.heads[o] = head
		}
	}
	for o := range base {
		if _, still := h[o]; !still {
			d.gone = append(d.gone, o)
		}
	}
	slices.SortFunc(d.gone, compareText)
	return d
}

// on returns the heads that differ from base by d.
func (d difference) on(base memory.Heads) memory.Heads {
	out := make(memory.Heads, len(base)+len(d.heads))
	maps.Copy(out, base)
	maps.Copy(out, d.heads)
	for _, o := range d.gone {
		delete(out, o)
	}
	return out
}

// same reports whether d has exactly what another one has: a difference has one form.
func (d difference) same(other difference) bool {
	return slices.Equal(d.gone, other.gone) && bytes.Equal(encodeHeads(d.heads), encodeHeads(other.heads))
}
