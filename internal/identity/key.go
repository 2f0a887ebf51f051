package identity

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// PublicKey is an Ed25519 public key. Keys are compared with ==.
type PublicKey [ed25519.PublicKeySize]byte

// ParsePublicKey reads the 64 hex digits of [PublicKey.String].
func ParsePublicKey(s string) (PublicKey, error) {
	var p PublicKey
	if len(s) != 2*len(p) {
		return p, fmt.Errorf("public key: want %d hex digits: %w", 2*len(p), memory.ErrInvalid)
	}
	if _, err := hex.Decode(p[:], []byte(s)); err != nil {
		return PublicKey{}, fmt.Errorf("public key: %w: %w", err, memory.ErrInvalid)
	}
	return p, nil
}

// PublicKeyOf returns the public key that crypto/x509 found in something, and
// whether it is an Ed25519 key.
func PublicKeyOf(k crypto.PublicKey) (PublicKey, bool) {
	e, ok := k.(ed25519.PublicKey)
	if !ok || len(e) != ed25519.PublicKeySize {
		return PublicKey{}, false
	}
	return PublicKey(e), true
}

// String returns p in hex.
func (p PublicKey) String() string { return hex.EncodeToString(p[:]) }

// ID names p in signatures, logs and lists: the SHA-256 of the key, in hex.
func (p PublicKey) ID() KeyID {
	sum := sha256.Sum256(p[:])
	return KeyID(hex.EncodeToString(sum[:]))
}

// Verify reports whether sig is p's signature over message.
func (p PublicKey) Verify(message, sig []byte) bool { return ed25519.Verify(p[:], message, sig) }

// MarshalText returns p in hex.
func (p PublicKey) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads 64 hex digits.
func (p *PublicKey) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePublicKey(string(b))
	return err
}

// KeyID is the fingerprint of a public key: 64 hex digits.
type KeyID string

// Valid reports why id is no fingerprint, or nil.
func (id KeyID) Valid() error {
	if len(id) != 2*sha256.Size {
		return fmt.Errorf("key id: want %d hex digits: %w", 2*sha256.Size, memory.ErrInvalid)
	}
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("key id: want lower-case hex digits: %w", memory.ErrInvalid)
		}
	}
	return nil
}

// Key is an Ed25519 key pair. Its private half leaves it only into a key file:
// it prints as its fingerprint.
type Key struct{ private ed25519.PrivateKey }

// NewKey makes a key pair.
func NewKey() (Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("make a key: %w", err)
	}
	return Key{private}, nil
}

// KeyFromSeed returns the key pair of a seed of 32 bytes.
func KeyFromSeed(seed []byte) (Key, error) {
	if len(seed) != ed25519.SeedSize {
		return Key{}, fmt.Errorf("key: seed of %d bytes, want %d: %w", len(seed), ed25519.SeedSize, memory.ErrInvalid)
	}
	return Key{ed25519.NewKeyFromSeed(seed)}, nil
}

// Public returns the public half.
func (k Key) Public() PublicKey { return PublicKey(k.private.Public().(ed25519.PublicKey)) }

// Sign signs message.
func (k Key) Sign(message []byte) []byte { return ed25519.Sign(k.private, message) }

// Signer returns k for crypto/tls and crypto/x509.
func (k Key) Signer() crypto.Signer { return k.private }

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k.private == nil }

// String returns the fingerprint of the public half, also for %v and %+v.
func (k Key) String() string {
	if k.IsZero() {
		return "no key"
	}
	return "key " + string(k.Public().ID())
}

// GoString is String: %#v must not print the private half either.
func (k Key) GoString() string { return k.String() }

// MarshalText returns the fingerprint: logs and JSON do not get the private half.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
