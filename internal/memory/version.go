package memory

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Version orders the writes to one register: by finality, stamp, origin, seq.
// The order is total, because a dot is unique. The zero version is "never written".
type Version struct {
	// Final marks an erase: it beats every version that is not final.
	Final bool  `json:"final,omitempty" cbor:"1,keyasint,omitempty"`
	Stamp Stamp `json:"stamp" cbor:"2,keyasint"`
	Dot   Dot   `json:"dot" cbor:"3,keyasint"`
}

// Compare returns -1, 0 or +1 as v is lower than, equal to or higher than w.
func (v Version) Compare(w Version) int {
	switch {
	case v.Final && !w.Final:
		return 1
	case !v.Final && w.Final:
		return -1
	}
	return cmp.Or(
		cmp.Compare(v.Stamp, w.Stamp),
		cmp.Compare(v.Dot.Origin, w.Dot.Origin),
		cmp.Compare(v.Dot.Seq, w.Dot.Seq))
}

// Beats reports whether a write of version v replaces one of version w. It is
// the merge rule, for every register there is.
func (v Version) Beats(w Version) bool { return v.Compare(w) > 0 }

// IsZero reports whether v is the version of a register never written.
func (v Version) IsZero() bool { return v == Version{} }

// Digest is a SHA-256 sum.
type Digest [sha256.Size]byte

// String returns d in hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText returns d in hex.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 64 hex digits.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) != 2*len(d) {
		return fmt.Errorf("digest: want %d hex digits: %w", 2*len(d), ErrInvalid)
	}
	if _, err := hex.Decode(d[:], b); err != nil {
		return fmt.Errorf("digest: %w: %w", err, ErrInvalid)
	}
	return nil
}
