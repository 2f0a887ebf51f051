package receipt

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/memory"
)

// Op is an op as it was sent.
type Op struct {
	Dot    memory.Dot
	Digest memory.Digest
	Body   []byte // its exact bytes
}

// Word is what a member has signed about one of its ops: the body, and the statement
// that it holds it, with the digests of the statement's run.
type Word struct {
	Body   []byte `json:"body"` // the op's exact bytes, as they travel; empty if they are not known
	Signed Signed `json:"signed"`
}

// Twice is the proof that a member has signed two ops under one of its numbers:
// equivocation. It can be checked with the root's public key alone.
type Twice struct {
	Dot    memory.Dot    `json:"dot"`
	Member identity.Name `json:"member"`
	Words  [2]Word       `json:"words"`
}

// said returns the digest that w says the op d has, and who says it.
func (w Word) said(
	d memory.Dot, domain identity.Domain, vouch func(credential, chain string, at time.Time) (cred.Subject, error),
) (memory.Digest, cred.Subject, error) {
	said, by, err := w.Signed.OpenBy(domain, vouch)
	if err != nil {
		return memory.Digest{}, by, err
	}
	for _, run := range said.Held {
		digests := w.Signed.Digests
		if !run.Has(d) || uint64(len(digests)) != (run.Last-run.First+1)*sha256.Size || sha256.Sum256(digests) != run.Root {
			continue
		}
		at := (d.Seq - run.First) * sha256.Size
		digest := memory.Digest(digests[at : at+sha256.Size])
		if len(w.Body) > 0 && sha256.Sum256(w.Body) != digest {
			return digest, by, fmt.Errorf("the body is not the one of %s that %s has signed: %w", d, by.Name, memory.ErrInvalid)
		}
		return digest, by, nil
	}
	return memory.Digest{}, by, fmt.Errorf("%s says nothing of %s: %w", by.Name, d, memory.ErrInvalid)
}

// Open checks a word about the op d by the roots: whose it is, and which digest it
// says that the op has.
func (w Word) Open(d memory.Dot, roots cred.Roots, now time.Time) (memory.Digest, cred.Subject, error) {
	return w.said(d, roots.Domain, func(credential, chain string, at time.Time) (cred.Subject, error) {
		return Subject(credential, chain, roots, at, now)
	})
}

// Verify checks the proof, and returns the digests of the two ops and the key that has
// signed both.
func (t Twice) Verify(roots cred.Roots, now time.Time) (digests [2]memory.Digest, key identity.PublicKey, err error) {
	var by [2]cred.Subject
	for i, w := range t.Words {
		if digests[i], by[i], err = w.Open(t.Dot, roots, now); err != nil {
			return digests, key, err
		}
		if by[i].Name != t.Member {
			return digests, key, identity.Refuse(identity.SenderMismatch, "the word of %s, want that of %s", by[i].Name, t.Member)
		}
	}
	switch {
	case by[0].Key != by[1].Key:
		err = fmt.Errorf("two keys have signed: %w", memory.ErrInvalid)
	case digests[0] == digests[1]:
		err = fmt.Errorf("both say the same: %w", memory.ErrInvalid)
	}
	return digests, by[0].Key, err
}
