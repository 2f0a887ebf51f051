package attest

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/httpsig"
	"github.com/tallystick/tallystick/internal/memory"
)

// HeaderFrom is the header in which a request says which member it comes from.
const HeaderFrom = "X-Peer-Id"

// Self is a node's own identity: its key and what an authority has granted it. The
// grant is replaced while the node runs. It is safe for concurrent use.
type Self struct {
	node    memory.Node
	current atomic.Pointer[shown]
}

// shown is what is shown from one renewal to the next.
type shown struct {
	key               identity.Key
	cert              *tls.Certificate
	credential, chain string
}

// NewSelf returns the identity of a node. The grant must be of key.
func NewSelf(node memory.Node, key identity.Key, g *ca.Grant) (*Self, error) {
	s := &Self{node: node}
	return s, s.Replace(key, g)
}

// Renew shows g from now on. A grant of another key is an error and changes nothing.
func (s *Self) Renew(g *ca.Grant) error { return s.Replace(s.Key(), g) }

// Replace has another key from now on, and shows g, which is of that key.
func (s *Self) Replace(key identity.Key, g *ca.Grant) error {
	if granted, ok := identity.PublicKeyOf(g.Certificates[0].PublicKey); !ok || granted != key.Public() {
		return fmt.Errorf("the certificate is of another key than this node's: %w", memory.ErrInvalid)
	}
	credential, err := g.Credential.Header()
	if err != nil {
		return err
	}
	chain, err := g.Chain.Header()
	if err != nil {
		return err
	}
	s.current.Store(&shown{key: key, cert: g.TLS(key), credential: credential, chain: chain})
	return nil
}

// TLS returns the certificate to show: a [ca.Current].
func (s *Self) TLS() *tls.Certificate { return s.current.Load().cert }

// Key returns the node's key.
func (s *Self) Key() identity.Key { return s.current.Load().key }

// Credential returns what ties the key to the root, as headers have it.
func (s *Self) Credential() (credential, chain string) {
	c := s.current.Load()
	return c.credential, c.chain
}

// Sign signs a request to a member, and sets all headers of it that say who asks
// whom. The header must have a content type.
func (s *Self) Sign(r httpsig.Request, to memory.Node, now time.Time) (httpsig.Signature, error) {
	c := s.current.Load()
	r.Header.Set(HeaderFrom, string(s.node))
	r.Header.Set(httpsig.HeaderTo, string(to))
	r.Header.Set(cred.HeaderCredential, c.credential)
	if c.chain != "" {
		r.Header.Set(cred.HeaderChain, c.chain)
	}
	return httpsig.SignRequest(r, c.key, now)
}

// Answers returns what signs the answer to a request that has just come. It goes on
// with the key of now: that is what the connection of the request was opened with.
func (s *Self) Answers() func(httpsig.Reply, time.Time) error {
	key := s.Key()
	return func(r httpsig.Reply, now time.Time) error {
		_, err := httpsig.SignReply(r, key, now)
		return err
	}
}

// Run renews the grant at half of its life, and more often when that fails, until
// ctx is done. renew asks an authority; failed hears why it gave nothing, and how
// long the present certificate still holds.
func (s *Self) Run(ctx context.Context, renew func(context.Context) (*ca.Grant, error), failed func(err error, left time.Duration)) {
	for failures := 0; ; {
		leaf := s.TLS().Leaf
		wait := ca.RetryAfter(failures)
		if failures == 0 {
			wait = time.Until(ca.RenewAt(leaf.NotBefore, leaf.NotAfter, rand.Float64())) //nolint:gosec // spreads load
		}
		timer := time.NewTimer(max(wait, 0))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		g, err := renew(ctx)
		if err == nil {
			err = s.Renew(g)
		}
		if err == nil && !g.Certificates[0].NotAfter.After(leaf.NotAfter) {
			err = fmt.Errorf("the new certificate does not outlive the present one: %w", memory.ErrInvalid)
		}
		if err != nil {
			failures++
			failed(err, time.Until(leaf.NotAfter))
			continue
		}
		failures = 0
	}
}
