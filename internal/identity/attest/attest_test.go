package attest_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"iter"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/attest"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/httpsig"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
	"github.com/tallystick/tallystick/internal/identity/replay"
	"github.com/tallystick/tallystick/internal/memory"
)

func start() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// federation is a root and members a, b and c, at a time of its own.
type federation struct {
	t     *testing.T
	root  *ca.Authority
	now   time.Time
	gone  map[memory.Node]identity.Tag
	disks map[memory.Node]*disk
}

// disk keeps the marks of what was applied.
type disk struct{ marks []identity.Mark }

func (d *disk) Marks(context.Context) iter.Seq2[identity.Mark, error] {
	return func(yield func(identity.Mark, error) bool) {
		for _, m := range d.marks {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func newFederation(t *testing.T) *federation {
	t.Helper()
	root, err := ca.NewRoot("acme", identitytest.Key(t, "root"), start())
	if err != nil {
		t.Fatal(err)
	}
	return &federation{t: t, root: root, now: start(), gone: map[memory.Node]identity.Tag{}, disks: map[memory.Node]*disk{}}
}

func (f *federation) roots() ca.Roots {
	return ca.Roots{Domain: "acme", Certificates: []*x509.Certificate{f.root.Certificate()}, Skew: time.Minute}
}

// Admit knows members by the last segment of their names, and by their keys.
func (f *federation) Admit(name identity.Name, k identity.PublicKey) (memory.Node, error) {
	node := memory.Node(name.Last())
	if tag := f.gone[node]; tag != "" {
		return "", identity.Refuse(tag, "%s", node)
	}
	if k != identitytest.Key(f.t, string(name)).Public() {
		return "", identity.Refuse(identity.NotAMember, "%s has another key", node)
	}
	return node, nil
}

func (f *federation) grant(name identity.Name) *ca.Grant {
	f.t.Helper()
	g, err := f.root.Issue(name, identitytest.Key(f.t, string(name)).Public(), nil, f.now)
	if err != nil {
		f.t.Fatal(err)
	}
	return g
}

func (f *federation) self(name identity.Name) *attest.Self {
	f.t.Helper()
	s, err := attest.NewSelf(memory.Node(name.Last()), identitytest.Key(f.t, string(name)), f.grant(name))
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// verifier is the one of a node that has just started.
func (f *federation) verifier(node memory.Node) *attest.Verifier {
	f.t.Helper()
	if f.disks[node] == nil {
		f.disks[node] = &disk{}
	}
	ledger := replay.New(replay.Config{Start: f.now})
	if err := ledger.Load(f.t.Context(), f.disks[node]); err != nil {
		f.t.Fatal(err)
	}
	return attest.NewVerifier(attest.Config{
		Self: node, Roots: f.roots(), Roster: f, Ledger: ledger, Now: func() time.Time { return f.now },
	})
}

// call is a request on a connection.
type call struct {
	state *tls.ConnectionState
	httpsig.Request
}

// conn is a connection on which a member has shown its certificate.
func conn(s *attest.Self) *tls.ConnectionState {
	return &tls.ConnectionState{Version: tls.VersionTLS13, PeerCertificates: []*x509.Certificate{s.TLS().Leaf}}
}

func (f *federation) push(from *attest.Self, to memory.Node) call {
	f.t.Helper()
	c := call{conn(from), httpsig.Request{
		Method: http.MethodPost, Path: "/api/v1/sync/push", Digest: sha256.Sum256([]byte("ops")),
		Header: http.Header{httpsig.HeaderType: {"application/cbor"}},
	}}
	if _, err := from.Sign(c.Request, to, f.now); err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (c call) with(change func(*call)) call {
	c.Header = c.Header.(http.Header).Clone()
	change(&c)
	return c
}

func (c call) set(name string, values ...string) call {
	return c.with(func(c *call) {
		h := c.Header.(http.Header)
		delete(h, http.CanonicalHeaderKey(name))
		for _, v := range values {
			h.Add(name, v)
		}
	})
}

func judge(v *attest.Verifier, c call) (identity.Proof, httpsig.Signature, error) {
	s, err := v.Sender(c.state, c.Header)
	if err != nil {
		return identity.Proof{}, httpsig.Signature{}, err
	}
	return s.Prove(c.Request)
}

func wantTag(t *testing.T, what string, err error, want identity.Tag) {
	t.Helper()
	if got := identity.TagOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func TestAMemberIsWhoItProvesToBe(t *testing.T) {
	f := newFederation(t)
	a, b := f.self("region/eu/a"), f.verifier("b")
	proof, sig, err := judge(b, f.push(a, "b"))
	if err != nil {
		t.Fatal(err)
	}
	if !proof.Proven() || proof.Node != "a" || proof.Name != "region/eu/a" || proof.Means != identity.Mutual || proof.Key != a.Key().Public() {
		t.Errorf("%+v", proof)
	}
	if proof.Mark.Signer != a.Key().Public().ID() || proof.Mark.Nonce != sig.Nonce || !proof.Mark.Expires.After(f.now) {
		t.Errorf("%+v", proof.Mark)
	}
	reply := httpsig.Reply{Status: 200, Digest: sha256.Sum256([]byte("held")), Header: http.Header{}, To: sig.Bytes}
	other := f.self("b")
	if err := other.Answers()(reply, f.now); err != nil {
		t.Fatal(err)
	}
	v := f.verifier("a")
	wantTag(t, "the reply", v.Reply(conn(other), reply, "b"), "")
	wantTag(t, "for another", v.Reply(conn(other), reply, "c"), identity.SenderMismatch)
	wantTag(t, "by another", v.Reply(conn(f.self("c")), reply, "c"), identity.SignatureKey)
	wantTag(t, "without TLS", v.Reply(nil, reply, "b"), identity.CertificateMissing)
	f.gone["b"] = identity.MemberRemoved
	wantTag(t, "of one who was removed", v.Reply(conn(other), reply, "b"), identity.MemberRemoved)
}

func TestForgedPeers(t *testing.T) {
	f := newFederation(t)
	a, evil, v := f.self("a"), f.self("c"), f.verifier("b")
	honest := f.push(a, "b")
	own := f.push(evil, "b")
	of := func(c call, name string) string { return c.Header.Values(name)[0] }
	for name, tt := range map[string]struct {
		c    call
		want identity.Tag
	}{
		"c on its connection, with all of a's": {honest.with(func(c *call) { c.state = conn(evil) }), identity.SenderMismatch},
		"c with a's credential":                {own.set(cred.HeaderCredential, of(honest, cred.HeaderCredential)), identity.SenderMismatch},
		"c with a's name":                      {own.set(attest.HeaderFrom, "a"), identity.SenderMismatch},
		"c with both names":                    {own.set(attest.HeaderFrom, "c", "a"), identity.SenderMismatch},
		"c with no name":                       {own.set(attest.HeaderFrom), identity.SenderMismatch},
		"c with a's signature":                 {own.set(httpsig.HeaderSignature, of(honest, httpsig.HeaderSignature)), identity.SignatureBad},
		"no TLS":                               {honest.with(func(c *call) { c.state = nil }), identity.CertificateMissing},
		"TLS 1.2": {honest.with(func(c *call) {
			c.state = &tls.ConnectionState{Version: tls.VersionTLS12, PeerCertificates: c.state.PeerCertificates}
		}), identity.TLSTooOld},
		"no certificate": {honest.with(func(c *call) {
			c.state = &tls.ConnectionState{Version: tls.VersionTLS13}
		}), identity.CertificateMissing},
		"no credential":    {honest.set(cred.HeaderCredential), identity.CredentialMissing},
		"two credentials":  {honest.set(cred.HeaderCredential, "v1=", "v1="), identity.SenderMismatch},
		"no signature":     {honest.set(httpsig.HeaderSignature), identity.SignatureMissing},
		"no input":         {honest.set(httpsig.HeaderInput), identity.SignatureMissing},
		"no digest":        {honest.set(httpsig.HeaderDigest), identity.SignatureMissing},
		"no receiver":      {honest.set(httpsig.HeaderTo), identity.Misdirected},
		"another receiver": {honest.set(httpsig.HeaderTo, "d"), identity.Misdirected},
		"another path":     {honest.with(func(c *call) { c.Path = "/api/v1/sync/pull" }), identity.SignatureBad},
		"another body":     {honest.with(func(c *call) { c.Digest[0]++ }), identity.DigestMismatch},
		"the honest one":   {honest, ""},
	} {
		if name == "the honest one" {
			continue
		}
		_, _, err := judge(v, tt.c)
		wantTag(t, name, err, tt.want)
	}
	_, _, err := judge(v, honest)
	wantTag(t, "the honest one", err, "")
}

func TestReplays(t *testing.T) {
	f := newFederation(t)
	a, b := f.self("a"), f.verifier("b")
	c := f.push(a, "b")
	proof, _, err := judge(b, c)
	if err != nil {
		t.Fatal(err)
	}
	f.disks["b"].marks = append(f.disks["b"].marks, proof.Mark) // applied
	_, _, err = judge(b, c)
	wantTag(t, "again", err, identity.Replayed)
	_, _, err = judge(f.verifier("b"), c)
	wantTag(t, "after a restart", err, identity.Replayed)
	_, _, err = judge(f.verifier("c"), c)
	wantTag(t, "at another member", err, identity.Misdirected)
	_, _, err = judge(b, f.push(a, "c"))
	wantTag(t, "meant for another member", err, identity.Misdirected)
	_, _, err = judge(f.verifier("c"), c.set(httpsig.HeaderTo, "c"))
	wantTag(t, "addressed to another member", err, identity.SignatureBad)
	f.now = f.now.Add(2 * time.Minute)
	_, _, err = judge(f.verifier("b"), c)
	wantTag(t, "two minutes later", err, identity.SignatureStale)
	f.now = start().Add(-2 * time.Minute)
	_, _, err = judge(f.verifier("b"), c)
	wantTag(t, "by a clock two minutes behind", err, identity.SignatureFuture)
}

func TestWhoIsAMemberIsAskedEachTime(t *testing.T) {
	f := newFederation(t)
	a, v := f.self("a"), f.verifier("b")
	_, _, err := judge(v, f.push(a, "b"))
	wantTag(t, "a member", err, "")
	f.gone["a"] = identity.MemberRemoved
	_, _, err = judge(v, f.push(a, "b"))
	wantTag(t, "removed", err, identity.MemberRemoved)
	if identity.TagOf(err).Status() != 403 {
		t.Errorf("%v is not a 403", err)
	}
}

func TestACertificateEndsWhileItsConnectionIsOpen(t *testing.T) {
	f := newFederation(t)
	a, v := f.self("a"), f.verifier("b")
	f.now = start().Add(ca.LeafLife)
	_, _, err := judge(v, f.push(a, "b"))
	wantTag(t, "within the skew", err, "")
	f.now = f.now.Add(2 * time.Minute)
	_, _, err = judge(v, f.push(a, "b"))
	wantTag(t, "after its end", err, identity.CertificateExpired)
	if err := a.Renew(f.grant("a")); err != nil {
		t.Fatal(err)
	}
	_, _, err = judge(v, f.push(a, "b"))
	wantTag(t, "renewed", err, "")
	if err := a.Renew(f.grant("b")); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("the certificate of another key: %v", err)
	}
}

func TestAGraceIsToldOfAndEnds(t *testing.T) {
	f := newFederation(t)
	a := f.self("a")
	roots := f.roots()
	roots.Grace = 2 * time.Hour
	var told []identity.Name
	v := attest.NewVerifier(attest.Config{
		Self: "b", Roots: roots, Roster: f, Ledger: replay.New(replay.Config{Start: f.now.Add(-time.Hour)}), Now: func() time.Time { return f.now },
		Ended: func(name identity.Name, until time.Time) {
			if !until.Equal(start().Add(ca.LeafLife)) {
				t.Errorf("%s held until %s", name, until)
			}
			told = append(told, name)
		},
	})
	for _, step := range []struct {
		after time.Duration
		told  int
		want  identity.Tag
	}{
		{0, 0, ""},
		{ca.LeafLife + 30*time.Second, 0, ""}, // clocks differ
		{ca.LeafLife + time.Hour, 1, ""},
		{ca.LeafLife + time.Hour + time.Second, 1, ""}, // once a minute
		{ca.LeafLife + 2*time.Hour, 2, ""},
		{ca.LeafLife + 2*time.Hour + 2*time.Minute, 2, identity.CertificateExpired},
	} {
		f.now = start().Add(step.after)
		_, _, err := judge(v, f.push(a, "b"))
		wantTag(t, step.after.String(), err, step.want)
		if len(told) != step.told {
			t.Errorf("after %s: told of %v, want %d", step.after, told, step.told)
		}
	}
}

func TestOnlyLoopbackDoesWithoutAnIdentity(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1": true, "::1": true, "127.9.9.9": true, "::ffff:127.0.0.1": true,
		"10.0.0.1": false, "0.0.0.0": false, "::": false, "192.168.1.2": false, "fe80::1": false,
	} {
		proof, err := attest.Loopback(netip.MustParseAddr(addr), "b")
		if (err == nil) != ok || proof.Proven() != ok {
			t.Errorf("%s: %+v, %v", addr, proof, err)
		}
		if err != nil && identity.TagOf(err) != identity.InsecurePeer {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if _, err := attest.Loopback(netip.Addr{}, "b"); err == nil {
		t.Error("no address is a loopback one")
	}
}

func TestCertificatesAreRenewedWhileTheyRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFederation(t)
		f.now = time.Now()
		self := f.self("a")
		ctx, cancel := context.WithCancel(t.Context())
		var asked, failures int
		done := make(chan struct{})
		began := time.Now()
		go func() {
			defer close(done)
			self.Run(ctx, func(context.Context) (*ca.Grant, error) {
				f.now = time.Now()
				if asked++; asked%3 != 0 {
					return nil, errors.New("the authority is away")
				}
				return f.grant("a"), nil
			}, func(_ error, left time.Duration) {
				failures++
				if left <= 0 {
					t.Errorf("it has ended %s ago", -left)
				}
			})
		}()
		time.Sleep(5 * 24 * time.Hour)
		cancel()
		<-done
		if left := time.Until(self.TLS().Leaf.NotAfter); left < 8*time.Hour {
			t.Errorf("%s left", left)
		}
		// Some ten times in five days, and twice as many in vain.
		if renewed := asked / 3; renewed < 8 || renewed > 13 || failures < 2*renewed {
			t.Errorf("asked %d times in %s, %d in vain", asked, time.Since(began), failures)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	t := &testing.T{}
	root, err := ca.NewRoot("acme", identitytest.Key(t, "root"), start())
	if err != nil {
		b.Fatal(err)
	}
	f := &federation{t: t, root: root, now: start(), gone: map[memory.Node]identity.Tag{}}
	a := f.self("a")
	ledger := replay.New(replay.Config{Room: 1 << 30, Start: start().Add(-time.Hour)})
	v := attest.NewVerifier(attest.Config{Self: "b", Roots: f.roots(), Roster: f, Ledger: ledger, Now: func() time.Time { return f.now }})
	for b.Loop() {
		if _, _, err := judge(v, f.push(a, "b")); err != nil {
			b.Fatal(err)
		}
	}
}
