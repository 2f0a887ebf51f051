package ca

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
)

// Roots are whose certificates are believed.
type Roots struct {
	Domain       identity.Domain
	Certificates []*x509.Certificate
	// Skew is how far clocks may be apart.
	Skew time.Duration
	// Grace is how long after its end the certificate of a member is still taken.
	Grace time.Duration
}

// Leaf is what a believed certificate says.
type Leaf struct {
	Name identity.Name
	Key  identity.PublicKey
	// From and Until bound its life, without skew or grace.
	From, Until time.Time
}

// Verify checks the certificates that a member showed, its own first, back to a
// root. Every error is an [identity.Refusal].
//
// The walk comes first because it knows what is wrong; the standard library has
// the last word, so that nothing is believed that it would refuse.
func (r Roots) Verify(certs []*x509.Certificate, now time.Time) (Leaf, error) {
	if len(certs) == 0 {
		return Leaf{}, identity.Refuse(identity.CertificateMissing, "")
	}
	if n := len(certs) - 1; n > cred.MaxIntermediates {
		return Leaf{}, identity.Refuse(identity.CertificateTooDeep, "%d intermediates, limit %d", n, cred.MaxIntermediates)
	}
	names := make([]identity.Name, len(certs))
	for i, c := range certs {
		var err error
		if names[i], err = r.nameOf(c); err != nil {
			return Leaf{}, err
		}
	}
	if certs[0].IsCA || names[0].Authority() || names[0] == RootName {
		return Leaf{}, identity.Refuse(identity.CertificateNotOfMember, "%s is an authority", names[0])
	}
	for i := 1; i < len(certs); i++ {
		if err := r.verifyLink(certs, names, i, now); err != nil {
			return Leaf{}, err
		}
	}
	if err := r.verifyTop(certs[len(certs)-1], names[len(certs)-1]); err != nil {
		return Leaf{}, err
	}
	if err := r.verifyTime(certs[0], names[0], now, r.Grace); err != nil {
		return Leaf{}, err
	}
	if err := r.standard(certs, now); err != nil {
		return Leaf{}, err
	}
	key, _ := identity.PublicKeyOf(certs[0].PublicKey)
	return Leaf{Name: names[0], Key: key, From: certs[0].NotBefore, Until: certs[0].NotAfter}, nil
}

// nameOf reads the name of a certificate of any kind.
func (r Roots) nameOf(c *x509.Certificate) (identity.Name, error) {
	if len(c.Raw) > MaxCertificate {
		return "", identity.Refuse(identity.CertificateTooLarge, "%d bytes, limit %d", len(c.Raw), MaxCertificate)
	}
	if _, ok := identity.PublicKeyOf(c.PublicKey); !ok || c.SignatureAlgorithm != x509.PureEd25519 {
		return "", identity.Refuse(identity.CertificateMalformed, "a key of type %T, signed with %s: want Ed25519", c.PublicKey, c.SignatureAlgorithm)
	}
	if len(c.URIs) != 1 {
		return "", identity.Refuse(identity.CertificateMalformed, "%d URIs, want one", len(c.URIs))
	}
	uri := c.URIs[0]
	name := identity.Name(strings.TrimPrefix(uri.Path, "/"))
	if uri.Scheme != scheme || name.Valid() != nil || uri.String() != uriOf(identity.Domain(uri.Host), name).String() {
		return "", identity.Refuse(identity.CertificateMalformed, "URI %.80q", uri.String())
	}
	if uri.Host != string(r.Domain) {
		return "", identity.Refuse(identity.CertificateDomain, "%.60q, want %s", uri.Host, r.Domain)
	}
	// The constraints of intermediates go over host names: they must be about the
	// same name.
	host, err := name.Host(r.Domain)
	if err != nil || len(c.DNSNames) == 0 || c.DNSNames[0] != host {
		return "", identity.Refuse(identity.CertificateMalformed, "host names %.80q are not those of %s", c.DNSNames, name)
	}
	return name, nil
}

// verifyLink checks that certs[i] is an authority that may sign the one before it.
func (r Roots) verifyLink(certs []*x509.Certificate, names []identity.Name, i int, now time.Time) error {
	parent, child := certs[i], certs[i-1]
	if !names[i].Authority() || !parent.BasicConstraintsValid || !parent.IsCA || parent.KeyUsage&x509.KeyUsageCertSign == 0 {
		return identity.Refuse(identity.CertificateIssuerNoCA, "%s is no authority, and has issued a certificate", names[i])
	}
	if !bytes.Equal(child.RawIssuer, parent.RawSubject) {
		return identity.Refuse(identity.CertificateIssuer, "%s is not the issuer of %s", names[i], names[i-1])
	}
	if err := child.CheckSignatureFrom(parent); err != nil {
		return identity.Refuse(identity.CertificateSignature, "of %s for %s: %v", names[i], names[i-1], err)
	}
	if !names[i].MayVouch(names[i-1]) {
		return identity.Refuse(identity.CertificateOutOfNamespace, "%s may not vouch for %s", names[i], names[i-1])
	}
	if below := i - 1; parent.MaxPathLen < below {
		return identity.Refuse(identity.CertificateTooDeep, "%d authorities below %s, limit %d", below, names[i], parent.MaxPathLen)
	}
	return r.verifyTime(parent, names[i], now, 0)
}

// verifyTop checks that a root has signed c.
func (r Roots) verifyTop(c *x509.Certificate, name identity.Name) error {
	known := false
	for _, root := range r.Certificates {
		if !bytes.Equal(c.RawIssuer, root.RawSubject) {
			continue
		}
		if c.CheckSignatureFrom(root) == nil {
			return nil
		}
		known = true
	}
	if known {
		return identity.Refuse(identity.CertificateSignature, "of the root for %s", name)
	}
	return identity.Refuse(identity.CertificateIssuer, "%.60q, which issued that of %s, is no root here", c.Issuer.CommonName, name)
}

func (r Roots) verifyTime(c *x509.Certificate, name identity.Name, now time.Time, grace time.Duration) error {
	if now.Before(c.NotBefore.Add(-r.Skew)) {
		return identity.Refuse(identity.CertificateNotYet, "%s holds from %s, and here it is %s", name, stamp(c.NotBefore), stamp(now))
	}
	if now.After(c.NotAfter.Add(r.Skew + grace)) {
		return identity.Refuse(identity.CertificateExpired, "%s held until %s, and here it is %s", name, stamp(c.NotAfter), stamp(now))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// standard is the verification of crypto/x509, at the nearest time at which the
// leaf itself holds: skew and grace were judged before.
func (r Roots) standard(certs []*x509.Certificate, now time.Time) error {
	at := now
	if at.Before(certs[0].NotBefore) {
		at = certs[0].NotBefore
	}
	if at.After(certs[0].NotAfter) {
		at = certs[0].NotAfter
	}
	o := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, c := range r.Certificates {
		o.Roots.AddCert(c)
	}
	for _, c := range certs[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := certs[0].Verify(o)
	if err == nil {
		return nil
	}
	tag := identity.CertificateMalformed
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		switch invalid.Reason { //nolint:exhaustive // the rest has no better tag
		case x509.Expired:
			tag = identity.CertificateExpired
		case x509.NotAuthorizedToSign:
			tag = identity.CertificateIssuerNoCA
		case x509.CANotAuthorizedForThisName, x509.UnconstrainedName, x509.NameConstraintsWithoutSANs:
			tag = identity.CertificateOutOfNamespace
		case x509.TooManyIntermediates:
			tag = identity.CertificateTooDeep
		}
	}
	return identity.Refuse(tag, "%v", err)
}
