// Package join makes and redeems join tokens: one line that a new member pastes. It
// holds a secret, an end, and the fingerprint of the federation's root, so that who
// joins knows whom it talks to before it says anything. The authority keeps only the
// hash of a token.
package join

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
)

const (
	prefix     = "tally-join-"
	version    = 1
	idSize     = 8
	secretSize = 24
	sumSize    = 4
	size       = 1 + idSize + secretSize + sha256.Size + 8 + sumSize
)

// Token is what the line says.
type Token struct {
	ID      string            // names the token in lists and logs; no secret
	Root    [sha256.Size]byte // fingerprint of the root's certificate
	Expires time.Time
}

// Parse reads a token. That it is one of the authority only the authority can say.
func Parse(text string) (Token, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), prefix)
	if !ok || len(rest) != base64.RawURLEncoding.EncodedLen(size) {
		return Token{}, identity.Refuse(identity.TokenMalformed, "want %s and %d characters", prefix, base64.RawURLEncoding.EncodedLen(size))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(b) != size || b[0] != version || !bytes.Equal(checksum(b[:size-sumSize]), b[size-sumSize:]) {
		return Token{}, identity.Refuse(identity.TokenMalformed, "it was not copied whole")
	}
	seconds := int64(binary.BigEndian.Uint64(b[1+idSize+secretSize+sha256.Size:]))
	return Token{
		ID: hex.EncodeToString(b[1 : 1+idSize]), Root: [sha256.Size]byte(b[1+idSize+secretSize:]), Expires: time.Unix(seconds, 0),
	}, nil
}

func checksum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:sumSize]
}

// newToken returns the line of a new token and what it says.
func newToken(root [sha256.Size]byte, expires time.Time) (string, Token) {
	b := make([]byte, size)
	b[0] = version
	_, _ = rand.Read(b[1 : 1+idSize+secretSize]) // never fails: it ends the program instead
	copy(b[1+idSize+secretSize:], root[:])
	binary.BigEndian.PutUint64(b[1+idSize+secretSize+sha256.Size:], uint64(expires.Unix()))
	copy(b[size-sumSize:], checksum(b[:size-sumSize]))
	return prefix + base64.RawURLEncoding.EncodeToString(b), Token{
		ID: hex.EncodeToString(b[1 : 1+idSize]), Root: root, Expires: time.Unix(expires.Unix(), 0),
	}
}
