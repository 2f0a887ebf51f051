package main

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

func TestAReceiptInAFileIsCheckedWithoutANode(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rootOf := func(key string) (*ca.Authority, string) {
		t.Helper()
		a, err := ca.NewRoot("acme", identitytest.Key(t, key), time.Now().Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return a, put(key+".pem", ca.EncodeCertificates([]*x509.Certificate{a.Certificate()}))
	}
	root, pem := rootOf("root")
	_, other := rootOf("other")
	r := receipt.Receipt{Dot: memory.Dot{Origin: "a.1", Seq: 7}, Digest: memory.Digest{1}, Quorum: 2}
	for _, member := range []identity.Name{"a", "b"} {
		key := identitytest.Key(t, string(member))
		g, err := root.Issue(member, key.Public(), nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		said, err := receipt.Statement{
			Domain: "acme", Member: member, Epoch: 3, Members: 3, At: time.Now(), Held: []receipt.Run{{Origin: "a.1", First: 7, Last: 7, Root: receipt.RootOf([]memory.Digest{r.Digest})}},
		}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		s := receipt.Signed{Statement: said, Signature: receipt.Sign(key, said), Digests: r.Digest[:]}
		if s.Credential, err = g.Credential.Header(); err != nil {
			t.Fatal(err)
		}
		r.Statements = append(r.Statements, s)
	}
	r.Issued, r.Credential = time.Now().Unix(), r.Statements[0].Credential
	r.Issue(identitytest.Key(t, "a"))
	encode := func(r receipt.Receipt) []byte {
		t.Helper()
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	good := put("good.json", encode(r))
	short := r
	short.Statements = r.Statements[:1]
	dropped := short
	short.Issue(identitytest.Key(t, "a"))
	for name, tt := range map[string]struct {
		file, ca string
		code     int
		says     string
	}{
		"good":               {good, pem, exitOK, "proven: a.1.7 is held by 2 of 3 members, epoch 3"},
		"too few":            {put("short.json", encode(short)), pem, exitOther, "NOT PROVEN: a.1.7 is held by 1 of 3 members"},
		"one taken out":      {put("dropped.json", encode(dropped)), pem, exitOther, "the receipt as a whole: "},
		"of another cluster": {good, other, exitOther, "credential_bad_signature"},
		"no receipt":         {put("none.json", []byte("{}")), pem, exitUsage, ""},
		"no root":            {good, good, exitUsage, ""},
		"no file":            {filepath.Join(dir, "missing"), pem, exitUsage, ""},
	} {
		got := tally(t, nil, "", "receipt", "verify", tt.file, "--ca", tt.ca)
		if got.code != tt.code || !strings.Contains(got.out, tt.says) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := tally(t, nil, "", "receipt", "verify", good); got.code != exitUsage || !strings.Contains(got.err, "--ca is needed") {
		t.Errorf("%+v", got)
	}
}
