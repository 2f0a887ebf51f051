package receive

import (
	"context"
	"errors"
	"net/http"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/aimemory"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// Refusals beside those of signatures, in the words of ai-memory.
const (
	peerHeaderMissing identity.Tag = "peer_id_header_missing"
	senderMismatch    identity.Tag = "sender_agent_id_mismatch"
	peerUnknown       identity.Tag = "x_peer_id_not_in_allowlist"
	peerNotEnrolled   identity.Tag = "peer_not_enrolled"
)

// named returns the peer that a request says it comes from. That is no proof.
func (r *Receiver) named(h http.Header) (*config.Peer, error) {
	name := h.Get(aimemory.HeaderPeer)
	if memory.AgentID(name).Valid() != nil {
		return nil, identity.Refuse(peerHeaderMissing, "x-peer-id %.140q", name)
	}
	p := r.peer(name)
	if p == nil {
		return nil, identity.Refuse(peerUnknown, "%q is no legacy peer here, or not any more", name)
	}
	return p, nil
}

// prove checks that a peer has signed these bytes, and not sent them before. It
// returns the nonce, "" if the request is unsigned and may be.
func (r *Receiver) prove(ctx context.Context, p *config.Peer, h http.Header, signed []byte, unsigned bool) (string, error) {
	key, err := r.key(p, h)
	if err != nil {
		return "", err
	}
	sig, nonce := h.Get(aimemory.HeaderSignature), h.Get(aimemory.HeaderNonce)
	switch {
	case sig == "" && unsigned:
		return "", nil
	case key == nil && sig == "":
		return "", identity.Refuse(peerNotEnrolled, "%s has no key here", p.Name)
	case key == nil:
		return "", identity.Refuse(aimemory.NoEnrolledKey, "%s", p.Name)
	}
	if err := aimemory.Verify(*key, sig, signed, nonce); err != nil {
		return "", err
	}
	if _, err := r.state.Record(ctx, nonceID(p.Name, nonce)); err == nil {
		return "", identity.Refuse(aimemory.NonceReplay, "of %s, at this or another member", p.Name)
	} else if !errors.Is(err, memory.ErrNotFound) {
		return "", err
	}
	fresh, err := r.nonces.take(p.Name, nonce)
	if err != nil {
		return "", err
	}
	if !fresh {
		return "", identity.Refuse(aimemory.NonceReplay, "of %s", p.Name)
	}
	return nonce, nil
}

// key returns the key of a peer: the one enrolled, or that of a credential which
// goes back to one of its issuers. Nil is that there is none. Why a credential is not
// believed is for the log; the sender learns that there is no key.
func (r *Receiver) key(p *config.Peer, h http.Header) (*identity.PublicKey, error) {
	key, err := p.PublicKey()
	if key != nil || err != nil {
		return key, err
	}
	value := h.Get(cred.HeaderCredential)
	if value == "" || len(p.Issuers) == 0 {
		return nil, nil //nolint:nilnil // none is no error
	}
	roots, err := p.Roots()
	if err != nil {
		return nil, err
	}
	subject, err := r.subject(roots, value, h.Get(cred.HeaderChain))
	if err != nil {
		return nil, identity.Refuse(aimemory.NoEnrolledKey, "%s: %v", p.Name, err)
	}
	if string(subject.Name) != p.Name {
		return nil, identity.Refuse(aimemory.NoEnrolledKey, "%s shows the credential of %s", p.Name, subject.Name)
	}
	return &subject.Key, nil
}

func (r *Receiver) subject(roots cred.Roots, value, chain string) (cred.Subject, error) {
	c, err := cred.ParseHeader(value)
	if err != nil {
		return cred.Subject{}, err
	}
	links, err := cred.ParseChainHeader(chain)
	if err != nil {
		return cred.Subject{}, err
	}
	return roots.Verify(c, links, r.cfg.Now())
}

// repeatable reports whether a push changes nothing when it comes again.
func repeatable(p *wire.Push) bool {
	return len(p.Deletions)+len(p.Archives)+len(p.Restores)+len(p.Clears) == 0
}
