package ca

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/memory"
)

// Limits, checked before anything is parsed.
const (
	MaxCertificate = 4 << 10  // bytes of one certificate
	MaxPEM         = 32 << 10 // bytes of a file or message with certificates
	maxGrant       = 64 << 10
)

const certificateBlock = "CERTIFICATE"

func publicOf(p identity.PublicKey) ed25519.PublicKey { return ed25519.PublicKey(p[:]) }

// Grant is what an authority gives a member. There is no secret in it.
type Grant struct {
	Certificates []*x509.Certificate // the member's, then the intermediates up to the root
	Credential   *cred.Credential
	Chain        cred.Chain
}

// grantText is a grant as JSON.
type grantText struct {
	Certificates string `json:"certificates"` // PEM
	Credential   string `json:"credential"`   // as the header
	Chain        string `json:"chain,omitempty"`
}

// MarshalJSON writes g for a file or an answer.
func (g *Grant) MarshalJSON() ([]byte, error) {
	t := grantText{Certificates: string(EncodeCertificates(g.Certificates))}
	var err error
	if t.Credential, err = g.Credential.Header(); err != nil {
		return nil, err
	}
	if t.Chain, err = g.Chain.Header(); err != nil {
		return nil, err
	}
	return json.Marshal(t)
}

// ParseGrant reads what [Grant.MarshalJSON] has written. It believes nothing yet.
func ParseGrant(data []byte) (*Grant, error) {
	var g Grant
	if err := g.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	return &g, nil
}

// UnmarshalJSON is [ParseGrant].
func (g *Grant) UnmarshalJSON(data []byte) error {
	if len(data) > maxGrant {
		return fmt.Errorf("grant of %d bytes, limit %d: %w", len(data), maxGrant, memory.ErrInvalid)
	}
	var t grantText
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("grant: %w: %w", err, memory.ErrInvalid)
	}
	var out Grant
	var err error
	if out.Certificates, err = ParseCertificates([]byte(t.Certificates)); err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	if out.Credential, err = cred.ParseHeader(t.Credential); err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	if out.Chain, err = cred.ParseChainHeader(t.Chain); err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	*g = out
	return nil
}

// TLS returns the certificates of g with the key they are about, for crypto/tls.
func (g *Grant) TLS(key identity.Key) *tls.Certificate {
	out := &tls.Certificate{PrivateKey: key.Signer(), Leaf: g.Certificates[0]}
	for _, c := range g.Certificates {
		out.Certificate = append(out.Certificate, c.Raw)
	}
	return out
}

// EncodeCertificates writes certificates as PEM.
func EncodeCertificates(certs []*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: c.Raw}))
	}
	return b.Bytes()
}

// ParseCertificates reads one or more certificates as PEM, and nothing else.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	if len(data) > MaxPEM {
		return nil, identity.Refuse(identity.CertificateTooLarge, "%d bytes, limit %d", len(data), MaxPEM)
	}
	var out []*x509.Certificate
	for rest := bytes.TrimSpace(data); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != certificateBlock {
			return nil, identity.Refuse(identity.CertificateMalformed, "want PEM blocks of certificates")
		}
		if len(block.Bytes) > MaxCertificate {
			return nil, identity.Refuse(identity.CertificateTooLarge, "%d bytes, limit %d", len(block.Bytes), MaxCertificate)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, identity.Refuse(identity.CertificateMalformed, "%v", err)
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, identity.Refuse(identity.CertificateMissing, "")
	}
	return out, nil
}
