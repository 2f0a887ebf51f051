package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/tallystick/tallystick/internal/memory"
)

// Version is the protocol that this package speaks. Version 1 is ai-memory's JSON.
const Version = 2

// Limits of what is read, and therefore of what may be written.
const (
	MaxEntry     = 512 << 10 // bytes of one entry
	MaxOps       = 1024      // entries in one message
	MaxBody      = 4 << 20   // bytes of one message, and of one frame of a snapshot
	MaxDigest    = 16 << 20  // bytes of a digest reply
	MaxOrigins   = 4096      // heads in a message
	MaxGaps      = 1 << 16   // gaps of one head
	MaxRanges    = 1024      // ranges, and single dots, in a pull
	MaxRegisters = 1 << 17   // registers in a digest reply
	maxNesting   = 16
	maxSeq       = 1 << 62
	maxCode      = 64  // bytes of the code of a refusal
	maxText      = 512 // bytes of the text of a refusal
)

// modes are immutable, and safe for concurrent use. Building them for each call
// would cost a tenth of decoding an entry.
var modes = newModes() //nolint:gochecknoglobals // a constant in all but syntax

type codingModes struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func newModes() codingModes {
	eo := cbor.CoreDetEncOptions()
	eo.NilContainers = cbor.NilContainerAsEmpty
	eo.TagsMd = cbor.TagsForbidden
	enc, err := eo.EncMode()
	if err != nil {
		panic(err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   maxNesting,
		MaxArrayElements:  MaxRegisters,
		MaxMapPairs:       MaxOrigins,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		NaN:               cbor.NaNDecodeForbidden,
		Inf:               cbor.InfDecodeForbidden,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return codingModes{enc: enc, dec: dec}
}

var errNotCanonical = errors.New("not in the one canonical encoding")

func invalid(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, memory.ErrInvalid)...)
}

// encode writes v as the message what, of at most limit bytes.
func encode(what string, v any, limit int) ([]byte, error) {
	b, err := modes.enc.Marshal(v)
	if err != nil {
		return nil, invalid("encode %s: %w", what, err)
	}
	if len(b) > limit {
		return nil, invalid("encode %s: %d bytes, limit %d", what, len(b), limit)
	}
	return b, nil
}

// decode reads data, a message of at most limit bytes, into v. It takes nothing
// but the bytes that encode would write.
func decode(what string, data []byte, limit int, v any) error {
	if len(data) > limit {
		return invalid("%s: %d bytes, limit %d", what, len(data), limit)
	}
	if err := modes.dec.Unmarshal(data, v); err != nil {
		if other, ok := otherVersion(data); ok {
			return invalid("%s: protocol version %d, want %d", what, other, Version)
		}
		return invalid("%s: %w", what, err)
	}
	again, err := modes.enc.Marshal(v)
	if err != nil {
		return invalid("%s: %w", what, err)
	}
	if !bytes.Equal(again, data) {
		return invalid("%s: %w", what, errNotCanonical)
	}
	return nil
}

// otherVersion finds out whether data is a message of another version, whose
// fields may well be unknown here.
func otherVersion(data []byte) (uint64, bool) {
	var m map[string]cbor.RawMessage
	var v uint64
	if modes.dec.Unmarshal(data, &m) != nil || modes.dec.Unmarshal(m["v"], &v) != nil {
		return 0, false
	}
	return v, v != Version
}

// first returns the first error.
func first(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
