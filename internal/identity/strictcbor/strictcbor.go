// Package strictcbor reads and writes what is signed: CBOR in which every value
// has exactly one encoding. Maps are structs, with their keys in the order of the
// fields; there are no duplicate keys, no indefinite lengths, no tags, no floats
// that are not finite.
package strictcbor

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/tallystick/tallystick/internal/memory"
)

// Limits of one value, beside its bytes.
const (
	maxElements = 4096
	maxPairs    = 32
	maxNesting  = 8
)

// modes are immutable, and safe for concurrent use.
var modes = newModes() //nolint:gochecknoglobals // a constant in all but syntax

type codingModes struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func newModes() codingModes {
	enc, err := cbor.EncOptions{
		Sort: cbor.SortNone, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		NilContainers: cbor.NilContainerAsEmpty,
	}.EncMode()
	if err != nil {
		panic(err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   maxNesting,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxPairs,
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

// Marshal returns the one encoding of v.
func Marshal(v any) ([]byte, error) { return modes.enc.Marshal(v) }

// Unmarshal reads data, of at most limit bytes, into v. It takes nothing but the
// bytes that [Marshal] would write.
func Unmarshal(data []byte, limit int, v any) error {
	if len(data) > limit {
		return fmt.Errorf("%d bytes, limit %d: %w", len(data), limit, memory.ErrInvalid)
	}
	if err := modes.dec.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %w", err, memory.ErrInvalid)
	}
	again, err := modes.enc.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %w", err, memory.ErrInvalid)
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("not in the one canonical encoding: %w", memory.ErrInvalid)
	}
	return nil
}
