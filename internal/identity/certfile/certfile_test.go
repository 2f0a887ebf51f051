package certfile_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/certfile"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
)

// writePair puts a certificate and its key into files, as a tool for certificates does.
func writePair(t *testing.T, certFile, keyFile string, name string) *x509.Certificate {
	t.Helper()
	root, err := ca.NewRoot("acme", identitytest.Key(t, name+" root"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key := identitytest.Key(t, name)
	g, err := root.Issue("a", key.Public(), []string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.Signer())
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		certFile: ca.EncodeCertificates(g.Certificates), keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		if err := identity.WritePrivate(name, data); err != nil {
			t.Fatal(err)
		}
	}
	return g.Certificates[0]
}

func TestACertificateInFilesIsReadAgainWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	p := &certfile.Pair{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	if _, err := p.Current(); err == nil {
		t.Error("there is none, and it was read")
	}
	shown := func() *tls.Certificate {
		t.Helper()
		c, err := p.Current()
		if err != nil {
			t.Error(err)
		}
		return c
	}
	first := writePair(t, p.Cert, p.Key, "first")
	if c := shown(); !c.Leaf.Equal(first) || shown() != c {
		t.Error("the first certificate is not shown, or read again and again")
	}
	second := writePair(t, p.Cert, p.Key, "second")
	if c := shown(); !c.Leaf.Equal(second) {
		t.Error("the second certificate is not shown")
	}
	if err := os.WriteFile(p.Key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := p.Current(); err == nil || c == nil || !c.Leaf.Equal(second) {
		t.Errorf("a pair that is none: %v", err)
	}
}
