package identity_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

func TestNames(t *testing.T) {
	tests := map[string]bool{
		"a": true, "region/nyc/node-1": true, "root": true, "ai:alice@host": true, "a.b": true, "x/ca": true,
		"": false, "/a": false, "a/": false, "a//b": false, "a/../b": false, ".": false, "a b": false, "a\nb": false, "ą": false,
		"a/./b": false, strings.Repeat("a/", 8) + "b": false, strings.Repeat("a", 129): false, "a\x00": false,
	}
	for name, ok := range tests {
		if err := identity.Name(name).Valid(); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAuthoritiesVouchForWhatLiesBelowThem(t *testing.T) {
	tests := map[[2]identity.Name]bool{
		{"region/eu/ca", "region/eu/b"}:      true,
		{"region/eu/ca", "region/eu/x/ca"}:   true,
		{"region/eu/ca", "region/eu/x/y/b"}:  true,
		{"region/eu/ca", "region/eu/ca"}:     false,
		{"region/eu/ca", "region/eu"}:        false,
		{"region/eu/ca", "region/eu-evil/b"}: false,
		{"region/eu/ca", "region/us/b"}:      false,
		{"region/eu/ca", "Region/eu/b"}:      false,
		{"region/eu/ca", "b"}:                false,
		{"region/eu", "region/eu/b"}:         false,
		{"ca", "b"}:                          false,
		{"region/euca", "region/eu/b"}:       false,
	}
	for pair, want := range tests {
		if got := pair[0].MayVouch(pair[1]); got != want {
			t.Errorf("%s for %s: %v", pair[0], pair[1], got)
		}
	}
}

func TestHostsOfNames(t *testing.T) {
	if got, err := identity.Name("region/eu/b").Host("acme.example"); err != nil || got != "b.eu.region.acme.example" {
		t.Errorf("%q, %v", got, err)
	}
	for _, name := range []identity.Name{"a.b", "a:b", "", "a@b", identity.Name(strings.Repeat("a", 64))} {
		if got, err := name.Host("acme"); err == nil {
			t.Errorf("%q is host %q", name, got)
		}
	}
}

func TestDomains(t *testing.T) {
	for domain, ok := range map[string]bool{
		"acme": true, "a-1.example": true,
		"": false, "Acme": false, "a..b": false, "-a": false, "a_b": false, "a/b": false, "a.": false, strings.Repeat("a", 64): false,
	} {
		if err := identity.Domain(domain).Valid(); (err == nil) != ok {
			t.Errorf("%q: %v", domain, err)
		}
	}
}

func TestKeysDoNotPrintTheirPrivateHalf(t *testing.T) {
	seed := []byte("0123456789abcdef0123456789abcdef")
	k, err := identity.KeyFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	js, err := json.Marshal(map[string]any{"key": k})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %+v %#v %s", k, k, struct{ K identity.Key }{k}, js)
	for _, secret := range []string{string(seed), hex.EncodeToString(seed), "48 49 50"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q shows the seed", text)
		}
	}
	if !strings.Contains(text, string(k.Public().ID())) {
		t.Errorf("%q does not name the key", text)
	}
}

func TestKeyFilesComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.key")
	k, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := identity.SaveKey(path, k); err != nil {
		t.Fatal(err)
	}
	got, err := identity.LoadKey(path)
	if err != nil || got.Public() != k.Public() {
		t.Fatalf("%v, %v, want %v", got, err, k)
	}
	if err := identity.SaveKey(path, k); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a key was overwritten: %v", err)
	}
	public, err := identity.ParsePublicKey(k.Public().String())
	if err != nil || public != k.Public() {
		t.Errorf("%v, %v", public, err)
	}
}

func TestKeyFilesThatOthersMayReadDoNotLoad(t *testing.T) {
	k, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660, 0o644, 0o620, 0o601} {
		path := filepath.Join(t.TempDir(), "node.key")
		if err := identity.SaveKey(path, k); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := identity.LoadKey(path); !errors.Is(err, identity.ErrExposed) {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	path := filepath.Join(t.TempDir(), "node.key")
	if err := identity.SaveKey(path, k); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.LoadKey(path); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
	if _, err := identity.LoadKey(t.TempDir()); err == nil {
		t.Error("a directory is a key")
	}
}

func TestTextsThatAreNoKey(t *testing.T) {
	k, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	good, err := identity.EncodeKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":      "",
		"no PEM":       "secret",
		"cut":          string(good[:len(good)-10]),
		"twice":        string(good) + string(good),
		"another type": strings.ReplaceAll(string(good), "PRIVATE", "SECRET"),
		"trailing":     string(good) + "x",
		"headers":      strings.Replace(string(good), "KEY-----\n", "KEY-----\nA: b\n\n", 1),
		"too long":     string(good) + strings.Repeat("\n", identity.MaxKeyFile),
	} {
		if _, err := identity.DecodeKey([]byte(text)); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPrivateFilesAreReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tokens.json")
	for _, text := range []string{"one", "two"} {
		if err := identity.WritePrivate(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := identity.ReadPrivate(path, 3)
		if err != nil || string(got) != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
	}
	if _, err := identity.ReadPrivate(path, 2); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("over the limit: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v: want one file", left, err)
	}
}

func TestRefusalsAreTheirTags(t *testing.T) {
	err := fmt.Errorf("push from b: %w", identity.Refuse(identity.Replayed, "nonce %s", "x"))
	if identity.TagOf(err) != identity.Replayed || identity.TagOf(errors.New("replayed")) != "" {
		t.Errorf("%v is not its tag", err)
	}
	r, ok := errors.AsType[*identity.Refusal](err)
	if !ok || r.Tag.Status() != 401 || r.Error() != "replayed: nonce x" {
		t.Errorf("%v", r)
	}
	for tag, want := range map[identity.Tag]int{
		identity.NotAMember: 403, identity.LedgerFull: 429, identity.BeforeStart: 503, identity.CredentialExpired: 401,
	} {
		if got := tag.Status(); got != want {
			t.Errorf("%s is %d, want %d", tag, got, want)
		}
	}
}

func TestOnlyAProofWithAMemberProves(t *testing.T) {
	if (identity.Proof{}).Proven() || (identity.Proof{Node: "b"}).Proven() || (identity.Proof{Means: identity.Mutual}).Proven() {
		t.Error("an empty proof proves something")
	}
	p := identity.Proof{Node: "b", Means: identity.Mutual}
	if !p.Proven() || p.Means.String() != "mutual" || !p.Mark.IsZero() {
		t.Errorf("%+v", p)
	}
}

func FuzzKey(f *testing.F) {
	k, err := identity.KeyFromSeed(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	good, err := identity.EncodeKey(k)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:40])
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := identity.DecodeKey(data)
		if err != nil {
			return
		}
		text, err := identity.EncodeKey(k)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := identity.DecodeKey(text); err != nil || again.Public() != k.Public() {
			t.Errorf("%v, %v", again, err)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("region/eu/b", "acme")
	f.Fuzz(func(t *testing.T, name, domain string) {
		n, d := identity.Name(name), identity.Domain(domain)
		if d.Valid() != nil {
			return
		}
		host, err := n.Host(d)
		if err == nil && (n.Valid() != nil || strings.Count(host, ".") != strings.Count(name, "/")+1+strings.Count(domain, ".")) {
			t.Errorf("%q in %q is %q", name, domain, host)
		}
	})
}
