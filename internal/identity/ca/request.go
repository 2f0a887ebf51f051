package ca

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// MaxRequest is how large a request for a certificate may be.
const MaxRequest = 4 << 10

// Request is what a member asks an authority to sign. It holds a signature of the
// key that it is about: nobody gets a certificate for a key that is not theirs.
type Request struct {
	Name  identity.Name
	Key   identity.PublicKey
	Hosts []string // names and addresses under which clients reach the member
}

// NewRequest returns the bytes (PKCS #10) of a request of key's owner.
func NewRequest(name identity.Name, key identity.Key, hosts []string) ([]byte, error) {
	if err := name.Valid(); err != nil {
		return nil, fmt.Errorf("request a certificate: %w", err)
	}
	t := &x509.CertificateRequest{Subject: pkix.Name{CommonName: string(name)}}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, t, key.Signer())
	if err != nil {
		return nil, fmt.Errorf("request a certificate for %s: %w", name, err)
	}
	return der, nil
}

// ParseRequest reads a request and checks that its key has signed it. Whether
// somebody may have what it asks for is for the caller to say.
func ParseRequest(der []byte) (Request, error) {
	if len(der) > MaxRequest {
		return Request{}, identity.Refuse(identity.CertificateTooLarge, "request of %d bytes, limit %d", len(der), MaxRequest)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return Request{}, identity.Refuse(identity.CertificateMalformed, "request: %v", err)
	}
	key, ok := identity.PublicKeyOf(csr.PublicKey)
	if !ok {
		return Request{}, identity.Refuse(identity.CertificateMalformed, "request with a key of type %T, want Ed25519", csr.PublicKey)
	}
	if err := csr.CheckSignature(); err != nil {
		return Request{}, identity.Refuse(identity.CertificateSignature, "request: %v", err)
	}
	r := Request{Name: identity.Name(csr.Subject.CommonName), Key: key, Hosts: csr.DNSNames}
	if err := r.Name.Valid(); err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	for _, ip := range csr.IPAddresses {
		r.Hosts = append(r.Hosts, ip.String())
	}
	if len(r.Hosts) > maxHosts {
		return Request{}, fmt.Errorf("request for %d hosts, limit %d: %w", len(r.Hosts), maxHosts, memory.ErrInvalid)
	}
	return r, nil
}
