package cred

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/strictcbor"
)

// Names of the headers.
const (
	HeaderCredential = "X-Memory-Cred"
	HeaderChain      = "X-Memory-Cred-Chain"
)

// Limits, checked before anything is parsed.
const (
	MaxHeader        = 2 << 10 // bytes of the header of a credential
	MaxChainHeader   = 6 << 10 // bytes of the header of a chain
	MaxIntermediates = 2       // between a root and a member: depth 3

	maxBytes = 1536 // bytes of one credential
	version  = 1
	prefix   = "v1="

	lastSecond = 253402300799 // of the year 9999
)

// Claims are what an issuer says. The order of the fields is that of the bytes.
type Claims struct {
	Version   uint64          `cbor:"cred_version"`
	Issuer    identity.Name   `cbor:"issuer_id"`
	NotAfter  int64           `cbor:"not_after"`  // seconds since 1970; the last one in which it holds
	NotBefore int64           `cbor:"not_before"` // seconds since 1970
	Subject   identity.Name   `cbor:"subject_agent_id"`
	Key       []byte          `cbor:"subject_pubkey"`
	Domain    identity.Domain `cbor:"trust_domain"`
}

// envelope is a credential as it is written.
type envelope struct {
	Claims []byte `cbor:"claims"`
	Sig    []byte `cbor:"sig"`
}

// Credential is a credential that was read or issued. It is not yet believed.
type Credential struct {
	Claims Claims
	signed []byte // the bytes of the claims
	sig    []byte
}

// Issuer can issue credentials.
type Issuer struct {
	Name   identity.Name
	Domain identity.Domain
	Key    identity.Key
}

// Issue signs that subject belongs to key, from one time to another. An
// intermediate authority gets no credential for what it may not vouch for.
func (i Issuer) Issue(subject identity.Name, key identity.PublicKey, from, to time.Time) (*Credential, error) {
	if err := subject.Valid(); err != nil {
		return nil, fmt.Errorf("issue credential: %w", err)
	}
	if i.Name.Authority() && !i.Name.MayVouch(subject) {
		return nil, identity.Refuse(identity.ChainOutOfNamespace, "%s may not vouch for %s", i.Name, subject)
	}
	c := &Credential{Claims: Claims{
		Version: version, Issuer: i.Name, NotAfter: to.Unix(), NotBefore: from.Unix(), Subject: subject, Key: key[:], Domain: i.Domain,
	}}
	var err error
	if c.signed, err = strictcbor.Marshal(c.Claims); err != nil {
		return nil, fmt.Errorf("issue credential for %s: %w", subject, err)
	}
	c.sig = i.Key.Sign(c.signed)
	return c, nil
}

// Bytes returns c as CBOR.
func (c *Credential) Bytes() ([]byte, error) {
	return strictcbor.Marshal(envelope{Claims: c.signed, Sig: c.sig})
}

// Header returns the value of [HeaderCredential].
func (c *Credential) Header() (string, error) {
	b, err := c.Bytes()
	if err != nil {
		return "", err
	}
	return prefix + base64.StdEncoding.EncodeToString(b), nil
}

// Parse reads the bytes of a credential.
func Parse(data []byte) (*Credential, error) {
	if len(data) > maxBytes {
		return nil, identity.Refuse(identity.CredentialTooLarge, "%d bytes, limit %d", len(data), maxBytes)
	}
	var e envelope
	if err := strictcbor.Unmarshal(data, maxBytes, &e); err != nil {
		return nil, identity.Refuse(identity.CredentialMalformed, "%v", err)
	}
	c := &Credential{signed: e.Claims, sig: e.Sig}
	if err := strictcbor.Unmarshal(e.Claims, maxBytes, &c.Claims); err != nil {
		return nil, identity.Refuse(identity.CredentialMalformed, "claims: %v", err)
	}
	if c.Claims.Version != version {
		return nil, identity.Refuse(identity.CredentialVersion, "version %d, want %d", c.Claims.Version, version)
	}
	for _, name := range []identity.Name{c.Claims.Issuer, c.Claims.Subject} {
		if err := name.Valid(); err != nil {
			return nil, identity.Refuse(identity.CredentialMalformed, "%v", err)
		}
	}
	if err := c.Claims.Domain.Valid(); err != nil {
		return nil, identity.Refuse(identity.CredentialMalformed, "%v", err)
	}
	if from, to := c.Claims.NotBefore, c.Claims.NotAfter; from < 0 || to < from || to > lastSecond {
		return nil, identity.Refuse(identity.CredentialMalformed, "holds from %d to %d", from, to)
	}
	if n := len(c.Claims.Key); n != len(identity.PublicKey{}) {
		return nil, identity.Refuse(identity.CredentialSubjectKey, "key of %d bytes", n)
	}
	return c, nil
}

// ParseHeader reads the value of [HeaderCredential].
func ParseHeader(value string) (*Credential, error) {
	data, err := decodeHeader(value, MaxHeader)
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

func decodeHeader(value string, limit int) ([]byte, error) {
	if value == "" {
		return nil, identity.Refuse(identity.CredentialMissing, "")
	}
	if len(value) > limit {
		return nil, identity.Refuse(identity.CredentialTooLarge, "header of %d bytes, limit %d", len(value), limit)
	}
	text, ok := strings.CutPrefix(value, prefix)
	if !ok {
		return nil, identity.Refuse(identity.CredentialMalformed, "want %s…", prefix)
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(data) != text { // line breaks are skipped by the decoder
		return nil, identity.Refuse(identity.CredentialMalformed, "not base64")
	}
	return data, nil
}

// key returns the subject's key of a credential that [Parse] has taken.
func (c *Credential) key() identity.PublicKey { return identity.PublicKey(c.Claims.Key) }
