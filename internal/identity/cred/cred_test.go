package cred_test

import (
	"encoding/base64"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
)

var update = flag.Bool("update", false, "write golden files anew")

const domain = "test.example"

// now is when everything here happens.
func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// key returns a key that is the same in every run.
func issuer(tb testing.TB, name identity.Name) cred.Issuer {
	tb.Helper()
	return cred.Issuer{Name: name, Domain: domain, Key: identitytest.Key(tb, string(name))}
}

// issue makes a credential that holds for an hour around now.
func issue(tb testing.TB, by cred.Issuer, subject identity.Name) *cred.Credential {
	tb.Helper()
	c, err := by.Issue(subject, identitytest.Key(tb, string(subject)).Public(), now().Add(-30*time.Minute), now().Add(30*time.Minute))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func roots(tb testing.TB) cred.Roots {
	tb.Helper()
	return cred.Roots{
		Domain: domain, Keys: map[identity.Name][]identity.PublicKey{"root": {identitytest.Key(tb, "root").Public()}}, Skew: time.Minute,
	}
}

// verify reads both headers and believes them, or not.
func verify(r cred.Roots, credential, chain string, at time.Time) (cred.Subject, error) {
	c, err := cred.ParseHeader(credential)
	if err != nil {
		return cred.Subject{}, err
	}
	links, err := cred.ParseChainHeader(chain)
	if err != nil {
		return cred.Subject{}, err
	}
	return r.Verify(c, links, at)
}

func header(tb testing.TB, c *cred.Credential) string {
	tb.Helper()
	h, err := c.Header()
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func chainHeader(tb testing.TB, links ...*cred.Credential) string {
	tb.Helper()
	h, err := cred.Chain(links).Header()
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func TestACredentialNamesItsSubject(t *testing.T) {
	subject, err := verify(roots(t), header(t, issue(t, issuer(t, "root"), "node-1")), "", now())
	if err != nil {
		t.Fatal(err)
	}
	if subject.Name != "node-1" || subject.Key != identitytest.Key(t, "node-1").Public() || !subject.Until.Equal(now().Add(30*time.Minute)) {
		t.Errorf("%+v", subject)
	}
}

func TestChainsOfIntermediates(t *testing.T) {
	eu := issue(t, issuer(t, "root"), "region/eu/ca")
	city := issue(t, issuer(t, "region/eu/ca"), "region/eu/waw/ca")
	tests := map[string]struct {
		credential *cred.Credential
		chain      string
	}{
		"one": {issue(t, issuer(t, "region/eu/ca"), "region/eu/b"), chainHeader(t, eu)},
		"two": {issue(t, issuer(t, "region/eu/waw/ca"), "region/eu/waw/b"), chainHeader(t, eu, city)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			subject, err := verify(roots(t), header(t, tt.credential), tt.chain, now())
			if err != nil || subject.Name != tt.credential.Claims.Subject {
				t.Errorf("%+v, %v", subject, err)
			}
		})
	}
}

// lie makes a credential that no honest issuer would make.
func lie(tb testing.TB, by identity.Key, change func(*cred.Claims)) string {
	tb.Helper()
	subject := identitytest.Key(tb, "node-1").Public()
	claims := cred.Claims{
		Version: 1, Issuer: "root", NotAfter: now().Add(time.Hour).Unix(), NotBefore: now().Add(-time.Hour).Unix(),
		Subject: "node-1", Key: subject[:], Domain: domain,
	}
	change(&claims)
	return seal(tb, by, marshal(tb, claims))
}

func marshal(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := cbor.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func seal(tb testing.TB, by identity.Key, claims []byte) string {
	tb.Helper()
	return text(marshal(tb, struct {
		Claims []byte `cbor:"claims"`
		Sig    []byte `cbor:"sig"`
	}{claims, by.Sign(claims)}))
}

func text(data []byte) string { return "v1=" + base64.StdEncoding.EncodeToString(data) }

// doubled repeats the first pair of a CBOR map of fewer than 23.
func doubled(m []byte, pair string) []byte {
	return append([]byte{m[0] + 1}, append([]byte(pair), m[1:]...)...)
}

func TestEveryLieHasItsTag(t *testing.T) {
	root, eu := identitytest.Key(t, "root"), issue(t, issuer(t, "root"), "region/eu/ca")
	same := func(*cred.Claims) {}
	honest := lie(t, root, same)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(honest, "v1="))
	if err != nil {
		t.Fatal(err)
	}
	var parts struct {
		Claims []byte `cbor:"claims"`
		Sig    []byte `cbor:"sig"`
	}
	if err := cbor.Unmarshal(raw, &parts); err != nil {
		t.Fatal(err)
	}
	evil := identitytest.Key(t, "region/eu/ca")
	of := func(change func(*cred.Claims)) string { return lie(t, root, change) }
	tests := map[string]struct {
		credential, chain string
		want              identity.Tag
	}{
		"the honest one":   {honest, "", ""},
		"none":             {"", "", identity.CredentialMissing},
		"no version":       {strings.TrimPrefix(honest, "v1="), "", identity.CredentialMalformed},
		"another encoding": {"v2=" + strings.TrimPrefix(honest, "v1="), "", identity.CredentialMalformed},
		"no base64":        {"v1=***", "", identity.CredentialMalformed},
		"line breaks":      {honest[:20] + "\n" + honest[20:], "", identity.CredentialMalformed},
		"no CBOR":          {text([]byte("hello")), "", identity.CredentialMalformed},
		"trailing bytes":   {text(append(slices.Clip(raw), 0)), "", identity.CredentialMalformed},
		"cut":              {text(raw[:len(raw)-1]), "", identity.CredentialMalformed},
		"too large":        {"v1=" + strings.Repeat("A", cred.MaxHeader), "", identity.CredentialTooLarge},
		"duplicate keys":   {text(doubled(raw, "\x63sig\x40")), "", identity.CredentialMalformed},
		"duplicate claims": {
			seal(t, root, doubled(parts.Claims, "\x69issuer_id\x61x")), "", identity.CredentialMalformed,
		},
		"a claim that nobody knows": {seal(t, root, doubled(parts.Claims, "\x65admin\xf5")), "", identity.CredentialMalformed},
		"another order of keys": {
			seal(t, root, marshal(t, map[string]any{"trust_domain": domain, "issuer_id": "root"})), "", identity.CredentialMalformed,
		},
		"a future version":     {of(func(c *cred.Claims) { c.Version = 2 }), "", identity.CredentialVersion},
		"a short key":          {of(func(c *cred.Claims) { c.Key = c.Key[:31] }), "", identity.CredentialSubjectKey},
		"a name of two lines":  {of(func(c *cred.Claims) { c.Subject = "a\nb" }), "", identity.CredentialMalformed},
		"time without end":     {of(func(c *cred.Claims) { c.NotAfter = 1 << 62 }), "", identity.CredentialMalformed},
		"ends before it began": {of(func(c *cred.Claims) { c.NotAfter = c.NotBefore - 1 }), "", identity.CredentialMalformed},
		"an issuer unknown":    {of(func(c *cred.Claims) { c.Issuer = "stranger" }), "", identity.CredentialIssuer},
		"signed by a stranger": {lie(t, identitytest.Key(t, "stranger"), same), "", identity.CredentialSignature},
		"another domain":       {of(func(c *cred.Claims) { c.Domain = "other.example" }), "", identity.CredentialDomain},
		"not yet":              {of(func(c *cred.Claims) { c.NotBefore = now().Add(2 * time.Minute).Unix() }), "", identity.CredentialNotYet},
		"no longer":            {of(func(c *cred.Claims) { c.NotAfter = now().Add(-2 * time.Minute).Unix() }), "", identity.CredentialExpired},
		"within the skew": {of(func(c *cred.Claims) {
			c.NotBefore, c.NotAfter = now().Add(time.Minute).Unix(), now().Add(time.Minute).Unix()
		}), "", ""},
		"an authority as a member": {header(t, eu), "", identity.CredentialOfAuthority},
		"out of its namespace": {
			lie(t, evil, func(c *cred.Claims) { c.Issuer, c.Subject = "region/eu/ca", "region/us/b" }),
			chainHeader(t, eu), identity.ChainOutOfNamespace,
		},
		"beside its namespace": {
			lie(t, evil, func(c *cred.Claims) { c.Issuer, c.Subject = "region/eu/ca", "region/eu-2/b" }),
			chainHeader(t, eu), identity.ChainOutOfNamespace,
		},
		"an intermediate that calls itself root": {
			lie(t, evil, func(c *cred.Claims) { c.Issuer, c.Subject = "root", "region/us/b" }),
			chainHeader(t, eu), identity.CredentialIssuer,
		},
		"a member as an authority": {
			lie(t, identitytest.Key(t, "node-1"), func(c *cred.Claims) { c.Issuer, c.Subject = "node-1", "node-2" }),
			chainHeader(t, issue(t, issuer(t, "root"), "node-1")), identity.ChainIssuerNoCA,
		},
		"an intermediate without its own": {
			header(t, issue(t, issuer(t, "region/eu/ca"), "region/eu/b")), "", identity.CredentialIssuer,
		},
		"a chain of another": {honest, chainHeader(t, eu), identity.CredentialIssuer},
		"too deep":           {honest, chainHeader(t, eu, eu, eu), identity.ChainTooDeep},
		"a chain of nothing": {honest, text([]byte{0xf6}), identity.CredentialMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := verify(roots(t), tt.credential, tt.chain, now())
			wantTag(t, err, tt.want)
		})
	}
}

func wantTag(t *testing.T, err error, want identity.Tag) {
	t.Helper()
	if got := identity.TagOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestGraceIsForMembersOnly(t *testing.T) {
	r := roots(t)
	r.Grace = time.Hour
	late := now().Add(45 * time.Minute) // 15 minutes after the end
	if _, err := verify(r, header(t, issue(t, issuer(t, "root"), "node-1")), "", late); err != nil {
		t.Errorf("within the grace: %v", err)
	}
	_, err := verify(r, header(t, issue(t, issuer(t, "root"), "node-1")), "", late.Add(time.Hour))
	wantTag(t, err, identity.CredentialExpired)
	eu := issue(t, issuer(t, "root"), "region/eu/ca")
	_, err = verify(r, header(t, issue(t, issuer(t, "region/eu/ca"), "region/eu/b")), chainHeader(t, eu), late)
	wantTag(t, err, identity.CredentialExpired)
}

func TestNoIssuerSignsOutsideItsNamespace(t *testing.T) {
	_, err := issuer(t, "region/eu/ca").Issue("region/us/b", identitytest.Key(t, "b").Public(), now(), now().Add(time.Hour))
	wantTag(t, err, identity.ChainOutOfNamespace)
	if _, err := issuer(t, "root").Issue("a b", identitytest.Key(t, "b").Public(), now(), now()); err == nil {
		t.Error("a name that is none has a credential")
	}
}

// The cost of a refusal must not grow with what was sent. It is counted in allocations, which do not
// depend on how busy the machine is.
func TestAChainOfTenThousandIsRefusedAtOnce(t *testing.T) {
	link, err := issue(t, issuer(t, "root"), "region/eu/ca").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	deep := make([][]byte, 10_000)
	for i := range deep {
		deep[i] = link
	}
	honest := header(t, issue(t, issuer(t, "root"), "node-1"))
	for name, chain := range map[string]string{
		"long":   text(marshal(t, deep)),
		"nested": text([]byte(strings.Repeat("\x81", 10_000) + "\x40")),
		"claims": text([]byte("\x99\x27\x10" + strings.Repeat("\x40", 4000))), // 10,000, of which few are there
	} {
		got := testing.AllocsPerRun(20, func() {
			if _, err := verify(roots(t), honest, chain, now()); err == nil {
				t.Fatalf("%s: taken", name)
			}
		})
		if limit := testing.AllocsPerRun(20, func() {
			_, _ = verify(roots(t), honest, text([]byte("\x81\x40")), now())
		}) + 16; got > limit {
			t.Errorf("%s: refused with %.0f allocations, a chain of one bad link takes %.0f", name, got, limit-16)
		}
	}
}

// The bytes are those that ai-memory reads: they cannot change.
func TestGoldenBytes(t *testing.T) {
	eu := issue(t, issuer(t, "root"), "region/eu/ca")
	got := header(t, issue(t, issuer(t, "region/eu/ca"), "region/eu/b")) + "\n" + chainHeader(t, eu) + "\n"
	const path = "testdata/chain.golden"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEveryByteIsCovered(t *testing.T) {
	honest := issue(t, issuer(t, "root"), "node-1")
	raw, err := honest.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		changed := append([]byte(nil), raw...)
		i := rapid.IntRange(0, len(raw)-1).Draw(rt, "byte")
		changed[i] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		if _, err := verify(roots(t), text(changed), "", now()); err == nil {
			rt.Errorf("taken with byte %d changed", i)
		}
	})
}

func FuzzCredential(f *testing.F) {
	f.Add(header(f, issue(f, issuer(f, "root"), "node-1")))
	f.Add("v1=")
	f.Fuzz(func(t *testing.T, value string) {
		c, err := cred.ParseHeader(value)
		if err != nil {
			if identity.TagOf(err) == "" {
				t.Errorf("%v is no refusal", err)
			}
			return
		}
		if again := header(t, c); again != value {
			t.Errorf("read %s, wrote %s", value, again)
		}
	})
}

func FuzzChain(f *testing.F) {
	f.Add(chainHeader(f, issue(f, issuer(f, "root"), "region/eu/ca")))
	f.Add("v1=gA==")
	f.Fuzz(func(t *testing.T, value string) {
		c, err := cred.ParseChainHeader(value)
		if err != nil {
			if identity.TagOf(err) == "" {
				t.Errorf("%v is no refusal", err)
			}
			return
		}
		if again := chainHeader(t, c...); again != value && len(c) > 0 {
			t.Errorf("read %s, wrote %s", value, again)
		}
	})
}
