package memory

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Chain is the digest of a run of entries of one origin, from the first one on:
// of each entry in turn with what came before it. Two nodes with the same chain
// at the same seq hold the same entries up to there, not only as many. Zero is
// the chain of no entries, and elsewhere says that it is not known.
type Chain [16]byte

// Next returns the chain of a run that is longer by an entry of digest d.
func (c Chain) Next(d Digest) Chain {
	var link [len(c) + len(d)]byte
	copy(link[:], c[:])
	copy(link[len(c):], d[:])
	sum := sha256.Sum256(link[:])
	return Chain(sum[:len(c)])
}

// IsZero reports whether c says nothing.
func (c Chain) IsZero() bool { return c == Chain{} }

// String returns c in hex.
func (c Chain) String() string { return hex.EncodeToString(c[:]) }

// MarshalText returns c in hex.
func (c Chain) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads 32 hex digits.
func (c *Chain) UnmarshalText(b []byte) error {
	if len(b) != 2*len(c) {
		return fmt.Errorf("chain: want %d hex digits: %w", 2*len(c), ErrInvalid)
	}
	if _, err := hex.Decode(c[:], b); err != nil {
		return fmt.Errorf("chain: %w: %w", err, ErrInvalid)
	}
	return nil
}
