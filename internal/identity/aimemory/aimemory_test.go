package aimemory_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/aimemory"
)

const nonce = "4040239a-8128-4875-8016-3797f788f859"

func key(tb testing.TB) identity.Key {
	tb.Helper()
	k, err := identity.KeyFromSeed([]byte("ai-memory of a node that is not."))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestTheSignatureIsOverBodyAndNonce(t *testing.T) {
	k, body := key(t), []byte(`{"memories":[]}`)
	header := aimemory.Sign(k, body, nonce)
	sig, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(header, "ed25519="))
	if err != nil || !k.Public().Verify([]byte("{\"memories\":[]}\x00"+nonce), sig) {
		t.Errorf("%s: %v", header, err)
	}
	if err := aimemory.Verify(k.Public(), header, body, nonce); err != nil {
		t.Error(err)
	}
	pull := aimemory.PullBytes("GET", "/api/v1/sync/since", "peer=a")
	if string(pull) != "GET\n/api/v1/sync/since\npeer=a" {
		t.Errorf("%q", pull)
	}
	if err := aimemory.Verify(k.Public(), aimemory.Sign(k, pull, nonce)+"; v=1", pull, nonce); err != nil {
		t.Errorf("with a parameter: %v", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	k, body := key(t), "body"
	good := aimemory.Sign(k, []byte(body), nonce)
	for name, tt := range map[string]struct {
		header, body, nonce string
		want                identity.Tag
	}{
		"none":              {"", body, nonce, aimemory.SignatureMissing},
		"no algorithm":      {"AAAA", body, nonce, aimemory.SignatureMalformed},
		"another algorithm": {"rsa=AAAA", body, nonce, aimemory.UnknownAlgorithm},
		"no base64":         {"ed25519=*", body, nonce, aimemory.SignatureMalformed},
		"short":             {"ed25519=AAAA", body, nonce, aimemory.SignatureMalformed},
		"long":              {good + strings.Repeat(" ", 256), body, nonce, aimemory.SignatureMalformed},
		"no nonce":          {good, body, "", aimemory.NonceMissing},
		"a long nonce":      {good, body, strings.Repeat("n", 129), aimemory.SignatureMalformed},
		"another nonce":     {good, body, "4040239b", aimemory.SignatureBad},
		"another body":      {good, "Body", nonce, aimemory.SignatureBad},
		"the nonce as body": {aimemory.Sign(k, []byte(body+"\x00"+nonce), ""), body, "", aimemory.NonceMissing},
	} {
		err := aimemory.Verify(k.Public(), tt.header, []byte(tt.body), tt.nonce)
		if identity.TagOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if err := aimemory.Verify(identity.PublicKey{1}, good, []byte(body), nonce); identity.TagOf(err) != aimemory.SignatureBad {
		t.Errorf("another key: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	k := key(f)
	good := aimemory.Sign(k, []byte("body"), nonce)
	f.Add(good, "body", nonce)
	f.Add("ed25519=;", "", "")
	public := k.Public()
	f.Fuzz(func(t *testing.T, header, body, once string) {
		err := aimemory.Verify(public, header, []byte(body), once)
		if err != nil && identity.TagOf(err) == "" {
			t.Errorf("%v is no refusal", err)
		}
		if err == nil && (body != "body" || once != nonce) {
			t.Errorf("a forgery: %s over %q, %q", header, body, once)
		}
	})
}
