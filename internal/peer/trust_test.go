package peer_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/attest"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/replay"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
)

// trusted is a member with an identity that serves on a loopback address.
type trusted struct {
	*member
	*cluster.Cluster
	client *peer.Client
	cfg    peer.Config
}

// listen takes an address for a node.
func listen(t *testing.T, node memory.Node) (net.Listener, cluster.Place) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l, cluster.Place{Node: node, Name: identity.Name(node), Listen: l.Addr().String(), URL: "https://" + l.Addr().String()}
}

// serveTrusted answers members on l.
func serveTrusted(t *testing.T, l net.Listener, c *cluster.Cluster) *trusted {
	t.Helper()
	ledger := replay.New(replay.Config{Start: time.Now(), Skew: cluster.Skew})
	if err := ledger.Load(t.Context(), replay.Nothing{}); err != nil {
		t.Fatal(err)
	}
	self := c.Place().Node
	account := func(context.Context) ([]byte, error) { return json.Marshal(map[string]memory.Node{"node": self}) }
	cfg := peer.Config{Self: self, Origin: func() memory.Origin { return memory.MakeOrigin(self, 1) }, Account: account, Trust: &peer.Trust{
		Self: c.Self(), Roots: c.Roots(), Contact: c.Contact,
		Verifier: attest.NewVerifier(attest.Config{Self: self, Roots: c.Roots(), Roster: c, Ledger: ledger, Now: time.Now}),
		Membership: func() []byte {
			_, doc := c.Membership()
			return doc
		},
		Renew: func(name identity.Name, key identity.PublicKey) ([]byte, error) {
			g, err := c.Again(name, key)
			if err != nil {
				return nil, err
			}
			return json.Marshal(g)
		},
	}}
	m := &trusted{member: newMember(self), Cluster: c, client: peer.NewClient(cfg), cfg: cfg}
	s := &http.Server{Handler: peer.NewHandler(cfg, m, quiet()), ReadHeaderTimeout: time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(tls.NewListener(l, ca.ServerTLS(c.Self().TLS)))
	}()
	t.Cleanup(func() {
		m.client.Close()
		_ = s.Close()
		<-done
	})
	return m
}

// pair is a federation of two, and the authority is on a.
func pair(t *testing.T) (a, b *trusted) {
	t.Helper()
	l, place := listen(t, "a")
	c, err := cluster.Found(filepath.Join(t.TempDir(), "identity"), "acme", place, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	a = serveTrusted(t, l, c)
	return a, enter(t, a, "b")
}

// enter makes a node a member.
func enter(t *testing.T, a *trusted, node memory.Node) *trusted {
	t.Helper()
	l, place := listen(t, node)
	line, token, err := a.Invite(time.Hour, 1, cluster.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := ca.NewRequest(place.Name, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := a.Welcome(cluster.Application{Token: line, Request: csr, URL: place.URL}, "here")
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Settle(filepath.Join(t.TempDir(), "identity"), place, key, w, token, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := a.Membership()
	if err := a.Ended(m.Epoch); err != nil { // as the running node finds out
		t.Fatal(err)
	}
	return serveTrusted(t, l, c)
}

func TestMembersWithIdentitiesTalk(t *testing.T) {
	a, b := pair(t)
	ops := entries(t, 5)
	rep, err := a.client.Push(t.Context(), "b", &memory.Push{Ops: ops})
	if err != nil || rep.From != "b" || len(b.held) != 5 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if _, err := b.client.Pull(t.Context(), "a", &memory.PullRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := b.client.Digest(t.Context(), "a", &memory.DigestRequest{}); err != nil {
		t.Error(err)
	}
	if h, err := b.client.Hello(t.Context(), "a"); err != nil || h.Member != "a" {
		t.Errorf("%+v, %v", h, err)
	}
	var got int
	if _, err := a.client.Snapshot(t.Context(), "b", func(s []memory.Shipment) error { got += len(s); return nil }); err != nil || got != 5 {
		t.Errorf("a snapshot of %d entries, %v", got, err)
	}
	if told, err := b.client.Account(t.Context(), "a"); err != nil || string(told) != `{"node":"a"}` {
		t.Errorf("its account is %s, %v", told, err)
	}
	doc, _, err := b.client.Membership(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Adopt(doc); ok || err != nil {
		t.Errorf("the same membership: %v, %v", ok, err)
	}
	text, err := b.client.Renew(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	g, err := ca.ParseGrant(text)
	if err != nil || b.Renew(g) != nil {
		t.Errorf("%v", err)
	}
	if _, err := a.client.Renew(t.Context(), "b"); err == nil {
		t.Error("who holds no key has signed")
	}
	if _, err := b.client.Push(t.Context(), "a", &memory.Push{Ops: ops}); err != nil {
		t.Errorf("with the new certificate: %v", err)
	}
}

func TestARemovedMemberGetsNoAnswer(t *testing.T) {
	a, b := pair(t)
	if _, err := b.client.Push(t.Context(), "a", &memory.Push{Ops: entries(t, 1)}); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove("b", false); err != nil {
		t.Fatal(err)
	}
	_, err := b.client.Push(t.Context(), "a", &memory.Push{Ops: entries(t, 2)})
	f, ok := errors.AsType[*memory.Fault](err)
	if !ok || f.Class != memory.FaultIdentity || !strings.Contains(err.Error(), "403") || !strings.Contains(err.Error(), "member_removed") || len(a.held) != 1 {
		t.Errorf("%v, %d ops", err, len(a.held))
	}
	if _, err := a.client.Push(t.Context(), "b", &memory.Push{}); err == nil {
		t.Error("a removed member was called")
	}
	if told, err := b.client.Account(t.Context(), "a"); err == nil {
		t.Errorf("a removed member is told %s", told)
	}
}

// A member whose key has changed is not believed before the list that says so is known,
// and it may be the only one to bring that list.
func TestAMemberWithAnotherKeyBringsTheListThatSaysSo(t *testing.T) {
	a, b := pair(t)
	if _, err := b.client.Account(t.Context(), "a"); err != nil { // on a connection that is kept
		t.Fatal(err)
	}
	ask, err := a.Rotation("")
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := a.Welcome(ask, "here")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Rotated(w); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.Account(t.Context(), "a"); err == nil {
		t.Error("a key that is no member's is believed")
	}
	doc, _, err := b.client.Membership(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Adopt(doc); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	b.client.Close() // as a closes what was opened with its other key
	if _, err := b.client.Account(t.Context(), "a"); err != nil {
		t.Errorf("with the list: %v", err)
	}
}

func TestAnotherNodeAtTheAddressGetsNothing(t *testing.T) {
	a, b := pair(t)
	c := enter(t, a, "c")
	_, doc := a.Membership()
	if ok, err := b.Adopt(doc); !ok || err != nil {
		t.Fatal(err)
	}
	contact := c.Contact
	lying := peer.NewClient(peer.Config{Self: "c", Trust: &peer.Trust{
		Self: c.Self(), Roots: c.Roots(),
		Contact: func(memory.Node) (string, identity.Name, bool) {
			url, _, ok := contact("b")
			return url, "a", ok
		},
		Verifier: attest.NewVerifier(attest.Config{Self: "c", Roots: c.Roots(), Roster: c, Ledger: replay.New(replay.Config{}), Now: time.Now}),
	}})
	t.Cleanup(lying.Close)
	_, err := lying.Push(t.Context(), "a", &memory.Push{Ops: entries(t, 1)})
	if identity.TagOf(err) != identity.CertificateNotOfMember || len(b.pushes) != 0 {
		t.Errorf("%v, %d pushes", err, len(b.pushes))
	}
}

// recorded is a request as it was on the wire.
type recorded struct {
	header http.Header
	body   []byte
	path   string
}

// record returns the very push that from sends to to.
func record(t *testing.T, from *trusted, to memory.Node) recorded {
	t.Helper()
	var out recorded
	l, place := listen(t, to)
	s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		out = recorded{r.Header.Clone(), body, r.URL.Path}
		w.WriteHeader(http.StatusServiceUnavailable)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	defer func() { _ = s.Close(); <-done }()
	c := peer.NewClient(peer.Config{Self: from.name, Trust: &peer.Trust{
		Self: from.Self(), Roots: from.Roots(),
		Contact: func(memory.Node) (string, identity.Name, bool) {
			return "http" + strings.TrimPrefix(place.URL, "https"), "b", true
		},
	}})
	defer c.Close()
	_, _ = c.Push(t.Context(), to, &memory.Push{Ops: entries(t, 1)})
	return out
}

// replay sends a recorded request over a connection on which the thief has shown
// its own certificate, and returns the code of the answer.
func (r recorded) replay(t *testing.T, thief *trusted, to *trusted, change func(*http.Request)) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to.Place().URL+r.path, bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.header.Clone()
	change(req)
	conf := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}
	if thief != nil {
		conf.Certificates = []tls.Certificate{*thief.Self().TLS()}
	}
	tr := &http.Transport{TLSClientConfig: conf}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	var p struct{ Code string }
	if resp.StatusCode == http.StatusOK {
		return ""
	}
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p.Code
}

func TestACapturedPushIsWorthNothing(t *testing.T) {
	a, b := pair(t)
	c := enter(t, a, "c")
	for _, m := range []*trusted{b, c} {
		_, doc := a.Membership()
		if _, err := m.Adopt(doc); err != nil {
			t.Fatal(err)
		}
	}
	same := func(*http.Request) {}
	without := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
	push := record(t, a, "b")
	for name, tt := range map[string]struct {
		thief, to *trusted
		change    func(*http.Request)
		want      string
	}{
		"by another member":     {c, b, same, "sender_mismatch"},
		"by somebody":           {nil, b, same, "certificate_missing"},
		"to another member":     {a, c, same, "misdirected"},
		"readdressed":           {a, c, func(r *http.Request) { r.Header.Set("X-Peer-To", "c") }, "signature_bad"},
		"on another path":       {a, b, func(r *http.Request) { r.URL.Path = "/api/v1/sync/pull" }, "signature_bad"},
		"with a query":          {a, b, func(r *http.Request) { r.URL.RawQuery = "x=1" }, "signature_bad"},
		"with another body":     {a, b, func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 }, "content_digest_mismatch"},
		"without signature":     {a, b, without("Signature"), "signature_missing"},
		"without input":         {a, b, without("Signature-Input"), "signature_missing"},
		"without digest":        {a, b, without("Content-Digest"), "signature_missing"},
		"without credential":    {a, b, without("X-Memory-Cred"), "credential_missing"},
		"without a sender":      {a, b, without("X-Peer-Id"), "sender_mismatch"},
		"without the protocol":  {a, b, without("X-Fed-Proto"), "protocol"},
		"as the other protocol": {a, b, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, "content_type"},
	} {
		if got := push.replay(t, tt.thief, tt.to, tt.change); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if len(b.pushes)+len(c.pushes) != 0 {
		t.Error("something was taken")
	}
	if got := push.replay(t, a, b, same); got != "" || len(b.pushes) != 1 {
		t.Errorf("the push itself: %q", got)
	}
	if got := push.replay(t, a, b, same); got != "replayed" || len(b.pushes) != 1 {
		t.Errorf("again: %q", got)
	}
}

func TestWhoSaysSoIsBelievedEverywhere(t *testing.T) {
	cfg := configOfB()
	cfg.AnyAddress = true
	w, r := httptest.NewRecorder(), goodPush(t)
	r.RemoteAddr = "192.0.2.1:9"
	peer.NewHandler(cfg, newMember("b"), quiet()).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Without an identity nobody beyond this machine is called, whatever a name means.
func TestWithoutIdentityOnlyLoopbackIsCalled(t *testing.T) {
	c := peer.NewClient(peer.Config{Self: "a", Members: map[memory.Node]string{"b": "http://192.0.2.1:9", "c": "http://[2001:db8::1]:9"}})
	t.Cleanup(c.Close)
	for _, to := range []memory.Node{"b", "c"} {
		if _, err := c.Push(t.Context(), to, &memory.Push{}); identity.TagOf(err) != identity.InsecurePeer {
			t.Errorf("%s: %v", to, err)
		}
	}
}
