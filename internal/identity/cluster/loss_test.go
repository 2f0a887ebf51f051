package cluster_test

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
)

func TestARegionRenewsWhileTheRootIsAway(t *testing.T) {
	a, _ := found(t)
	b, _ := joined(t, a, "region/eu/b")
	c, cKey := joined(t, a, "region/eu/c")
	dir, drawer := filepath.Join(t.TempDir(), "eu"), filepath.Join(t.TempDir(), "drawer")
	if _, err := a.Intermediate("region/eu", dir); err != nil {
		t.Fatal(err)
	}
	if name, err := b.Import(dir); err != nil || name != "region/eu/ca" || b.Authority() != name {
		t.Fatalf("%s, %v", name, err)
	}
	if name, err := a.Export(drawer, false); err != nil || name != ca.RootName || a.Authority() != "" {
		t.Fatalf("%s, %v", name, err)
	}
	m, doc := a.Membership()
	if _, err := b.Adopt(doc); err != nil {
		t.Fatal(err)
	}
	g, err := b.Again("region/eu/c", cKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Renew(g); err != nil {
		t.Error(err)
	}
	if leaf, err := a.Roots().Verify(g.Certificates, now()); err != nil || leaf.Name != "region/eu/c" {
		t.Errorf("%+v, %v", leaf, err)
	}
	_, err = b.Again("a", m.Members[0].Key)
	wantTag(t, "outside of the region", err, identity.CertificateOutOfNamespace)
	if err := b.Remove("c", false); !errors.Is(err, cluster.ErrNoAuthority) {
		t.Errorf("a region removes a member: %v", err)
	}
	if _, _, err := a.Invite(time.Hour, 1, cluster.Terms{}); !errors.Is(err, cluster.ErrNoAuthority) {
		t.Errorf("without the root: %v", err)
	}
	if _, err := a.Import(drawer); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove("c", false); err != nil {
		t.Error(err)
	}
}

func TestAStolenRegionMakesNoMembers(t *testing.T) {
	a, _ := found(t)
	joined(t, a, "region/eu/b")
	dir := filepath.Join(t.TempDir(), "eu")
	if _, err := a.Intermediate("region/eu", dir); err != nil {
		t.Fatal(err)
	}
	stolen, err := ca.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	thief := newKey(t)
	for _, name := range []identity.Name{"region/eu/b", "region/eu/x"} {
		g, err := stolen.Issue(name, thief.Public(), nil, now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Roots().Verify(g.Certificates, now()); err != nil {
			t.Errorf("its certificates are good ones: %v", err)
		}
		_, err = a.Admit(name, thief.Public())
		wantTag(t, string(name), err, identity.NotAMember)
	}
	_, err = stolen.Issue("a", thief.Public(), nil, now())
	wantTag(t, "outside of its region", err, identity.CertificateOutOfNamespace)
}

// TestAStolenRootIsReplaced founds the federation anew, over the same data.
func TestAStolenRootIsReplaced(t *testing.T) {
	a, dir := found(t)
	old := a.Self().TLS().Leaf
	if err := os.Rename(dir, dir+".stolen"); err != nil {
		t.Fatal(err)
	}
	again, err := cluster.FoundAll([]string{dir, filepath.Join(t.TempDir(), "b")}, "acme", []cluster.Place{place("a"), place("b")}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range again {
		if _, err := c.Roots().Verify([]*x509.Certificate{old}, now()); err == nil {
			t.Error("a certificate of the stolen root is good")
		}
		_, doc := a.Membership()
		if _, err := c.Adopt(doc); identity.TagOf(err) != identity.SignatureBad {
			t.Errorf("a list of the stolen root: %v", err)
		}
		if m, voters := epochOf(c); voters != 2 || m.Epoch != 1 {
			t.Errorf("%+v", m)
		}
	}
	if again[0].Authority() != ca.RootName || again[1].Authority() != "" {
		t.Error("the root is where it should not be")
	}
}

// The running node and commands complete a change of the key at the same time.
func TestAKeyIsRotatedUnderReaders(t *testing.T) {
	a, dir := found(t)
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				if _, err := cluster.Open(dir, now); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	first := a.Self().Key().Public()
	for changes := range 5 {
		ask, err := a.Rotation("")
		if err != nil {
			t.Fatal(err)
		}
		w, _, err := a.Welcome(ask, "10.0.0.2")
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Rotated(w); err != nil {
			t.Fatal(err)
		}
		last, err := a.LastKeys()
		if err != nil || len(last) != changes+1 || !slices.ContainsFunc(last, func(k identity.Key) bool { return k.Public() == first }) {
			t.Fatalf("%d keys, of which one is that of the audit log: %v", len(last), err)
		}
	}
	close(done)
	readers.Wait()
}

func TestAKeyIsRotatedOverACrash(t *testing.T) {
	a, _ := found(t)
	b, before := joined(t, a, "b")
	ask, err := b.Rotation("")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Welcome(ask, "10.0.0.2"); err != nil {
		t.Fatal(err)
	}
	// The answer is lost: asked again, it is the same key, and no other change.
	epoch, _ := epochOf(a)
	again, err := b.Rotation("")
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := a.Welcome(again, "10.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	if now, _ := epochOf(a); now.Epoch != epoch.Epoch {
		t.Errorf("epoch %d, then %d", epoch.Epoch, now.Epoch)
	}
	if err := b.Rotated(w); err != nil {
		t.Fatal(err)
	}
	next := b.Self().Key().Public()
	last, err := b.LastKeys()
	if err != nil || len(last) != 1 || last[0].Public() != before.Public() || next == before.Public() || !b.Had(before.Public()) {
		t.Errorf("%v", err)
	}
	err = b.ForgetLastKeys(before.Public()) // the audit log is of it, and does not go by the next one yet
	if last, lastErr := b.LastKeys(); err != nil || lastErr != nil || len(last) != 1 {
		t.Errorf("%d keys: %v", len(last), errors.Join(err, lastErr))
	}
	if err := errors.Join(b.ForgetLastKeys(next), b.ForgetLastKeys(next)); err != nil {
		t.Error(err)
	}
	if last, err := b.LastKeys(); err != nil || len(last) > 0 {
		t.Errorf("%d keys: %v", len(last), err)
	}
	// For a minute both are good.
	for _, key := range []identity.PublicKey{before.Public(), next} {
		if _, err := a.Admit("b", key); err != nil {
			t.Error(err)
		}
	}
	// A thief who has the old key cannot take the place over any more.
	forged := ask
	forged.Request, err = ca.NewRequest("b", newKey(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = a.Welcome(forged, "10.0.0.3")
	wantTag(t, "a signature of another request", err, identity.SignatureBad)
}

// What "keep a copy of ca.key" has kept is enough, when the machine with the rest is lost.
func TestTheKeyOfTheRootAloneBringsItBack(t *testing.T) {
	a, dir := found(t)
	b, _ := joined(t, a, "b")
	text, err := os.ReadFile(filepath.Join(dir, ca.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	drawer := t.TempDir()
	if _, err := b.Import(drawer); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	if err := os.WriteFile(filepath.Join(drawer, ca.KeyFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if name, err := b.Import(drawer); err != nil || name != ca.RootName {
		t.Fatalf("%s, %v", name, err)
	}
	end(t, b)
	if err := renewed(t, b, cluster.Terms{Replaces: "a"}, place("a"), newKey(t)); err != nil {
		t.Errorf("another machine in the place of the lost one: %v", err)
	}
	other, _ := found(t)
	if _, err := other.Import(drawer); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("the root of another federation: %v", err)
	}
}
