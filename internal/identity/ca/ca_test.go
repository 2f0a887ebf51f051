package ca_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
)

func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

func root(tb testing.TB) *ca.Authority {
	tb.Helper()
	a, err := ca.NewRoot("acme", identitytest.Key(tb, "root"), now())
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func below(tb testing.TB, a *ca.Authority, scope identity.Name) *ca.Authority {
	tb.Helper()
	out, err := a.Intermediate(scope, identitytest.Key(tb, string(scope)+"/ca"), now())
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func grant(tb testing.TB, a *ca.Authority, name identity.Name) *ca.Grant {
	tb.Helper()
	g, err := a.Issue(name, identitytest.Key(tb, string(name)).Public(), nil, now())
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func roots(a *ca.Authority) ca.Roots {
	return ca.Roots{Domain: "acme", Certificates: []*x509.Certificate{a.Certificate()}, Skew: time.Minute}
}

func wantTag(t *testing.T, what string, err error, want identity.Tag) {
	t.Helper()
	if got := identity.TagOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func TestCertificateAndCredentialNameTheSameMember(t *testing.T) {
	top := root(t)
	eu := below(t, top, "region/eu")
	city := below(t, eu, "region/eu/waw")
	for name, by := range map[identity.Name]*ca.Authority{"a": top, "region/eu/b": eu, "region/eu/waw/c": city} {
		g := grant(t, by, name)
		leaf, err := roots(top).Verify(g.Certificates, now())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		subject, err := roots(top).Credentials().Verify(g.Credential, g.Chain, now())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if leaf.Name != name || subject.Name != name || leaf.Key != identitytest.Key(t, string(name)).Public() || subject.Key != leaf.Key {
			t.Errorf("%s: certificate %+v, credential %+v", name, leaf, subject)
		}
		if !leaf.Until.Equal(subject.Until) || leaf.Until.Sub(now()) != ca.LeafLife {
			t.Errorf("%s: holds until %s and %s", name, leaf.Until, subject.Until)
		}
	}
}

func TestAuthoritiesStayWithinTheirBounds(t *testing.T) {
	top := root(t)
	eu := below(t, top, "region/eu")
	city := below(t, eu, "region/eu/waw")
	k := identitytest.Key(t, "x")
	for name, tt := range map[string]struct {
		by   *ca.Authority
		name identity.Name
		want identity.Tag
	}{
		"beside":               {eu, "region/us/b", identity.CertificateOutOfNamespace},
		"above":                {eu, "b", identity.CertificateOutOfNamespace},
		"almost the same":      {eu, "region/eu-2/b", identity.CertificateOutOfNamespace},
		"a member called ca":   {top, "region/us/ca", identity.CredentialOfAuthority},
		"a member called root": {top, "root", identity.CredentialOfAuthority},
	} {
		_, err := tt.by.Issue(tt.name, k.Public(), nil, now())
		wantTag(t, name, err, tt.want)
	}
	_, err := eu.Intermediate("region/us", k, now())
	wantTag(t, "an intermediate beside", err, identity.CertificateOutOfNamespace)
	_, err = city.Intermediate("region/eu/waw/x", k, now())
	wantTag(t, "too deep", err, identity.CertificateTooDeep)
	_, err = eu.Issue("region/eu/b", k.Public(), []string{"bank.example"}, now())
	wantTag(t, "a host of somebody else", err, identity.CertificateOutOfNamespace)
	if g, err := top.Issue("b", k.Public(), []string{"b.example", "10.0.0.1"}, now()); err != nil || g.Certificates[0].VerifyHostname("b.example") != nil || g.Certificates[0].VerifyHostname("10.0.0.1") != nil {
		t.Errorf("hosts: %v", err)
	}
	if _, err := top.Issue("b", k.Public(), []string{"a b"}, now()); err == nil {
		t.Error("a host that is none was signed")
	}
	late := now().Add(ca.RootLife - time.Hour)
	g, err := top.Issue("b", k.Public(), nil, late)
	if err != nil || g.Certificates[0].NotAfter.After(top.Certificate().NotAfter) {
		t.Errorf("the leaf outlives the root: %v", err)
	}
}

// forge signs what no honest authority would.
func forge(t *testing.T, by identity.Key, parent *x509.Certificate, name, host string, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{Organization: []string{"acme"}, CommonName: name},
		NotBefore: now().Add(-time.Hour), NotAfter: now().Add(time.Hour), BasicConstraintsValid: true,
		URIs: []*url.URL{{Scheme: "tally", Host: "acme", Path: "/" + name}}, DNSNames: []string{host},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	change(c)
	public, issuer := identitytest.Key(t, name).Public(), *parent
	issuer.PublicKey = by.Signer().Public() // also if it is not the key of the parent
	der, err := x509.CreateCertificate(rand.Reader, c, &issuer, ed25519.PublicKey(public[:]), by.Signer())
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func authority(c *x509.Certificate) {
	c.IsCA, c.MaxPathLen, c.KeyUsage = true, 1, x509.KeyUsageCertSign
	c.ExtKeyUsage = nil
}

func TestEveryForgeryHasItsTag(t *testing.T) { //nolint:maintidx // a table
	top := root(t)
	eu := below(t, top, "region/eu")
	honest := grant(t, top, "node-1").Certificates[0]
	euCert := eu.Certificate()
	same := func(*x509.Certificate) {}
	by := func(change func(*x509.Certificate)) []*x509.Certificate {
		return []*x509.Certificate{forge(t, identitytest.Key(t, "root"), top.Certificate(), "node-1", "node-1.acme", change)}
	}
	byEU := func(name, host string, change func(*x509.Certificate)) []*x509.Certificate {
		return []*x509.Certificate{forge(t, identitytest.Key(t, "region/eu/ca"), euCert, name, host, change), euCert}
	}
	stranger, err := ca.NewRoot("acme", identitytest.Key(t, "stranger"), now())
	if err != nil {
		t.Fatal(err)
	}
	other, err := ca.NewRoot("other", identitytest.Key(t, "root"), now())
	if err != nil {
		t.Fatal(err)
	}
	unconstrained := forge(t, identitytest.Key(t, "root"), top.Certificate(), "region/eu/ca", "ca.eu.region.acme", authority)
	shallow := forge(t, identitytest.Key(t, "root"), top.Certificate(), "region/eu/ca", "ca.eu.region.acme", func(c *x509.Certificate) {
		authority(c)
		c.MaxPathLen, c.MaxPathLenZero = 0, true
	})
	expired := forge(t, identitytest.Key(t, "root"), top.Certificate(), "region/eu/ca", "ca.eu.region.acme", func(c *x509.Certificate) {
		authority(c)
		c.NotAfter = now().Add(-10 * time.Minute)
	})
	under := func(parent *x509.Certificate, name, host string) []*x509.Certificate {
		return []*x509.Certificate{forge(t, identitytest.Key(t, "region/eu/ca"), parent, name, host, same), parent}
	}
	city := forge(t, identitytest.Key(t, "region/eu/ca"), shallow, "region/eu/waw/ca", "ca.waw.eu.region.acme", authority)
	tests := map[string]struct {
		certs []*x509.Certificate
		want  identity.Tag
	}{
		"the honest one":         {[]*x509.Certificate{honest}, ""},
		"as honest":              {by(same), ""},
		"none":                   {nil, identity.CertificateMissing},
		"an authority":           {[]*x509.Certificate{euCert}, identity.CertificateNotOfMember},
		"the root itself":        {[]*x509.Certificate{top.Certificate()}, identity.CertificateNotOfMember},
		"a member that is a CA":  {by(func(c *x509.Certificate) { authority(c) }), identity.CertificateNotOfMember},
		"unknown issuer":         {[]*x509.Certificate{forge(t, identitytest.Key(t, "x"), &x509.Certificate{Subject: pkix.Name{CommonName: "x"}}, "node-1", "node-1.acme", same)}, identity.CertificateIssuer},
		"a root of the name":     {grant(t, stranger, "node-1").Certificates, identity.CertificateSignature},
		"another domain":         {grant(t, other, "node-1").Certificates, identity.CertificateDomain},
		"too early":              {by(func(c *x509.Certificate) { c.NotBefore = now().Add(2 * time.Minute) }), identity.CertificateNotYet},
		"too late":               {by(func(c *x509.Certificate) { c.NotAfter = now().Add(-2 * time.Minute) }), identity.CertificateExpired},
		"within the skew":        {by(func(c *x509.Certificate) { c.NotBefore = now().Add(time.Minute) }), ""},
		"no URI":                 {by(func(c *x509.Certificate) { c.URIs = nil }), identity.CertificateMalformed},
		"two URIs":               {by(func(c *x509.Certificate) { c.URIs = append(c.URIs, c.URIs[0]) }), identity.CertificateMalformed},
		"another scheme":         {by(func(c *x509.Certificate) { c.URIs[0].Scheme = "https" }), identity.CertificateMalformed},
		"a URI with a user":      {by(func(c *x509.Certificate) { c.URIs[0].User = url.User("root") }), identity.CertificateMalformed},
		"a URI with dots":        {by(func(c *x509.Certificate) { c.URIs[0].Path = "/a/../b" }), identity.CertificateMalformed},
		"a host of another name": {by(func(c *x509.Certificate) { c.DNSNames = []string{"node-2.acme"} }), identity.CertificateMalformed},
		"no host":                {by(func(c *x509.Certificate) { c.DNSNames = nil }), identity.CertificateMalformed},
		"for servers only":       {by(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), identity.CertificateMalformed},
		"too large":              {by(func(c *x509.Certificate) { c.Subject.Locality = []string{strings.Repeat("x", ca.MaxCertificate)} }), identity.CertificateTooLarge},
		"a leaf as a CA": {
			[]*x509.Certificate{forge(t, identitytest.Key(t, "node-1"), honest, "node-2", "node-2.acme", same), honest}, identity.CertificateIssuerNoCA,
		},
		"out of its namespace":    {byEU("region/us/b", "b.us.region.acme", same), identity.CertificateOutOfNamespace},
		"beside its namespace":    {byEU("region/eu-2/b", "b.eu-2.region.acme", same), identity.CertificateOutOfNamespace},
		"a host out of it":        {byEU("region/eu/b", "b.eu.region.acme", func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "bank.example") }), identity.CertificateOutOfNamespace},
		"a URI out of it":         {byEU("region/us/b", "b.eu.region.acme", same), identity.CertificateMalformed},
		"out of it, no limits":    {under(unconstrained, "region/us/b", "b.us.region.acme"), identity.CertificateOutOfNamespace},
		"an expired intermediate": {under(expired, "region/eu/b", "b.eu.region.acme"), identity.CertificateExpired},
		"no intermediate":         {byEU("region/eu/b", "b.eu.region.acme", same)[:1], identity.CertificateIssuer},
		"another intermediate":    {[]*x509.Certificate{honest, euCert}, identity.CertificateIssuer},
		"signed by another key": {
			[]*x509.Certificate{forge(t, identitytest.Key(t, "x"), euCert, "region/eu/b", "b.eu.region.acme", same), euCert}, identity.CertificateSignature,
		},
		"deeper than allowed": {
			[]*x509.Certificate{forge(t, identitytest.Key(t, "region/eu/waw/ca"), city, "region/eu/waw/b", "b.waw.eu.region.acme", same), city, shallow},
			identity.CertificateTooDeep,
		},
		"too many": {[]*x509.Certificate{honest, euCert, euCert, euCert}, identity.CertificateTooDeep},
	}
	for name, tt := range tests {
		_, err := roots(top).Verify(tt.certs, now())
		wantTag(t, name, err, tt.want)
	}
}

func TestOnlyLeavesHaveGrace(t *testing.T) {
	top := root(t)
	r := roots(top)
	r.Grace = 12 * time.Hour
	g := grant(t, top, "node-1")
	_, err := r.Verify(g.Certificates, now().Add(30*time.Hour))
	wantTag(t, "within the grace", err, "")
	_, err = r.Verify(g.Certificates, now().Add(37*time.Hour))
	wantTag(t, "after it", err, identity.CertificateExpired)
	_, err = r.Verify(grant(t, below(t, top, "region/eu"), "region/eu/b").Certificates, now().Add(ca.IntermediateLife+time.Hour))
	wantTag(t, "an intermediate", err, identity.CertificateExpired)
}

func TestRequestsProveTheirKey(t *testing.T) {
	k := identitytest.Key(t, "b")
	der, err := ca.NewRequest("region/eu/b", k, []string{"b.example", "10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := ca.ParseRequest(der)
	if err != nil || r.Name != "region/eu/b" || r.Key != k.Public() || len(r.Hosts) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	changed := append([]byte(nil), der...)
	changed[len(changed)-1] ^= 1
	_, err = ca.ParseRequest(changed)
	wantTag(t, "another signature", err, identity.CertificateSignature)
	_, err = ca.ParseRequest(make([]byte, ca.MaxRequest+1))
	wantTag(t, "too large", err, identity.CertificateTooLarge)
	_, err = ca.ParseRequest([]byte("hello"))
	wantTag(t, "no request", err, identity.CertificateMalformed)
	if _, err := ca.NewRequest("a b", k, nil); err == nil {
		t.Error("a name that is none")
	}
}

func TestAuthoritiesComeBackFromTheirFiles(t *testing.T) {
	top := root(t)
	for _, a := range []*ca.Authority{top, below(t, top, "region/eu"), below(t, below(t, top, "region/eu"), "region/eu/waw")} {
		dir := t.TempDir()
		if _, err := ca.Load(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("nothing: %v", err)
		}
		if err := a.Save(dir); err != nil {
			t.Fatal(err)
		}
		got, err := ca.Load(dir)
		if err != nil || got.Name() != a.Name() || got.Domain() != a.Domain() {
			t.Fatalf("%+v, %v", got, err)
		}
		name := identity.Name("region/eu/waw/b")
		if _, err := roots(top).Verify(grant(t, got, name).Certificates, now()); err != nil {
			t.Errorf("%s: %v", a.Name(), err)
		}
		g := grant(t, got, name)
		if _, err := roots(top).Credentials().Verify(g.Credential, g.Chain, now()); err != nil {
			t.Errorf("%s: %v", a.Name(), err)
		}
		if err := a.Save(dir); !errors.Is(err, fs.ErrExist) {
			t.Errorf("overwritten: %v", err)
		}
		if err := os.Chmod(filepath.Join(dir, ca.KeyFile), 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := ca.Load(dir); !errors.Is(err, identity.ErrExposed) {
			t.Errorf("an open key file: %v", err)
		}
	}
}

func TestGrantsTravelAsJSON(t *testing.T) {
	top := root(t)
	g := grant(t, below(t, top, "region/eu"), "region/eu/b")
	text, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ca.ParseGrant(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roots(top).Verify(got.Certificates, now()); err != nil {
		t.Error(err)
	}
	if again, err := json.Marshal(got); err != nil || string(again) != string(text) {
		t.Errorf("%s, %v, want %s", again, err, text)
	}
}

func TestRootsAreKnownByTheirFingerprint(t *testing.T) {
	top := root(t)
	text := ca.EncodeCertificates([]*x509.Certificate{top.Certificate()})
	got, err := ca.ReadRoot(text, ca.Fingerprint(top.Certificate()))
	if err != nil {
		t.Fatal(err)
	}
	if d, err := ca.DomainOf(got); err != nil || d != "acme" {
		t.Errorf("%q, %v", d, err)
	}
	_, err = ca.ReadRoot(text, [32]byte{1})
	wantTag(t, "another", err, identity.CertificateIssuer)
	leaf := grant(t, top, "b").Certificates[0]
	_, err = ca.ReadRoot(ca.EncodeCertificates([]*x509.Certificate{leaf}), ca.Fingerprint(leaf))
	wantTag(t, "a leaf", err, identity.CertificateIssuerNoCA)
	if _, err := ca.DomainOf(leaf); err == nil {
		t.Error("a leaf has a domain of its own")
	}
}

func TestRenewalIsSpreadAroundHalfOfALife(t *testing.T) {
	from, to := now(), now().Add(24*time.Hour)
	for chance, want := range map[float64]time.Duration{0: 9*time.Hour + 36*time.Minute, 0.5: 12 * time.Hour, 1: 14*time.Hour + 24*time.Minute} {
		if got := ca.RenewAt(from, to, chance).Sub(from); got.Round(time.Second) != want {
			t.Errorf("chance %v: after %s, want %s", chance, got, want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		life := time.Duration(rapid.Int64Range(1, int64(1000*time.Hour)).Draw(rt, "life"))
		at := ca.RenewAt(from, from.Add(life), rapid.Float64Range(0, 1).Draw(rt, "chance")).Sub(from)
		if at < life*39/100 || at > life*61/100 {
			rt.Errorf("%s of %s", at, life)
		}
	})
	for n, want := range map[int]time.Duration{0: 30 * time.Second, 1: 30 * time.Second, 2: time.Minute, 6: 16 * time.Minute, 7: 30 * time.Minute, 99: 30 * time.Minute} {
		if got := ca.RetryAfter(n); got != want {
			t.Errorf("after %d failures %s, want %s", n, got, want)
		}
	}
	for left, want := range map[time.Duration]ca.Health{
		24 * time.Hour: ca.Fresh, 9 * time.Hour: ca.Fresh, 8 * time.Hour: ca.Overdue, time.Second: ca.Overdue,
		0: ca.InGrace, -59 * time.Minute: ca.InGrace, -time.Hour: ca.Ended,
	} {
		if got := ca.HealthOf(from, to, time.Hour, to.Add(-left)); got != want {
			t.Errorf("with %s left %d, want %d", left, got, want)
		}
	}
}

func FuzzCertificates(f *testing.F) {
	top := root(f)
	f.Add(ca.EncodeCertificates(grant(f, below(f, top, "region/eu"), "region/eu/b").Certificates))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		certs, err := ca.ParseCertificates(data)
		if err == nil {
			_, err = roots(top).Verify(certs, now())
		}
		if err != nil && identity.TagOf(err) == "" {
			t.Errorf("%v is no refusal", err)
		}
	})
}

func FuzzRequest(f *testing.F) {
	der, err := ca.NewRequest("region/eu/b", identitytest.Key(f, "b"), []string{"b.example", "10.0.0.1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := ca.ParseRequest(data); err == nil && (r.Name.Valid() != nil || len(r.Hosts) > 16) {
			t.Errorf("%+v", r)
		}
	})
}

func FuzzGrant(f *testing.F) {
	text, err := json.Marshal(grant(f, root(f), "b"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		if g, err := ca.ParseGrant(data); err == nil {
			if _, err := json.Marshal(g); err != nil {
				t.Error(err)
			}
		}
	})
}
