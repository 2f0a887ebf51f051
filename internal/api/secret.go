package api

import (
	"crypto/sha256"
	"crypto/subtle"
)

// secret is a key that requests are asked for: its hash, so that comparing takes
// the same time whatever was sent. An empty key fits nothing.
type secret struct {
	set bool
	sum [sha256.Size]byte
}

func secretOf(key string) secret { return secret{key != "", sha256.Sum256([]byte(key))} }

func (s secret) is(given string) bool {
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(sum[:], s.sum[:]) == 1 && s.set
}
