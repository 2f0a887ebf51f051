package ca

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
)

// Current returns the certificate that a node shows from now on. It is asked in
// every handshake, so that a renewal needs no restart and drops no connection.
type Current func() *tls.Certificate

var errNoCertificate = errors.New("there is no certificate to show")

// ServerTLS returns what a node listens with: TLS 1.3 and nothing older. Clients
// may show a certificate; whoever answers members must ask [Roots.Peer] for each
// request, so that a refusal has a status and a tag, and a certificate that ended
// while its connection was open is not believed.
func ServerTLS(current Current) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		ClientAuth: tls.RequestClientCert,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := current(); c != nil {
				return c, nil
			}
			return nil, errNoCertificate
		},
		SessionTicketsDisabled: true, // every connection shows its certificate
	}
}

// ClientTLS returns what a node calls the member expect with: TLS 1.3, its own
// certificate, and no byte for anybody else than expect. It shows its certificate to
// who proves to be that member, whatever the address is called.
func (r Roots) ClientTLS(current Current, expect identity.Name, now func() time.Time) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if c := current(); c != nil {
				return c, nil
			}
			return nil, errNoCertificate
		},
		// Names of hosts say nothing about members: VerifyConnection checks the whole
		// chain and the member's name in place of what is skipped here.
		InsecureSkipVerify: true, //nolint:gosec // see above
		VerifyConnection: func(s tls.ConnectionState) error {
			_, err := r.peerNamed(s, expect, now())
			return err
		},
	}
}

// Peer returns whom the other side of a connection has proved to be.
func (r Roots) Peer(s *tls.ConnectionState, now time.Time) (Leaf, error) {
	if s == nil {
		return Leaf{}, identity.Refuse(identity.CertificateMissing, "the connection is not TLS")
	}
	if s.Version < tls.VersionTLS13 {
		return Leaf{}, identity.Refuse(identity.TLSTooOld, "%s, want TLS 1.3", tls.VersionName(s.Version))
	}
	return r.Verify(s.PeerCertificates, now)
}

func (r Roots) peerNamed(s tls.ConnectionState, expect identity.Name, now time.Time) (Leaf, error) {
	leaf, err := r.Peer(&s, now)
	if err != nil {
		return Leaf{}, err
	}
	if leaf.Name != expect {
		return Leaf{}, identity.Refuse(identity.CertificateNotOfMember, "it is of %s, want %s", leaf.Name, expect)
	}
	return leaf, nil
}

// Credentials returns the roots of the message credentials that come with r's
// certificates: the same keys.
func (r Roots) Credentials() cred.Roots {
	out := cred.Roots{Domain: r.Domain, Keys: map[identity.Name][]identity.PublicKey{}, Skew: r.Skew, Grace: r.Grace}
	for _, c := range r.Certificates {
		if key, ok := identity.PublicKeyOf(c.PublicKey); ok {
			out.Keys[RootName] = append(out.Keys[RootName], key)
		}
	}
	return out
}

// Fingerprint names a root in join tokens: the SHA-256 of its certificate.
func Fingerprint(root *x509.Certificate) [sha256.Size]byte { return sha256.Sum256(root.Raw) }

// ReadRoot reads a root that somebody has sent, as PEM, and checks it against a
// fingerprint that came another way.
func ReadRoot(pem []byte, fingerprint [sha256.Size]byte) (*x509.Certificate, error) {
	certs, err := ParseCertificates(pem)
	if err != nil {
		return nil, err
	}
	root := certs[0]
	if got := Fingerprint(root); len(certs) != 1 || got != fingerprint {
		return nil, identity.Refuse(identity.CertificateIssuer, "its fingerprint is %s, want %s",
			hex.EncodeToString(got[:8]), hex.EncodeToString(fingerprint[:8]))
	}
	if !root.IsCA || root.CheckSignatureFrom(root) != nil {
		return nil, identity.Refuse(identity.CertificateIssuerNoCA, "%.60q is no root", root.Subject.CommonName)
	}
	return root, nil
}

// DomainOf returns the trust domain of a root.
func DomainOf(root *x509.Certificate) (identity.Domain, error) {
	if len(root.URIs) != 1 {
		return "", identity.Refuse(identity.CertificateMalformed, "%d URIs, want one", len(root.URIs))
	}
	r := Roots{Domain: identity.Domain(root.URIs[0].Host)}
	name, err := r.nameOf(root)
	if err != nil {
		return "", err
	}
	if name != RootName {
		return "", identity.Refuse(identity.CertificateIssuerNoCA, "%s is no root", name)
	}
	return r.Domain, r.Domain.Valid()
}
