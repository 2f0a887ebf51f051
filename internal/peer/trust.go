package peer

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/attest"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/httpsig"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer/packing"
)

// Trust is what a node proves itself with, and judges the others by. With it all
// connections are mutual TLS 1.3 and every request and answer is signed; without it
// members are called and answered on loopback addresses only.
type Trust struct {
	// Now is the clock of this node; nil is [time.Now].
	Now      func() time.Time
	Self     *attest.Self
	Verifier *attest.Verifier
	Roots    ca.Roots
	// Contact returns where a member is now, and what its certificate must call it.
	Contact func(memory.Node) (url string, name identity.Name, ok bool)
	// Membership returns the document of the members, as the root has signed it.
	Membership func() []byte
	// Renew signs for a member that has proved who it is.
	Renew func(identity.Name, identity.PublicKey) ([]byte, error)
	// Evidence, if not nil, is what receipts are made of.
	Evidence Evidence
	// Witness, if not nil, is what ties each op to the word of the node that numbered it.
	Witness Witness
}

func (t *Trust) now() time.Time {
	if t.Now == nil {
		return time.Now()
	}
	return t.Now()
}

// caller is who sent a request. Attested says how a signature is to be checked, and
// is nil for a member without identity.
type caller struct {
	memory.Source
	attested *attest.Sender
	answer   func(httpsig.Reply, time.Time) error
	proof    identity.Proof
	sig      httpsig.Signature
}

// attest is the first step for a member with an identity: nothing of the body was
// read yet.
func (h *handler) attest(r *http.Request) (*caller, error) {
	s, err := h.cfg.Trust.Verifier.Sender(r.TLS, r.Header)
	if err != nil {
		return nil, err
	}
	return &caller{Source: memory.Source{Member: s.Node(), Route: memory.RoutePush}, attested: s, answer: h.cfg.Trust.Self.Answers()}, nil
}

// onLoopback is the first step for a member without one.
func onLoopback(r *http.Request, from memory.Node) error {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return refuse(http.StatusForbidden, string(identity.InsecurePeer), "the address of the caller is unknown")
	}
	_, err = attest.Loopback(addr.Addr(), from)
	return err
}

// signed checks that the caller has signed the request with this body.
func (c *caller) signed(r *http.Request, body []byte) (err error) {
	if c.attested == nil {
		return nil
	}
	c.proof, c.sig, err = c.attested.Prove(httpsig.Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Digest: sha256.Sum256(body), Header: r.Header,
	})
	m := c.proof.Mark
	c.Mark = memory.Mark{Signer: string(m.Signer), Nonce: m.Nonce, Created: memory.InstantOf(m.Created), Expires: memory.InstantOf(m.Expires)}
	return err
}

// sign signs the answer to a caller that has signed its request.
func (h *handler) sign(header http.Header, c *caller, digest [sha256.Size]byte) error {
	if c.attested == nil {
		return nil
	}
	return c.answer(httpsig.Reply{Status: http.StatusOK, Digest: digest, Header: header, To: c.sig.Bytes}, h.cfg.Trust.now())
}

// document answers a request without a body with bytes.
func (h *handler) document(content func(*caller) ([]byte, error)) memberEndpoint {
	return func(w http.ResponseWriter, r *http.Request, from *caller) error {
		if err := from.signed(r, nil); err != nil {
			return err
		}
		body, err := content(from)
		if err != nil {
			return err
		}
		return h.sendDocument(w, from, body)
	}
}

// sendDocument answers a caller that has signed its request.
func (h *handler) sendDocument(w http.ResponseWriter, from *caller, body []byte) error {
	if err := h.sign(w.Header(), from, sha256.Sum256(body)); err != nil {
		return err
	}
	h.send(w, typeJSON, body)
	return nil
}

// signRequest signs what is about to be sent to a member.
func (c *Client) signRequest(req *http.Request, to memory.Node, body []byte) (httpsig.Signature, error) {
	if c.cfg.Trust == nil {
		return httpsig.Signature{}, nil
	}
	req.Header.Set(httpsig.HeaderType, typeCBOR) // is signed, so there must be one
	return c.cfg.Trust.Self.Sign(httpsig.Request{
		Method: req.Method, Path: req.URL.EscapedPath(), Query: req.URL.RawQuery, Digest: sha256.Sum256(body), Header: req.Header,
	}, to, c.cfg.Trust.now())
}

// checkReply checks that a member has signed an answer. The header may be a trailer.
func (c *Client) checkReply(a *answered, to memory.Node, digest [sha256.Size]byte, header http.Header) error {
	if c.cfg.Trust == nil {
		return nil
	}
	return c.cfg.Trust.Verifier.Reply(a.resp.TLS, httpsig.Reply{
		Status: a.resp.StatusCode, Digest: digest, Header: header, To: a.sig.Bytes,
	}, to)
}

// answered is a response of status 200, the signature of its request, and whether that has
// asked for compressed content.
type answered struct {
	resp  *http.Response
	sig   httpsig.Signature
	asked bool
}

// hashed reads and digests.
type hashed struct {
	io.Reader
	sum hash.Hash
}

func hashing(r io.Reader) *hashed {
	h := sha256.New()
	return &hashed{io.TeeReader(r, h), h}
}

func (h *hashed) digest() [sha256.Size]byte { return [sha256.Size]byte(h.sum.Sum(nil)) }

// Membership asks a member for the list of the members, which proves itself: the answer
// counts though it is signed by a key that is not that member's, by what is known here.
// It also says of which keys it has proofs that they have signed two ops under one
// number, as a digest; "" is none, and for such an answer.
func (c *Client) Membership(ctx context.Context, to memory.Node) (doc []byte, proofs string, err error) {
	doc, header, err := c.ask(ctx, "membership", to, pathMembers, maxDocument)
	if err == nil {
		proofs = header.Get(headerProofs)
	}
	return doc, proofs, err
}

// Renew asks a member that holds the authority for a new grant.
func (c *Client) Renew(ctx context.Context, to memory.Node) ([]byte, error) {
	doc, _, err := c.ask(ctx, "renewal", to, pathRenew, maxDocument)
	return doc, err
}

const maxDocument = 512 << 10

func (c *Client) ask(ctx context.Context, what string, to memory.Node, path string, limit int64) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	data, header, err := c.fetch(ctx, to, request{path: path}, typeJSON, limit)
	if err != nil {
		return nil, nil, fault(what, to, err)
	}
	return data, header, nil
}

// transport returns what carries calls: to a member that must show a certificate, or
// to loopback addresses. What counts is the address that was connected to, not what
// a name was said to mean.
func transport(cfg Config, conf *tls.Config) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: cfg.DialTimeout}
	dialer.Control = func(_, address string, _ syscall.RawConn) error {
		addr, err := netip.ParseAddrPort(address)
		if err == nil && conf == nil && !cfg.AnyAddress {
			_, err = attest.Loopback(addr.Addr(), "the member")
		}
		if err == nil && cfg.AllowAddress != nil {
			err = cfg.AllowAddress(addr)
		}
		if err != nil {
			return fmt.Errorf("connect to %s: %w", address, err)
		}
		return nil
	}
	return &http.Transport{
		DialContext:            packing.Counting(dialer.DialContext, cfg.Traffic),
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    cfg.DialTimeout,
		Protocols:              &protocols,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    128,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// maxAccount bounds the bytes of what a member tells of itself.
const maxAccount = 512 << 10

// account answers a member with what this node tells of itself and of the others.
func (h *handler) account(w http.ResponseWriter, r *http.Request, from *caller) error {
	return h.document(func(*caller) ([]byte, error) { return h.cfg.Account(r.Context()) })(w, r, from)
}

// Account asks a member for what it tells of itself and of the others. Nothing of it was
// checked but, among members with identities, who said it.
func (c *Client) Account(ctx context.Context, member memory.Node) ([]byte, error) {
	doc, _, err := c.ask(ctx, "status", member, pathStatus, maxAccount)
	return doc, err
}
