package attest

import (
	"crypto/sha256"
	"crypto/tls"
	"net/netip"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/httpsig"
	"github.com/tallystick/tallystick/internal/identity/replay"
	"github.com/tallystick/tallystick/internal/memory"
)

// Roster says who is a member now.
type Roster interface {
	// Admit returns the member that a name and a key belong to, or a refusal such as
	// [identity.NotAMember] or [identity.MemberRemoved]. It is asked for each request.
	Admit(name identity.Name, key identity.PublicKey) (memory.Node, error)
}

// Verifier judges what comes from members. It is safe for concurrent use.
type Verifier struct {
	self   memory.Node
	roots  ca.Roots
	creds  cred.Roots
	roster Roster
	ledger *replay.Ledger
	window httpsig.Window
	now    func() time.Time
	ended  func(identity.Name, time.Time)

	mu       sync.Mutex
	believed map[[sha256.Size]byte]belief
}

// Config is what a verifier needs.
type Config struct {
	Self   memory.Node
	Roots  ca.Roots
	Roster Roster
	Ledger *replay.Ledger
	Window httpsig.Window
	Now    func() time.Time
	// Ended, if set, is told of a member whose certificate has ended, and that was
	// believed by the grace of Roots: once a minute while it calls or answers.
	Ended func(name identity.Name, until time.Time)
}

// NewVerifier returns a verifier for what is sent to a node.
func NewVerifier(c Config) *Verifier {
	return &Verifier{
		self: c.Self, roots: c.Roots, creds: c.Roots.Credentials(), roster: c.Roster, ledger: c.Ledger, window: c.Window, now: c.Now, ended: c.Ended,
		believed: map[[sha256.Size]byte]belief{},
	}
}

// belief is what certificates and a credential were found to say. It is found anew
// every minute, because curve arithmetic for each request would be most of its cost.
type belief struct {
	name identity.Name
	key  identity.PublicKey
	at   time.Time
	// until is when the certificate ends, without skew or grace.
	until time.Time
}

const (
	beliefLife  = time.Minute
	maxBeliefs  = 1024
	maxFromSize = 128
)

// Sender is a member that has shown who it is and signed nothing yet.
type Sender struct {
	v     *Verifier
	proof identity.Proof
}

// Node returns the member.
func (s *Sender) Node() memory.Node { return s.proof.Node }

// Sender checks who is at the other end of a TLS connection and claims to send a
// request with these headers. Certificate, credential and claim must name the same
// member, and it must be one. Every error is an [identity.Refusal].
func (v *Verifier) Sender(state *tls.ConnectionState, h httpsig.Header) (*Sender, error) {
	credential, err := single(h, cred.HeaderCredential)
	if err != nil {
		return nil, err
	}
	chain, err := single(h, cred.HeaderChain)
	if err != nil {
		return nil, err
	}
	from, err := single(h, HeaderFrom)
	if err != nil {
		return nil, err
	}
	to, err := single(h, httpsig.HeaderTo)
	if err != nil {
		return nil, err
	}
	b, err := v.believe(state, credential, chain)
	if err != nil {
		return nil, err
	}
	node, err := v.roster.Admit(b.name, b.key)
	if err != nil {
		return nil, err
	}
	if from != string(node) {
		return nil, identity.Refuse(identity.SenderMismatch, "it is %s, and says %.*q", node, maxFromSize, from)
	}
	if to != string(v.self) {
		return nil, identity.Refuse(identity.Misdirected, "it is for %.*q, and this is %s", maxFromSize, to, v.self)
	}
	return &Sender{v: v, proof: identity.Proof{Node: node, Name: b.name, Key: b.key, Means: identity.Mutual}}, nil
}

// single returns the one value of a header, "" if there is none.
func single(h httpsig.Header, name string) (string, error) {
	switch values := h.Values(name); len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	default:
		return "", identity.Refuse(identity.SenderMismatch, "%s is there %d times", name, len(values))
	}
}

// believe verifies certificates and a credential.
func (v *Verifier) believe(state *tls.ConnectionState, credential, chain string) (belief, error) {
	return v.remember(state, credential, chain, func(now time.Time) (belief, error) {
		leaf, err := v.roots.Peer(state, now)
		if err != nil {
			return belief{}, err
		}
		c, err := cred.ParseHeader(credential)
		if err != nil {
			return belief{}, err
		}
		links, err := cred.ParseChainHeader(chain)
		if err != nil {
			return belief{}, err
		}
		subject, err := v.creds.Verify(c, links, now)
		if err != nil {
			return belief{}, err
		}
		if leaf.Name != subject.Name {
			return belief{}, identity.Refuse(identity.SenderMismatch, "the certificate is of %s, the credential of %s", leaf.Name, subject.Name)
		}
		return belief{name: subject.Name, key: subject.Key, at: now, until: leaf.Until}, nil
	})
}

// remember returns what find has found for the same things within the last minute,
// or what it finds now.
func (v *Verifier) remember(state *tls.ConnectionState, credential, chain string, find func(time.Time) (belief, error)) (belief, error) {
	now := v.now()
	if state == nil || state.Version < tls.VersionTLS13 {
		return find(now) // which refuses
	}
	id := fingerprint(state, credential, chain)
	v.mu.Lock()
	b, ok := v.believed[id]
	v.mu.Unlock()
	if age := now.Sub(b.at); ok && age >= 0 && age < beliefLife {
		return b, nil
	}
	b, err := find(now)
	if err != nil {
		return belief{}, err
	}
	if v.ended != nil && now.After(b.until.Add(v.roots.Skew)) {
		v.ended(b.name, b.until)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.believed) >= maxBeliefs {
		clear(v.believed)
	}
	v.believed[id] = b
	return b, nil
}

func fingerprint(state *tls.ConnectionState, credential, chain string) (id [sha256.Size]byte) {
	h := sha256.New()
	for _, c := range state.PeerCertificates {
		sum := sha256.Sum256(c.Raw)
		h.Write(sum[:])
	}
	for _, s := range []string{credential, chain} {
		sum := sha256.Sum256([]byte(s))
		h.Write(sum[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Prove checks the request itself: signed by the sender over these bytes, fresh,
// and not taken before. With the proof comes the signature, which the reply covers.
// Every error is an [identity.Refusal].
func (s *Sender) Prove(r httpsig.Request) (identity.Proof, httpsig.Signature, error) {
	now := s.v.now()
	sig, err := httpsig.VerifyRequest(r, s.proof.Key, s.v.window, now)
	if err != nil {
		return identity.Proof{}, httpsig.Signature{}, err
	}
	proof := s.proof
	proof.Mark = identity.Mark{Signer: sig.KeyID, Nonce: sig.Nonce, Created: sig.Created, Expires: s.v.window.StaleAt(sig)}
	if err := s.v.ledger.Take(proof.Mark, now); err != nil {
		return identity.Proof{}, httpsig.Signature{}, err
	}
	return proof, sig, nil
}

// Reply checks that r is the signed answer of the member that was asked, over a
// connection on which it has shown its certificate.
func (v *Verifier) Reply(state *tls.ConnectionState, r httpsig.Reply, from memory.Node) error {
	b, err := v.remember(state, "", "", func(now time.Time) (belief, error) {
		leaf, err := v.roots.Peer(state, now)
		return belief{name: leaf.Name, key: leaf.Key, at: now, until: leaf.Until}, err
	})
	if err != nil {
		return err
	}
	node, err := v.roster.Admit(b.name, b.key)
	if err != nil {
		return err
	}
	if node != from {
		return identity.Refuse(identity.SenderMismatch, "%s answers for %s", node, from)
	}
	_, err = httpsig.VerifyReply(r, b.key, v.window, v.now())
	return err
}

// Loopback is the one exception: a member without an identity, for scripts and
// tests, is who it says if its connection comes from this machine.
func Loopback(remote netip.Addr, says memory.Node) (identity.Proof, error) {
	if !remote.Unmap().IsLoopback() {
		return identity.Proof{}, identity.Refuse(identity.InsecurePeer, "%s at %s has no identity: only loopback addresses may do without", says, remote)
	}
	return identity.Proof{Node: says, Means: identity.Loopback}, nil
}
