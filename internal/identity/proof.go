package identity

import (
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Means is how a sender proved who it is.
type Means uint8

// Ways of proof, from none on. The zero value proves nothing.
const (
	Unproven Means = iota
	// Loopback: the call came over a loopback address from a member that is
	// configured without an identity. Its name is only what it says.
	Loopback
	// Signed: the request is signed by a key that the trust domain vouches for,
	// without mutual TLS. So ai-memory's nodes come.
	Signed
	// Mutual: certificate, credential and signature name the same member.
	Mutual
)

// String returns m as a word for logs.
func (m Means) String() string {
	switch m {
	case Loopback:
		return "loopback"
	case Signed:
		return "signed"
	case Mutual:
		return "mutual"
	case Unproven:
	}
	return "unproven"
}

// Proof is what a request has proved about its sender. Whoever handles the request
// takes the sender from here, never from a header or a body.
type Proof struct {
	Node  memory.Node // the member; "" if Means is Unproven
	Name  Name        // as certificate and credential call it; "" on loopback
	Key   PublicKey   // that signed the request; zero on loopback
	Means Means
	// Mark is the request's entry in the replay ledger. What the request changes is
	// committed together with it; zero if the request was not signed.
	Mark Mark
}

// Proven reports whether p names a member.
func (p Proof) Proven() bool { return p.Means != Unproven && p.Node != "" }

// Mark is a signed request, once: who made it, and its nonce.
type Mark struct {
	Signer  KeyID
	Nonce   string
	Created time.Time // as the signer says
	Expires time.Time // from then on its signature is stale, and the mark may be forgotten
}

// IsZero reports whether m marks nothing.
func (m Mark) IsZero() bool { return m == Mark{} }
