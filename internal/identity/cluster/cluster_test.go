package cluster_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/join"
	"github.com/tallystick/tallystick/internal/memory"
)

func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

func place(name identity.Name) cluster.Place {
	return cluster.Place{Node: memory.Node(name.Last()), Name: name, Listen: "127.0.0.1:0", URL: "https://" + name.Last() + ".example:9078"}
}

func found(tb testing.TB) (*cluster.Cluster, string) {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "identity")
	c, err := cluster.Found(dir, "acme", place("a"), now)
	if err != nil {
		tb.Fatal(err)
	}
	return c, dir
}

func newKey(tb testing.TB) identity.Key {
	tb.Helper()
	k, err := identity.NewKey()
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func invite(tb testing.TB, c *cluster.Cluster) string {
	tb.Helper()
	line, _, err := c.Invite(time.Hour, 1, cluster.Terms{})
	if err != nil {
		tb.Fatal(err)
	}
	return line
}

// apply asks to join, and what it brings travels as JSON.
func apply(tb testing.TB, c *cluster.Cluster, line string, p cluster.Place, k identity.Key) (cluster.Welcome, error) {
	tb.Helper()
	csr, err := ca.NewRequest(p.Name, k, nil)
	if err != nil {
		tb.Fatal(err)
	}
	w, _, err := c.Welcome(cluster.Application{Token: line, Request: csr, URL: p.URL}, "10.0.0.2")
	if err != nil {
		return w, err
	}
	text, err := json.Marshal(w)
	if err != nil {
		tb.Fatal(err)
	}
	var out cluster.Welcome
	if err := json.Unmarshal(text, &out); err != nil {
		tb.Fatal(err)
	}
	return out, nil
}

// end ends the change that is under way, as the running node does.
func end(tb testing.TB, c *cluster.Cluster) {
	tb.Helper()
	m, _ := c.Membership()
	if err := c.Ended(m.Epoch); err != nil {
		tb.Fatal(err)
	}
}

func joined(tb testing.TB, c *cluster.Cluster, name identity.Name) (*cluster.Cluster, identity.Key) {
	tb.Helper()
	line, k, p := invite(tb, c), newKey(tb), place(name)
	w, err := apply(tb, c, line, p, k)
	if err != nil {
		tb.Fatal(err)
	}
	end(tb, c)
	token, err := join.Parse(line)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := cluster.Settle(filepath.Join(tb.TempDir(), "identity"), p, k, w, token, now)
	if err != nil {
		tb.Fatal(err)
	}
	return b, k
}

func wantTag(t *testing.T, what string, err error, want identity.Tag) {
	t.Helper()
	if got := identity.TagOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func TestANodeJoins(t *testing.T) {
	a, dir := found(t)
	if _, err := cluster.Found(dir, "acme", place("a"), now); !errors.Is(err, fs.ErrExist) {
		t.Errorf("founded twice: %v", err)
	}
	b, key := joined(t, a, "region/eu/b")
	if a.Authority() != ca.RootName || b.Authority() != "" || b.Self().Key().Public() != key.Public() || b.Place().Node != "b" {
		t.Errorf("%+v", b.Place())
	}
	for _, c := range []*cluster.Cluster{a, b} {
		m, _ := c.Membership()
		if e, ok := m.Find("b"); !ok || m.Epoch != 2 || e.Key != key.Public() || e.URL != "https://b.example:9078" {
			t.Errorf("%+v", m)
		}
		node, err := c.Admit("region/eu/b", key.Public())
		if err != nil || node != "b" {
			t.Errorf("%s, %v", node, err)
		}
		_, err = c.Admit("b", key.Public())
		wantTag(t, "another name", err, identity.NotAMember)
		_, err = c.Admit("region/eu/b", newKey(t).Public())
		wantTag(t, "another key", err, identity.NotAMember)
	}
	if _, _, err := b.Invite(time.Hour, 1, cluster.Terms{}); !errors.Is(err, cluster.ErrNoAuthority) {
		t.Errorf("%v", err)
	}
	if err := b.Remove("a", false); !errors.Is(err, cluster.ErrNoAuthority) {
		t.Errorf("%v", err)
	}
}

// A node whose answer was lost asks again, with the key that it has kept, and is welcome;
// nobody else is with that token, nor is it once it was removed.
func TestALostAnswerIsGivenAgain(t *testing.T) {
	a, _ := found(t)
	line, k := invite(t, a), newKey(t)
	if _, err := apply(t, a, line, place("b"), k); err != nil {
		t.Fatal(err)
	}
	before, doc := a.Membership()
	w, err := apply(t, a, line, place("b"), k)
	if err != nil || string(w.Membership) != string(doc) {
		t.Fatalf("asked again: %v", err)
	}
	if m, _ := a.Membership(); m.Epoch != before.Epoch {
		t.Errorf("epoch %d, want %d", m.Epoch, before.Epoch)
	}
	token, err := join.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Settle(filepath.Join(t.TempDir(), "identity"), place("b"), k, w, token, now); err != nil {
		t.Errorf("the second answer is no good: %v", err)
	}
	_, err = apply(t, a, line, place("b"), newKey(t))
	wantTag(t, "another key", err, identity.TokenUsed)
	_, err = apply(t, a, line, place("c"), k)
	wantTag(t, "another name", err, identity.TokenUsed)
	moved := place("b")
	moved.URL = "https://elsewhere.example:1"
	_, err = apply(t, a, line, moved, k)
	wantTag(t, "another address", err, identity.TokenUsed)
	end(t, a)
	if err := a.Remove("b", false); err != nil {
		t.Fatal(err)
	}
	_, err = apply(t, a, line, place("b"), k)
	wantTag(t, "after it was removed", err, identity.TokenUsed)
}

func TestWhoIsNotWelcome(t *testing.T) {
	a, _ := found(t)
	line := invite(t, a)
	for name, p := range map[string]cluster.Place{
		"the name of a member":    place("a"),
		"the address of a member": {Node: "b", Name: "b", URL: "https://a.example:9078"},
	} {
		if _, err := apply(t, a, line, p, newKey(t)); !errors.Is(err, cluster.ErrTaken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, url := range []string{"http://b.example:1", "https://b.example", "https://u@b.example:1", "https://b.example:1/x", "https://b.example:1?q"} {
		if _, err := apply(t, a, line, cluster.Place{Node: "b", Name: "b", URL: url}, newKey(t)); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%q: %v", url, err)
		}
	}
	_, err := apply(t, a, "hello", place("b"), newKey(t))
	wantTag(t, "no token", err, identity.TokenMalformed)
	if _, err := apply(t, a, line, place("b"), newKey(t)); err != nil {
		t.Errorf("the token was used up in vain: %v", err)
	}
	_, err = apply(t, a, line, place("c"), newKey(t))
	wantTag(t, "twice", err, identity.TokenUsed)
}

func TestWhatANodeIsToldIsChecked(t *testing.T) {
	a, _ := found(t)
	other, _ := found(t)
	line, k, p := invite(t, a), newKey(t), place("b")
	w, err := apply(t, a, line, p, k)
	if err != nil {
		t.Fatal(err)
	}
	token, err := join.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := join.Parse(invite(t, other))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := apply(t, other, invite(t, other), p, k)
	if err != nil {
		t.Fatal(err)
	}
	lied := w
	lied.Membership = foreign.Membership
	mixed := w
	mixed.Grant = foreign.Grant
	for name, tt := range map[string]struct {
		w   cluster.Welcome
		t   join.Token
		key identity.Key
	}{
		"another root than the token's": {w, elsewhere, k},
		"a membership of others":        {lied, token, k},
		"a certificate of others":       {mixed, token, k},
		"a certificate of another key":  {w, token, newKey(t)},
	} {
		dir := filepath.Join(t.TempDir(), "identity")
		if _, err := cluster.Settle(dir, p, tt.key, tt.w, tt.t, now); err == nil {
			t.Errorf("%s: taken", name)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: something was left: %v", name, err)
		}
	}
}

func TestARemovedMemberIsRefused(t *testing.T) {
	a, dir := found(t)
	b, bKey := joined(t, a, "b")
	c, _ := joined(t, a, "c")
	if err := a.Remove("b", false); err != nil {
		t.Fatal(err)
	}
	m, doc := a.Membership()
	if ok, err := c.Adopt(doc); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	select {
	case <-c.Changed():
	default:
		t.Error("nobody was told")
	}
	for _, who := range []*cluster.Cluster{a, c} {
		_, err := who.Admit("b", bKey.Public())
		wantTag(t, "b", err, identity.MemberRemoved)
	}
	if _, err := a.Again("b", bKey.Public()); identity.TagOf(err) != identity.MemberRemoved {
		t.Errorf("a removed member got a certificate: %v", err)
	}
	if err := a.Remove("c", false); !errors.Is(err, cluster.ErrUnderWay) {
		t.Errorf("a second change: %v", err)
	}
	end(t, a)
	_, err := apply(t, a, invite(t, a), place("b"), bKey)
	wantTag(t, "the key comes back", err, identity.MemberRemoved)
	if _, err := apply(t, a, invite(t, a), place("b"), newKey(t)); err != nil {
		t.Errorf("the name with another key: %v", err)
	}
	end(t, a)
	if err := a.Remove("a", false); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("the authority itself: %v", err)
	}
	wantTag(t, "nobody", a.Remove("x", false), identity.NotAMember)
	// An older list brings nobody back, whoever sends it, also after a restart.
	_, old := b.Membership()
	if ok, err := c.Adopt(old); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	again, err := cluster.Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := again.Membership(); got.Epoch != m.Epoch+1 || len(got.Removed) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestMembershipsThatTheRootHasNotSigned(t *testing.T) {
	a, _ := found(t)
	b, _ := joined(t, a, "b")
	_, doc := a.Membership()
	_, err := b.Adopt([]byte(strings.Replace(string(doc), `\"epoch\":2`, `\"epoch\":9`, 1)))
	wantTag(t, "another epoch", err, identity.SignatureBad)
	other, _ := found(t)
	_, foreign := other.Membership()
	_, err = b.Adopt(foreign)
	wantTag(t, "of others", err, identity.SignatureBad)
	for _, text := range []string{"", "{}", strings.Repeat("x", cluster.MaxDocument+1)} {
		if _, err := b.Adopt([]byte(text)); err == nil {
			t.Errorf("%.20q: taken", text)
		}
	}
}

func TestCertificatesAreRenewedAndKept(t *testing.T) {
	a, dir := found(t)
	g, err := a.Again("a", a.Self().Key().Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Renew(g); err != nil {
		t.Fatal(err)
	}
	again, err := cluster.Open(dir, now)
	if err != nil || !again.Self().TLS().Leaf.Equal(g.Certificates[0]) {
		t.Errorf("%v", err)
	}
}

func TestADirectoryThatOthersCanReadIsNotOpened(t *testing.T) {
	_, dir := found(t)
	for _, name := range []string{"node.key", "ca.key", "grant.json", "root.pem", "membership.json", "node.json"} {
		path := filepath.Join(dir, name)
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := cluster.Open(dir, now); !errors.Is(err, identity.ErrExposed) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cluster.Open(t.TempDir(), now); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty directory: %v", err)
	}
}

func FuzzAdopt(f *testing.F) {
	a, _ := found(f)
	_, doc := a.Membership()
	f.Add(doc)
	f.Fuzz(func(t *testing.T, data []byte) {
		if ok, _ := a.Adopt(data); ok {
			t.Errorf("a forgery: %s", data)
		}
	})
}
