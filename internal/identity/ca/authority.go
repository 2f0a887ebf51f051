package ca

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/memory"
)

// Lives of what is issued.
const (
	LeafLife         = 24 * time.Hour
	IntermediateLife = 365 * 24 * time.Hour
	RootLife         = 10 * 365 * 24 * time.Hour

	// backdate is how much earlier than now certificates hold, for clocks behind ours.
	backdate = 5 * time.Minute
	maxHosts = 16
)

// RootName is what a root calls itself as an issuer of credentials.
const RootName identity.Name = "root"

// Authority signs for a trust domain, or for a part of it.
type Authority struct {
	name   identity.Name
	domain identity.Domain
	key    identity.Key
	cert   *x509.Certificate
	// above are the intermediates from this one up, without the root, and their
	// credentials from the root down. Both are empty for a root.
	above []*x509.Certificate
	links cred.Chain
}

// NewRoot makes the root of a new trust domain.
func NewRoot(domain identity.Domain, key identity.Key, now time.Time) (*Authority, error) {
	if err := domain.Valid(); err != nil {
		return nil, fmt.Errorf("make a root: %w", err)
	}
	a := &Authority{name: RootName, domain: domain, key: key}
	template, err := a.template(RootName, now, now.Add(RootLife))
	if err != nil {
		return nil, err
	}
	template.IsCA, template.MaxPathLen = true, cred.MaxIntermediates
	template.KeyUsage = x509.KeyUsageCertSign
	a.cert = template // its own issuer
	if a.cert, err = a.sign(template, key.Public()); err != nil {
		return nil, fmt.Errorf("make a root: %w", err)
	}
	return a, nil
}

// Name returns what the authority is called.
func (a *Authority) Name() identity.Name { return a.name }

// Domain returns the trust domain.
func (a *Authority) Domain() identity.Domain { return a.domain }

// Certificate returns the authority's own certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Intermediate makes an authority for what lies below scope: it is called
// "scope/ca". Its key is made by who will hold it.
func (a *Authority) Intermediate(scope identity.Name, key identity.Key, now time.Time) (*Authority, error) {
	name := scope + "/ca"
	if err := a.mayIssue(name); err != nil {
		return nil, err
	}
	if len(a.above) >= cred.MaxIntermediates {
		return nil, identity.Refuse(identity.CertificateTooDeep, "%s lies too deep to have authorities below it", a.name)
	}
	to := a.within(now.Add(IntermediateLife))
	template, err := a.template(name, now, to)
	if err != nil {
		return nil, err
	}
	below, err := scope.Host(a.domain)
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.MaxPathLen = cred.MaxIntermediates - 1 - len(a.above)
	template.MaxPathLenZero = template.MaxPathLen == 0
	template.KeyUsage = x509.KeyUsageCertSign
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains = []string{below}
	cert, err := a.sign(template, key.Public())
	if err != nil {
		return nil, fmt.Errorf("issue %s: %w", name, err)
	}
	link, err := a.issuer().Issue(name, key.Public(), template.NotBefore, to)
	if err != nil {
		return nil, err
	}
	return &Authority{
		name: name, domain: a.domain, key: key, cert: cert,
		above: append([]*x509.Certificate{cert}, a.above...), links: append(slices.Clip(a.links), link),
	}, nil
}

// Issue signs a certificate and a credential that name belongs to a key, for a
// day. hosts are names and addresses under which clients reach the member.
func (a *Authority) Issue(name identity.Name, key identity.PublicKey, hosts []string, now time.Time) (*Grant, error) {
	if err := a.mayIssue(name); err != nil {
		return nil, err
	}
	if name.Authority() || name == RootName || name.Last() == "ca" {
		return nil, identity.Refuse(identity.CredentialOfAuthority, "no member may be called %s", name)
	}
	to := a.within(now.Add(LeafLife))
	template, err := a.template(name, now, to)
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if err := a.addHosts(template, hosts); err != nil {
		return nil, err
	}
	leaf, err := a.sign(template, key)
	if err != nil {
		return nil, fmt.Errorf("issue %s: %w", name, err)
	}
	credential, err := a.issuer().Issue(name, key, template.NotBefore, to)
	if err != nil {
		return nil, err
	}
	return &Grant{Certificates: append([]*x509.Certificate{leaf}, a.above...), Credential: credential, Chain: a.links}, nil
}

func (a *Authority) mayIssue(name identity.Name) error {
	if a.name != RootName && !a.name.MayVouch(name) {
		return identity.Refuse(identity.CertificateOutOfNamespace, "%s may not vouch for %s", a.name, name)
	}
	return nil
}

// within bounds an end by the authority's own.
func (a *Authority) within(to time.Time) time.Time {
	if end := a.cert.NotAfter; to.After(end) {
		return end
	}
	return to
}

func (a *Authority) issuer() cred.Issuer {
	return cred.Issuer{Name: a.name, Domain: a.domain, Key: a.key}
}

// addHosts takes host names only from a root: intermediates may name nothing
// outside of their part of the domain.
func (a *Authority) addHosts(template *x509.Certificate, hosts []string) error {
	if len(hosts) > maxHosts {
		return fmt.Errorf("%d hosts, limit %d: %w", len(hosts), maxHosts, memory.ErrInvalid)
	}
	for _, h := range hosts {
		ip := net.ParseIP(h)
		switch {
		case ip != nil:
			template.IPAddresses = append(template.IPAddresses, ip)
		case a.name != RootName:
			return identity.Refuse(identity.CertificateOutOfNamespace, "%s may not vouch for host %.60q", a.name, h)
		case identity.Domain(h).Valid() != nil:
			return fmt.Errorf("host %.60q: %w", h, memory.ErrInvalid)
		default:
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	return nil
}

// template is what all certificates have.
func (a *Authority) template(name identity.Name, now, to time.Time) (*x509.Certificate, error) {
	host, err := name.Host(a.domain)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{Organization: []string{string(a.domain)}, CommonName: string(name)},
		NotBefore:    now.Add(-backdate).Truncate(time.Second), NotAfter: to.Truncate(time.Second),
		BasicConstraintsValid: true,
		URIs:                  []*url.URL{uriOf(a.domain, name)},
		DNSNames:              []string{host},
	}
	if len(name) > 64 { // RFC 5280 gives a common name no more
		t.Subject.CommonName = name.Last()
	}
	return t, nil
}

func (a *Authority) sign(template *x509.Certificate, key identity.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, publicOf(key), a.key.Signer())
	if err != nil {
		return nil, err
	}
	if len(der) > MaxCertificate {
		return nil, errors.New("the certificate would be too large")
	}
	return x509.ParseCertificate(der)
}

const scheme = "tally"

func uriOf(domain identity.Domain, name identity.Name) *url.URL {
	return &url.URL{Scheme: scheme, Host: string(domain), Path: "/" + string(name)}
}

// SignWith has the root's key sign something else than a certificate: the list of
// the members. An intermediate may not.
func (a *Authority) SignWith(sign func(identity.Key) ([]byte, error)) ([]byte, error) {
	if a.name != RootName {
		return nil, identity.Refuse(identity.CertificateOutOfNamespace, "%s is not the root", a.name)
	}
	return sign(a.key)
}
