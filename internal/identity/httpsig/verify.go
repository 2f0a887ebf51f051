package httpsig

import (
	"time"

	"github.com/tallystick/tallystick/internal/identity"
)

// Window is how fresh a signature must be. Both are for clocks that are apart and
// messages that are under way; a replay ledger must remember for their sum.
type Window struct {
	Past   time.Duration // how old it may be; 0 is a minute
	Future time.Duration // how far it may lie in the future; 0 is a minute
}

func (w Window) withDefaults() Window {
	if w.Past == 0 {
		w.Past = time.Minute
	}
	if w.Future == 0 {
		w.Future = time.Minute
	}
	return w
}

// StaleAt returns from when on a signature is not taken any more.
func (w Window) StaleAt(s Signature) time.Time {
	return s.Created.Add(w.withDefaults().Past + time.Second)
}

func (w Window) check(created, now time.Time) error {
	w = w.withDefaults()
	if created.After(now.Add(w.Future)) {
		return identity.Refuse(identity.SignatureFuture, "created %s, and here it is %s", stamp(created), stamp(now))
	}
	if !now.Before(w.StaleAt(Signature{Created: created})) {
		return identity.Refuse(identity.SignatureStale, "created %s, and here it is %s", stamp(created), stamp(now))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// VerifyRequest checks that r carries a fresh signature of key, over the bytes that
// r.Digest was computed from. Every error is an [identity.Refusal].
func VerifyRequest(r Request, key identity.PublicKey, w Window, now time.Time) (Signature, error) {
	if _, err := one(r.Header, HeaderInput); err != nil {
		return Signature{}, err
	}
	components, err := r.components()
	if err != nil {
		return Signature{}, err
	}
	return verify(components, r.Header, r.Digest, key, w, now)
}

// VerifyReply checks that r carries a fresh signature of key, over the bytes that
// r.Digest was computed from and over the request that it answers.
func VerifyReply(r Reply, key identity.PublicKey, w Window, now time.Time) (Signature, error) {
	components, err := r.components()
	if err != nil {
		return Signature{}, err
	}
	return verify(components, r.Header, r.Digest, key, w, now)
}

func verify(components []component, h Header, digest [32]byte, key identity.PublicKey, w Window, now time.Time) (Signature, error) {
	input, err := one(h, HeaderInput)
	if err != nil {
		return Signature{}, err
	}
	value, err := one(h, HeaderSignature)
	if err != nil {
		return Signature{}, err
	}
	p, err := parseInput(input, components)
	if err != nil {
		return Signature{}, err
	}
	sig, err := parseSignature(value)
	if err != nil {
		return Signature{}, err
	}
	if p.keyID != key.ID() {
		return Signature{}, identity.Refuse(identity.SignatureKey, "keyid %.16s…, want %.16s…", p.keyID, key.ID())
	}
	// The order is that of the cost: a stale request costs no curve arithmetic.
	if err := w.check(p.time(), now); err != nil {
		return Signature{}, err
	}
	if got, err := one(h, HeaderDigest); err != nil || got != formatDigest(digest) {
		return Signature{}, identity.Refuse(identity.DigestMismatch, "the content has another digest than %s says", HeaderDigest)
	}
	if !key.Verify([]byte(base(components, p.over(components))), sig) {
		return Signature{}, identity.Refuse(identity.SignatureBad, "of key %.16s…", p.keyID)
	}
	return Signature{KeyID: p.keyID, Nonce: p.nonce, Created: p.time(), Bytes: sig}, nil
}
