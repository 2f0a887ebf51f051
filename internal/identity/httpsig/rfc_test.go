package httpsig

import (
	"encoding/base64"
	"testing"

	"github.com/tallystick/tallystick/internal/identity"
)

// The test of RFC 9421, B.2.6: another profile than ours, the same base and key type.
func TestTheVectorOfTheRFC(t *testing.T) {
	components := []component{
		{`"date"`, "Tue, 20 Apr 2021 02:07:55 GMT"},
		{`"@method"`, "POST"},
		{`"@path"`, "/foo"},
		{`"@authority"`, "example.com"},
		{`"content-type"`, "application/json"},
		{`"content-length"`, "18"},
	}
	text := list(components) + `;created=1618884473;keyid="test-key-ed25519"`
	if want := `("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`; text != want {
		t.Fatalf("parameters %s, want %s", text, want)
	}
	public, err := base64.RawURLEncoding.DecodeString("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs")
	if err != nil {
		t.Fatal(err)
	}
	const want = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
	sig, err := base64.StdEncoding.DecodeString(want)
	if err != nil {
		t.Fatal(err)
	}
	if !identity.PublicKey(public).Verify([]byte(base(components, text)), sig) {
		t.Errorf("the signature is not one over\n%s", base(components, text))
	}
	seed, err := base64.RawURLEncoding.DecodeString("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU")
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.KeyFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	if got := base64.StdEncoding.EncodeToString(key.Sign([]byte(base(components, text)))); got != want {
		t.Errorf("signed %s, want %s", got, want)
	}
}
