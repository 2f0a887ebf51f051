package cred_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
)

// Credentials that real ai-memory nodes took or refused lie beside the repository.
const captured = "../../../../shared/vectors/keys/keys.json"

func TestCredentialsThatOtherNodesJudgeAreJudgedTheSame(t *testing.T) {
	data, err := os.ReadFile(captured)
	if os.IsNotExist(err) {
		t.Skipf("no captured credentials at %s", captured)
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Root struct {
			Public string `json:"public_hex"`
		} `json:"issuer root"`
		Credentials map[string]string `json:"credentials"`
		Domain      identity.Domain   `json:"trust_domain"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	root, err := hex.DecodeString(file.Root.Public)
	if err != nil {
		t.Fatal(err)
	}
	trust := cred.Roots{Domain: file.Domain, Keys: map[identity.Name][]identity.PublicKey{"root": {identity.PublicKey(root)}}}
	at := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	chain := file.Credentials["chain.hdr"]
	for name, tt := range map[string]struct {
		chain string
		want  identity.Tag
	}{
		"leaf-direct.cred":            {"", ""},
		"leaf-by-intermediate.cred":   {chain, ""},
		"leaf-bad-issuer-sig.cred":    {"", identity.CredentialSignature},
		"leaf-expired.cred":           {"", identity.CredentialExpired},
		"leaf-outside-namespace.cred": {chain, identity.ChainOutOfNamespace},
		"leaf-unknown-issuer.cred":    {"", identity.CredentialIssuer},
		"leaf-v2.cred":                {"", identity.CredentialVersion},
		"leaf-wrong-domain.cred":      {"", identity.CredentialDomain},
	} {
		subject, err := verify(trust, file.Credentials[name], tt.chain, at)
		t.Run(name, func(t *testing.T) { wantTag(t, err, tt.want) })
		if err == nil && subject.Name != "region/nyc/node-1" {
			t.Errorf("%s: subject %s", name, subject.Name)
		}
	}
}
